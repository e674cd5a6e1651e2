"""A connection that can be made slow, broken or dead, between a client and a real server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 65536


@dataclass
class Proxy:
    """Passes bytes on. `hang` keeps them; `cut_after` ends each connection after that many bytes
    from the server, `cuts` times; `sent` counts what clients have sent through it."""

    target: tuple[str, int]
    tls: ssl.SSLContext | None = None
    port: int = 0
    hang: bool = False
    cut_after: int = 0
    cuts: int = 0
    sent: int = 0
    received: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            if self.tls is not None:
                try:
                    client = self.tls.wrap_socket(client, server_side=True)
                except OSError:
                    continue
            server = socket.create_connection(self.target)
            self._open += [client, server]
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(_PIECE):
                if self.hang:
                    continue
                self.sent += len(piece)
                server.sendall(piece)
        _end(server)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while piece := server.recv(_PIECE):
                passed += len(piece)
                if self.cuts and passed > self.cut_after:
                    self.cuts -= 1
                    break
                self.received += len(piece)
                client.sendall(piece)
        _end(client)
        _end(server)

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.close()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(port: int, tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy in front of a server on this machine; with a context, clients reach it by TLS."""
    proxy = Proxy(("127.0.0.1", port), tls)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy.port = listening.getsockname()[1]
        threading.Thread(target=proxy._serve, args=(listening,), daemon=True).start()
        yield proxy
        listening.shutdown(socket.SHUT_RDWR)
    proxy.close()
