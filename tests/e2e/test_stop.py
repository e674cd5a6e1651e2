"""Stopping the server, as a person and as a service manager do it."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from tests.parts.milepost import StartMilepost

SIGNALS = pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])


@SIGNALS
def test_one_process_says_goodbye(milepost_server: StartMilepost, how: signal.Signals) -> None:
    server = milepost_server()
    assert server.daemon.stop(how) == 0
    assert server.log.endswith("Stopped.\n")
    assert "Traceback" not in server.log


@SIGNALS
def test_several_workers_stop_with_their_parent(
    milepost_server: StartMilepost, postgres_uri: Callable[[], str], how: signal.Signals
) -> None:
    server = milepost_server(postgres_uri(), "--workers=2")
    assert server.daemon.stop(how) == 0
    assert server.log.endswith("Stopped.\n")
    assert "Traceback" not in server.log


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_under_way_is_answered(
    milepost_server: StartMilepost, postgres_uri: Callable[[], str], workers: int
) -> None:
    server = milepost_server(postgres_uri(), f"--workers={workers}", "--shutdown-timeout=60")
    body = b'{"name": "late"}'
    head = (
        b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nhost: localhost\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\nexpect: 100-continue\r\n\r\n"
    )
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head % len(body))
        # The server asks for the body once it works on the request.
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        server.process.send_signal(signal.SIGTERM)
        _wait_until_deaf(server.url)
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert server.process.wait(60) == 0
    server.start()
    query = {"experiment_name": "late"}
    found = httpx.get(f"{server.url}/api/2.0/mlflow/experiments/get-by-name", params=query)
    assert found.status_code == 200


def _wait_until_deaf(url: str) -> None:
    """Until nobody answers new requests any more."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            httpx.get(f"{url}/health", timeout=0.5, trust_env=False)
        except httpx.TransportError:
            return
    raise AssertionError("still answers")
