"""A server for the tests of one file, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.parts.milepost import MilepostServer, new_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilepostServer]:
    """A `milepost server` on SQLite that all tests of a file share."""
    running = new_server(tmp_path_factory.mktemp("shared"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(server: MilepostServer) -> Iterator[httpx.Client]:
    """An HTTP client of the shared server."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as opened:
        yield opened


@pytest.fixture
def run_id(client: httpx.Client) -> str:
    """A fresh run in the default experiment."""
    made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"})
    found: str = made.json()["run"]["info"]["run_id"]
    return found


@pytest.fixture
def folder(server: MilepostServer) -> Path:
    """Where the shared server keeps its artifacts."""
    return server.data / "artifacts"
