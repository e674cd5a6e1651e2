"""How fast pages open, beside MLflow's: `python -m bench.pages` (with `make bench`, its last part).

The same runs are on both servers. Each opening is a browser window of its own that has loaded
nothing yet; rounds are interleaved. Writes its section into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, TimeoutError, ViewportSize, sync_playwright

from bench import machine, seed
from bench.servers import MILEPOST, MLFLOW, Kind, Server

PAGE = machine.ROOT / "docs" / "benchmarks.md"
_TITLE = "## Pages"
RUNS, CHARTED, CROWD = 10_000, 100, 1000
_METRICS, _STEPS = 5, 200
_WINDOW = ViewportSize(width=1440, height=900)
_PATIENCE_MS = 120_000

# Counts frames for two seconds in which something happens before each; returns frames a second.
_FRAMES = """kind => new Promise(done => {
    const area = document.querySelector(kind === "table" ? ".grid" : ".chart-area");
    const box = area.getBoundingClientRect();
    const start = performance.now();
    let frames = 0;
    const step = now => {
        if (now - start > 2000) return done(frames / (now - start) * 1000);
        frames++;
        if (kind === "table") area.scrollTop += 60;
        else area.dispatchEvent(new PointerEvent("pointermove", {
            bubbles: true,
            clientX: box.left + 60 + (frames * 7) % (box.width - 80),
            clientY: box.top + 20 + (frames * 5) % (box.height - 60),
        }));
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


@dataclass(frozen=True)
class Site:
    """A server with an experiment of many runs and one of charts."""

    server: Server
    runs: str
    charts: str

    @property
    def name(self) -> str:
        return self.server.kind.name


@dataclass(frozen=True)
class Opening:
    """A page of both servers: its address, and what is waited for."""

    title: str
    limit_s: float
    address: Callable[[Site], str]
    milepost: str
    mlflow: str


OPENINGS = [
    Opening(
        f"experiment of {RUNS:,} runs",
        1.0,
        lambda site: f"experiments/{site.runs}{'' if site.server.kind is MILEPOST else '/runs'}",
        ".grid-row:not(.loading) .name-cell a",
        "a[href*='/runs/']",
    ),
    Opening(
        f"charts of {CHARTED} runs",
        1.5,
        lambda site: (
            f"experiments/{site.charts}"
            + ("?tab=charts" if site.server.kind is MILEPOST else "/runs?compareRunsMode=CHART")
        ),
        f".cards .chart-card:nth-child({_METRICS}) .chart-area canvas",
        ".js-plotly-plot .trace, .js-plotly-plot canvas",
    ),
]
"""Milepost is waited for until the last of its charts is drawn, MLflow until the first is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if a page of ours took longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--output", type=Path, default=PAGE, metavar="FILE")
    parser.add_argument("--scratch", default="/var/tmp", metavar="DIR", help="where stores go")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = Path(tempfile.mkdtemp(prefix="milepost-pages-", dir=options.scratch))
    try:
        machine.prepare([MILEPOST, MLFLOW], scratch)
        lines, slow = _measured(scratch, options.rounds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    text = "\n".join(lines)
    print(f"\n{text}")
    options.output.write_text(with_section(options.output.read_text(), text))
    return 1 if slow else 0


def section(page: str) -> str:
    """The section about pages of a document; empty if it has none."""
    _, found, rest = page.partition(f"{_TITLE}\n")
    body, _, _ = rest.partition("\n## ")
    return f"{found}{body.rstrip()}\n" if found else ""


def with_section(page: str, text: str) -> str:
    """The document with `text` as its section about pages, at the end if it had none."""
    if not text:
        return page
    old = section(page)
    if old:
        return page.replace(old, text.rstrip() + "\n")
    return f"{page.rstrip()}\n\n{text.rstrip()}\n"


def _measured(scratch: Path, rounds: int) -> tuple[list[str], bool]:
    with _site(MILEPOST, scratch) as ours, _site(MLFLOW, scratch) as theirs:
        crowd = _charted(ours.server, "crowd", CROWD, 1, CROWD)
        with sync_playwright() as playwright:
            program = shutil.which("chromium-headless-shell")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            rows, slow = [], False
            for opening in OPENINGS:
                took = _rounds(browser, opening, [ours, theirs], rounds)
                slow = slow or median(took[ours.name]) > opening.limit_s
                rows.append(_row(opening, took))
            loaded = {site.name: _loaded(browser, site) for site in (ours, theirs)}
            rows.append(_loaded_row(loaded))
            frames = _frames(browser, ours, crowd)
            browser.close()
    return _lines(rows, frames, rounds), slow


@contextmanager
def _site(kind: Kind, scratch: Path) -> Iterator[Site]:
    server = Server(kind, scratch / kind.name)
    server.start()
    try:
        print(f"filling {kind.title}", flush=True)
        runs = server.client().experiment("runs")
        seed.runs(server, runs, RUNS)
        yield Site(server, runs, _charted(server, "charts", CHARTED, _METRICS, _STEPS))
    finally:
        server.stop()


def _charted(server: Server, name: str, runs: int, metrics: int, steps: int) -> str:
    """An experiment whose runs have so many metrics of so many steps; its id."""
    experiment = server.client().experiment(name)
    seed.curves(server, experiment, runs, [f"metric_{i}" for i in range(metrics)], steps)
    return experiment


def _rounds(
    browser: Browser, opening: Opening, sites: Sequence[Site], rounds: int
) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {site.name: [] for site in sites}
    for site in sites:
        _warm(browser, opening, site)
    for site in list(sites) * rounds:
        took[site.name].append(_open(browser, opening, site))
        print(f"{opening.title}, {site.name}: {took[site.name][-1]:.2f} s", flush=True)
    return took


def _warm(browser: Browser, opening: Opening, site: Site) -> None:
    """Open the page once unmeasured; the workers of a server that has just started may need a
    second visit."""
    try:
        _open(browser, opening, site, _PATIENCE_MS / 4)
    except TimeoutError:
        _open(browser, opening, site)


def _open(
    browser: Browser, opening: Opening, site: Site, patience_ms: float = _PATIENCE_MS
) -> float:
    """Seconds from asking for the address to what is waited for, with nothing kept from before."""
    page = browser.new_page(viewport=_WINDOW)
    wanted = opening.milepost if site.server.kind is MILEPOST else opening.mlflow
    start = time.perf_counter()
    try:
        page.goto(f"{site.server.url}/#/{opening.address(site)}", timeout=patience_ms)
        page.locator(wanted).first.wait_for(state="attached", timeout=patience_ms)
        return time.perf_counter() - start
    finally:
        page.close()


def _loaded(browser: Browser, site: Site) -> float:
    """KB over the wire, as the browser sends and takes them, until the list of experiments is
    there and the page is quiet."""
    page = browser.new_page(viewport=_WINDOW)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{site.server.url}/#/experiments", timeout=_PATIENCE_MS)
    page.get_by_text("charts", exact=True).first.wait_for(timeout=_PATIENCE_MS)
    page.wait_for_timeout(3000)
    page.close()
    return sum(sizes) / 1024


def _frames(browser: Browser, site: Site, crowd: str) -> dict[str, float]:
    """Frames a second while scrolling the table, and hovering over the chart of the crowd."""
    page = browser.new_page(viewport=_WINDOW)
    page.goto(f"{site.server.url}/#/experiments/{site.runs}")
    page.locator(OPENINGS[0].milepost).first.wait_for()
    found = {f"scrolling the table of {RUNS:,} runs": _rate(page, "table")}
    page.goto("about:blank")
    page.goto(f"{site.server.url}/#/experiments/{crowd}?tab=charts&runs={CROWD}&size=l")
    page.get_by_role("img", name=f"metric_0 of {CROWD} runs").wait_for(timeout=_PATIENCE_MS)
    page.wait_for_timeout(1000)
    found[f"hovering over {CROWD:,} runs of {CROWD:,} points"] = _rate(page, "chart")
    page.close()
    return found


def _rate(page: Page, kind: str) -> float:
    """The middle of three goes."""
    return median(float(page.evaluate(_FRAMES, kind)) for _ in range(3))


def _row(opening: Opening, took: dict[str, list[float]]) -> list[str]:
    ours, theirs = took[MILEPOST.name], took[MLFLOW.name]
    ratio = median(b / a for a, b in zip(ours, theirs, strict=True))
    figures = [f"{median(ours):.2f} s", f"{median(theirs):.2f} s", f"{ratio:.1f}"]
    reached = "yes" if median(ours) <= opening.limit_s else "NO"
    return [opening.title, *figures, f"under {opening.limit_s:g} s", reached]


def _loaded_row(loaded: dict[str, float]) -> list[str]:
    ours, theirs = loaded[MILEPOST.name], loaded[MLFLOW.name]
    figures = [f"{ours:,.0f} KB", f"{theirs:,.0f} KB", f"{theirs / ours:.0f}"]
    return ["first load, compressed", *figures, "under 300 KB", "yes" if ours < 300 else "NO"]


_METHOD = f"""\
Headless Chromium, a window of 1440 x 900 that has loaded nothing before, {{rounds}} interleaved
rounds, the same runs on both servers. The table is there when its first rows are; charts
({_METRICS} metrics of {_STEPS} steps) when all are drawn in Milepost and the first one is in
MLflow."""


def _lines(rows: list[list[str]], frames: dict[str, float], rounds: int) -> list[str]:
    head = ["page", "Milepost", "MLflow", "times MLflow", "target", "reached"]
    smooth = [
        [what, f"{rate:.0f}", "50", "yes" if rate >= 50 else "NO"] for what, rate in frames.items()
    ]
    return [
        _TITLE,
        "",
        _METHOD.format(rounds=rounds),
        "",
        *_markdown([head, *rows]),
        "",
        *_markdown([["frames a second while", "Milepost", "target", "reached"], *smooth]),
    ]


def _markdown(table: list[list[str]]) -> list[str]:
    head, *lines = (f"| {' | '.join(cells)} |" for cells in table)
    return [head, f"|{'---|' * len(table[0])}", *lines]


if __name__ == "__main__":
    sys.exit(main())
