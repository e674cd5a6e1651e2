"""A receiver of webhooks that behaves as it is told: takes, refuses, hangs, drips, lies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def event(self) -> tuple[str, str]:
        message = json.loads(self.body)
        return message["entity"], message["action"]

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]

    @property
    def id(self) -> str:
        return self.headers["X-MLflow-Delivery-Id"]

    def is_signed_with(self, secret: str) -> bool:
        """As MLflow tells receivers to check it."""
        signed = f"{self.id}.{self.headers['X-MLflow-Timestamp']}.{self.body}"
        made = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        return self.headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(made).decode()}"


@dataclass
class Receiver:
    port: int = 0
    received: list[Received] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, 200, b"ok")
    """What it does with a request whose body was read."""

    arrived: threading.Condition = field(default_factory=threading.Condition)
    released: threading.Event = field(default_factory=threading.Event)
    """Set at the end; whatever hangs waits for it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def wait(self, count: int) -> list[Received]:
        """Wait until so many requests have come."""
        with self.arrived:
            enough = self.arrived.wait_for(lambda: len(self.received) >= count, PATIENCE_S)
        assert enough, f"{len(self.received)} of {count} came: {self.received}"
        return list(self.received)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"") -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def hang(receiver: Receiver) -> Callable[[BaseHTTPRequestHandler], None]:
    """Never answers."""

    def answer(_: BaseHTTPRequestHandler) -> None:
        receiver.released.wait(PATIENCE_S)

    return answer


def drip(receiver: Receiver) -> Callable[[BaseHTTPRequestHandler], None]:
    """Sends a header a byte at a time, for ever."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not receiver.released.is_set():
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    return answer


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Answers more than anybody wants to read."""
    reply(handler, 200, b"x" * 20_000_000)


def lie(handler: BaseHTTPRequestHandler) -> None:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"short")


def babble(handler: BaseHTTPRequestHandler) -> None:
    """Answers what is no HTTP."""
    handler.wfile.write(b"\x00\xff no such protocol\r\n\r\n")


def redirect_to(url: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on this machine."""
    with running() as made:
        yield made


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    """One more."""
    with running() as made:
        yield made


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver for as long as it is needed."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.arrived:
                receiver.received.append(Received(self.path, dict(self.headers), body.decode()))
                receiver.arrived.notify_all()
            try:
                receiver.answer(self)
            except OSError:
                self.close_connection = True  # the sender has had enough

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    receiver.released.set()
    server.shutdown()
    server.server_close()
    thread.join()
