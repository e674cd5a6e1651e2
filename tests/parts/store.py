"""One test on every database: an empty store per test, dropped after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def store_uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URI of a fresh, empty database; the test runs once for each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'milepost.db'}"
        return
    # Asked for by name, so that a test on SQLite alone starts no server.
    server: Any = request.getfixturevalue(request.param)
    name = f"store_{uuid4().hex}"
    yield server.create(name)
    server.drop(name)
