"""Every list of rows is walked with j and k; Enter and x act on the row one is at."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site, falling


@pytest.fixture(scope="module")
def keyed(site: Site) -> tuple[str, list[str]]:
    """An experiment of 4 runs in 2 groups, one of them in the trash."""
    number = site.experiment("walked by keys")
    runs = [
        site.run(
            number,
            f"walked-{i}",
            params={"half": "low" if i < 2 else "high", "i": str(i)},
            metrics={"loss": falling(5, i), "val.acc": [0.5]},
        )
        for i in range(4)
    ]
    site.put(number, runs[0], "notes.txt", b"what was tried")
    site.put(number, runs[0], "sub/inner.txt", b"further in")
    site.call("runs/delete", {"run_id": runs[3]})
    return number, runs


def walked(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def row_with_focus(page: Page) -> str:
    found = page.evaluate(
        "document.activeElement.closest('.list-row, .file-row')?.textContent ?? ''"
    )
    return str(found)


def test_groups_are_walked_and_opened(keyed: tuple[str, list[str]], visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{keyed[0]}?group=param::half&c=metric:last:loss")
    expect(page.get_by_role("row", name="high")).to_be_visible()
    walked(page, "jjk")
    assert row_with_focus(page).startswith("low")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 runs", exact=True)).to_be_visible()


def test_compared_values_are_walked(keyed: tuple[str, list[str]], visitor: Visitor) -> None:
    page = visitor.go(f"compare?run={keyed[1][0]}&run={keyed[1][1]}&same=1&search=^i$|half")
    expect(page.get_by_role("rowheader", name="half")).to_be_visible()
    walked(page, "jj")
    assert row_with_focus(page) == "i01"
    walked(page, "k")
    assert row_with_focus(page) == "halflowlow"


def test_the_trash_is_picked_by_keys(keyed: tuple[str, list[str]], visitor: Visitor) -> None:
    page = visitor.go("trash?q=walked-3")
    box = page.get_by_label("Select walked-3")
    expect(box).to_be_visible()
    walked(page, "jx")
    expect(box).to_be_checked()
    walked(page, "x")
    expect(box).not_to_be_checked()


def test_files_are_walked_by_keys_and_arrows(
    keyed: tuple[str, list[str]], visitor: Visitor
) -> None:
    number, runs = keyed
    page = visitor.go(f"experiments/{number}/runs/{runs[0]}?tab=artifacts")
    expect(page.get_by_role("treeitem", name="notes.txt")).to_be_visible()
    walked(page, "j")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="inner.txt")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("further in")).to_be_visible()


def test_metrics_of_a_run_lead_to_their_charts(
    keyed: tuple[str, list[str]], visitor: Visitor
) -> None:
    number, runs = keyed
    page = visitor.go(f"experiments/{number}/runs/{runs[0]}")
    expect(page.get_by_role("link", name="val.acc")).to_be_visible()
    walked(page, "jj")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article", name="val.acc")).to_be_visible()


def test_settings_and_storage_are_walked(site: Site, visitor: Visitor) -> None:
    page = visitor.go("operations?q=server.port")
    expect(page.get_by_role("row", name="server.port")).to_be_visible()
    rows = page.locator(".list-row").count()
    walked(page, "j" * rows)
    assert row_with_focus(page).startswith("server.port")
