from __future__ import annotations

import os
import re
import runpy
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.ui.site import Site

ROOT = Path(__file__).parents[2]
SCREENSHOTS = Path(os.environ.get("MILEPOST_SCREENSHOTS", "build/screenshots"))

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def site(milepost_url: str) -> Site:
    """The server all tests of pages share: name experiments uniquely."""
    return Site(milepost_url)


@pytest.fixture(scope="session")
def ui_tools() -> list[str]:
    """The npm command, with what developing the pages needs installed in ui/."""
    build = runpy.run_path(str(ROOT / "hatch_build.py"))
    npm: list[str] = build["_node"]()[1]
    if not (ROOT / "ui/node_modules/axe-core").is_dir():
        subprocess.run([*npm, "ci", "--ignore-scripts", "--no-audit"], cwd=ROOT / "ui", check=True)
    return npm


@pytest.fixture(scope="session")
def axe(ui_tools: list[str]) -> str:
    """The accessibility checker, to be evaluated in a page."""
    return (ROOT / "ui/node_modules/axe-core/axe.min.js").read_text()


class Visitor:
    """A person with a browser; what goes wrong in it is kept."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.home = home
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.requests: list[Request] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on(
            "console",
            lambda m: self.errors.append(m.text) if "Content Security Policy" in m.text else None,
        )

    def _asked(self, request: Request) -> None:
        self.requests.append(request)

    def go(self, path: str = "") -> Page:
        """Open a page by what comes after the #."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.home}/#/{path}")
        return self.page

    def asked(self, path: str) -> int:
        """How many requests went to a route."""
        return sum(path in request.url for request in self.requests)

    def hosts(self) -> set[str]:
        found = {urlsplit(request.url).netloc for request in self.requests}
        return found - {""}


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """`visit(home=None, theme="light", **options)` opens a browser window on a server, with what
    else playwright lets say of it. At the end of the test no window may have seen a script error
    or asked another host for anything."""
    opened: list[tuple[Visitor, BrowserContext]] = []

    def start(home: str | None = None, theme: str = "light", **options: Any) -> Visitor:
        usual: dict[str, Any] = {
            "viewport": {"width": 1440, "height": 900},
            "color_scheme": "dark" if theme == "dark" else "light",
            "permissions": ["clipboard-read", "clipboard-write"],
        }
        context = browser.new_context(**{**usual, **options})
        visitor = Visitor(context, home or site.url)
        opened.append((visitor, context))
        return visitor

    yield start
    for visitor, context in opened:
        context.close()
        assert visitor.errors == []
        assert visitor.hosts() <= {urlsplit(visitor.home).netloc}


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    return visit()


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture of a page for people to look at."""

    def take(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png")

    return take
