from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.parts.milepost import StartMilepost
from tests.ui.conftest import Visit
from tests.ui.site import Site, falling, png

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(site: Site) -> dict[str, str]:
    """Something on every page."""
    number = site.experiment("appearance", team="vision")
    runs = [
        site.run(
            number,
            f"model-{i}",
            params={"optimizer": "adam" if i % 2 else "sgd", "lr": str(10 ** -(i % 4 + 1))},
            metrics={"val/loss": falling(60, i / 20), "system/cpu": [40.0, 55.0, 50.0]},
            ended=i > 0,
        )
        for i in range(12)
    ]
    site.put(number, runs[0], "plot.png", png())
    site.put(number, runs[0], "table.csv", b"a,b\n1,2\n")
    site.call("registered-models/create", {"name": "appearing", "description": "A *model*"})
    for stage in ("Staging", "Production"):
        made = site.call(
            "model-versions/create",
            {
                "name": "appearing",
                "run_id": runs[0],
                "source": f"mlflow-artifacts:/{number}/{runs[0]}/artifacts/model",
            },
        )
        version = made["model_version"]["version"]
        site.call(
            "model-versions/transition-stage",
            {
                "name": "appearing",
                "version": version,
                "stage": stage,
                "archive_existing_versions": False,
            },
        )
    home = f"experiments/{number}"
    run = f"{home}/runs/{runs[0]}"
    return {
        "home": site.url,
        "experiments": "experiments",
        "runs": home,
        "groups": f"{home}?group=param::optimizer",
        "charts": f"{home}?tab=charts",
        "scatter": f"{home}?tab=charts&kind=scatter",
        "parallel": f"{home}?tab=charts&kind=parallel",
        "about": f"{home}?tab=about",
        "run": run,
        "run-charts": f"{run}?tab=charts",
        "run-system": f"{run}?tab=system",
        "run-artifacts": f"{run}?tab=artifacts&file=table.csv",
        "compare": f"compare?run={runs[0]}&run={runs[1]}&run={runs[2]}",
        "models": "models",
        "model": "models/appearing",
        "version": "models/appearing/versions/1",
        "versions": "models/appearing/compare?v=1&v=2",
        "trash": "trash",
        "operations": "operations",
    }


PAGES = [
    *("experiments", "runs", "groups", "charts", "scatter", "parallel", "about", "run"),
    *("run-charts", "run-system", "run-artifacts", "compare", "models", "model", "version"),
    *("versions", "trash", "operations"),
]


# When the browser has nothing left to do and has drawn that.
AT_REST = """() => new Promise(done =>
    requestIdleCallback(() => requestAnimationFrame(() => requestIdleCallback(() => done()))))"""


def settled(page: Page) -> None:
    page.wait_for_load_state("load")
    expect(page.locator(".page-head")).to_be_visible()
    expect(page.locator(".loading, .grid-row.loading")).to_have_count(0)
    page.evaluate(AT_REST)
    if page.locator(".cards").count() > 0:
        expect(page.locator(".chart-area canvas").first).to_be_visible()
        expect(page.get_by_text("Loading…")).to_have_count(0)
        page.evaluate(AT_REST)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_fit_for_all_eyes(
    shown: dict[str, str],
    visit: Visit,
    axe: str,
    shoot: Callable[[Page, str], None],
    name: str,
    theme: str,
) -> None:
    page = visit(theme=theme).go(shown[name])
    settled(page)
    shoot(page, f"{name}-{theme}")
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    told = [
        {"rule": v["id"], "help": v["help"], "where": [n["html"][:160] for n in v["nodes"][:3]]}
        for v in found["violations"]
    ]
    assert told == [], json.dumps(told, indent=1)
    if theme == "light":
        fits_a_narrow_window(page)
        shoot(page, f"{name}-narrow")


def fits_a_narrow_window(page: Page) -> None:
    """Nothing sticks out at the side; what is wider scrolls in its own place."""
    page.set_viewport_size({"width": 400, "height": 800})
    page.evaluate(AT_REST)
    assert page.locator(".main").evaluate("m => m.scrollWidth - m.clientWidth") == 0


def test_the_theme_is_switched_and_remembered(visit: Visit) -> None:
    page = visit().go("experiments")
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_everything_works_under_a_prefix(milepost_server: StartMilepost, visit: Visit) -> None:
    server = milepost_server(None, "--static-prefix=/tools/ml")
    home = f"{server.url}/tools/ml"
    site = Site(home)
    number = site.experiment("prefixed")
    run_id = site.run(number, "inside", metrics={"loss": falling(20)})
    visitor = visit(home)
    page = visitor.go(f"experiments/{number}")
    expect(page.get_by_role("link", name="inside")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    page.get_by_role("link", name="Charts").click()
    expect(page.get_by_role("img", name="loss of 1 runs")).to_be_visible()
    visitor.go(f"experiments/{number}/runs/{run_id}?tab=artifacts")
    expect(page.get_by_text("No artifacts yet")).to_be_visible()
    assert all(r.url.startswith((home, "about:")) for r in visitor.requests)
    assert httpx.get(home, follow_redirects=False).headers["location"] == "ml/"


def test_pages_are_kept_by_browsers_and_guarded(site: Site) -> None:
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        index = client.get("/", headers={"accept-encoding": "identity"})
        assert index.headers["cache-control"] == "no-cache"
        policy = index.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        again = client.get("/", headers={"if-none-match": index.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        script = index.text.split('src="./')[1].split('"')[0]
        for encoding in ("br", "gzip", "identity"):
            got = client.get(f"/{script}", headers={"accept-encoding": encoding})
            assert "immutable" in got.headers["cache-control"]
            assert got.headers.get("content-encoding", "identity") == encoding
        assert client.head("/").status_code == 200


def test_the_first_load_is_small(site: Site, visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    sizes: list[int] = []
    page.on(
        "requestfinished",
        lambda r: sizes.append(r.sizes()["responseBodySize"]) if "/assets/" in r.url else None,
    )
    visitor.go("experiments")
    expect(page.get_by_role("heading", name="Experiments")).to_be_visible()
    assert 10_000 < sum(sizes) < 300_000


def test_a_page_that_does_not_exist_says_so(visit: Visit) -> None:
    page = visit().go("nowhere")
    expect(page.get_by_text("There is no such page")).to_be_visible()


def test_a_run_that_does_not_exist_says_so_and_leads_back(visit: Visit) -> None:
    page = visit().go("experiments/0/runs/0123456789abcdef0123456789abcdef")
    expect(page.get_by_role("alert")).to_contain_text("not found")
    page.get_by_role("link", name="All experiments").click()
    expect(page.get_by_role("heading", name="Experiments")).to_be_visible()


def test_a_reply_that_makes_no_sense_breaks_one_page_and_says_so(
    shown: dict[str, str], visit: Visit
) -> None:
    page = visit().page
    page.route("**/runs/get*", lambda route: route.fulfill(json={"run": {"info": None}}))
    page.goto(f"{shown['home']}/#/{shown['run']}")
    expect(page.get_by_role("alert")).to_contain_text("This page broke")
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("link", name="appearing")).to_be_visible()


def test_a_server_that_is_down_is_named_as_such(
    milepost_server: StartMilepost, visit: Visit
) -> None:
    server = milepost_server()
    page = visit(server.url).go("models")
    expect(page.get_by_text("No models registered yet")).to_be_visible()
    server.kill()
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    server.start()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No deleted runs")).to_be_visible()
