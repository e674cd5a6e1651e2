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
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from typing import Protocol

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
_PATIENCE_S = 0.1
_END_S = 1.0

Say = Callable[[Sequence[Answer]], None]


class Small(Protocol):
    """Writes small files."""

    def write(self, some: Sequence[Order], say: Say) -> None:
        """Begin to write files; returns soon, written or not."""

    def take_back(self, number: int) -> None:
        """Not to write a file, if that has not begun; then nothing is said of it."""


def serve(server: socket.socket, connections: socket.socket, small: Small, large: Large) -> None:
    """Do what `server` orders until it hangs up."""
    received, turn = bytearray(), Lock()

    def say(answers: Sequence[Answer]) -> None:
        with turn, suppress(OSError):
            server.sendall(b"".join(map(pack_answer, answers)))

    say([Answer(0, Kind.READY)])
    with suppress(ConnectionError):
        while part := server.recv(_READ):
            received += part
            some: dict[int, Order] = {}
            for order in orders(received):
                number = order.number
                if not order.path:
                    if some.pop(number, None) is None:
                        small.take_back(number)
                        large.take_back(number)
                elif order.length == len(order.content[0]):
                    some[number] = order
                elif (connection := _connection(connections, number)) is not None:
                    large.begin(order, connection, say)
                else:
                    say([Answer(number, Kind.GONE)])
            if some:
                small.write(list(some.values()), say)


def _connection(connections: socket.socket, number: int) -> socket.socket | None:
    """The connection that belongs to an order; None if this process has no room for it."""
    message, files, _, _ = socket.recv_fds(connections, NUMBER.size, 1)
    assert NUMBER.unpack(message) == (number,), "another order's connection"
    if not files:
        return None
    connection = socket.socket(fileno=files[0])
    connection.setblocking(False)
    return connection


class InLots:
    """Writes in one go, in a thread, what came together: what comes while it writes is the next."""

    def __init__(
        self,
        put_all: Callable[[Sequence[NewFile]], Sequence[Problem | None]],
        threads: ThreadPoolExecutor,
    ) -> None:
        self._put_all = put_all
        self._threads = threads
        self._lock = Lock()
        self._waiting: dict[int, Order] = {}
        self._is_busy = False

    def write(self, some: Sequence[Order], say: Say) -> None:
        """As of Small."""
        with self._lock:
            self._waiting |= {order.number: order for order in some}
            begin, self._is_busy = not self._is_busy, True
        if begin:
            # To read on at once would take the interpreter from the thread that writes, after each
            # of its system calls. Only a disk that hangs is not waited for.
            with suppress(TimeoutError):
                self._threads.submit(self._work, say).result(_PATIENCE_S)

    def take_back(self, number: int) -> None:
        """As of Small."""
        with self._lock:
            self._waiting.pop(number, None)

    def _work(self, say: Say) -> None:
        while True:
            with self._lock:
                lot, self._waiting = list(self._waiting.values()), {}
                self._is_busy = bool(lot)
            if not lot:
                return
            say(self._written(lot))

    def _written(self, lot: Sequence[Order]) -> list[Answer]:
        try:
            problems = self._put_all([NewFile(order.path, order.content) for order in lot])
        except Exception:
            log.exception("Small files could not be written")
            return [Answer(order.number, Kind.FAILED) for order in lot]
        return [_outcome(o.number, problem) for o, problem in zip(lot, problems, strict=True)]


class AtOnce:
    """Writes every file in a thread."""

    def __init__(self, store: BlobStore, threads: ThreadPoolExecutor) -> None:
        self._store = store
        self._threads = threads
        self._begun: dict[int, Future[None]] = {}

    def write(self, some: Sequence[Order], say: Say) -> None:
        """As of Small."""
        for order in some:
            begun = self._begun[order.number] = self._threads.submit(self._one, order, say)
            begun.add_done_callback(partial(self._done, order.number))

    def _done(self, number: int, _: object) -> None:
        self._begun.pop(number, None)

    def take_back(self, number: int) -> None:
        """As of Small."""
        begun = self._begun.get(number)
        if begun is not None:
            begun.cancel()

    def _one(self, order: Order, say: Say) -> None:
        try:
            put(self._store, NewFile(order.path, order.content))
        except Problem as problem:
            say([_outcome(order.number, problem)])
        except Exception:
            log.exception("A small file could not be written")
            say([Answer(order.number, Kind.FAILED)])
        else:
            say([_outcome(order.number, None)])


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
        self._storing: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ending = False

    def begin(self, order: Order, connection: socket.socket, say: Say) -> None:
        """Store a file whose rest is to be read from `connection`."""
        if not self._thread.is_alive():
            self._thread.start()
        self._loop.call_soon_threadsafe(self._begin, order, connection, say)

    def _begin(self, order: Order, connection: socket.socket, say: Say) -> None:
        number = order.number

        def ended(whole: bool) -> None:
            say([Answer(number, Kind.WHOLE if whole else Kind.GONE)])

        head = b"".join(order.content)
        intake = Intake(connection, head, order.length, self._body_seconds, ended)
        task = self._loop.create_task(self._receive(order, intake, say))
        self._storing[number] = task
        self._tasks.add(task)

        def done(_: object) -> None:
            self._storing.pop(number, None)
            self._tasks.discard(task)
            # Whatever became of it, the server gets its connection back.
            intake.close()

        task.add_done_callback(done)

    def take_back(self, number: int) -> None:
        """Store it no longer, if there is still time, but read it to its end."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._take_back, number)

    def _take_back(self, number: int) -> None:
        if number in self._storing:
            self._storing[number].cancel()

    async def _receive(self, order: Order, intake: Intake, say: Say) -> None:
        number = order.number
        try:
            await upload(intake, self._store, order.path, self._lanes.errand(self._store.name))
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
        self._storing.pop(number, None)
        if not self._is_ending:
            with suppress(DisconnectedError, Invalid):
                # A client that sends all before it listens is to hear the answer.
                await intake.drain()

    def close(self) -> None:
        """Give up what is under way."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        # What is given up is tidied away there.
        self._lanes.close(finish=True)

    async def _end(self) -> None:
        self._is_ending = True
        tasks = list(self._tasks)
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
                serve(server, lent, InLots(store.put_all, threads), large)
            else:
                serve(server, lent, AtOnce(store, threads), large)
        finally:
            large.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
