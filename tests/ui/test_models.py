from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site

MLMODEL = b"""flavors: {}
signature:
  inputs: '[{"type": "double", "name": "tenure", "required": true}]'
  outputs: '[{"type": "long", "name": "label", "required": true}]'
"""


@pytest.fixture(scope="module")
def model(site: Site) -> str:
    number = site.experiment("models")
    site.call("registered-models/create", {"name": "churn", "description": "Who **leaves**"})
    for i in range(2):
        run_id = site.run(number, f"trainer-{i}", params={"depth": str(i)}, metrics={"auc": [0.8]})
        site.put(number, run_id, "model/MLmodel", MLMODEL)
        site.call(
            "model-versions/create",
            {
                "name": "churn",
                "source": f"mlflow-artifacts:/{number}/{run_id}/artifacts/model",
                "run_id": run_id,
            },
        )
    return "churn"


def test_a_model_is_created_and_found(model: str, visitor: Visitor) -> None:
    page = visitor.go("models")
    page.get_by_role("button", name="New model").click()
    page.get_by_label("Name").fill("by hand")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="by hand")).to_be_visible()
    page = visitor.go("models")
    page.get_by_label("Search models").fill("CHUR")
    expect(page.get_by_role("link", name="by hand")).to_have_count(0)
    expect(page.get_by_role("row", name="churn")).to_contain_text("Version 2")


def test_what_a_run_made_is_registered(site: Site, visitor: Visitor) -> None:
    number = site.experiment("registering")
    run_id = site.run(number, "maker")
    site.put(number, run_id, "model/MLmodel", MLMODEL)
    page = visitor.go(f"experiments/{number}/runs/{run_id}?tab=artifacts&file=model/MLmodel")
    page.get_by_role("button", name="Register").click()
    page.get_by_label("Name").fill("made by hand")
    page.get_by_role("dialog").get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    expect(page.get_by_role("row", name="tenure")).to_contain_text("double")

    logged = {"experiment_id": number, "name": "net", "source_run_id": run_id}
    site.call("logged-models", logged)
    page = visitor.go(f"experiments/{number}/runs/{run_id}")
    page.get_by_role("button", name="Register net").click()
    page.get_by_label("Name").fill("made by hand")
    page.get_by_role("dialog").get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    page.get_by_role("link", name="maker").click()
    expect(page.get_by_role("link", name="made by hand, version 2")).to_be_visible()


def test_a_version_moves_with_a_comment_that_history_keeps(model: str, visitor: Visitor) -> None:
    page = visitor.go(f"models/{model}/versions/1")
    page.get_by_role("button", name="Move to a stage").click()
    page.get_by_role("dialog").get_by_role("combobox").select_option("Staging")
    page.get_by_role("textbox", name="Comment").fill("passed the shadow test")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".page-head .stage")).to_have_text("Staging")
    expect(page.locator(".timeline")).to_contain_text("None → Staging")
    expect(page.locator(".timeline blockquote")).to_have_text("passed the shadow test")


def test_production_is_asked_for_and_approved(model: str, visitor: Visitor) -> None:
    page = visitor.go(f"models/{model}")
    page.get_by_role("button", name="Actions for the model").click()
    page.get_by_role("menuitem", name="Require approval for Production").click()
    expect(page.get_by_text("Production needs approval", exact=True)).to_be_visible()
    page.get_by_role("link", name="Version 2").click()
    page.get_by_role("button", name="Move to a stage").click()
    page.get_by_role("dialog").get_by_role("combobox").select_option("Production")
    page.get_by_role("textbox", name="Comment").fill("please")
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_text("Approval requested")).to_be_visible()
    page = visitor.go(f"models/{model}")
    expect(page.get_by_text("asks to move version 2 to")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_label("Comment").fill("go")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("row", name="Version 2")).to_contain_text("Production")


def test_aliases_tags_and_snippets(model: str, visitor: Visitor) -> None:
    page = visitor.go(f"models/{model}/versions/2")
    page.get_by_role("button", name="Add to aliases").click()
    page.get_by_role("textbox", name="Alias").fill("champion")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("@champion", exact=True)).to_be_visible()
    expect(page.locator("pre", has_text='load_model("models:/churn@champion")')).to_be_visible()
    expect(page.locator("pre", has_text="mlflow models serve")).to_be_visible()
    page.get_by_role("button", name="Remove @champion").click()
    expect(page.get_by_text("@champion", exact=True)).to_have_count(0)


def test_schema_and_lineage(model: str, visitor: Visitor) -> None:
    page = visitor.go(f"models/{model}/versions/1")
    expect(page.get_by_role("row", name="tenure")).to_contain_text("double")
    expect(page.get_by_role("row", name="label")).to_contain_text("long")
    page.get_by_role("link", name="trainer-0").click()
    expect(page.get_by_role("heading", name="trainer-0")).to_be_visible()


def test_two_versions_are_compared(model: str, visitor: Visitor) -> None:
    page = visitor.go(f"models/{model}")
    page.get_by_label("Compare version 1").check()
    page.get_by_label("Compare version 2").check()
    page.get_by_role("link", name="Compare versions").click()
    expect(page.get_by_role("row", name="depth").first).to_have_class("list-row differs")
    expect(page.get_by_role("row", name="input tenure").first).to_have_class("list-row ")


def test_history_goes_back_to_the_beginning(site: Site, visitor: Visitor) -> None:
    site.call("registered-models/create", {"name": "busy", "description": "the very first"})
    for i in range(120):
        site.call("registered-models/set-tag", {"name": "busy", "key": "n", "value": str(i)})
    page = visitor.go("models/busy")
    entries = page.locator(".timeline li")
    expect(entries).to_have_count(100)
    expect(entries.first).to_contain_text("set the tag n: 118 → 119")
    page.get_by_role("button", name="Show older changes").click()
    expect(entries).to_have_count(121)
    expect(entries.last).to_contain_text("created the model: the very first")
    expect(page.get_by_role("button", name="Show older changes")).to_have_count(0)


def test_all_versions_of_a_model_can_be_shown(site: Site, visitor: Visitor) -> None:
    site.call("registered-models/create", {"name": "nightly"})
    for _ in range(205):
        site.call("model-versions/create", {"name": "nightly", "source": "s3://b/p"})
    page = visitor.go("models/nightly")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(200)
    expect(page.get_by_role("heading", name="Versions")).to_have_text("Versions 200+")
    page.get_by_role("button", name="Show older versions").click()
    expect(rows).to_have_count(205)
    expect(rows.last).to_contain_text("Version 1")
    expect(page.get_by_role("heading", name="Versions")).to_have_text("Versions 205")


def test_lists_are_walked_by_keys(model: str, visitor: Visitor) -> None:
    page = visitor.go(f"models?q={model}")
    expect(page.get_by_role("link", name=model)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=model)).to_be_visible()
    expect(page.get_by_role("link", name="Version 1")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name=model)).to_be_visible()


def test_a_version_is_deleted_only_after_asking(site: Site, visitor: Visitor) -> None:
    site.call("registered-models/create", {"name": "pruned"})
    site.call("model-versions/create", {"name": "pruned", "source": "s3://bucket/model"})
    page = visitor.go("models/pruned/versions/1")
    page.get_by_role("button", name="Actions for the version").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    page.get_by_role("button", name="Actions for the version").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="No versions yet")).to_be_visible()
