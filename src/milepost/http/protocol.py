"""uvicorn's HTTP/1.1, with two additions.

A response that is there as a whole leaves as a whole. ASGI sends head and body as two messages. For
a small request that is two walks through everything that wraps `send`, and two system calls: a
fifth of its time. So our `respond` sends one message, the head with the body in it (`WHOLE`), and
the protocol below writes both at once.

The connection of a large request body can be lent to somebody who reads it.
"""

from __future__ import annotations

import socket
from asyncio import Transport
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from milepost.http.asgi import WHOLE, Handler, Receive, Scope, Send, header

_LEND = "milepost.lend"
"""Key of the scope under which a handler can have the connection: see `lent`."""

_LEAST = 256 << 10
"""Bytes of a body for which it pays to lend the connection."""


class Loan:
    """A connection from which somebody else reads the body of a request."""

    def __init__(
        self, connection: socket.socket, head: bytes, length: int, back: Callable[[bool], None]
    ) -> None:
        """`back` is told whether the whole body was read."""
        self.connection = connection
        """A second handle of it."""
        self.head = head
        """What was read of the body already."""
        self.length = length
        """Bytes of the body."""
        self._back = back

    def back(self, whole: bool) -> None:
        """To be called once when nobody else reads any more; `whole` if the body was read to its
        end. Otherwise the connection is closed."""
        self.connection.close()
        self._back(whole)

    def cut(self) -> None:
        """Let whoever reads see that the client has gone."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)


def lendable(scope: Scope) -> int:
    """Bytes of the body of a request if there are so many that somebody else should read it; 0 if
    not, if their number is unknown, or if they come encrypted."""
    if _LEND not in scope or scope["scheme"] == "https":
        return 0
    length = int(header(scope, b"content-length") or 0)
    return length if length >= _LEAST else 0


def lent(scope: Scope) -> Loan | None:
    """The connection of a request whose body is `lendable`; to be asked for before the body is read
    in any other way, and then not read in any other way. None if all of it is here, or the client
    has gone."""
    loan: Loan | None = scope[_LEND](lendable(scope))
    return loan


class Protocol(HttpToolsProtocol):
    """A connection."""

    _loan: Loan | None = None
    _has_answered = False
    """While the connection is lent."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(_run, cycle, partial(self._lend, cycle), app))

    def _lend(self, cycle: RequestResponseCycle, length: int) -> Loan | None:
        if cycle is not self.cycle or not cycle.more_body or cycle.disconnected:
            return None
        self.flow.pause_reading()
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head, cycle.body = bytes(cycle.body), bytearray()
        connection: socket.socket = self.transport.get_extra_info("socket").dup()
        self._loan = Loan(connection, head, length, partial(self._back, cycle))
        return self._loan

    def _back(self, cycle: RequestResponseCycle, whole: bool) -> None:
        """The body was read, or the client went away."""
        self._loan = None
        if not whole:
            cycle.disconnected = True
            self.transport.close()
            return
        # The parser would go on to wait for the body.
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        cycle.more_body = False
        if self._has_answered:
            self._has_answered = False
            super().on_response_complete()

    def on_response_complete(self) -> None:
        """uvicorn's; if the answer was there before all of the body, that comes first."""
        if self._loan is None:
            super().on_response_complete()
        elif self.transport.is_closing():
            self._loan.cut()
        else:
            self._has_answered = True


async def _run(
    cycle: RequestResponseCycle,
    lend: Callable[[int], Loan | None],
    app: Handler,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    scope[_LEND] = lend

    async def sending(message: Any) -> None:
        body = message.pop(WHOLE, None)
        if body is None:
            await send(message)
        elif cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
            # uvicorn knows what to do about that.
            await send(message)
            await send({"type": "http.response.body", "body": body})
        else:
            _write(cycle, message["status"], message["headers"], body)

    await app(scope, receive, sending)


def _write(
    cycle: RequestResponseCycle, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Write a whole response and do what uvicorn does after the last part of one."""
    lines = [b"%b: %b\r\n" % line for line in (*cycle.default_headers, *headers)]
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    head = b"".join(lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
        raise RuntimeError("a header with a line break in it")
    part = b"" if cycle.scope["method"] == "HEAD" else body
    transport: Transport = cycle.transport
    transport.write(b"".join((STATUS_LINE[status], head, b"\r\n", part)))
    cycle.waiting_for_100_continue = False
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        transport.close()
    cycle.on_response()
