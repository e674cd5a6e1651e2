from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site


def test_a_run_comes_back_from_the_trash(site: Site, visitor: Visitor) -> None:
    number = site.experiment("trash run")
    run_id = site.run(number, "thrown away")
    site.call("runs/delete", {"run_id": run_id})
    page = visitor.go("trash")
    page.get_by_label("Select thrown away").check()
    page.get_by_role("button", name="Restore 1 run").click()
    expect(page.get_by_text("1 run restored")).to_be_visible()
    expect(page.get_by_label("Select thrown away")).to_have_count(0)
    assert (
        site.call(f"runs/get?run_id={run_id}", {}, "GET")["run"]["info"]["lifecycle_stage"]
        == "active"
    )


def test_an_experiment_is_deleted_forever(site: Site, visitor: Visitor) -> None:
    number = site.experiment("gone for good")
    run_id = site.run(number, "gone too")
    site.put(number, run_id, "big.bin", b"12345")
    site.call("experiments/delete", {"experiment_id": number})
    page = visitor.go("trash?kind=experiments")
    page.get_by_label("Select gone for good").check()
    page.get_by_role("button", name="Delete forever").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete forever").click()
    expect(page.get_by_text("Gone: 1 experiment with 1 run, 1 file (5 B)")).to_be_visible()
    expect(page.get_by_label("Select gone for good")).to_have_count(0)
    with pytest.raises(AssertionError, match="RESOURCE_DOES_NOT_EXIST"):
        site.call(f"experiments/get?experiment_id={number}", {}, "GET")


def test_operations_show_health_and_storage(site: Site, visitor: Visitor) -> None:
    number = site.experiment("stores things")
    run_id = site.run(number, "keeper")
    site.put(number, run_id, "a.bin", b"x" * 2048)
    page = visitor.go("operations")
    expect(page.get_by_text("Healthy")).to_be_visible()
    expect(page.get_by_text("SQLite")).to_be_visible()
    row = page.get_by_role("row", name="stores things")
    expect(row).to_contain_text("2.00 KB")
