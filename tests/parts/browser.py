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
        # Root and containers have no sandbox to offer; the pages are our own. Names of examples
        # are this machine, for tests of what stands behind a name.
        args = ["--no-sandbox", "--host-resolver-rules=MAP *.example.com 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        yield browser
        browser.close()
