from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.conftest import Visitor
from tests.ui.site import Site, falling, png


def test_runs_are_compared_side_by_side(site: Site, visitor: Visitor) -> None:
    number = site.experiment("compared")
    ids = [
        site.run(
            number,
            f"side-{i}",
            params={"lr": str(i), "same": "x"},
            metrics={"loss": falling(10, i)},
            tags={"team": "vision"},
        )
        for i in range(3)
    ]
    for run_id in ids[:2]:
        site.put(number, run_id, "plot_1.png", png())
        site.put(number, run_id, "plot_2.png", png())
    page = visitor.go(f"experiments/{number}")
    page.get_by_label("Select all loaded runs").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="3 runs")).to_be_visible()
    expect(page.get_by_role("row", name="lr").first).to_have_class("list-row differs")
    expect(page.get_by_role("rowheader", name="same", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Only differences").click()
    expect(page.get_by_role("rowheader", name="same", exact=True)).to_be_visible()
    page.get_by_role("button", name="Lowest").click()
    cells = page.get_by_role("row", name="loss").get_by_role("cell").all_inner_texts()
    assert sorted(float(text) for text in cells) == sorted(
        round(min(falling(10, i)), 5 if min(falling(10, i)) >= 1 else 6) for i in range(3)
    )
    page.get_by_role("button", name="Charts").click()
    expect(page.get_by_role("img", name="loss of 3 runs")).to_be_visible()
    page.get_by_role("button", name="Images").click()
    expect(page.get_by_role("img")).to_have_count(2)
    expect(page.get_by_text("Not logged")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_visible()


def test_links_of_the_clients_compare_too(site: Site, visitor: Visitor) -> None:
    number = site.experiment("compared by link")
    ids = [site.run(number, f"link-{i}") for i in range(2)]
    listed = "[" + ",".join(f'"{i}"' for i in ids) + "]"
    page = visitor.go(f"compare-runs?runs={listed}&experiments=[{number}]")
    expect(page.get_by_role("link", name="link-1")).to_be_visible()


def test_one_run_is_not_enough(visitor: Visitor) -> None:
    page = visitor.go("compare?run=abc")
    expect(page.get_by_text("Choose two or more runs to compare")).to_be_visible()
