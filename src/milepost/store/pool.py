"""A bounded pool of connections for one database address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from milepost.errors import Problem, Unavailable
from milepost.store.dialect import Connection, Dialect


class Pool:
    """At most `size` connections, opened when needed, reused last-in first-out.

    A connection on which a driver reported that the server is gone is closed, and so are all idle
    ones, because they most likely died with it.
    """

    def __init__(self, dialect: Dialect, size: int, wait_seconds: float) -> None:
        self._dialect = dialect
        self._wait_seconds = wait_seconds
        self._slots = threading.BoundedSemaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Borrow a connection. Raises Unavailable when none comes free in time.

        A borrower who raises a Problem hands the connection back clean; after any other exception
        it is closed.
        """
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise Unavailable(
                f"All database connections were busy for {self._wait_seconds:g} seconds; try again."
            )
        try:
            connection = self._idle.pop() if self._idle else self._dialect.connect(True)
            try:
                yield connection
            except Problem:
                self._release(connection)
                raise
            except BaseException:
                # Its state is unknown (an open transaction, half a result): never reuse it.
                connection.close()
                raise
            self._release(connection)
        finally:
            self._slots.release()

    def _release(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def clear(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close idle connections now and borrowed ones when they come back."""
        self._closed = True
        self.clear()
