"""Metric history: a set of points per (run, key), recent ones as they came, older ones packed.

A point is (step, timestamp, value, is-NaN); logging one twice changes nothing. Writers append to
the run's recent points (recent.py). In quiet moments folding.py packs those into `chunks` of up to
CHUNK points: columns of little-endian int64 steps, int64 timestamps and float64 values, ordered by
(step, timestamp, value), no two chunks of a history overlapping. Chunks and recent points are read
as one sorted, duplicate-free History. Packed points cost 24 bytes and are read whole columns at a
time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from milepost.store import recent
from milepost.store.points import History
from milepost.store.tx import Tx

CHUNK = 4096


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


def load(tx: Tx, run: int, key: int, parts: Sequence[Chunk], tail: History) -> History:
    """The union of `parts` of a history's chunks and `tail`."""
    history = History()
    for data, size in _data(tx, run, key, parts):
        history.extend_packed(data, size)
    if len(tail) and parts and parts[-1].last >= tail.first:
        return history.united(tail)
    history.extend(tail)
    return history


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
    tail = recent.of_key(tx, run, key).between(start, end)
    return load(tx, run, key, parts, tail).between(start, end)


def page(tx: Tx, run: int, key: int, offset: int, limit: int) -> History:
    """Up to `limit` points from `offset` on, ordered by timestamp, then step, then value. Where
    time follows steps only the chunks of the page are read."""
    parts, tail = chunks(tx, run, key), recent.of_key(tx, run, key)
    if not _ordered_by_time(parts, tail):
        history = load(tx, run, key, parts, tail)
        # A stable sort of the numbers keeps (step, value) as they are, NaN where it is stored.
        order = sorted(range(len(history)), key=history.times.__getitem__)
        return history.picked(order[offset : offset + limit])
    needed, before = [], 0
    for part in parts:
        if before + part.size > offset and before < offset + limit:
            needed.append((before, part))
        before += part.size
    start = needed[0][0] if needed else before
    if offset + limit <= before:
        tail = History()
    history = load(tx, run, key, [part for _, part in needed], tail)
    return history.part(offset - start, offset - start + limit)


def _ordered_by_time(parts: Sequence[Chunk], tail: History) -> bool:
    if not all(p.in_time_order for p in parts):
        return False
    if any(a.last[1] > b.first[1] for a, b in pairwise(parts)):
        return False
    if parts and len(tail):
        last, first = parts[-1].last, tail.first
        if last >= first or last[1] > first[1]:
            return False
    return tail.in_time_order()
