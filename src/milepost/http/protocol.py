"""uvicorn's HTTP/1.1, with two additions.

A response that is there as a whole leaves as a whole. ASGI sends head and body as two messages. For
a small request that is two walks through everything that wraps `send`, and two system calls: a
fifth of its time. So our `respond` sends one message, the head with the body in it (`WHOLE`), and
the protocol below writes both at once.

A large request body can be read past the event loop: see intake.py.
"""

from __future__ import annotations

import socket
from asyncio import Transport
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from milepost.errors import Invalid
from milepost.http.asgi import WHOLE, DisconnectedError, Handler, Receive, Scope, Send, header
from milepost.http.intake import Intake

_TAKE = "milepost.take"
"""Key of the scope under which a handler can take the connection: see `taken`."""

_LEAST = 256 << 10
"""Bytes of a body for which it pays to take the connection from the event loop."""


def taken(scope: Scope, seconds: float) -> Intake | None:
    """The body of a request, to be read past the event loop; to be asked for before the body is
    read in any other way, and then not read in any other way. None if it is small, of unknown
    length, or came encrypted."""
    take = scope.get(_TAKE)
    length = header(scope, b"content-length")
    return take(int(length), seconds) if take and length else None


class Protocol(HttpToolsProtocol):
    """A connection."""

    _intake: Intake | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(_run, cycle, partial(self._take, cycle), app))

    def _take(self, cycle: RequestResponseCycle, length: int, seconds: float) -> Intake | None:
        is_open = cycle is self.cycle and cycle.more_body and not cycle.disconnected
        if length - len(cycle.body) < _LEAST or self.scheme == "https" or not is_open:
            return None
        self.flow.pause_reading()
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head, cycle.body = bytes(cycle.body), bytearray()
        connection: socket.socket = self.transport.get_extra_info("socket").dup()
        self._intake = Intake(connection, head, length, seconds, partial(self._taken, cycle))
        return self._intake

    def _taken(self, cycle: RequestResponseCycle, whole: bool) -> None:
        """The body was read, or the client went away."""
        self._intake = None
        if whole:
            # The parser would go on to wait for the body.
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            cycle.more_body = False
        else:
            cycle.disconnected = True
            self.transport.close()

    def on_response_complete(self) -> None:
        """uvicorn's; if the answer was there before all of the body, that comes first."""
        if self._intake is None:
            super().on_response_complete()
        elif self.transport.is_closing():
            self._intake.close()
        else:
            task = self.loop.create_task(self._drain(self._intake))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _drain(self, intake: Intake) -> None:
        try:
            await intake.drain()
        except (DisconnectedError, Invalid):
            intake.close()
        else:
            super().on_response_complete()


async def _run(
    cycle: RequestResponseCycle,
    take: Callable[[int, float], Intake | None],
    app: Handler,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    scope[_TAKE] = take

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
