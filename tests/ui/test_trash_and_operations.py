from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.parts.milepost import StartMilepost
from tests.ui.conftest import Visit, Visitor
from tests.ui.site import Site


def test_a_run_comes_back_from_the_trash(site: Site, visitor: Visitor) -> None:
    number = site.experiment("trash run")
    run_id = site.run(number, "cast off")
    site.call("runs/delete", {"run_id": run_id})
    page = visitor.go("trash")
    page.get_by_label("Select cast off").check()
    page.get_by_role("button", name="Restore 1 run").click()
    expect(page.get_by_text("1 run restored")).to_be_visible()
    expect(page.get_by_label("Select cast off")).to_have_count(0)
    assert (
        site.call(f"runs/get?run_id={run_id}", {}, "GET")["run"]["info"]["lifecycle_stage"]
        == "active"
    )


def test_what_is_in_the_trash_says_so_and_comes_back(site: Site, visitor: Visitor) -> None:
    number = site.experiment("thrown away")
    site.run(number, "with it")
    site.call("experiments/delete", {"experiment_id": number})
    page = visitor.go(f"experiments/{number}")
    expect(page.get_by_text("In the trash", exact=True)).to_be_visible()
    page.get_by_role("link", name="with it").click()
    expect(page.get_by_text("In the trash", exact=True)).to_be_visible()
    page = visitor.go(f"experiments/{number}")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("In the trash", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="with it")).to_be_visible()


def test_the_trash_follows_what_others_do(site: Site, visitor: Visitor) -> None:
    """Only what changed is asked for."""
    number = site.experiment("trash followed")
    runs = [site.run(number, f"followed-{i}") for i in range(2)]
    page = visitor.go("trash?q=followed")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    lists = visitor.asked("experiments/search")
    site.call("runs/delete", {"run_id": runs[0]})
    expect(page.get_by_label("Select followed-0")).to_be_visible()
    expect(page.get_by_label("Select followed-1")).to_have_count(0)
    site.call("experiments/delete", {"experiment_id": number})
    expect(page.get_by_label("Select followed-1")).to_be_visible()
    page.get_by_role("button", name="Experiments").click()
    expect(page.get_by_label("Select trash followed")).to_be_visible()
    site.call("experiments/restore", {"experiment_id": number})
    expect(page.get_by_label("Select trash followed")).to_have_count(0)
    assert visitor.asked("experiments/search") == lists


def test_an_experiment_is_deleted_forever(site: Site, visitor: Visitor) -> None:
    number = site.experiment("gone for good")
    run_id = site.run(number, "gone too")
    site.put(number, run_id, "big.bin", b"12345")
    site.call("experiments/delete", {"experiment_id": number})
    page = visitor.go("trash?kind=experiments")
    page.get_by_label("Select gone for good").check()
    page.get_by_role("button", name="Delete forever").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete forever").click()
    expect(page.get_by_text("Gone: 1 experiment, 1 run, 1 file (5 B)")).to_be_visible()
    expect(page.get_by_label("Select gone for good")).to_have_count(0)
    with pytest.raises(AssertionError, match="RESOURCE_DOES_NOT_EXIST"):
        site.call(f"experiments/get?experiment_id={number}", {}, "GET")


def test_models_are_deleted_found_in_the_trash_and_brought_back(
    site: Site, visitor: Visitor
) -> None:
    number = site.experiment("trash models")
    run_id = site.run(number, "maker")
    for name in ("back again", "never again"):
        site.call("registered-models/create", {"name": name})
        source = f"mlflow-artifacts:/{number}/{run_id}/artifacts/model"
        site.call("model-versions/create", {"name": name, "source": source, "run_id": run_id})
    made = site.call("logged-models", {"experiment_id": number, "name": "loose model"})
    site.call(f"logged-models/{made['model']['info']['model_id']}", {}, "DELETE")
    for name in ("back again", "never again"):
        page = visitor.go(f"models/{name}")
        page.get_by_role("button", name="Actions for the model").click()
        page.get_by_role("menuitem", name="Move to trash").click()
        expect(page.get_by_text(f"“{name}” is in the trash")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("link", name="never again")).to_be_visible()
    site.call("registered-models/delete", {"name": "never again"}, "DELETE")

    page = visitor.go("trash?kind=models")
    expect(page.get_by_role("row", name="back again")).to_contain_text("1 version")
    page.get_by_label("Select back again").check()
    page.get_by_label("Select loose model").check()
    page.get_by_role("button", name="Restore 2 models").click()
    expect(page.get_by_text("2 models restored")).to_be_visible()
    versions = site.call("model-versions/search?filter=name='back again'", {}, "GET")
    assert len(versions["model_versions"]) == 1
    page.get_by_label("Select never again").check()
    page.get_by_role("button", name="Delete forever").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete forever").click()
    expect(page.get_by_text("Gone: 1 registered model")).to_be_visible()
    expect(page.get_by_label("Select never again")).to_have_count(0)


def test_settings_are_shown_without_secrets(milepost_server: StartMilepost, visit: Visit) -> None:
    server = milepost_server(env={"MLFLOW_ADMIN_PASSWORD": "hunter2"})
    visitor = visit(server.url)
    page = visitor.go("operations")
    port = page.get_by_role("row", name="server.port")
    expect(port).to_contain_text(server.url.rpartition(":")[2])
    expect(page.get_by_role("row", name="auth.admin_password")).to_contain_text("***")
    expect(page.get_by_role("row", name="server.workers")).to_have_count(0)
    page.get_by_role("button", name="Also defaults").click()
    expect(page.get_by_role("row", name="server.workers")).to_be_visible()
    page.get_by_label("Search settings").fill("PORT")
    expect(page.get_by_role("row", name="server.workers")).to_have_count(0)
    expect(port).to_be_visible()
    assert "hunter2" not in page.content()


def test_operations_show_health_and_storage(site: Site, visitor: Visitor) -> None:
    number = site.experiment("stores things")
    run_id = site.run(number, "keeper")
    site.put(number, run_id, "a.bin", b"x" * 2048)
    page = visitor.go("operations")
    expect(page.get_by_text("Healthy")).to_be_visible()
    expect(page.locator(".facts").get_by_text("SQLite")).to_be_visible()
    row = page.get_by_role("row", name="stores things")
    expect(row).to_contain_text("2.00 KB")
