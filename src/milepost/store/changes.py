"""What changed, told to every server on the database: a small table that grows at its end.

A write says what it touched as topics ("run:7:4c94...", "experiment:7", "models"). A process
gathers the topics of its commits and writes them down a few times a second, after the fact: nobody
waits for it, and a crash loses at most what pages would have shown a moment earlier. Each process
with listeners reads the end of the table; rows are kept for a short while only.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from milepost.store.tx import Tx

_FLUSH_SECONDS = 0.3
_KEEP_MS = 60_000
_MOST_RUNS = 200
# Two servers may commit ids out of order: a reader looks this far back for late ones.
_LATE = 500


class Chores(Protocol):
    """Other work for quiet moments."""

    def next(self, *, busy: bool) -> tuple[Any, Any] | None:
        """The next piece of work, or None."""


class Changes:
    """Gathers topics of one process; as a chore, writes them down before doing `others`."""

    def __init__(self, others: Chores) -> None:
        self._others = others
        self._topics: set[str] = set()
        self._lock = Lock()
        self._last = 0.0

    def note(self, topics: Iterable[str]) -> None:
        """Add topics of a committed transaction."""
        with self._lock:
            self._topics.update(topics)

    def next(self, *, busy: bool) -> tuple[Any, Any] | None:
        """Writing down what was gathered when it is time, else the next other chore."""
        if self._topics and monotonic() - self._last >= _FLUSH_SECONDS:
            self._last = monotonic()
            with self._lock:
                topics, self._topics = self._topics, set()
            return record, condensed(topics)
        return self._others.next(busy=busy)


def run_topic(experiment: int, run_id: str) -> str:
    """The topic of a run and all that is logged to it."""
    return f"run:{experiment}:{run_id}"


def experiment_topic(experiment: int) -> str:
    """The topic of an experiment itself: its name, tags and life-cycle stage."""
    return f"experiment:{experiment}"


MODELS = "models"


def condensed(topics: Iterable[str]) -> list[str]:
    """The topics with the runs of an experiment as one `*` where there are very many."""
    listed = sorted(topics)
    parents = Counter(t.rpartition(":")[0] for t in listed if t.startswith("run:"))
    many = {parent for parent, count in parents.items() if count > _MOST_RUNS}
    kept = [t for t in listed if t.rpartition(":")[0] not in many]
    return kept + [f"{parent}:*" for parent in sorted(many)]


def record(tx: Tx, topics: Sequence[str]) -> None:
    """Append topics and forget old ones."""
    now = time.time_ns() // 1_000_000
    tx.insert("changes", ("topic", "at_ms"), [(topic, now) for topic in topics])
    # In this order: SQLite would number an emptied table from 1 again.
    tx.run("DELETE FROM changes WHERE at_ms < ?", (now - _KEEP_MS,))


def latest(tx: Tx, _: None = None) -> int:
    """The highest number so far."""
    row = tx.row("SELECT MAX(id) FROM changes")
    return int(row[0]) if row and row[0] is not None else 0


def since(tx: Tx, number: int) -> list[tuple[int, str]]:
    """Numbered topics from a little before `number` on, in order."""
    rows = tx.rows("SELECT id, topic FROM changes WHERE id > ? ORDER BY id", (number - _LATE,))
    return [(int(row[0]), row[1]) for row in rows]
