"""Clients that send an artifact too slowly: cancelled, cleaned up after, and told of in the log."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.parts.milepost import MilepostServer, StartMilepost

FILE = "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model.bin"


def begun(server: MilepostServer) -> socket.socket:
    """A connection with an upload of which the second half never comes."""
    connection = socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), 60)
    head = f"PUT {FILE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n"
    connection.sendall(head.encode() + bytes(1000))
    return connection


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_upload_that_takes_too_long_is_cancelled(milepost_server: StartMilepost) -> None:
    limits = {"MILEPOST_ARTIFACT_TIMEOUT": "500ms", "MILEPOST_REQUEST_TIMEOUT": "600"}
    server = milepost_server(None, env=limits)
    with begun(server) as connection:
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 503")
    assert "was cancelled" in answer
    assert httpx.get(f"{server.url}{FILE}", trust_env=False).status_code == 404
    give_up = time.monotonic() + 60
    while files(server.data / "artifacts"):
        assert time.monotonic() < give_up, "half a file was left behind"
        time.sleep(0.05)
    metrics = httpx.get(f"{server.url}/metrics", trust_env=False).text
    assert "mlflow_requests_cancelled_total" in metrics
    assert "took too long" in server.log
    assert "Traceback" not in server.log
    # Whoever is quick enough is served as before.
    done = httpx.put(f"{server.url}{FILE}", content=b"model", trust_env=False)
    assert done.status_code == 200


def test_a_slow_upload_is_told_of(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, env={"MILEPOST_SLOW_ARTIFACT_UPLOAD": "0"})
    name = {"X-Request-ID": "mine-1"}
    httpx.put(f"{server.url}{FILE}", content=b"model", headers=name, trust_env=False)
    give_up = time.monotonic() + 60
    while "slow artifact upload" not in server.log:
        assert time.monotonic() < give_up, server.log
        time.sleep(0.05)
    (line,) = [line for line in server.log.splitlines() if "slow artifact upload" in line]
    assert "5 bytes" in line
    assert "model.bin" in line
    assert "mine-1" in line
