"""Folding: packs the rows of long metric histories into chunks while nobody is waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import Any

from milepost.store import history
from milepost.store.history import CHUNK, Chunk, History
from milepost.store.tx import Tx

FOLD_FROM = 1024
"""Rows a history must have gathered before packing them pays."""

WORTH_READING = 256
"""Rows of a history from which reading them again costs more than packing them once."""

_MOST_ROWS = 32 * CHUNK
_MOST_COUNTED = 100_000

Series = tuple[int, int]
"""(run id, key id)."""


class Folder:
    """Counts the rows this process added to each history and hands out folding work.

    Forgetting a count (on restart, or when too many are kept) costs nothing but space: the rows
    stay readable and are packed when the history grows again or is read.
    """

    def __init__(self) -> None:
        self._counts: dict[Series, int] = {}
        self._due: deque[Series] = deque()
        self._queued: set[Series] = set()
        self._lock = Lock()

    def added(self, counts: dict[Series, int]) -> None:
        """Note committed rows by history."""
        with self._lock:
            if len(self._counts) > _MOST_COUNTED:
                self._counts.clear()
            for series, count in counts.items():
                total = self._counts.get(series, 0) + count
                self._counts[series] = total
                if total >= FOLD_FROM and series not in self._queued:
                    self._queued.add(series)
                    self._due.append(series)

    def read_slowly(self, series: Sequence[Series]) -> None:
        """Note histories that somebody just read as rows and may soon read again."""
        with self._lock:
            for one in series:
                if one not in self._queued:
                    self._queued.add(one)
                    self._due.append(one)

    def next(self) -> tuple[Any, Series] | None:
        """The next history to fold, as a verb and its argument."""
        with self._lock:
            if not self._due:
                return None
            series = self._due.popleft()
            self._queued.discard(series)
            self._counts.pop(series, None)
            return fold, series


def fold(tx: Tx, series: Series) -> int:
    """Pack the rows of one history; returns how many rows were packed.

    New points mostly come after all packed ones; where they fall between them, the chunks from
    there on are packed again, so that chunks never overlap.
    """
    run, key = series
    if tx.dialect.for_update:
        # Writers hold this lock too, so no row can slip in between reading and deleting.
        tx.rows("SELECT id FROM runs WHERE id = ? FOR UPDATE", (run,))
    rows = history.point_rows(tx, run, key, _MOST_ROWS)
    if len(rows) < WORTH_READING:
        return 0
    touched = [c for c in history.chunks(tx, run, key) if c.last >= rows[0][:2]]
    if not touched:
        touched = _short_last(history.chunks(tx, run, key))
    merged = history.load(tx, run, key, touched, rows)
    _delete(tx, run, key, touched, rows[-1], complete=len(rows) < _MOST_ROWS)
    pack(tx, run, key, merged)
    return len(rows)


def _short_last(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The last chunk if it is worth filling up."""
    return [c for c in chunks[-1:] if c.size < CHUNK // 2]


def _delete(
    tx: Tx, run: int, key: int, chunks: Sequence[Chunk], last: history.PointRow, *, complete: bool
) -> None:
    for chunk in chunks:
        tx.run(
            "DELETE FROM chunks WHERE run_id = ? AND key_id = ? AND first_step = ?"
            " AND first_ts = ?",
            (run, key, *chunk.first),
        )
    if complete:
        tx.run("DELETE FROM points WHERE run_id = ? AND key_id = ?", (run, key))
        return
    tx.run(
        "DELETE FROM points WHERE run_id = ? AND key_id = ? AND (step < ? OR (step = ? AND ("
        "ts < ? OR (ts = ? AND (value < ? OR (value = ? AND nan <= ?))))))",
        (run, key, last[0], last[0], last[1], last[1], last[2], last[2], last[3]),
    )


def pack(tx: Tx, run: int, key: int, points: History) -> None:
    """Store a sorted history, or its tail, as chunks that overlap no other."""
    bounds = _bounds(points)
    rows = []
    for start, end in bounds:
        part = History()
        part.times = points.times[start:end]
        rows.append(
            (
                run,
                key,
                points.steps[start],
                points.times[start],
                points.steps[end - 1],
                points.times[end - 1],
                int(part.in_time_order()),
                end - start,
                points.pack(start, end),
            )
        )
    for row in rows:
        tx.insert("chunks", _COLUMNS, [row])


_COLUMNS = (
    "run_id",
    "key_id",
    "first_step",
    "first_ts",
    "last_step",
    "last_ts",
    "in_time_order",
    "size",
    "data",
)


def _bounds(points: History) -> list[tuple[int, int]]:
    """Where to cut: every CHUNK points, but never between points of one step and timestamp, which
    together name a chunk."""
    bounds, start, size = [], 0, len(points)
    while start < size:
        end = min(start + CHUNK, size)
        while end < size and (
            (points.steps[end], points.times[end]) == (points.steps[end - 1], points.times[end - 1])
        ):
            end += 1
        bounds.append((start, end))
        start = end
    return bounds
