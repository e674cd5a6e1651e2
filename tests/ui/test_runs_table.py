from __future__ import annotations

import csv
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site


def names(page: Page) -> list[str]:
    return page.locator(".grid-body .name-cell a").all_inner_texts()


@pytest.fixture(scope="module")
def many(site: Site) -> str:
    """500 runs; the loss of run i falls to i / 1000 and ends at 1."""
    number = site.experiment("table of many")
    for i in range(500):
        site.run(
            number,
            f"run-{i:03d}",
            params={"half": "upper" if i >= 250 else "lower", "i": str(i)},
            metrics={"loss": [i / 1000, 1.0], **{f"extra/m{k}": [i + k] for k in range(60)}},
            start=1_700_000_000_000 + i * 1000,
            ended=False,
        )
    return number


def test_only_what_is_in_sight_exists_and_scrolling_brings_the_rest(
    many: str, visitor: Visitor
) -> None:
    page = visitor.go(f"experiments/{many}")
    expect(page.get_by_text("500 runs")).to_be_visible()
    expect(page.get_by_role("link", name="run-499")).to_be_visible()
    assert len(names(page)) < 60
    page.locator(".grid").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(page.get_by_role("link", name="run-000")).to_be_visible()
    assert len(names(page)) < 60


def test_sorting_by_the_best_value(many: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{many}?c=metric:last:loss")
    header = page.get_by_role("columnheader", name="loss")
    header.hover()
    header.get_by_role("button", name="Options of loss").click()
    page.get_by_role("button", name="Show lowest value").click()
    page.get_by_role("columnheader", name="loss").get_by_role("button").first.click()
    expect(page.locator(".name-cell a").first).to_have_text("run-499")
    page.get_by_role("columnheader", name="loss").get_by_role("button").first.click()
    expect(page.locator(".name-cell a").first).to_have_text("run-000")
    assert "sort=asc" in page.url


def test_a_filter_is_completed_and_applied(many: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{many}")
    field = page.get_by_label("Filter runs")
    field.press_sequentially("params.ha")
    page.get_by_role("option", name="params.half").click()
    field.press_sequentially("= 'upper' ")
    expect(page.get_by_role("option", name="AND", exact=True)).to_be_visible()
    field.press_sequentially("AND metrics.loss.min < 0.26")
    field.press("Enter")
    expect(page.get_by_text("10 runs")).to_be_visible()
    assert set(names(page)) == {f"run-{i}" for i in range(250, 260)}


def test_no_key_lands_wrong_however_fast_one_types(many: str, visitor: Visitor) -> None:
    """Keys come in one piece with the choice of a suggestion and with sending the filter, before
    the browser can draw in between."""
    page = visitor.go(f"experiments/{many}")
    field = page.get_by_label("Filter runs")
    for _ in range(5):
        field.press_sequentially("params.ha")
        expect(page.get_by_role("option", name="params.half")).to_be_visible()
        typed = page.evaluate(TYPE_ON, "= 'upper'")
        assert typed == "params.half = 'upper'"
        expect(field).to_be_focused()
        field.fill("")
    field.fill("params.i = '7'")
    field.press("Enter")
    field.press_sequentially("0")
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    expect(field).to_have_value("params.i = '7'0")


# Chooses a suggestion and types on in the same turn of the browser's loop, as keys do that waited
# for a busy page. execCommand types at the caret, wherever that is.
TYPE_ON = """text => {
    const field = document.activeElement;
    const option = document.querySelector("[role=option]");
    option.dispatchEvent(new MouseEvent("mousedown", {bubbles: true, cancelable: true}));
    for (const key of text) document.execCommand("insertText", false, key);
    return field.value;
}"""


def test_a_bad_filter_says_what_is_wrong_below_itself(many: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{many}")
    page.get_by_label("Filter runs").fill("metrics.loss <")
    page.get_by_label("Filter runs").press("Enter")
    expect(page.locator(".filter-error")).not_to_be_empty()
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(".filter-error")).to_have_count(0)
    expect(page.get_by_role("link", name="run-499")).to_be_visible()


@pytest.mark.parametrize("what", ["group=param::half", "tab=charts"])
def test_groups_and_charts_say_so_too(many: str, visitor: Visitor, what: str) -> None:
    page = visitor.go(f"experiments/{many}?{what}")
    for _ in range(2):  # what is refused once more is said once more
        page.get_by_label("Filter runs").fill("metrics.loss <")
        page.get_by_label("Filter runs").press("Enter")
        expect(page.locator(".filter-error")).not_to_be_empty()
        page.get_by_label("Filter runs").fill("params.half = 'none'")
        page.get_by_label("Filter runs").press("Enter")
        expect(page.locator(".filter-error")).to_have_count(0)
        expect(page.locator(".empty")).to_be_visible()


def test_columns_are_chosen_by_a_regular_expression(many: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{many}?c=param::half")
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_label("Search (regular expressions work)")).to_be_focused()
    page.keyboard.type("^extra/m1\\d$")
    page.get_by_role("button", name="Show all found").click()
    expect(page.get_by_role("columnheader", name="extra/m19")).to_have_count(1)
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-colcount", str(2 + 1 + 10))


def test_a_thousand_columns_cost_what_is_in_sight(site: Site, visitor: Visitor) -> None:
    number = site.experiment("wide")
    site.run(number, "wide-run", metrics={f"w{k:04d}": [float(k)] for k in range(1000)})
    wide = "&".join(f"c=metric:last:w{k:04d}" for k in range(1000))
    page = visitor.go(f"experiments/{number}?{wide}")
    expect(page.get_by_role("gridcell", name="5", exact=True)).to_be_visible()
    assert page.get_by_role("columnheader").count() < 60
    page.locator(".grid").evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    expect(page.get_by_role("columnheader", name="w0999")).to_be_visible()
    expect(page.get_by_role("gridcell", name="999", exact=True)).to_be_visible()


def test_a_column_is_pinned(many: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{many}?c=param::half&c=param::i")
    page.get_by_role("columnheader").last.hover()
    page.get_by_role("button", name="Options of i", exact=True).click()
    page.get_by_role("button", name="Pin to the left").click()
    expect(page.locator(".grid-row.head .grid-cell.pinned")).to_have_count(3)
    assert quote("param::i") in page.url


def test_groups_show_mean_and_spread_and_lead_to_their_runs(many: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{many}?c=metric:min:loss&group=param::half")
    row = page.get_by_role("row", name="lower")
    expect(row.get_by_role("cell").nth(1)).to_have_text("250")
    expect(row).to_contain_text("0.1245 ± 0.072")
    row.get_by_role("button", name="lower").click()
    expect(page.get_by_text("250 runs")).to_be_visible()


def test_the_runs_on_show_are_downloaded_as_csv(many: str, visitor: Visitor) -> None:
    """All that pass the filter, in order, with the columns on show."""
    page = visitor.go(
        f"experiments/{many}?q=params.half='upper'&c=param::i&c=metric:min:loss"
        "&sort=asc:metric:min:loss"
    )
    expect(page.get_by_text("250 runs")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these runs as CSV").click()
    assert download.value.suggested_filename == "table_of_many.csv"
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert [row["params.i"] for row in rows] == [str(i) for i in range(250, 500)]
    assert [float(row["metrics.loss.min"]) for row in rows[:2]] == [0.25, 0.251]
    assert rows[0]["start_time"] == "2023-11-14T22:17:30.000Z"


def test_a_link_shows_the_same_page(many: str, visitor: Visitor) -> None:
    page = visitor.go(
        f"experiments/{many}?q={quote(chr(34).join(['params.i IN (', '7', ',', '9', ')']))}"
        "&c=param::i&sort=asc:param::i"
    )
    expect(page.get_by_text("2 runs")).to_be_visible()
    assert names(page) == ["run-007", "run-009"]
    expect(page.get_by_label("Filter runs")).to_have_value('params.i IN ("7","9")')


def test_a_view_is_saved_for_everyone(site: Site, visitor: Visitor) -> None:
    number = site.experiment("with views")
    site.run(number, "only", params={"a": "1"})
    page = visitor.go(f"experiments/{number}?c=param::a")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of the view").fill("just a")
    page.get_by_role("button", name="Save", exact=True).click()
    page = visitor.go(f"experiments/{number}")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="just a", exact=True).click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-colcount", "3")


def test_selected_runs_are_tagged_deleted_and_restored(site: Site, visitor: Visitor) -> None:
    number = site.experiment("bulk")
    for name in ("one", "two", "three"):
        site.run(number, name)
    page = visitor.go(f"experiments/{number}")
    for name in ("one", "three"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Key").fill("quality")
    page.get_by_label("Value").fill("good")
    page.get_by_role("button", name="Set tag").click()
    expect(page.get_by_text("Tagged 2 runs")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("link", name="three")).to_have_count(0)
    expect(page.get_by_role("link", name="two")).to_be_visible()
    page.get_by_role("button", name="Deleted").click()
    page.get_by_label("Filter runs").fill("tags.quality = 'good'")
    page.get_by_label("Filter runs").press("Enter")
    expect(page.get_by_text("2 runs", exact=True)).to_be_visible()
    page.get_by_label("Select all loaded runs").check()
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_text("2 runs restored")).to_be_visible()
    page.get_by_role("button", name="Deleted").click()
    expect(page.get_by_role("link", name="three")).to_be_visible()


def test_what_others_throw_away_leaves_the_table(site: Site, visitor: Visitor) -> None:
    number = site.experiment("cleared by others")
    runs = [site.run(number, name) for name in ("kept here", "cleared away")]
    page = visitor.go(f"experiments/{number}")
    expect(page.get_by_role("link", name="cleared away")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    site.call("runs/delete", {"run_id": runs[1]})
    expect(page.get_by_role("link", name="cleared away")).to_have_count(0)
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()


def test_nested_runs_are_a_tree(site: Site, visitor: Visitor) -> None:
    number = site.experiment("nested")
    parent = site.run(number, "parent")
    child = site.run(number, "child", parent=parent)
    site.run(number, "grandchild", parent=child)
    page = visitor.go(f"experiments/{number}?nested=1")
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    page.get_by_role("button", name="Show 1 nested runs of parent").click()
    page.get_by_role("button", name="Show 1 nested runs of child").click()
    expect(page.get_by_role("link", name="grandchild")).to_be_visible()
    assert names(page) == ["parent", "child", "grandchild"]
    page.get_by_role("button", name="Hide 1 nested runs of parent").click()
    expect(page.get_by_role("link", name="grandchild")).to_have_count(0)


def test_the_keyboard_is_enough(site: Site, visitor: Visitor) -> None:
    number = site.experiment("keys")
    for i in range(3):
        site.run(number, f"key-{i}", start=1_700_000_000_000 + i * 1000)
    page = visitor.go(f"experiments/{number}")
    expect(page.get_by_role("link", name="key-2")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_label("Select key-1")).to_be_checked()
    page.keyboard.press("/")
    expect(page.get_by_label("Filter runs")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="key-1")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Search")
