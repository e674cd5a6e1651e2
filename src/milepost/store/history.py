"""Metric history: a set of points per (run, key), recent ones as they came, older ones packed.

A point is (step, timestamp, value, is-NaN); logging one twice changes nothing. Writers append to
the run's recent points (recent.py). In quiet moments folding.py packs those into `chunks` of up to
CHUNK points: columns of little-endian int64 steps, int64 timestamps and float64 values, ordered by
(step, timestamp, value), no two chunks of a history overlapping. Chunks and recent points are read
as one sorted, duplicate-free History. Packed points cost 24 bytes and are read whole columns at a
time.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import le
from typing import Any

from milepost.store import recent
from milepost.store.recent import PointRow
from milepost.store.tx import Tx

CHUNK = 4096
_NAN = float("nan")


class History:
    """Points of one metric of one run as three columns, sorted by (step, timestamp, value)."""

    __slots__ = ("steps", "times", "values")

    def __init__(self) -> None:
        self.steps = array("q")
        self.times = array("q")
        self.values = array("d")

    def __len__(self) -> int:
        return len(self.steps)

    def extend_rows(self, rows: Sequence[PointRow]) -> None:
        """Append points given as sorted rows."""
        if rows:
            steps, times, values, nans = zip(*rows, strict=True)
            self.steps.extend(steps)
            self.times.extend(times)
            self.values.extend(
                [_NAN if nan else v for v, nan in zip(values, nans, strict=True)]
                if any(nans)
                else values
            )

    def extend_packed(self, data: bytes, size: int) -> None:
        """Append the points of a chunk."""
        packed, width = memoryview(data), 8 * size
        columns: tuple[array[Any], ...] = (self.steps, self.times, self.values)
        for i, column in enumerate(columns):
            part: array[Any] = array(column.typecode)
            part.frombytes(packed[width * i : width * (i + 1)])
            if sys.byteorder == "big":
                part.byteswap()
            column += part

    def rows(self) -> Iterator[PointRow]:
        """The points as rows."""
        for step, time, value in zip(self.steps, self.times, self.values, strict=True):
            yield (step, time, value, 0) if value == value else (step, time, 0.0, 1)

    def between(self, start: int, end: int) -> History:
        """The points with start <= step <= end."""
        return self.part(bisect_left(self.steps, start), bisect_right(self.steps, end))

    def part(self, start: int, end: int) -> History:
        """Points `start` to `end`, both of which may lie beyond the last one."""
        part = History()
        part.steps, part.times = self.steps[start:end], self.times[start:end]
        part.values = self.values[start:end]
        return part

    def picked(self, places: Sequence[int]) -> History:
        """The points at `places`, in that order."""
        found = History()
        found.steps.extend([self.steps[i] for i in places])
        found.times.extend([self.times[i] for i in places])
        found.values.extend([self.values[i] for i in places])
        return found

    def in_time_order(self) -> bool:
        """Whether timestamps never decrease along the steps, as in nearly every training run."""
        return all(map(le, self.times, islice(self.times, 1, None)))

    def pack(self, start: int, end: int) -> bytes:
        """Points `start` to `end` as the data of a chunk."""
        parts = [column[start:end] for column in (self.steps, self.times, self.values)]
        if sys.byteorder == "big":
            for part in parts:
                part.byteswap()
        return b"".join(part.tobytes() for part in parts)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is known of a chunk without reading its data."""

    first: tuple[int, int]
    last: tuple[int, int]
    in_time_order: bool
    size: int


def chunks(tx: Tx, run: int, key: int) -> list[Chunk]:
    """The chunks of a history in order."""
    rows = tx.rows(
        "SELECT first_step, first_ts, last_step, last_ts, in_time_order, size FROM chunks"
        " WHERE run_id = ? AND key_id = ? ORDER BY first_step, first_ts",
        (run, key),
    )
    return [Chunk((r[0], r[1]), (r[2], r[3]), bool(r[4]), r[5]) for r in rows]


def load(tx: Tx, run: int, key: int, parts: Sequence[Chunk], rows: Sequence[PointRow]) -> History:
    """The union of `parts` of a history's chunks and `rows`."""
    history = History()
    for data, size in _data(tx, run, key, parts):
        history.extend_packed(data, size)
    if not rows or not parts or parts[-1].last < rows[0][:2]:
        history.extend_rows(rows)
        return history
    merged = History()
    merged.extend_rows(sorted(set(history.rows()).union(rows)))
    return merged


def _data(tx: Tx, run: int, key: int, parts: Sequence[Chunk]) -> Iterable[tuple[bytes, int]]:
    for part in parts:
        row = tx.row(
            "SELECT data, size FROM chunks"
            " WHERE run_id = ? AND key_id = ? AND first_step = ? AND first_ts = ?",
            (run, key, *part.first),
        )
        if row is not None:
            yield row[0], row[1]


def read(tx: Tx, run: int, key: int) -> History:
    """The whole history."""
    return load(tx, run, key, chunks(tx, run, key), recent.of_key(tx, run, key))


def read_steps(tx: Tx, run: int, key: int, start: int, end: int) -> History:
    """The points with start <= step <= end."""
    parts = [c for c in chunks(tx, run, key) if c.first[0] <= end and c.last[0] >= start]
    rows = [r for r in recent.of_key(tx, run, key) if start <= r[0] <= end]
    return load(tx, run, key, parts, rows).between(start, end)


def page(tx: Tx, run: int, key: int, offset: int, limit: int) -> History:
    """Up to `limit` points from `offset` on, ordered by timestamp, then step, then value. Where
    time follows steps only the chunks of the page are read."""
    parts, rows = chunks(tx, run, key), recent.of_key(tx, run, key)
    if not _ordered_by_time(parts, rows):
        history = load(tx, run, key, parts, rows)
        # A stable sort of the numbers keeps (step, value) as they are, NaN where it is stored.
        order = sorted(range(len(history)), key=history.times.__getitem__)
        return history.picked(order[offset : offset + limit])
    needed, before = [], 0
    for part in parts:
        if before + part.size > offset and before < offset + limit:
            needed.append((before, part))
        before += part.size
    start = needed[0][0] if needed else before
    tail = rows if offset + limit > before else []
    history = load(tx, run, key, [part for _, part in needed], tail)
    return history.part(offset - start, offset - start + limit)


def _ordered_by_time(parts: Sequence[Chunk], rows: Sequence[PointRow]) -> bool:
    if not all(p.in_time_order for p in parts):
        return False
    if any(a.last[1] > b.first[1] for a, b in pairwise(parts)):
        return False
    if parts and rows and (parts[-1].last >= rows[0][:2] or parts[-1].last[1] > rows[0][1]):
        return False
    return all(a[1] <= b[1] for a, b in pairwise(rows))
