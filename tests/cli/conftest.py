from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A terminal in an empty folder."""
    return Session(tmp_path)
