"""Artifacts: a large file, many small ones, and metrics logged while large files go up."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from urllib.request import Request, urlopen

from bench import processes
from bench.results import Sample
from bench.servers import ENVIRONMENTS, Kind, Server

LARGE_MB = 1024
SMALL, SMALL_BYTES, CONNECTIONS = 500, 10_000, 8
UPLOADS = 10
_PIECE = os.urandom(1 << 20)
_PATIENCE_S = 60.0
ROOT = Path(__file__).parents[1]

Measure = Callable[[Server], Sample]


def _path(name: str) -> str:
    return f"/api/2.0/mlflow-artifacts/artifacts/0/bench/artifacts/{name}"


def _connection(server: Server) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", server.port, timeout=1800)


def put_large(server: Server) -> Sample:
    """MB a second; by how much the server's memory grew meanwhile is a detail."""
    before, peak = server.memory_mb(), 0.0

    def weigh(sent: int) -> None:
        nonlocal peak
        if sent % 128 == 127:
            peak = max(peak, server.memory_mb())

    begin = time.perf_counter()
    status = _upload(server.port, "large", weigh)
    speed = LARGE_MB / (time.perf_counter() - begin)
    faults = () if status == 200 else (f"PUT: {status}",)
    return Sample(speed, {"growth_mb": peak - before}, faults=faults)


def _upload(port: int, name: str, after_each: Callable[[int], None]) -> int:
    """Send a large file; the status of the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1800)
    connection.putrequest("PUT", _path(name))
    connection.putheader("content-length", str(LARGE_MB << 20))
    connection.endheaders()
    for sent in range(LARGE_MB):
        connection.send(_PIECE)
        after_each(sent)
    reply = connection.getresponse()
    reply.read()
    return reply.status


def get_large(server: Server) -> Sample:
    """MB a second."""
    connection = _connection(server)
    begin = time.perf_counter()
    connection.request("GET", _path("large"))
    reply = connection.getresponse()
    size, buffer = 0, bytearray(1 << 20)
    while got := reply.readinto(buffer):
        size += got
    speed = (size >> 20) / (time.perf_counter() - begin)
    whole = reply.status == 200 and size == LARGE_MB << 20
    return Sample(speed, faults=() if whole else (f"GET: {reply.status}, {size} bytes",))


def small(method: str) -> Measure:
    """Files a second, over several connections."""

    def measure(server: Server) -> Sample:
        begin = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            bad = sum(pool.map(lambda n: _some_small(server, method, n), range(CONNECTIONS)))
        speed = SMALL / (time.perf_counter() - begin)
        return Sample(speed, faults=(f"{bad} requests refused",) if bad else ())

    return measure


def _some_small(server: Server, method: str, first: int) -> int:
    connection = _connection(server)
    bad = 0
    for number in range(first, SMALL, CONNECTIONS):
        body = _PIECE[:SMALL_BYTES] if method == "PUT" else None
        connection.request(method, _path(f"small/{number}"), body)
        reply = connection.getresponse()
        bad += reply.status != 200 or (method == "GET" and len(reply.read()) != SMALL_BYTES)
        reply.read()
    return bad


def metrics_meanwhile(server: Server) -> Sample:
    """How many times longer the 95th percentile of log-metric is while ten large files go up."""
    client = server.client()
    run = client.run("0")
    idle = _p95(server, run, 500, lambda: False)
    # In a process of its own: what is measured is the server, not our threads in each other's way.
    command = [sys.executable, "-m", "bench.artifacts", str(server.port)]
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


@contextmanager
def s3_server(home: Path) -> Iterator[dict[str, str]]:
    """A real S3 server (SeaweedFS); gives the variables with which programs find it. Its bucket is
    `bench`."""
    home.mkdir(parents=True)
    names = ["master", "volume", "filer", "s3"]
    ports = {f"{n}.port{kind}": processes.free_port() for n in names for kind in ("", ".grpc")}
    ports |= {"s3.port.iceberg": 0, "s3.port.lance": 0}
    command = [str(ENVIRONMENTS / "seaweedfs" / "bin" / "weed"), "server", f"-dir={home}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=100"]
    command += ["-master.volumeSizeLimitMB=1024", *(f"-{n}={port}" for n, port in ports.items())]
    # The first keys it sees in its environment become those of its administrator.
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16)}
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **keys}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _answered(f"http://127.0.0.1:{ports['filer.port']}/buckets/bench/", "POST")
        _answered(f"http://127.0.0.1:{ports['s3.port']}/status", "GET")
        yield {
            **keys,
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{ports['s3.port']}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        processes.end(process.pid)
        process.wait()


def _answered(url: str, method: str) -> None:
    """Ask until there is an answer: the ports open one after the other."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            urlopen(Request(url, method=method), timeout=5).close()
            return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


def on_s3(kind: Kind, variables: dict[str, str]) -> Kind:
    """The same server with its artifacts in the bucket, in a folder of its own."""

    def command(uri: str, home: Path, port: int) -> list[str]:
        plain = list(kind.command(uri, home, port))
        at = plain.index("--artifacts-destination") + 1
        return [*plain[:at], f"s3://bench/{kind.name}", *plain[at + 1 :]]

    return replace(kind, command=command, env={**kind.env, **variables})


def main() -> None:
    """python -m bench.artifacts PORT: send the large files at once, print the statuses."""
    port = int(sys.argv[1])
    with ThreadPoolExecutor(UPLOADS) as pool:
        names = [f"at-once-{number}" for number in range(UPLOADS)]
        statuses = pool.map(lambda name: _upload(port, name, lambda _: None), names)
        print(*statuses)


if __name__ == "__main__":
    main()
