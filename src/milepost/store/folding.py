"""Folding: packs the recent points of runs into chunks while nobody is waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from milepost.store import history, recent
from milepost.store.history import CHUNK, Chunk
from milepost.store.points import History
from milepost.store.tx import Tx

FOLD_FROM = 4096
"""Recent points a run must have gathered before packing them pays."""

WORTH_READING = 512
"""Recent points of a run from which sifting them again costs more than packing them once."""

_MOST_POINTS = 8 * CHUNK
_THIN = 16
"""Points a key; below this a run of very many keys waits until it has _PATIENCE points."""
_PATIENCE = 32 * CHUNK
"""Recent points of a run that make packing them urgent: until then it waits for a quiet moment."""
_MOST_COUNTED = 100_000


class Folder:
    """Counts the points this process added to each run and hands out folding work.

    Forgetting a count (on restart, or when too many are kept) costs nothing but space: the points
    stay readable and are packed when the run grows again or is read.
    """

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._due: dict[int, None] = {}  # a set that keeps its order
        self._lock = Lock()

    def added(self, counts: Mapping[int, int]) -> None:
        """Note committed points by run."""
        with self._lock:
            if len(self._counts) > _MOST_COUNTED:
                self._counts.clear()
            for run, count in counts.items():
                total = self._counts.get(run, 0) + count
                self._counts[run] = total
                if total >= FOLD_FROM:
                    self._due[run] = None

    def found(self, counts: Mapping[int, int]) -> None:
        """Note the recent points of runs that somebody read and may soon read again."""
        with self._lock:
            for run, count in counts.items():
                if count >= WORTH_READING:
                    self._counts[run] = count
                    self._due[run] = None

    def next(self, *, busy: bool) -> tuple[Any, int] | None:
        """The next run to fold, as a verb and its argument; an urgent one while others wait."""
        with self._lock:
            runs = iter(self._due)
            if busy:
                runs = (run for run in runs if self._counts.get(run, 0) >= _PATIENCE)
            run = next(runs, None)
            if run is None:
                return None
            del self._due[run]
            left = self._counts.pop(run, 0) - _MOST_POINTS
            if left >= FOLD_FROM:
                self._counts[run] = left
                self._due[run] = None
            return fold, run


def fold(tx: Tx, run: int) -> int:
    """Pack the recent points of a run, the oldest first; returns how many were packed.

    New points mostly come after all packed ones; where they fall between them, the chunks from
    there on are packed again, so that chunks never overlap.
    """
    if tx.dialect.for_update:
        # Writers hold this lock too, so no point can slip in between reading and dropping.
        tx.rows("SELECT id FROM runs WHERE id = ? FOR UPDATE", (run,))
    points, last = recent.take(tx, run, _MOST_POINTS)
    if _size(points) < _THIN * len(points):
        if recent.counts(tx, [run])[run] < _PATIENCE:
            return 0
        points, last = recent.take(tx, run, _PATIENCE)
    packed = []
    for key, tail in points.items():
        touched = _touched(history.chunks(tx, run, key), tail)
        merged = history.load(tx, run, key, touched, tail)
        _delete(tx, run, key, touched)
        packed += _chunk_rows(run, key, merged)
    tx.insert("chunks", _COLUMNS, packed)
    recent.drop(tx, run, last)
    return _size(points)


def _size(points: Mapping[int, History]) -> int:
    return sum(map(len, points.values()))


def _touched(chunks: Sequence[Chunk], tail: History) -> list[Chunk]:
    """The chunks that new points fall into, or else the last ones that are worth filling up: as
    each is filled up by as many points as it has, none is written more than a few times."""
    overlapped = [c for c in chunks if c.last >= tail.first]
    if overlapped:
        return overlapped
    size, first = len(tail), len(chunks)
    while first > 0 and chunks[first - 1].size <= min(size, CHUNK // 2):
        first -= 1
        size += chunks[first].size
    return list(chunks[first:])


def _delete(tx: Tx, run: int, key: int, chunks: Sequence[Chunk]) -> None:
    for chunk in chunks:
        tx.run(
            "DELETE FROM chunks WHERE run_id = ? AND key_id = ? AND first_step = ?"
            " AND first_ts = ?",
            (run, key, *chunk.first),
        )


def pack(tx: Tx, run: int, key: int, points: History) -> None:
    """Store a sorted history as chunks; it must not have any yet."""
    tx.insert("chunks", _COLUMNS, _chunk_rows(run, key, points))


def _chunk_rows(run: int, key: int, points: History) -> list[tuple[Any, ...]]:
    """A sorted history, or its tail, as chunks that overlap no other."""
    rows = []
    for start, end in _bounds(points):
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
    return rows


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
