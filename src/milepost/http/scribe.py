"""The server's end of the processes that write files (scribe_process.py).

A process is started when the first file for its store comes, and takes those that come once it is
there. If it ends, threads of the server write the small files that it has not answered, as before
it was there.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import cast

from milepost.blobs.base import BlobStore, NewFile
from milepost.errors import Unavailable
from milepost.http.asgi import DisconnectedError
from milepost.http.protocol import Loan
from milepost.http.scribe_wire import NUMBER, NUMBERS, Answer, Kind, Order, answers, pack_order

log = logging.getLogger(__name__)

ENDED = "The process that writes files has ended; send this one again."
"""What is told to a client whose upload broke off with it."""

_PAUSE_S = 10.0
_BEGIN_S = 10.0
_END_S = 2.0


class Scribes:
    """A process for each store that files go to."""

    def __init__(self, seconds: float, body_seconds: float) -> None:
        """`seconds` is how long a store may take to answer, `body_seconds` a client to send."""
        self._times = str(seconds), str(body_seconds)
        self._scribes: dict[str, Scribe] = {}

    def of(self, store: BlobStore) -> Scribe:
        """That of a store."""
        if store.uri not in self._scribes:
            self._scribes[store.uri] = Scribe([store.uri, *self._times])
        return self._scribes[store.uri]

    def close(self) -> None:
        """End all processes."""
        for scribe in self._scribes.values():
            scribe.close()


class Scribe(asyncio.Protocol):
    """One process, and what it was asked for."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: list[socket.socket] = []
        self._connecting: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._ready: asyncio.Future[bool] | None = None
        self._not_before = 0.0
        self._received = bytearray()
        self._number = 0
        self._waiting: dict[int, asyncio.Future[bool]] = {}
        self._loans: dict[int, Loan] = {}
        self._large: set[int] = set()

    def put(self, file: NewFile) -> asyncio.Future[bool] | None:
        """Have a small file stored, in place of what was there. The result is whether that was
        done; if it is False, or None comes, it is to be tried in another way. Raises what the store
        does."""
        if not self._is_ready():
            self._start()
            return None
        length = sum(map(len, file.content))
        return self._ask(Order(self._next(), file.path, file.content, length))

    async def ready(self, *, wait: bool) -> bool:
        """Whether the process is there; starts it if not, and may `wait` until it is."""
        self._start()
        if self._ready is None or not (wait or self._ready.done()):
            return False
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._ready), _BEGIN_S)
        return False

    def receive(self, path: str, loan: Loan) -> asyncio.Future[bool]:
        """Have a file stored whose rest is to be read from a client's connection, once the process
        is `ready`. The result is whether that was done; if not, the process has ended, and only the
        client can try again. Raises DisconnectedError when the client has gone, Invalid when it
        takes too long to send, and what the store does."""
        if not self._is_ready():
            loan.back(False)
            raise Unavailable(ENDED)
        order = Order(self._next(), path, [loan.head], loan.length)
        message = NUMBER.pack(order.number)
        try:
            socket.send_fds(self._sockets[1], [message], [loan.connection.fileno()])
        except OSError:
            loan.back(False)
            raise Unavailable("The upload could not be handed on; send it again.") from None
        self._loans[order.number] = loan
        self._large.add(order.number)
        return self._ask(order)

    def _next(self) -> int:
        self._number = (self._number + 1) % NUMBERS
        return self._number

    def _ask(self, order: Order) -> asyncio.Future[bool]:
        reply = self._waiting[order.number] = asyncio.get_running_loop().create_future()
        reply.add_done_callback(partial(self._done, order.number))
        self._send(order)
        return reply

    def _done(self, number: int, reply: asyncio.Future[bool]) -> None:
        self._large.discard(number)
        # What nobody waits for any longer must not overwrite what comes after it.
        if reply.cancelled() and self._waiting.pop(number, None) is not None:
            self._send(Order(number, "", (), 0))

    def _send(self, order: Order) -> None:
        if self._transport is not None:
            self._transport.write(pack_order(order))

    def _is_ready(self) -> bool:
        return self._ready is not None and self._ready.done() and self._ready.result()

    def _start(self) -> None:
        """Start the process, unless that was done a moment ago."""
        loop = asyncio.get_running_loop()
        if self._process is not None or loop.time() < self._not_before:
            return
        self._not_before = loop.time() + _PAUSE_S
        try:
            ours, theirs = socket.socketpair()
            lend, lent = socket.socketpair()
        except OSError as error:
            log.warning(_WITHOUT, error)
            return
        lend.setblocking(False)
        arguments = [*self._arguments, str(lent.fileno())]
        command = [sys.executable, "-P", "-m", "milepost.http.scribe_process", *arguments]
        self._sockets = [ours, lend]
        with theirs, lent:
            try:
                # In a group of its own: Ctrl-C is for the server, which first needs it to the end.
                self._process = subprocess.Popen(  # noqa: S603 - our own
                    command, stdin=theirs.fileno(), pass_fds=[lent.fileno()], process_group=0
                )
            except OSError as error:
                log.warning(_WITHOUT, error)
                self._close_sockets()
                return
        self._ready = loop.create_future()
        self._connecting = loop.create_task(self._connect(loop, ours))

    async def _connect(self, loop: asyncio.AbstractEventLoop, ours: socket.socket) -> None:
        await loop.create_connection(lambda: self, sock=ours)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the socket can be used."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """asyncio's: answers have come, or parts of them."""
        self._received += data
        for answer in answers(self._received):
            self._hear(answer)

    def _hear(self, answer: Answer) -> None:
        number, kind = answer.number, answer.kind
        problem: Exception | None = answer.problem
        if kind is Kind.READY:
            assert self._ready is not None
            self._ready.set_result(True)
        elif kind in (Kind.WHOLE, Kind.GONE):
            self._loans.pop(number).back(kind is Kind.WHOLE)
            if kind is Kind.GONE and number in self._waiting:
                _settle(self._waiting.pop(number), DisconnectedError())
        elif number in self._waiting:
            if kind is Kind.FAILED and number in self._large:
                problem = RuntimeError("the process that writes files says why")
            _settle(self._waiting.pop(number), problem or kind is Kind.STORED)

    def connection_lost(self, _: Exception | None) -> None:
        """asyncio's: the process has ended."""
        if self._process is not None:
            log.warning("The process that writes files has ended; they go on without it.")
            asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        self._process = self._transport = None
        self._close_sockets()
        self._received.clear()
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(False)
        self._ready = None
        waiting, self._waiting = self._waiting, {}
        loans, self._loans = self._loans, {}
        for reply in waiting.values():
            _settle(reply, False)
        for loan in loans.values():
            loan.back(False)

    def close(self) -> None:
        """End the process once it has written the small files it was asked for; it does not come
        again."""
        self._not_before = float("inf")
        process, self._process = self._process, None
        if process is None:
            return
        if self._connecting is not None:
            self._connecting.cancel()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()  # its store does not answer

    def _close_sockets(self) -> None:
        for each in self._sockets:
            each.close()
        self._sockets = []


_WITHOUT = "Files are written without a process of their own: %s"


def _settle(reply: asyncio.Future[bool], outcome: bool | Exception) -> None:
    if reply.done():
        return  # nobody waits any more
    if isinstance(outcome, Exception):
        reply.set_exception(outcome)
    else:
        reply.set_result(outcome)
