"""A bounded pool of connections for one database address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from milepost.errors import Problem, Unavailable
from milepost.store.watch import Limits, Slot, Watch


class Pool:
    """At most `size` connections, opened when needed, reused last-in first-out.

    A connection on which a driver reported that the server is gone is closed, and so are all idle
    ones, because they most likely died with it.
    """

    def __init__(self, watch: Watch, size: int, limits: Limits) -> None:
        self._watch = watch
        self._limits = limits
        self.size = size
        self._slots = threading.BoundedSemaphore(size)
        self._idle: list[Slot] = []
        self._used = 0
        self._closed = False

    @property
    def used(self) -> int:
        """Connections lent out right now."""
        return self._used

    @contextmanager
    def connection(self) -> Iterator[Slot]:
        """Borrow a connection. Raises Unavailable when none comes free in time.

        A borrower who raises a Problem hands the connection back clean; after any other exception
        it is closed.
        """
        self._acquire()
        self._used += 1
        try:
            slot = self._idle.pop() if self._idle else self._opened()
            slot.begin(self._limits.request_timeout)
            try:
                yield slot
            except Problem:
                self._release(slot)
                raise
            except BaseException as error:
                # Its state is unknown (an open transaction, half a result): never reuse it.
                self._watch.close(slot)
                if slot.overdue:
                    raise self._too_long() from error
                raise
            self._release(slot)
        finally:
            self._used -= 1
            self._slots.release()

    def _opened(self) -> Slot:
        """A new connection. That none can be had is a Problem at once: unlike a connection that lay
        idle and died, it is not worth a second attempt, which may take as long as the first."""
        try:
            return self._watch.connect(True)
        except Exception as error:
            raise self._watch.problem(error) or error from error

    def _acquire(self) -> None:
        if self._slots.acquire(blocking=False):
            return
        began = monotonic()
        acquired = self._slots.acquire(timeout=self._limits.pool_wait)
        waited = monotonic() - began
        name = self._limits.pool_name
        self._limits.meter.observe("mlflow_database_pool_wait_seconds", waited, pool=name)
        if not acquired:
            self._limits.meter.count("mlflow_database_pool_timeouts_total", pool=name)
            raise Unavailable(
                f"All database connections were busy for {waited:.1f} seconds; try again."
            )

    def _too_long(self) -> Unavailable:
        return Unavailable(
            f"The database did not answer within {self._limits.query_timeout:g} seconds; the query"
            " was cancelled."
        )

    def _release(self, slot: Slot) -> None:
        slot.end()
        if self._closed or slot.overdue:
            self._watch.close(slot)
        else:
            self._idle.append(slot)

    def clear(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._watch.close(self._idle.pop())

    def close(self) -> None:
        """Close idle connections now and borrowed ones when they come back."""
        self._closed = True
        self.clear()
