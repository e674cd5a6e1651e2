"""Passes a request on to a model server and its answer back, a piece at a time: no more is held
than what is on its way. One connection for each request: it cannot be stale, and closing it is how
a request is cancelled."""

from __future__ import annotations

import asyncio
import random
import ssl
from asyncio import StreamReader, StreamWriter, Timeout
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

from httptools import HttpParserError, HttpResponseParser

from milepost.errors import Unavailable
from milepost.http.asgi import DisconnectedError, Headers, Receive, Scope, Send
from milepost.http.transfer import Body
from milepost.upstreams.base import Address

Connection = tuple[StreamReader, StreamWriter]

_PIECE = 1 << 16
_LARGEST_HEAD = 1 << 16
_PAUSE_SECONDS = (0.05, 0.15)
_ASKED = {
    *(b"content-type", b"content-encoding", b"accept", b"accept-encoding", b"user-agent"),
    *(b"traceparent", b"tracestate"),
}
"""Headers that a model server gets to see: nothing that says who asks, or lets it ask as them."""

_ANSWERED = {b"content-type", b"content-length", b"content-encoding", b"retry-after"}
# An answer is anybody's text from this server's origin; in a browser it is nothing but data.
_SANDBOX = (b"content-security-policy", b"sandbox; default-src 'none'")


class CutError(Exception):
    """The answer broke off after its beginning was passed on."""


class Asked(NamedTuple):
    """A request for a model server."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: Body

    @classmethod
    def of(cls, scope: Scope, method: str, path: str, body: Body) -> Asked:
        """What a client's request becomes."""
        return cls(method, path, scope["query_string"], scope["headers"], body)

    def head(self, address: Address) -> bytes:
        """The request line and headers."""
        target = f"{address.prefix}{self.path}".encode()
        lines = [b"%b %b%b HTTP/1.1" % (self.method.encode(), target, self._query())]
        lines += [b"host: %b" % _host(address), b"connection: close"]
        if address.authorization:
            lines.append(b"authorization: " + address.authorization.encode())
        lines += [b"%b: %b" % pair for pair in self.headers if pair[0] in _ASKED]
        lines.append(self._length())
        return b"\r\n".join(filter(None, lines)) + b"\r\n\r\n"

    def _query(self) -> bytes:
        return b"?" + self.query if self.query else b""

    def _length(self) -> bytes:
        if self.method == "GET":
            return b""
        length = dict(self.headers).get(b"content-length")
        return b"transfer-encoding: chunked" if length is None else b"content-length: " + length

    @property
    def is_chunked(self) -> bool:
        """Whether the length of the body is only known at its end."""
        return self._length().startswith(b"transfer")


class Answered(NamedTuple):
    """How it went."""

    status: int
    seconds: float
    """From the last byte of the request to the last of the answer."""


def _host(address: Address) -> bytes:
    name = f"[{address.host}]" if ":" in address.host else address.host
    return f"{name}:{address.port}".encode()


async def connected(address: Address, seconds: float) -> Connection:
    """A connection. Nothing has been sent, so that a second try is safe. Raises OSError."""
    try:
        return await _connect(address, seconds)
    except FileNotFoundError:
        raise
    except OSError:
        await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - no secret
        return await _connect(address, seconds)


async def _connect(address: Address, seconds: float) -> Connection:
    async with asyncio.timeout(seconds):
        if address.socket:
            return await asyncio.open_unix_connection(address.socket, limit=_PIECE)
        context = ssl.create_default_context() if address.tls else None
        return await asyncio.open_connection(address.host, address.port, ssl=context, limit=_PIECE)


async def forward(
    asked: Asked,
    address: Address,
    connection: Connection,
    seconds: float,
    receive: Receive,
    send: Send,
) -> Answered:
    """Ask over a connection, which is closed then, and send the answer on. `seconds` is how long
    the model may take from the last byte of the request, and to take each piece of it.

    Raises Unavailable where there is no answer, CutError where only a part of one could be sent,
    and what Body raises for what the client does.
    """
    reader, writer = connection
    answer = _Answer()
    try:
        async with asyncio.timeout(seconds) as clock:
            asking = asyncio.ensure_future(
                _ask(asked, answer, address, writer, clock, seconds, receive)
            )
            answering = asyncio.ensure_future(_pass_on(reader, answer, send, clock))
            try:
                await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
                # Asking only ends by an exception.
                ended = answering if answering.done() else asking
                ended.result()
            finally:
                asking.cancel()
                answering.cancel()
                await asyncio.gather(asking, answering, return_exceptions=True)
    except TimeoutError:
        raise _cut(answer, f"did not answer within {seconds:g} seconds") from None
    except (OSError, HttpParserError) as error:
        raise _cut(answer, f"broke off: {error}") from None
    finally:
        writer.transport.abort()
    return Answered(answer.status, perf_counter() - answer.asked_at)


def _cut(answer: _Answer, what: str) -> Exception:
    return CutError(what) if answer.begun else Unavailable(what)


async def _ask(
    asked: Asked,
    answer: _Answer,
    address: Address,
    writer: StreamWriter,
    clock: Timeout,
    seconds: float,
    receive: Receive,
) -> None:
    """Send the request, then wait for the client to go away. Raises DisconnectedError then."""
    now = asyncio.get_running_loop().time
    try:
        writer.write(asked.head(address))
        while not asked.body.ended():
            # How long the client takes is the client's affair.
            clock.reschedule(None)
            pieces = await asked.body.piece(1)
            clock.reschedule(now() + seconds)
            writer.writelines(_framed(pieces, asked))
            await writer.drain()
    except OSError:
        pass  # it may have answered before it had read all; whoever reads the answer will see
    answer.asked_at = perf_counter()
    while (await receive())["type"] != "http.disconnect":
        pass
    raise DisconnectedError


def _framed(pieces: list[bytes], asked: Asked) -> list[bytes]:
    if not asked.is_chunked:
        return pieces
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
    return [*framed, b"0\r\n\r\n"] if asked.body.ended() else framed


class _Answer:
    """What the parser has found so far."""

    def __init__(self) -> None:
        self.asked_at = perf_counter()
        """When the last of the request was sent."""

        self.status = 0
        self.headers: Headers = []
        self.pieces: list[bytes] = []
        self.begun = False
        self.complete = False
        self._framed = False
        self._parser: Any = HttpResponseParser(self)
        self._head = 0

    def feed(self, data: bytes) -> None:
        """Read on. Raises HttpParserError for what is no HTTP."""
        if not self.status:
            self._head += len(data)
            if self._head > _LARGEST_HEAD:
                raise HttpParserError("its head is too large")
        if not self.complete:
            self._parser.feed_data(data)

    def end(self) -> None:
        """There is no more."""
        if not self.status or (self._framed and not self.complete):
            raise ConnectionResetError("the connection was closed early")
        self.complete = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser found a header."""
        name = name.lower()
        self._framed |= name in (b"content-length", b"transfer-encoding")
        if name in _ANSWERED:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The parser found the end of a head."""
        status = self._parser.get_status_code()
        if status < 200:  # an interim answer
            self.headers.clear()
            self._framed = False
        else:
            self.status = status

    def on_body(self, body: bytes) -> None:
        """The parser found a part of the body."""
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        """The parser found the end of an answer, or of an interim one."""
        self.complete = bool(self.status)


async def _pass_on(reader: StreamReader, answer: _Answer, send: Send, clock: Timeout) -> None:
    while not answer.complete:
        data = await reader.read(_PIECE)
        answer.feed(data) if data else answer.end()
        if answer.status:
            with _not_counted(clock):
                await _send_on(answer, send)


async def _send_on(answer: _Answer, send: Send) -> None:
    if not answer.begun:
        answer.begun = True
        head = [*answer.headers, _SANDBOX]
        await send({"type": "http.response.start", "status": answer.status, "headers": head})
    body, answer.pieces = b"".join(answer.pieces), []
    await send({"type": "http.response.body", "body": body, "more_body": not answer.complete})


@contextmanager
def _not_counted(clock: Timeout) -> Iterator[None]:
    """How long a client takes to read is not the model's affair."""
    now = asyncio.get_running_loop().time
    end = clock.when()
    left = None if end is None else end - now()
    clock.reschedule(None)
    yield
    if left is not None:
        clock.reschedule(now() + left)
