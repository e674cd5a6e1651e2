"""Posts a webhook's message: to an address that was checked, and within a time.

Who may add a webhook could otherwise use the server to reach what only the server can reach. So
the name is looked up once, every address found is checked, and the connection goes to one of those
addresses and to no other; redirects are not followed; and whatever the receiver does, the whole
exchange ends in time.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from urllib.parse import SplitResult, quote, unquote, urlsplit

from milepost.errors import Invalid

MOST_REPLY_BYTES = 4096
"""How much of a reply is read; the rest is not waited for."""

_PORTS = {"http": 80, "https": 443}
_GLOBAL = IPv6Network("2000::/3")
"""All that is in use on the Internet. What else Python calls global are old or local forms."""

_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status and the beginning of the text, or in `error` why there is none."""

    status: int | None = None
    text: str = ""
    error: str = ""

    @property
    def success(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def worth_a_retry(self) -> bool:
        """Whether the same message may be taken later."""
        return self.status is None or self.status in (408, 425, 429) or self.status >= 500


@dataclass(frozen=True)
class Sender:
    """Posts messages. `seconds` is the most that one may take."""

    schemes: frozenset[str] = frozenset({"https"})
    allow_private: bool = False
    seconds: float = 10.0

    def check(self, url: str) -> None:
        """Refuse a URL that nothing would ever be sent to; looks its host up."""
        self._addresses(self._parts(url), monotonic() + self.seconds)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one message. Never raises: what went wrong is in the reply."""
        end = monotonic() + self.seconds
        try:
            parts = self._parts(url)
            addresses = self._addresses(parts, end)
        except Invalid as problem:
            return Reply(error=problem.message)
        exchange = _Exchange(parts, addresses, end)
        try:
            return exchange.run({**headers, **_authorization(parts)}, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if exchange.late or isinstance(error, TimeoutError):
                return Reply(error=f"no complete answer within {self.seconds:g} seconds")
            return Reply(error=f"{type(error).__name__}: {error}"[:500])

    def _parts(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Invalid(f"Invalid webhook URL: {error}") from None
        if parts.scheme.lower() not in self.schemes:
            allowed = ", ".join(sorted(self.schemes))
            raise Invalid(
                f"Invalid webhook URL scheme: '{parts.scheme}'. Allowed schemes are: {allowed}."
            )
        if not parts.hostname or port == 0:
            raise Invalid(f"Webhook URL must include a hostname: '{_shown(parts)}'")
        return parts

    def _addresses(self, parts: SplitResult, end: float) -> list[str]:
        """Where the host is; raises Invalid if one of its addresses may not be reached."""
        assert parts.hostname is not None
        try:
            addresses = _looked_up(parts.hostname, _port(parts), _left(end))
        except (OSError, UnicodeError) as error:
            raise Invalid(f"Webhook host '{parts.hostname}' cannot be found: {error}") from None
        if not self.allow_private and not all(map(_is_public, addresses)):
            raise Invalid(
                f"Webhook URL must not resolve to a private or reserved address:"
                f" '{parts.hostname}'. Set MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true on the server to"
                " allow it."
            )
        return addresses


class _Exchange:
    """One request and its answer, cut off when the time is up."""

    def __init__(self, parts: SplitResult, addresses: list[str], end: float) -> None:
        self._parts = parts
        self._addresses = addresses
        self._end = end
        self._socket: socket.socket | None = None
        self.late = False

    def run(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer. Raises OSError and the like."""
        # A receiver that sends a byte now and then never runs into a socket's timeout.
        watch = threading.Timer(_left(self._end), self._cut)
        watch.daemon = True
        watch.start()
        try:
            connection = self._connection()
            connection.sock = self._connected()
            connection.request("POST", _target(self._parts), body, dict(headers))
            answer = connection.getresponse()
            reply = Reply(answer.status, _text(answer))
            if self.late:
                raise TimeoutError  # a cut connection looks like the end of an answer
            return reply
        finally:
            watch.cancel()
            if self._socket is not None:
                self._socket.close()

    def _connection(self) -> http.client.HTTPConnection:
        assert self._parts.hostname is not None
        connection = http.client.HTTPConnection(self._parts.hostname, _port(self._parts))
        # It asks https for the port to leave out of the Host header; the socket is ours anyway.
        connection.default_port = _PORTS[self._parts.scheme.lower()]
        return connection

    def _connected(self) -> socket.socket:
        """A socket to the first address that answers."""
        problem: OSError | None = None
        for address in self._addresses:
            try:
                plain = socket.create_connection((address, _port(self._parts)), _left(self._end))
            except OSError as error:
                problem = error
                continue
            self._socket = plain
            if self._parts.scheme.lower() == "https":
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(plain, server_hostname=self._parts.hostname)
            return self._socket
        assert problem is not None
        raise problem

    def _cut(self) -> None:
        self.late = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _left(end: float) -> float:
    return max(end - monotonic(), 0.01)


def _looked_up(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host. Raises OSError, also when the time is up: the look-up itself knows
    no time limit, so it is left to end by itself."""
    found: list[str] = []
    failed: list[Exception] = []

    def look() -> None:
        try:
            entries = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
        except (OSError, UnicodeError) as error:
            failed.append(error)
        else:
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))

    thread = threading.Thread(target=look, name="milepost-look-up", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError("no answer to the look-up in time")
    return found


def _text(answer: http.client.HTTPResponse) -> str:
    try:
        found = answer.read(MOST_REPLY_BYTES)
    except http.client.IncompleteRead as error:
        found = error.partial  # it promised more than it sent; its status stands
    return found.decode("utf-8", "replace")


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme.lower()]


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path


def _authorization(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _shown(parts: SplitResult) -> str:
    """The URL without its password."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _is_public(address: str) -> bool:
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        # Addresses that are an IPv4 address in disguise are judged by that.
        for inner in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())):
            if inner is not None and not inner.is_global:
                return False
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF).is_global
        if ip not in _GLOBAL:
            return False
    return ip.is_global and not ip.is_multicast
