"""A real browser: Debian's headless Chromium, driven by playwright."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.parts import need

# Playwright's own program needs libatomic, which a minimal Debian lacks.
PACKAGES = ["chromium-headless-shell", "libatomic1"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = need.program("chromium-headless-shell", PACKAGES)
    with sync_playwright() as playwright:
        # Root and containers have no sandbox to offer; the pages are our own.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
