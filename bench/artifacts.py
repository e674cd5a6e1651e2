"""Artifacts: a large file, many small ones, and metrics logged while large files go up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles

from bench import wire
from bench.results import Sample
from bench.servers import Server
from bench.stores import LARGE_MB

UPLOADS = 10
_PIECE = os.urandom(1 << 20)
_EVERY_MB = 64
ROOT = Path(__file__).parents[1]


class Files:
    """The artifacts of a run of its own on a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.run = server.client().run("0")
        self.folders = 0
        """How many folders of small files there are."""

    def connection(self) -> HTTPConnection:
        """A new connection."""
        return _connection(self.server.port)


Measure = Callable[[Files], Sample]


def _path(run: str, name: str) -> str:
    return f"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{name}"


def _connection(port: int) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", port, timeout=1800)


class _Scales:
    """By how much a server's memory grows."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before = server.memory_mb()
        self._peak = self._before

    def weigh(self, moved_mb: int) -> None:
        """To be told of every megabyte; looks now and then."""
        if moved_mb % _EVERY_MB == 0:
            self._peak = max(self._peak, self._server.memory_mb())

    def details(self) -> dict[str, float]:
        """For a Sample."""
        return {"growth_mb": self._peak - self._before}


def put_large(files: Files) -> Sample:
    """MB a second; by how much the server's memory grew meanwhile is a detail."""
    scales = _Scales(files.server)
    begin = time.perf_counter()
    status = _upload(files.server.port, files.run, "large", scales.weigh)
    speed = LARGE_MB / (time.perf_counter() - begin)
    faults = () if status == "200" else (f"PUT: {status}",)
    return Sample(speed, scales.details(), faults=faults)


def _upload(port: int, run: str, name: str, after_each: Callable[[int], None]) -> str:
    """Send a large file; the status of the answer, or what went wrong."""
    try:
        return str(_uploaded(_connection(port), run, name, after_each))
    except (OSError, HTTPException) as error:
        return type(error).__name__


def _uploaded(
    connection: HTTPConnection, run: str, name: str, after_each: Callable[[int], None]
) -> int:
    connection.putrequest("PUT", _path(run, name))
    connection.putheader("content-length", str(LARGE_MB << 20))
    connection.endheaders()
    for sent in range(LARGE_MB):
        connection.send(_PIECE)
        after_each(sent)
    reply = connection.getresponse()
    reply.read()
    return reply.status


def get_large(files: Files) -> Sample:
    """As `put_large`, in the other direction."""
    scales = _Scales(files.server)
    connection = files.connection()
    begin = time.perf_counter()
    size, outcome, buffer = 0, "", bytearray(1 << 20)
    try:
        connection.request("GET", _path(files.run, "large"))
        reply = connection.getresponse()
        outcome = str(reply.status)
        while got := reply.readinto(buffer):
            size += got
            scales.weigh(size >> 20)
    except (OSError, HTTPException) as error:
        outcome = type(error).__name__
    speed = (size >> 20) / (time.perf_counter() - begin)
    whole = outcome == "200" and size == LARGE_MB << 20
    faults = () if whole else (f"GET: {outcome}, {size} bytes",)
    return Sample(speed, scales.details(), faults=faults)


def small(method: str) -> Measure:
    """Files a second, over several connections. Each PUT makes files that are new; GET takes those
    of the last one."""

    def measure(files: Files) -> Sample:
        def targets(_: int) -> list[str]:
            files.folders += method == "PUT"
            folder = f"small-{files.folders}"
            return [_path(files.run, f"{folder}/{number}") for number in range(wire.SMALL)]

        return wire.small_files(files.server.port, method, targets)

    return measure


def metrics_meanwhile(files: Files) -> Sample:
    """How many times longer the 95th percentile of log-metric is while ten large files go up."""
    server, run = files.server, files.run
    idle = _p95(server, run, 500, lambda: False)
    # In a process of its own: what is measured is the server, not our threads in each other's way.
    command = [sys.executable, "-m", "bench.artifacts", str(server.port), run]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as uploads:
        busy = _p95(server, run, 500, lambda: uploads.poll() is None)
        refused = uploads.communicate()[0].split()
    faults = tuple(f"PUT: {status}" for status in refused if status != "200")
    details = {"idle_ms": idle * 1000, "busy_ms": busy * 1000}
    return Sample(busy / idle, details, faults=faults)


def _p95(server: Server, run: str, least: int, more: Callable[[], bool]) -> float:
    client = server.client()
    times: list[float] = []
    while len(times) < least or more():
        step = len(times)
        point = {"run_id": run, "key": "m", "value": 1.0, "timestamp": 1, "step": step}
        begin = time.perf_counter()
        client.post("runs/log-metric", point)
        times.append(time.perf_counter() - begin)
    return quantiles(times, n=20)[-1]


def main() -> None:
    """python -m bench.artifacts PORT RUN: send the large files at once, print the statuses."""
    port, run = int(sys.argv[1]), sys.argv[2]
    with ThreadPoolExecutor(UPLOADS) as pool:
        names = [f"at-once-{number}" for number in range(UPLOADS)]
        statuses = pool.map(lambda name: _upload(port, run, name, lambda _: None), names)
        print(*statuses)


if __name__ == "__main__":
    main()
