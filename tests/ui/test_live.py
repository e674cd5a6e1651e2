from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import expect

from tests.parts.milepost import StartMilepost
from tests.ui.conftest import Visit, Visitor
from tests.ui.site import Site, falling


def test_new_runs_and_values_appear_by_themselves(site: Site, visitor: Visitor) -> None:
    number = site.experiment("live table")
    first = site.run(number, "first", metrics={"loss": [0.75]}, ended=False)
    page = visitor.go(f"experiments/{number}?c=metric:last:loss")
    expect(page.get_by_role("gridcell", name="0.75")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    site.log(first, {"loss": [0.25]}, first=1)
    expect(page.get_by_role("gridcell", name="0.25")).to_be_visible()
    site.run(number, "second")
    expect(page.get_by_role("link", name="second")).to_be_visible()
    expect(page.get_by_text("2 runs")).to_be_visible()
    assert visitor.asked("milepost/live") == 1


def test_only_what_changed_is_fetched(site: Site, visitor: Visitor) -> None:
    number = site.experiment("live deltas")
    runs = [site.run(number, f"d{i}", metrics={"loss": falling(100)}) for i in range(3)]
    page = visitor.go(f"experiments/{number}?tab=charts")
    expect(page.get_by_role("img", name="loss of 3 runs")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    quiet(visitor)
    with page.expect_request("**/metrics/curves") as asked:
        site.log(runs[1], {"loss": [0.01]}, first=100)
    message = asked.value.post_data_json
    assert message is not None
    assert message["run_ids"] == [runs[1]]
    assert message["min_step"] == 99


def test_the_list_asks_only_for_experiments_with_news(site: Site, visitor: Visitor) -> None:
    number = site.experiment("live list one")
    site.experiment("live list two")
    page = visitor.go("experiments?q=live list")
    row = page.get_by_role("row", name="live list one")
    expect(row.get_by_role("cell").nth(1)).to_have_text("0")
    expect(page.locator(".live")).to_have_text("Live")
    quiet(visitor)
    lists = visitor.asked("experiments/search")
    with page.expect_request("**/experiments/activity") as asked:
        site.run(number, "news", ended=False)
    assert asked.value.post_data_json == {"experiment_ids": [number]}
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
    expect(row.get_by_role("cell").nth(2)).to_have_text("1")
    assert visitor.asked("experiments/search") == lists


def test_a_hidden_page_costs_nothing_and_catches_up(site: Site, visitor: Visitor) -> None:
    number = site.experiment("live hidden")
    run_id = site.run(number, "hidden", metrics={"loss": [0.5]})
    page = visitor.go(f"experiments/{number}?c=metric:last:loss")
    expect(page.locator(".live")).to_have_text("Live")
    hide(page.evaluate, hidden=True)
    expect(page.locator(".live")).to_have_text("Not live")
    before = len(visitor.requests)
    site.log(run_id, {"loss": [0.125]}, first=1)
    page.wait_for_timeout(1500)
    assert len(visitor.requests) == before
    hide(page.evaluate, hidden=False)
    expect(page.get_by_role("gridcell", name="0.125")).to_be_visible()


def quiet(visitor: Visitor) -> None:
    """Wait until the last word of how things were made is out, and answered."""
    seen = -1
    while seen != len(visitor.requests):
        seen = len(visitor.requests)
        visitor.page.wait_for_timeout(2500)


def hide(evaluate: Callable[[str], object], *, hidden: bool) -> None:
    """What a browser does to a page in the background."""
    value = str(hidden).lower()
    evaluate(
        f"Object.defineProperty(document, 'hidden', {{configurable: true, value: {value}}});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


def test_changes_come_from_the_other_server_of_a_database(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost, visit: Visit
) -> None:
    uri = postgres_uri()
    here, there = milepost_server(uri), milepost_server(uri)
    near, far = Site(here.url), Site(there.url)
    number = near.experiment("two servers")
    page = visit(here.url).go(f"experiments/{number}")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    far.run(number, "from afar")
    expect(page.get_by_role("link", name="from afar")).to_be_visible()
    page.close()


def test_a_server_with_listeners_stops_at_once(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("GET", f"{server.url}/ajax-api/3.0/milepost/live") as events,
    ):
        lines = events.iter_lines()
        assert next(lines).startswith("retry:")
        server.stop()
        assert not [line for line in lines if line.startswith("data:")]
