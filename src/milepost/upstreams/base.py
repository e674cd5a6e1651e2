"""Where a model server listens, and whether it answers. There is one file per kind of server."""

from __future__ import annotations

import http.client
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from milepost.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Address:
    """A Unix socket, or a host and port. `prefix` comes before every path; `authorization` is the
    header to send, "" for none."""

    socket: str = ""
    host: str = "localhost"
    port: int = 80
    tls: bool = False
    prefix: str = ""
    authorization: str = ""


def at_url(url: str) -> Address:
    """The address of a model server that is reached over the network."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    secret = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        secret = f"Basic {b64encode(pair.encode()).decode()}"
    return Address(
        host=parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        prefix=parts.path.rstrip("/"),
        authorization=secret,
    )


def ping(address: Address, seconds: float) -> None:
    """Ask for /ping. Raises Unavailable unless the answer is 200."""
    connection = _Connection(address, seconds)
    headers = {"Authorization": address.authorization} if address.authorization else {}
    try:
        connection.request("GET", f"{address.prefix}/ping", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"its model server does not answer: {error}") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise Unavailable(f"its model server answers a ping with {status}")


class _Connection(http.client.HTTPConnection):
    """Connects to an Address, whatever it is."""

    def __init__(self, address: Address, seconds: float) -> None:
        super().__init__(address.host, address.port, timeout=seconds)
        self._address = address

    def connect(self) -> None:
        """Open the socket."""
        if self._address.socket:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._address.socket)
            return
        super().connect()
        if self._address.tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._address.host)
