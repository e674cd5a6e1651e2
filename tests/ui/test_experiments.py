from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site


def test_the_list_shows_counts_and_tags_and_is_searched(site: Site, visitor: Visitor) -> None:
    busy = site.experiment("list busy bees", team="apiary")
    site.experiment("list quiet moss")
    site.run(busy, "a")
    site.run(busy, "b", ended=False)
    page = visitor.go("experiments")
    row = page.get_by_role("row", name="list busy bees")
    expect(row).to_contain_text("team: apiary")
    expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    expect(row.get_by_role("cell").nth(2)).to_have_text("1")
    page.get_by_label("Search names and tags").fill("apiary")
    expect(page.get_by_text("list quiet moss")).to_have_count(0)
    expect(row).to_be_visible()


def test_an_experiment_is_created_described_renamed_and_deleted(visitor: Visitor) -> None:
    page = visitor.go("experiments")
    page.get_by_role("button", name="New experiment").click()
    page.get_by_label("Name", exact=True).fill("made by hand")
    page.get_by_label("Description").fill("# Plan\n\nTry **harder**")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="made by hand")).to_be_visible()
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="Plan")).to_be_visible()
    expect(page.locator("strong", has_text="harder")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Name", exact=True).fill("made by two hands")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="made by two hands")).to_be_visible()

    page = visitor.go("experiments?q=two hands")
    page.get_by_role("button", name="Actions for made by two hands").click()
    page.get_by_role("menuitem", name="Move to trash").click()
    expect(page.get_by_role("link", name="made by two hands")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="made by two hands")).to_be_visible()


def test_what_is_typed_right_after_a_dialog_was_called_lands_in_it(visitor: Visitor) -> None:
    page = visitor.go("experiments")
    expect(page.get_by_role("button", name="New experiment")).to_be_visible()
    focused = page.evaluate(
        "async () => {"
        " document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'c', bubbles: true}));"
        " await new Promise(queueMicrotask); await new Promise(queueMicrotask);"
        " return document.activeElement.tagName; }"
    )
    assert focused == "INPUT"
    page.keyboard.type("t?g e")
    expect(page.get_by_label("Name", exact=True)).to_have_value("t?g e")
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_what_the_server_refuses_is_said(site: Site, visitor: Visitor) -> None:
    site.experiment("taken name")
    page = visitor.go("experiments")
    page.get_by_role("button", name="New experiment").click()
    page.get_by_label("Name", exact=True).fill("taken name")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("status").get_by_text("already exists")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_an_experiment_without_runs_says_how_to_log_one(site: Site, visitor: Visitor) -> None:
    number = site.experiment("empty one")
    page = visitor.go(f"experiments/{number}")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'experiment_id="{number}"' in copied
    assert site.url in copied
