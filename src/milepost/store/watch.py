"""Watch: ends database statements that take too long, and says which were slow.

A server that hangs cannot be asked to cancel, and a driver that waits for it cannot be told to
stop. So one thread looks at every connection in use a few times a second, tells the breaker of
those that are late, and ends for good what is past its time by closing it under the driver.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from milepost.breaker import Breaker
from milepost.errors import Problem
from milepost.meter import Meter, NullMeter
from milepost.store.dialect import Connection, Dialect

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 2.0
"""What a database server gets beyond the timeout to cancel the statement itself."""

_MOST_TEXT = 2000


@dataclass(frozen=True)
class Limits:
    """What a Store is told by the server's settings; times in seconds."""

    query_timeout: float = 30.0
    request_timeout: float = 600.0
    pool_wait: float = 10.0
    pool_size: int = 0
    pool_name: str = "milepost"
    slow_query: float = 1.0
    breaker: Breaker = field(default_factory=lambda: Breaker("database"))
    meter: Meter = field(default_factory=NullMeter)


class Slot:
    """What one connection is doing right now."""

    __slots__ = ("connection", "late", "overdue", "since", "slow", "until", "waiting")

    def __init__(self, connection: Connection, slow: float = 1.0) -> None:
        self.connection = connection
        self.slow = slow
        self.since = 0.0
        """When the running statement began; 0 between statements."""

        self.until = float("inf")
        """When the whole transaction must be over."""

        self.late = 0
        self.overdue = False
        """Whether it was ended by the watch."""

        self.waiting = 1
        """How many callers wait for it."""

    def begin(self, seconds: float) -> None:
        """A transaction begins, and may take so long."""
        self.until = monotonic() + seconds

    def end(self) -> None:
        """The transaction is over."""
        self.since, self.until, self.late = 0.0, float("inf"), 0

    def done(self, sql: str, rows: int) -> None:
        """The running statement has ended."""
        took = monotonic() - self.since
        self.since = 0.0
        if took > self.slow:
            text = " ".join(sql.split())[:_MOST_TEXT]
            log.warning("slow query: %.3f s, %d rows: %s", took, rows, text)


class Watch:
    """The watch over the connections of one Store."""

    def __init__(self, dialect: Dialect, limits: Limits) -> None:
        self._dialect = dialect
        self._limits = limits
        self._slots: set[Slot] = set()
        self._stop = threading.Event()
        grace = 0.0 if dialect.name == "sqlite" else _GRACE_SECONDS
        self._most = limits.query_timeout + grace
        self._thread = threading.Thread(target=self._run, name="milepost-watch", daemon=True)
        self._thread.start()

    def connect(self, read_only: bool) -> Slot:
        """Open a connection whose statements are watched."""
        connection = self._dialect.connect(read_only)
        self._dialect.limit(connection, self._limits.query_timeout)
        slot = Slot(connection, self._limits.slow_query)
        self._slots.add(slot)
        return slot

    def problem(self, error: Exception) -> Problem | None:
        """What an error of the driver means."""
        return self._dialect.problem(error)

    def close(self, slot: Slot) -> None:
        """Close a connection."""
        self._slots.discard(slot)
        # A dead connection may raise anything when told to close; it is being dropped anyway.
        with suppress(Exception):
            slot.connection.close()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            now = monotonic()
            for slot in list(self._slots):
                since = slot.since
                if since:
                    self._look(slot, now, since)

    def _look(self, slot: Slot, now: float, since: float) -> None:
        breaker = self._limits.breaker
        times_late = int((now - since) / breaker.rules.timeout)
        if times_late > slot.late:
            slot.late = times_late
            breaker.failed(f"no answer for {now - since:.1f} seconds", slot.waiting)
        if slot.overdue or now - since > self._most or now > slot.until:
            if not slot.overdue:
                log.warning("a database statement was ended after %.1f seconds", now - since)
            # Again at each look: the first may fall between two statements, and end neither.
            slot.overdue = True
            with suppress(Exception):
                self._dialect.abort(slot.connection)
