"""Many small requests with as little work for the client as can be: it shares the cores with the
servers that it measures."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from bench.results import Sample

SMALL, SMALL_BYTES, CONNECTIONS = 500, 10_000, 8
TIMES = 5
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def small_files(port: int, method: str, targets: Callable[[int], Sequence[str]]) -> Sample:
    """PUT or GET small files: the median of some times, files a second. `targets(time)` names
    `SMALL` files."""
    samples = [_some_files(port, method, targets(number)) for number in range(TIMES)]
    faults = [fault for sample in samples for fault in sample.faults]
    return Sample(median(sample.value for sample in samples), faults=tuple(faults))


def _some_files(port: int, method: str, targets: Sequence[str]) -> Sample:
    body = os.urandom(SMALL_BYTES) if method == "PUT" else b""
    shares = [targets[first::CONNECTIONS] for first in range(CONNECTIONS)]
    begin = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        bad = sum(pool.map(lambda share: _exchange(port, method, share, body), shares))
    speed = len(targets) / (time.perf_counter() - begin)
    return Sample(speed, faults=(f"{bad} requests refused",) if bad else ())


def _exchange(port: int, method: str, targets: Sequence[str], body: bytes) -> int:
    """How many of one connection's requests were refused."""
    connection = _connected(port)
    bad = 0
    for target in targets:
        head = f"{method} {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
        try:
            is_good = _is_good(connection, request, method)
        except OSError:
            # A server may hang up on a connection that idled; once is fair, twice is a failure.
            connection = _connected(port)
            is_good = _is_good(connection, request, method)
        bad += not is_good
    connection.close()
    return bad


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _is_good(connection: socket.socket, request: bytes, method: str) -> bool:
    connection.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += _some(connection)
    head, _, content = got.partition(b"\r\n\r\n")
    if length := _LENGTH.search(head):
        while len(content) < int(length[1]):
            content += _some(connection)
        size = len(content)
    else:
        while not content.endswith(b"\r\n0\r\n\r\n"):
            content += _some(connection)
        size = _size_of_chunks(content)
    is_whole = method == "PUT" or size == SMALL_BYTES
    return head.split(b" ", 2)[1] == b"200" and is_whole


def _size_of_chunks(content: bytes) -> int:
    place = total = 0
    while place < len(content):
        line, _, _ = content[place : place + 20].partition(b"\r\n")
        total += int(line, 16)
        place += len(line) + int(line, 16) + 4
    return total


def _some(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ConnectionResetError("hung up")
    return part
