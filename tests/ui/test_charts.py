from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.parts import bulk
from tests.parts.milepost import StartMilepost
from tests.ui.conftest import Visit, Visitor
from tests.ui.site import Site, falling


@pytest.fixture(scope="module")
def curves(site: Site) -> str:
    """6 runs in 2 groups with 30 metrics of 50 steps."""
    number = site.experiment("curves")
    for i in range(6):
        site.run(
            number,
            f"curve-{i}",
            params={"model": "big" if i % 2 else "small", "width": str(10 * (i + 1))},
            metrics={
                "val/loss": falling(50, i / 10),
                **{f"extra/m{k:02d}": [float(k)] * 50 for k in range(30)},
            },
        )
    return number


def chart(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def canvas(page: Page, name: str) -> Locator:
    return chart(page, name).locator(".chart-area")


def test_charts_load_when_they_come_into_sight(curves: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts")
    expect(canvas(page, "val/loss")).to_be_visible()
    expect(canvas(page, "extra/m29")).to_have_count(0)
    chart(page, "extra/m29").scroll_into_view_if_needed()
    expect(canvas(page, "extra/m29")).to_be_visible()


def test_of_thousands_of_charts_few_exist(site: Site, visitor: Visitor) -> None:
    number = site.experiment("thousands of charts")
    keys = [f"layer{k // 30:02d}/unit{k % 30:02d}" for k in range(1800)]
    site.run(number, "deep", metrics={key: [0.5] for key in keys})
    page = visitor.go(f"experiments/{number}?tab=charts")
    expect(canvas(page, "layer00/unit00")).to_be_visible()
    assert page.get_by_role("article").count() < 200
    page.get_by_text("layer59").scroll_into_view_if_needed()
    page.get_by_role("article", name="layer59/unit29").scroll_into_view_if_needed()
    expect(canvas(page, "layer59/unit29")).to_be_visible()


def test_what_is_no_number_is_no_line(site: Site, visitor: Visitor) -> None:
    number = site.experiment("no numbers")
    run_id = site.run(number, "wild")
    for step, value in enumerate(("1", "Infinity", "2", "NaN", "0.5", "-Infinity")):
        point = {"key": "wild", "value": value, "timestamp": 1, "step": step}
        endless = {"key": "endless", "value": "Infinity", "timestamp": 1, "step": step}
        site.call("runs/log-batch", {"run_id": run_id, "metrics": [point, endless]})
    page = visitor.go(f"experiments/{number}/runs/{run_id}")
    row = page.get_by_role("row", name="wild")
    expect(row).to_contain_text("-∞")
    page = visitor.go(f"experiments/{number}?tab=charts")
    expect(chart(page, "endless")).to_contain_text("Only NaN and infinite values")
    drawn(page, "wild")
    width = canvas(page, "wild").evaluate("area => area.clientWidth")
    canvas(page, "wild").hover(position={"x": 52 + (width - 64) * 2 // 5, "y": 20})
    expect(chart(page, "wild").locator(".tip")).to_contain_text("2 at step 2")


def test_metrics_are_found_by_regular_expression(curves: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts")
    page.get_by_label("Metrics, by regex").fill("m0[12]$|loss")
    expect(page.get_by_role("article")).to_have_count(3)
    assert "metric=" in page.url


def test_hovering_names_the_run_in_every_chart(curves: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=loss|m00")
    drawn(page, "val/loss")
    drawn(page, "extra/m00")
    width = canvas(page, "val/loss").evaluate("area => area.clientWidth")
    canvas(page, "val/loss").hover(position={"x": width - 14, "y": 20})
    tip = chart(page, "val/loss").locator(".tip")
    expect(tip).to_contain_text("curve-5")
    expect(tip).to_contain_text("at step 49")
    expect(chart(page, "extra/m00").locator(".tip")).to_contain_text("curve-5")


def test_dragging_zooms_all_charts_and_a_double_click_goes_back(
    curves: str, visitor: Visitor
) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=loss|m00")
    area = canvas(page, "val/loss")
    before = {name: drawn(page, name) for name in ("val/loss", "extra/m00")}
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 120, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 60, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)
    zoomed = {name: drawn(page, name, unlike=old) for name, old in before.items()}
    area.dblclick()
    page.mouse.move(5, 5)
    for name, old in zoomed.items():
        assert drawn(page, name, unlike=old) == before[name]


# The picture once something is on it, it differs from another one, and it was the same twice.
SETTLED = """([canvas, unlike]) => {
    const now = canvas.toDataURL();
    const blank = document.createElement("canvas");
    [blank.width, blank.height] = [canvas.width, canvas.height];
    const same = now === canvas.before;
    canvas.before = now;
    return same && now !== unlike && now !== blank.toDataURL() ? now : null;
}"""


def drawn(page: Page, name: str, unlike: str = "") -> str:
    """What a chart looks like, as soon as it is drawn otherwise than `unlike`."""
    shown = canvas(page, name).locator("canvas").first
    expect(shown).to_be_visible()
    found = page.wait_for_function(SETTLED, arg=[shown.element_handle(), unlike], polling=100)
    return str(found.json_value())


@pytest.mark.parametrize(
    "setting", ["smooth=0.8", "logy=1", "logx=1", "x=relative", "x=time", "best=1"]
)
def test_settings_change_the_chart(curves: str, visitor: Visitor, setting: str) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=loss")
    plain = drawn(page, "val/loss")
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=loss&{setting}")
    assert drawn(page, "val/loss", unlike=plain) != plain


def test_groups_are_drawn_as_mean_and_band(curves: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=loss&group=param::model")
    expect(page.locator(".legend")).to_contain_text("model big")
    drawn(page, "val/loss")
    canvas(page, "val/loss").hover(position={"x": 53, "y": 20})
    # The mean over curve-1, -3 and -5, whose floors are 0.1, 0.3 and 0.5, at step 0.
    expect(chart(page, "val/loss").locator(".tip")).to_contain_text("model big (3)")
    expect(chart(page, "val/loss").locator(".tip")).to_contain_text("1.3")
    page.get_by_role("button", name="Min to max").click()
    canvas(page, "val/loss").hover(position={"x": 53, "y": 22})
    expect(chart(page, "val/loss").locator(".tip")).to_contain_text("1.1 … 1.5")


def test_a_chart_is_exported_and_fills_the_screen(
    curves: str, visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=loss")
    expect(canvas(page, "val/loss")).to_be_visible()
    found = {}
    for kind in ("CSV", "SVG", "PNG"):
        chart(page, "val/loss").hover()
        chart(page, "val/loss").get_by_role("button", name="Actions for val/loss").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=f"Save as {kind}").click()
        path = tmp_path / kind
        download.value.save_as(path)
        found[kind] = path.read_bytes()
    rows = list(csv.reader(io.StringIO(found["CSV"].decode())))
    assert rows[0] == ["run_id", "run", "step", "val/loss"]
    assert len(rows) == 1 + 6 * 50
    assert found["SVG"].startswith(b"<svg")
    assert found["SVG"].count(b"<path") > 6
    assert found["PNG"].startswith(b"\x89PNG")
    page.get_by_role("button", name="Full screen: val/loss").click()
    expect(page.get_by_role("dialog", name="val/loss").locator("canvas").first).to_be_visible()


def test_charts_are_reordered_by_dragging(curves: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&metric=m0[012]")
    expect(canvas(page, "extra/m02")).to_be_visible()
    chart(page, "extra/m02").locator("header").drag_to(chart(page, "extra/m00"))
    order = ["extra/m02", "extra/m00", "extra/m01"]
    expect(page.get_by_role("article")).to_have_count(3)
    for again in (False, True):
        if again:
            page.reload()
        for place, name in enumerate(order):
            expect(page.get_by_role("article").nth(place)).to_have_attribute("aria-label", name)


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("scatter", "Scatter of 6 runs: width, val/loss"),
        ("bar", "val/loss of 6 runs as bars"),
        ("parallel", "Parallel coordinates of 6 runs: width, model, val/loss"),
        ("contour", "Heat map of val/loss over width and model"),
    ],
)
def test_runs_are_compared_over_their_params(
    curves: str, visitor: Visitor, kind: str, label: str
) -> None:
    axes = {
        "scatter": "axis=param::width&axis=metric:last:val/loss",
        "bar": "axis=metric:last:val/loss",
        "parallel": "axis=param::width&axis=param::model&axis=metric:last:val/loss",
        "contour": "axis=param::width&axis=param::model&axis=metric:last:val/loss",
    }[kind]
    page = visitor.go(f"experiments/{curves}?tab=charts&kind={kind}&{axes}")
    shown = page.get_by_role("img", name=label)
    expect(shown).to_be_visible()
    page.wait_for_function(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height)"
        ".data.buffer)).size > 10",
        arg=shown.element_handle(),
    )
    for ending, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("CSV", b"run_id,run,")):
        with page.expect_download() as download:
            page.get_by_role("button", name=ending, exact=True).click()
        assert download.value.suggested_filename == f"{kind}.{ending.lower()}"
        assert download.value.path().read_bytes().startswith(start)


def test_clicking_a_bar_opens_its_run(curves: str, visitor: Visitor) -> None:
    page = visitor.go(f"experiments/{curves}?tab=charts&kind=bar&axis=metric:last:val/loss")
    page.locator(".bar-area").click(position={"x": 300, "y": 11})
    expect(page.get_by_role("heading", name="curve-5")).to_be_visible()


# Moves the pointer over a chart in each of 60 frames; returns frames a second, and how often the
# chart itself, below the layer of the pointer, was drawn again.
HOVER = """area => new Promise(done => {
    const [chart, layer] = area.querySelectorAll("canvas");
    const box = area.getBoundingClientRect();
    const before = CanvasRenderingContext2D.prototype.clearRect;
    const drawn = {chart: 0, layer: 0};
    CanvasRenderingContext2D.prototype.clearRect = function (...where) {
        if (this.canvas === chart) drawn.chart++;
        if (this.canvas === layer) drawn.layer++;
        return before.apply(this, where);
    };
    const start = performance.now();
    let frames = 0;
    const step = () => {
        if (frames++ === 60) {
            CanvasRenderingContext2D.prototype.clearRect = before;
            return done({...drawn, rate: 60_000 / (performance.now() - start)});
        }
        area.dispatchEvent(new PointerEvent("pointermove", {
            bubbles: true,
            clientX: box.left + 60 + (frames * 9) % (box.width - 80),
            clientY: box.top + box.height / 2,
        }));
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def test_a_thousand_runs_of_a_thousand_points_in_one_chart(
    milepost_server: StartMilepost, visit: Visit
) -> None:
    """Hovering draws one line on a layer of its own, however many lines there are below."""
    server = milepost_server()
    server.stop()
    bulk.fill(f"sqlite:///{server.data / 'milepost.db'}", 1112, points=1000)
    server.start()
    page = visit(server.url).go("experiments/1?tab=charts&runs=1000&size=l&metric=loss")
    expect(page.get_by_text("1,000 of 1,001 runs")).to_be_visible()
    expect(page.get_by_role("img", name="loss of 1000 runs")).to_be_visible(timeout=60_000)
    drawn(page, "loss")
    found = canvas(page, "loss").evaluate(HOVER)
    print(f"hovering over 1000 runs of 1000 points: {found['rate']:.0f} frames a second")
    assert found["chart"] == 0
    assert found["layer"] > 20
    expect(chart(page, "loss").locator(".tip")).to_contain_text("run-")
