"""A process beside the server that writes files to an artifact store.

A small file costs a dozen system calls, and a large one some for every few hundred kilobytes. After
each of them a thread of the server would have to get the interpreter back from the event loop, and
the loop from the threads: they wait for each other as long as for the disk. A process of its own is
in nobody's way. On a local disk, small files that come while it writes others are its next lot.

Run as `python -m milepost.http.scribe_process URI SECONDS BODY_SECONDS CONNECTIONS`: the URI of a
store, how long it may take to answer and a client to send, and the number of an open socket. That,
and standard input, are the server's: see scribe_wire.py. It ends when the server closes them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, Thread

from milepost.blobs.base import BlobStore, NewFile, put
from milepost.blobs.local import LocalStore
from milepost.blobs.stores import Options, Stores, local_path
from milepost.breaker import Breakers, Rules
from milepost.errors import Invalid, Problem
from milepost.http.asgi import DisconnectedError
from milepost.http.intake import Intake
from milepost.http.lanes import Lanes
from milepost.http.scribe_wire import NUMBER, Answer, Kind, Order, orders, pack_answer
from milepost.http.transfer import upload

log = logging.getLogger(__name__)

_READ = 1 << 20
_THREADS = 16
_END_S = 1.0

Say = Callable[[Sequence[Answer]], None]
Write = Callable[[Sequence[Order], Say], None]


def serve(server: socket.socket, connections: socket.socket, write: Write, large: Large) -> None:
    """Do what `server` orders until it hangs up. Small files go to `write`."""
    received, turn = bytearray(), Lock()

    def say(answers: Sequence[Answer]) -> None:
        with turn, suppress(OSError):
            server.sendall(b"".join(map(pack_answer, answers)))

    say([Answer(0, Kind.READY)])
    with suppress(ConnectionError):
        while part := server.recv(_READ):
            received += part
            small: list[Order] = []
            for order in orders(received):
                if not order.path:
                    large.take_back(order.number)
                elif order.length == len(order.content[0]):
                    small.append(order)
                else:
                    large.begin(order, _connection(connections, order.number), say)
            if small:
                write(small, say)


def _connection(connections: socket.socket, number: int) -> socket.socket:
    """The connection that belongs to an order."""
    message, files, _, _ = socket.recv_fds(connections, NUMBER.size, 1)
    assert NUMBER.unpack(message) == (number,), "another order's connection"
    connection = socket.socket(fileno=files[0])
    connection.setblocking(False)
    return connection


def in_lots(put_all: Callable[[Sequence[NewFile]], Sequence[Problem | None]]) -> Write:
    """To write what came together in one go."""

    def write(some: Sequence[Order], say: Say) -> None:
        try:
            problems = put_all([NewFile(order.path, order.content) for order in some])
        except Exception:
            log.exception("Small files could not be written")
            say([Answer(order.number, Kind.FAILED) for order in some])
        else:
            say([_outcome(o.number, problem) for o, problem in zip(some, problems, strict=True)])

    return write


def at_once(store: BlobStore, threads: ThreadPoolExecutor) -> Write:
    """To write every file in a thread."""

    def one(order: Order, say: Say) -> None:
        try:
            put(store, NewFile(order.path, order.content))
        except Problem as problem:
            say([_outcome(order.number, problem)])
        except Exception:
            log.exception("A small file could not be written")
            say([Answer(order.number, Kind.FAILED)])
        else:
            say([_outcome(order.number, None)])

    def write(some: Sequence[Order], say: Say) -> None:
        for order in some:
            threads.submit(one, order, say)

    return write


def _outcome(number: int, problem: Problem | None) -> Answer:
    return Answer(number, Kind.STORED if problem is None else Kind.PROBLEM, problem)


class Large:
    """Stores large files, on an event loop in a thread that begins with the first of them."""

    def __init__(self, store: BlobStore, seconds: float, body_seconds: float) -> None:
        self._store = store
        self._body_seconds = body_seconds
        # The server has a breaker for the store.
        self._lanes = Lanes(seconds, Breakers(Rules(enabled=False)))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="milepost-large")
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._is_ending = False

    def begin(self, order: Order, connection: socket.socket, say: Say) -> None:
        """Store a file whose rest is to be read from `connection`."""
        if not self._thread.is_alive():
            self._thread.start()
        self._loop.call_soon_threadsafe(self._begin, order, connection, say)

    def _begin(self, order: Order, connection: socket.socket, say: Say) -> None:
        task = self._loop.create_task(self._receive(order, connection, say))
        self._tasks[order.number] = task
        task.add_done_callback(lambda _: self._tasks.pop(order.number))

    def take_back(self, number: int) -> None:
        """Store it no longer, if there is still time, but read it to its end."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._take_back, number)

    def _take_back(self, number: int) -> None:
        if number in self._tasks:
            self._tasks[number].cancel()

    async def _receive(self, order: Order, connection: socket.socket, say: Say) -> None:
        number = order.number

        def ended(whole: bool) -> None:
            say([Answer(number, Kind.WHOLE if whole else Kind.GONE)])

        head = b"".join(order.content)
        intake = Intake(connection, head, order.length, self._body_seconds, ended)
        errand = self._lanes.errand(self._store.name)
        try:
            await upload(intake, self._store, order.path, errand)
        except DisconnectedError:
            return
        except asyncio.CancelledError:
            pass  # nobody waits for an answer
        except Problem as problem:
            say([_outcome(number, problem)])
        except Exception:
            log.exception("A large file could not be written")
            say([Answer(number, Kind.FAILED)])
        else:
            say([_outcome(number, None)])
        try:
            if not self._is_ending:
                # A client that sends all before it listens is to hear the answer.
                await intake.drain()
        except (DisconnectedError, Invalid):
            intake.close()

    def close(self) -> None:
        """Give up what is under way."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._lanes.close()

    async def _end(self) -> None:
        self._is_ending = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_S)


def main(uri: str, seconds: float, body_seconds: float, connections: int) -> None:
    """Write into the store at `uri` for the server at standard input."""
    # What stops the server stops this by its silence, after what it has begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    store = Stores(Options([local_path(uri) or ""], seconds)).at(uri).store
    large = Large(store, seconds, body_seconds)
    with (
        socket.socket(fileno=os.dup(0)) as server,
        socket.socket(fileno=connections) as lent,
        ThreadPoolExecutor(_THREADS) as threads,
    ):
        try:
            if isinstance(store, LocalStore):
                serve(server, lent, in_lots(store.put_all), large)
            else:
                serve(server, lent, at_once(store, threads), large)
        finally:
            large.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
