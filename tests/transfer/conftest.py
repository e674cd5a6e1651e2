from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A terminal whose data folder is the current one."""
    return Session(tmp_path, {"MILEPOST_DATA_DIR": "."})
