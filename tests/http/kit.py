"""Short words for what the tests of uploads do with a server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def target(run_id: str, name: str = "f") -> str:
    """Where a file of a run is served."""
    return f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/{name}"


def children(parent: int) -> list[int]:
    """The processes that write small files for another."""
    listed = [file.read_text().split() for file in Path(f"/proc/{parent}/task").glob("*/children")]
    return [int(pid) for pids in listed for pid in pids if is_there(int(pid))]


def is_there(pid: int) -> bool:
    """Whether it is such a process, and has not ended."""
    try:
        return b"milepost.http.scribe_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wait_for(what: Callable[[], bool]) -> None:
    """Until something is so."""
    give_up = time.monotonic() + 60
    while not what():
        assert time.monotonic() < give_up
        time.sleep(0.01)
