"""Short words for what the tests of uploads do with a server."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.parts.milepost import MilepostServer

LARGE = 5 * 2**20 + 12_345
"""Bytes of a body for which a connection is lent."""


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


def head(path: str, *more: str, size: int = LARGE) -> bytes:
    """The head of a PUT."""
    lines = [f"PUT {path} HTTP/1.1", "Host: localhost", f"Content-Length: {size}", *more, "", ""]
    return "\r\n".join(lines).encode()


@contextmanager
def connected(server: MilepostServer) -> Iterator[socket.socket]:
    """A connection to a server."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        yield connection


def answer(connection: socket.socket, end: bytes) -> bytes:
    """What comes back until `end` has come."""
    got = b""
    while end not in got:
        part = connection.recv(65536)
        assert part, f"hung up after {got!r}"
        got += part
    return got


def begin_process(server: MilepostServer) -> None:
    """A body so large that the server waits for the process; but no byte of it is sent."""
    with connected(server) as connection:
        connection.sendall(head(target("run"), "Expect: 100-continue", size=64 << 20))
        assert answer(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
