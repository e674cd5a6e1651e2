"""Passes a request on to a model server and its answer back, a piece at a time: no more is held
than what is on its way. One connection for each request: it cannot be stale, and closing it is how
a request is cancelled."""

from __future__ import annotations

import asyncio
import random
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Any, NamedTuple

from httptools import HttpParserError, HttpResponseParser

from milepost.errors import Unavailable
from milepost.http.asgi import WHOLE, DisconnectedError, Headers, Receive, Scope, Send
from milepost.http.logs import REQUEST_ID
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

_LENGTH = b"content-length"
_BARE = (204, 304)
"""Statuses of answers that have no body."""

_ANSWERED = {b"content-type", _LENGTH, b"content-encoding", b"retry-after"}
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
    def of(cls, scope: Scope, path: str, body: Body) -> Asked:
        """What a client's request becomes."""
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        headers = [pair for pair in scope["headers"] if pair[0] in _ASKED or pair[0] == _LENGTH]
        return cls(method, path, scope["query_string"], headers, body)

    def head(self, address: Address) -> bytes:
        """The request line and headers."""
        target = f"{address.prefix}{self.path}".encode()
        lines = [b"%b %b%b HTTP/1.1" % (self.method.encode(), target, self._query())]
        lines += [b"host: %b" % _host(address), b"connection: close"]
        if address.authorization:
            lines.append(b"authorization: " + address.authorization.encode())
        lines.append(b"x-request-id: " + REQUEST_ID.get().encode("latin-1"))
        lines += [b"%b: %b" % pair for pair in self.headers if pair[0] != _LENGTH]
        lines.append(self._length())
        return b"\r\n".join(filter(None, lines)) + b"\r\n\r\n"

    def _query(self) -> bytes:
        return b"?" + self.query if self.query else b""

    def _length(self) -> bytes:
        if self.method == "GET":
            return b""
        length = dict(self.headers).get(_LENGTH)
        return b"transfer-encoding: chunked" if length is None else _LENGTH + b": " + length

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
        context = _tls() if address.tls else None
        return await asyncio.open_connection(address.host, address.port, ssl=context, limit=_PIECE)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class Exchange:
    """One request and its answer. `seconds` is how long the model may take, from the last byte of
    the request, and to take each piece of it."""

    def __init__(self, asked: Asked, address: Address, seconds: float) -> None:
        self._asked = asked
        self._address = address
        self._seconds = seconds
        self._answer = _Answer()
        self._clock = asyncio.timeout(seconds)
        self._asked_at = 0.0

    async def run(self, connection: Connection, receive: Receive, send: Send) -> Answered:
        """Ask over a connection, which is closed then, and send the answer on.

        Raises Unavailable where there is no answer, CutError where only a part of one could be
        sent, and what Body raises for what the client does.
        """
        reader, writer = connection
        try:
            async with self._clock:
                await self._both(self._ask(writer, receive), self._pass_on(reader, send))
        except TimeoutError:
            raise self._cut(f"did not answer within {self._seconds:g} seconds") from None
        except (OSError, HttpParserError) as error:
            raise self._cut(f"broke off: {error}") from None
        finally:
            writer.transport.abort()
        return Answered(self._answer.status, perf_counter() - (self._asked_at or perf_counter()))

    async def _both(self, *ways: Coroutine[Any, Any, None]) -> None:
        """Go both ways at once, until the answer has been sent on; asking only ends by an
        exception."""
        asking, answering = tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            (answering if answering.done() else asking).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _cut(self, what: str) -> Exception:
        return CutError(what) if self._answer.begun else Unavailable(what)

    async def _ask(self, writer: StreamWriter, receive: Receive) -> None:
        """Send the request, then wait for the client to go away. Raises DisconnectedError then."""
        body = self._asked.body
        try:
            writer.write(self._asked.head(self._address))
            while not body.ended():
                # How long the client takes is the client's affair.
                self._clock.reschedule(None)
                pieces = await body.piece(1)
                self._clock.reschedule(_now() + self._seconds)
                writer.writelines(_framed(pieces, self._asked))
                await writer.drain()
        except OSError:
            pass  # it may have answered before it had read all; whoever reads the answer will see
        self._asked_at = perf_counter()
        while (await receive())["type"] != "http.disconnect":
            pass
        raise DisconnectedError

    async def _pass_on(self, reader: StreamReader, send: Send) -> None:
        answer = self._answer
        while not answer.complete:
            data = await reader.read(_PIECE)
            answer.feed(data) if data else answer.end()
            if answer.status:
                with self._not_counted():
                    await _send_on(answer, send)

    @contextmanager
    def _not_counted(self) -> Iterator[None]:
        """How long a client takes to read is not the model's affair."""
        end = self._clock.when()
        left = None if end is None else end - _now()
        self._clock.reschedule(None)
        yield
        if left is not None:
            self._clock.reschedule(_now() + left)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _framed(pieces: list[bytes], asked: Asked) -> list[bytes]:
    if not asked.is_chunked:
        return pieces
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
    return [*framed, b"0\r\n\r\n"] if asked.body.ended() else framed


class _Answer:
    """What the parser has found so far."""

    def __init__(self) -> None:
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


async def _send_on(answer: _Answer, send: Send) -> None:
    body, answer.pieces = b"".join(answer.pieces), []
    if not answer.begun:
        answer.begun = True
        head = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        answer.headers.append(_SANDBOX)
        if answer.complete and answer.status not in _BARE:
            # It is all there: then it leaves as one.
            others = [pair for pair in answer.headers if pair[0] != _LENGTH]
            head["headers"] = [*others, (_LENGTH, b"%d" % len(body))]
            await send({**head, WHOLE: body})
            return
        await send(head)
    await send({"type": "http.response.body", "body": body, "more_body": not answer.complete})
