"""A model server that behaves as the query of each request tells it: `/invocations?do=hang`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATIENCE_S = 60.0


@dataclass
class Model:
    """What it saw, and what its answers wait for."""

    port: int = 0
    deserted: threading.Event = field(default_factory=threading.Event)
    """Set when a client has closed the connection of a request that was hanging."""

    go_on: threading.Event = field(default_factory=threading.Event)
    """What the second half of a streamed answer waits for."""

    @property
    def url(self) -> str:
        return f"http://user:secret@127.0.0.1:{self.port}/below"


class _Handler(BaseHTTPRequestHandler):
    model: Model
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply(200, b"\n")

    def do_POST(self) -> None:
        does = parse_qs(urlsplit(self.path).query).get("do", ["echo"])[0]
        self.close_connection = True
        with suppress(OSError, ValueError):  # the client has gone away
            getattr(self, f"_{does}")()

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write(body)

    def _echo(self) -> None:
        seen: dict[str, Any] = {"size": len(self._body()), "path": self.path}
        seen["headers"] = {name.lower(): value for name, value in self.headers.items()}
        self._reply(200, json.dumps(seen).encode())

    def _down(self) -> None:
        self._body()
        self._reply(503, b'{"message": "warming up"}')

    def _bad(self) -> None:
        self._body()
        self._reply(400, b'{"error_code": "BAD_REQUEST", "message": "no such column"}')

    def _early(self) -> None:
        """Answers without reading the body."""
        self._reply(413, b"{}")
        # Closing with something unread would reset the connection and the answer with it.
        while self.connection.recv(1 << 16):
            pass

    def _hang(self) -> None:
        """Answers nothing until the client is gone."""
        self._body()
        self.connection.settimeout(PATIENCE_S)
        if self.connection.recv(1) == b"":
            self.model.deserted.set()

    def _cut(self) -> None:
        """Promises more than it sends."""
        self._body()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")

    def _vanish(self) -> None:
        self._body()

    def _babble(self) -> None:
        self._body()
        self.wfile.write(b"\x00\xff no such protocol\r\n\r\n")

    def _stream(self) -> None:
        """Half an answer, without a length, and later the other."""
        self._body()
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        self.wfile.write(b"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        self.wfile.flush()
        self.model.go_on.wait(PATIENCE_S)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def model_server() -> Iterator[Model]:
    """One on this machine, for as long as it is needed."""
    model = Model()
    handler = type("Handler", (_Handler,), {"model": model})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    model.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
