"""Points of one metric of one run as columns, in the order of histories."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import le, lt
from typing import Any

_NAN = float("nan")

PointRow = tuple[int, int, float, int]
"""(step, timestamp, value, is-NaN), with value 0 for NaN: the order of a history."""

Record = tuple[int, int, float, int]
"""(step, timestamp, value, key id) as it was logged; a value may be NaN."""


class History:
    """Points of one metric of one run as three columns, sorted by (step, timestamp, value)."""

    __slots__ = ("steps", "times", "values")

    def __init__(self) -> None:
        self.steps = array("q")
        self.times = array("q")
        self.values = array("d")

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def first(self) -> tuple[int, int]:
        """Step and time of the first point; there must be one."""
        return self.steps[0], self.times[0]

    @property
    def last(self) -> tuple[int, int]:
        """Step and time of the last point; there must be one."""
        return self.steps[-1], self.times[-1]

    def extend(self, later: History) -> None:
        """Append points that come after all of these."""
        self.steps += later.steps
        self.times += later.times
        self.values += later.values

    def united(self, other: History) -> History:
        """The points of both, in order and each once."""
        both = History()
        both.extend_rows(sorted(set(self.rows()).union(other.rows())))
        return both

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


def in_order(records: Sequence[Record]) -> History:
    """Records of one key as a history: in order, each point once."""
    history = History()
    if not records:
        return history
    steps, times, values, _ = zip(*records, strict=True)
    if all(map(lt, steps, islice(steps, 1, None))):  # as nearly every training run logs them
        history.steps.extend(steps)
        history.times.extend(times)
        history.values.extend(values)
        return history
    rows = {(s, t, v, 0) if v == v else (s, t, 0.0, 1) for s, t, v, _ in records}
    history.extend_rows(sorted(rows))
    return history
