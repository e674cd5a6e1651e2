"""A large request body, read by a thread from the socket itself.

On its way through an event loop a body is copied four times and keeps every other request waiting
meanwhile. So once the head of a request is there, the server lends its connection to a process that
writes files (see protocol.py and scribe_process.py). There the body goes from the kernel into a
buffer, and the connection goes back when all of it was read.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from mmap import mmap
from threading import Lock

from milepost.errors import Invalid
from milepost.http.asgi import Deadline, DisconnectedError

_PATIENCE_MS = 2
"""For how long a thread waits for the client before the event loop does."""

_AT_LEAST = 512 << 10
_DRAINED = 1 << 20


# Few, as each takes the interpreter from the event loop now and then; they hardly ever wait.
_threads = ThreadPoolExecutor(2, thread_name_prefix="milepost-bodies")


class Intake:
    """A request body of `length` bytes, of which `head` has been read."""

    def __init__(
        self,
        connection: socket.socket,
        head: bytes,
        length: int,
        seconds: float,
        ended: Callable[[bool], None],
    ) -> None:
        """Owns `connection`, which does not block, and calls `ended` once it is done with it: with
        True when the whole body was read."""
        self.size = 0
        self._connection = connection
        self._lock = Lock()
        # When a store fails, the next piece is still on its way while the rest is drained.
        self._turn = asyncio.Lock()
        self._head = head
        self._left = length - len(head)
        self._seconds = seconds
        self._ended = ended
        self._buffers = [memoryview(bytearray()), memoryview(bytearray())]

    def ended(self) -> bool:
        """Whether all of it was given out."""
        return self._left == 0

    async def piece(self, size: int) -> Sequence[bytes | memoryview]:
        """`size` bytes or what is left, in one piece of memory that begins with a page and is good
        until the next but one is asked for. Raises DisconnectedError when the client went away,
        Invalid when it takes too long to send."""
        async with self._turn:
            return [await self._piece(size)]

    async def _piece(self, size: int) -> memoryview:
        head, self._head = self._head, b""
        view = self._buffer(len(head) + max(0, min(size - len(head), self._left)))
        view[: len(head)] = head
        try:
            with Deadline(self._seconds):
                filled = len(head) + await self._fill(view[len(head) :])
        except TimeoutError:
            raise Invalid(
                f"The client sent less than {size} bytes in {self._seconds:g} seconds."
            ) from None
        except DisconnectedError:
            self.close()
            raise
        self.size += filled
        if not self._left:
            self.close(whole=True)
        return view[:filled]

    def _buffer(self, size: int) -> memoryview:
        self._buffers.reverse()
        if len(self._buffers[0]) < size:
            self._buffers[0] = memoryview(mmap(-1, size))
        return self._buffers[0][:size]

    async def _fill(self, view: memoryview) -> int:
        loop = asyncio.get_running_loop()
        filled = 0
        while filled < len(view) and self._left:
            filled += await loop.run_in_executor(_threads, self._read, view[filled:])
            if filled < len(view) and self._left:
                await self._readable(loop)
        return filled

    def _read(self, view: memoryview) -> int:
        """Read until `view` is full or nothing has come for a while; how many bytes there were."""
        got = 0
        waiter = select.poll()
        with self._lock:
            if self._connection.fileno() < 0:
                raise DisconnectedError
            # What a request that was cancelled had begun to read counts, too.
            view = view[: self._left]
            waiter.register(self._connection, select.POLLIN)
            while got < len(view):
                try:
                    count = self._connection.recv_into(view[got:])
                except BlockingIOError:
                    self._wake_at(min(_AT_LEAST, len(view) - got))
                    if not waiter.poll(_PATIENCE_MS):
                        break
                except OSError:
                    raise DisconnectedError from None
                else:
                    if not count:
                        raise DisconnectedError
                    got += count
                    self._left -= count
        return got

    def _wake_at(self, size: int) -> None:
        """Be woken when so many bytes have come: often is costly, as each time the thread must get
        the interpreter back from the others."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    async def _readable(self, loop: asyncio.AbstractEventLoop) -> None:
        come = loop.create_future()
        loop.add_reader(self._connection, _tell, come)
        try:
            await come
        finally:
            loop.remove_reader(self._connection)

    async def drain(self) -> None:
        """Read the rest for nobody, so that a client that sends all before it listens hears the
        answer. Raises what `piece` does."""
        while self._left:
            await self.piece(_DRAINED)
        # Where a request was cancelled just as its last bytes came, nobody has done it.
        self.close(whole=True)

    def close(self, *, whole: bool = False) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._connection.fileno() < 0:
                return
            self._wake_at(1)
            self._connection.close()
        self._ended(whole)


def _tell(come: asyncio.Future[None]) -> None:
    if not come.done():
        come.set_result(None)
