"""What the real client logged, as the pages show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.parts.mlflow import MlflowClient
from tests.ui.conftest import Visitor

SCRIPT = Path(__file__).parent / "scripts" / "project.py"


@pytest.fixture(scope="module")
def kept() -> dict[str, dict[str, str]]:
    return {}


@pytest.fixture
def project(
    kept: dict[str, dict[str, str]],
    milepost_url: str,
    mlflow_client_of: Callable[[str], MlflowClient],
    tmp_path: Path,
) -> dict[str, str]:
    """Ids of what the script logged, once for all tests."""
    if not kept:
        client = mlflow_client_of("3.17.2")
        kept["project"] = client.run(SCRIPT, milepost_url, "churn project", str(tmp_path))
    return kept["project"]


def run(project: dict[str, str], which: str, query: str = "") -> str:
    return f"experiments/{project['experiment']}/runs/{project[which]}{query}"


def test_a_sweep_is_found_and_opened_as_a_tree(project: dict[str, str], visitor: Visitor) -> None:
    page = visitor.go("experiments?q=retention")
    page.get_by_role("link", name="churn project").click()
    expect(page.get_by_text("5 runs")).to_be_visible()
    page.get_by_role("button", name="Nested").click()
    page.get_by_role("button", name="Show 4 nested runs of sweep").click()
    row = page.get_by_role("row", name="lr 0.01 width 64")
    expect(row).to_contain_text("adam")
    page.get_by_label("Filter runs").fill("metrics.`train/loss` > 0 AND params.width = '64'")
    page.get_by_label("Filter runs").press("Enter")
    page.get_by_role("button", name="Nested").click()
    expect(page.get_by_text("2 runs", exact=True)).to_be_visible()


def test_the_run_shows_data_sets_models_and_system_metrics(
    project: dict[str, str], visitor: Visitor
) -> None:
    page = visitor.go(run(project, "parent"))
    row = page.get_by_role("row", name="customers")
    expect(row).to_contain_text("training")
    expect(row).to_contain_text("40 rows")
    expect(row).to_contain_text("project.py")
    page = visitor.go(run(project, "child"))
    expect(page.get_by_role("heading", name="Metrics 3")).to_be_visible()
    expect(page.get_by_role("link", name="Parent run")).to_be_visible()
    model = page.get_by_role("row", name="classifier")
    expect(model).to_contain_text(project["logged"])
    expect(model.get_by_role("link", name="version 1")).to_be_visible()
    model.get_by_role("link", name="classifier").click()
    expect(page.locator("pre", has_text="loader_module: mlflow.sklearn")).to_be_visible()
    page.get_by_role("link", name="System").click()
    for name in ("cpu_utilization_percentage", "gpu_0_memory_usage_megabytes"):
        expect(page.get_by_role("article", name=f"system/{name}")).to_be_visible()


def _image(page: Page) -> None:
    image = page.get_by_role("img", name="plots/confusion.png")
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0


def _rows(page: Page) -> None:
    expect(page.get_by_text("40 rows, 4 columns")).to_be_visible()
    expect(page.get_by_role("columnheader", name="tenure")).to_be_visible()


def _sound(page: Page) -> None:
    length = page.locator("audio").evaluate(
        "a => a.readyState > 0 ? a.duration"
        " : new Promise(done => a.addEventListener('loadedmetadata', () => done(a.duration)))"
    )
    assert length == pytest.approx(0.5, abs=0.01)


def _plotly(page: Page) -> None:
    frame = page.frame_locator("iframe")
    expect(frame.locator(".gtitle")).to_have_text("Sizes")
    expect(frame.locator(".bars .point")).to_have_count(2)


PREVIEWS: dict[str, Callable[[Page], None]] = {
    "plots/confusion.png": _image,
    "data/scores.parquet": _rows,
    "data/scores.csv": _rows,
    "data/tone.wav": _sound,
    "plots/sizes.html": _plotly,
    "answers.json": lambda page: expect(page.get_by_role("cell", name="0.25")).to_be_visible(),
    "config.json": lambda page: expect(page.locator("pre")).to_contain_text('"flip": true'),
    "report.md": lambda page: expect(page.locator("strong", has_text="best")).to_be_visible(),
}


@pytest.mark.parametrize("path", PREVIEWS)
def test_files_are_previewed(project: dict[str, str], visitor: Visitor, path: str) -> None:
    page = visitor.go(run(project, "child", f"?tab=artifacts&file={path}"))
    PREVIEWS[path](page)


def test_images_stand_side_by_side_by_step(project: dict[str, str], visitor: Visitor) -> None:
    page = visitor.go(f"compare?run={project['child']}&run={project['other']}&tab=images")
    expect(page.get_by_role("heading", name="images/sample")).to_be_visible()
    shown = page.get_by_role("img").first
    before = shown.get_attribute("src")
    page.get_by_role("slider").first.fill("0")
    expect(shown).not_to_have_attribute("src", str(before))


def test_the_registered_version_has_schema_and_lineage(
    project: dict[str, str], visitor: Visitor
) -> None:
    page = visitor.go(f"models/{project['model']}")
    page.get_by_role("link", name="Version 1").click()
    expect(page.get_by_text("float64 [-1, 3]")).to_be_visible()
    expect(page.get_by_text("int64 [-1]")).to_be_visible()
    page.get_by_role("link", name="lr 0.001 width 16").click()
    expect(page.get_by_role("heading", name="lr 0.001 width 16")).to_be_visible()
