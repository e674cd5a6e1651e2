from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site, falling, png


@pytest.fixture(scope="module")
def logged(site: Site) -> tuple[str, str]:
    number = site.experiment("one run")
    run_id = site.run(
        number,
        "the run",
        params={"depth": "8", "objective": "logistic"},
        metrics={"loss": [0.9, 0.2, 0.5], "system/cpu_utilization_percentage": [40.0, 60.0]},
        tags={
            "owner": "ada",
            "mlflow.note.content": "Looks **good**",
            "mlflow.source.name": "train.py",
            "mlflow.source.git.commit": "0123456789abcdef",
        },
    )
    dataset = {"name": "users", "digest": "d1", "source_type": "s3", "source": "s3://b/users"}
    context = {"key": "mlflow.data.context", "value": "training"}
    site.call(
        "runs/log-inputs",
        {"run_id": run_id, "datasets": [{"dataset": dataset, "tags": [context]}]},
    )
    site.put(number, run_id, "notes.txt", b"plain text")
    site.put(number, run_id, "config.json", json.dumps({"a": {"b": 1}}).encode())
    site.put(number, run_id, "scores.csv", b'user,note\n1,"a, b"\n2,c\n')
    site.put(number, run_id, "plots/confusion.png", png())
    site.put(number, run_id, "weights.bin", b"\x00\x01")
    site.put(
        number,
        run_id,
        "report.html",
        b"<p id=out>no script</p><script>"
        b"let seen='scripts run'; try { parent.document.title; seen='parent within reach' }"
        b" catch {} fetch('/version').then(() => 0, () => { seen += ', no network';"
        b" document.getElementById('out').textContent = seen })</script>",
    )
    return number, run_id


def go(visitor: Visitor, logged: tuple[str, str], query: str = "") -> Page:
    return visitor.go(f"experiments/{logged[0]}/runs/{logged[1]}{query}")


def test_the_overview_shows_what_was_logged(logged: tuple[str, str], visitor: Visitor) -> None:
    page = go(visitor, logged)
    row = page.get_by_role("row", name="loss")
    expect(row.locator("svg.sparkline")).to_be_visible()
    cells = row.get_by_role("cell").all_inner_texts()
    assert cells[2:] == ["0.5", "2", "0.2", "0.9"]
    for text in ("logistic", "owner", "train.py", "0123456789ab", "users", "training", "Finished"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    expect(page.locator("strong", has_text="good")).to_be_visible()
    expect(page.get_by_role("row", name="system/cpu")).to_have_count(0)


def test_system_metrics_have_their_own_section(logged: tuple[str, str], visitor: Visitor) -> None:
    page = go(visitor, logged, "?tab=system")
    expect(page.get_by_role("article", name="system/cpu_utilization_percentage")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("link", name="Charts").click()
    expect(page.get_by_role("article", name="loss")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)


def test_tags_and_notes_are_edited(site: Site, visitor: Visitor) -> None:
    number = site.experiment("edited run")
    run_id = site.run(number, "before")
    page = visitor.go(f"experiments/{number}/runs/{run_id}")
    page.get_by_role("button", name="Add a tag").click()
    page.get_by_label("Key").fill("color")
    page.get_by_label("Value").fill("teal")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("teal")).to_be_visible()
    page.get_by_role("button", name="Write notes").click()
    page.get_by_role("textbox", name="Notes").fill("see `train.py`")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("code", has_text="train.py")).to_be_visible()
    page.get_by_role("button", name="Remove color").click()
    expect(page.get_by_text("teal")).to_have_count(0)
    page.get_by_role("button", name="Actions for the run").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("after")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("heading", name="after")).to_be_visible()


def test_artifacts_are_previewed(logged: tuple[str, str], visitor: Visitor) -> None:
    page = go(visitor, logged, "?tab=artifacts")
    page.get_by_role("treeitem", name="notes.txt").click()
    expect(page.locator("pre", has_text="plain text")).to_be_visible()
    page.get_by_role("treeitem", name="config.json").click()
    expect(page.locator("pre", has_text='"b": 1')).to_be_visible()
    page.get_by_role("treeitem", name="scores.csv").click()
    expect(page.get_by_role("cell", name="a, b")).to_be_visible()
    page.get_by_role("treeitem", name="plots").click()
    page.get_by_role("treeitem", name="confusion.png").click()
    image = page.get_by_role("img", name="plots/confusion.png")
    expect(image).to_be_visible()
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") == 24
    page.get_by_role("treeitem", name="weights.bin").click()
    expect(page.get_by_text("No preview for this kind of file")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"\x00\x01"


def test_html_runs_apart_from_the_page_and_reaches_nothing(
    logged: tuple[str, str], visitor: Visitor
) -> None:
    page = go(visitor, logged, "?tab=artifacts&file=report.html")
    shown = page.frame_locator("iframe").locator("#out")
    expect(shown).to_have_text("scripts run, no network")
    visitor.errors.clear()  # the browser says that it blocked the request


def test_a_run_is_live_while_it_runs(site: Site, visitor: Visitor) -> None:
    number = site.experiment("live run")
    run_id = site.run(number, "going", metrics={"loss": falling(20)}, ended=False)
    page = visitor.go(f"experiments/{number}/runs/{run_id}")
    row = page.get_by_role("row", name="loss")
    expect(row.get_by_role("cell").nth(3)).to_have_text("19")
    expect(page.locator(".live")).to_have_text("Live")
    site.log(run_id, {"loss": [0.05]}, first=20)
    expect(row.get_by_role("cell").nth(3)).to_have_text("20")
    expect(row.get_by_role("cell").nth(4)).to_have_text("0.05")
    site.call("runs/update", {"run_id": run_id, "status": "FAILED", "end_time": 1_900_000_000_000})
    expect(page.locator(".facts").get_by_text("Failed")).to_be_visible()
