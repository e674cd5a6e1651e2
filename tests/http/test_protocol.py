"""Responses that leave as a whole keep to HTTP/1.1: closing, HEAD, pipelining, hostile headers."""

from __future__ import annotations

import socket
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from milepost.http.protocol import _write
from tests.parts.milepost import MilepostServer


def exchange(server: MilepostServer, sent: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(sent)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


CLOSE = "Connection: close"


def test_a_connection_is_closed_when_the_client_asks(server: MilepostServer) -> None:
    head, _, body = exchange(server, get("/health", CLOSE)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close" in head.lower()
    assert b"\r\ncontent-length: 2" in head
    assert b"\r\ndate: " in head
    assert body == b"OK"


def test_a_client_of_http_1_0_gets_a_closed_connection(server: MilepostServer) -> None:
    assert exchange(server, get("/health", version="1.0")).endswith(b"\r\n\r\nOK")


def test_head_has_the_length_and_no_body(server: MilepostServer) -> None:
    reply = exchange(server, get("/health", CLOSE, method="HEAD"))
    assert b"\r\ncontent-length: 2" in reply
    assert reply.endswith(b"\r\n\r\n")


def test_pipelined_requests_are_answered_in_their_order(server: MilepostServer) -> None:
    listed = get("/api/2.0/mlflow/experiments/get?experiment_id=0")
    reply = exchange(server, listed + get("/health") + get("/none") + get("/version", CLOSE))
    places = [reply.find(text) for text in (b'"experiment_id":"0"', b"\r\n\r\nOK", b" 404 ")]
    assert -1 < places[0] < places[1] < places[2]
    assert reply.count(b"HTTP/1.1 ") == 4


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: x", b"a\nb", b"a\rb"])
def test_a_header_with_a_line_break_is_not_sent(value: bytes) -> None:
    class Cycle:
        default_headers: tuple[()] = ()
        keep_alive = True
        transport: Any = None  # nothing may be written

    with pytest.raises(RuntimeError, match="line break"):
        _write(cast(Any, Cycle()), 200, [(b"x-header", value)], b"")
