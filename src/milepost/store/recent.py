"""Recent points: what was logged and is not packed yet, in the order in which it came.

A row holds what one group commit logged to one run: records of 28 bytes (int64 step, int64
timestamp, float64 value, uint32 key id, little-endian), whatever their keys. Rows are clustered by
run, so a batch of a thousand points of a hundred keys is one row and touches a handful of pages; a
row a point, clustered by key, would touch a page a key. Who reads one key sifts the run's records,
of which folding.py keeps few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import starmap
from struct import Struct
from time import time_ns

from milepost.store.points import History, Record, in_order
from milepost.store.tx import Tx, marks

Series = tuple[int, int]
"""(run id, key id)."""

_RECORD = Struct("<qqdI")
_ROW_RECORDS = 8192
_PART = 500


def _ticker() -> Callable[[], int]:
    last = 0

    def tick() -> int:
        nonlocal last
        last = max(time_ns(), last + 1)
        return last

    return tick


_next = _ticker()
"""Numbers of rows. They need only differ within a run; should two servers ever pick the same one,
the second is refused by the primary key and its group is tried again."""


def add(tx: Tx, records: Mapping[int, Sequence[Record]]) -> None:
    """Append records by run."""
    rows = [
        (run, _next(), len(part), b"".join(starmap(_RECORD.pack, part)))
        for run, logged in records.items()
        for part in _parts(logged)
    ]
    tx.insert("recent", ("run_id", "seq", "size", "data"), rows)


def _parts(logged: Sequence[Record]) -> Iterable[Sequence[Record]]:
    if len(logged) <= _ROW_RECORDS:
        return (logged,)
    return (logged[i : i + _ROW_RECORDS] for i in range(0, len(logged), _ROW_RECORDS))


def counts(tx: Tx, runs: Sequence[int]) -> dict[int, int]:
    """How many records each of the runs has; those without any are left out."""
    found: dict[int, int] = {}
    for start in range(0, len(runs), _PART):
        part = runs[start : start + _PART]
        rows = tx.rows(
            f"SELECT run_id, SUM(size) FROM recent WHERE run_id IN ({marks(part)}) GROUP BY run_id",
            part,
        )
        found.update((run, int(size)) for run, size in rows)
    return found


def of_key(tx: Tx, run: int, key: int) -> History:
    """The recent points of one history."""
    records: list[Record] = []
    for (data,) in tx.rows("SELECT data FROM recent WHERE run_id = ?", (run,)):
        records += [record for record in _RECORD.iter_unpack(data) if record[3] == key]
    return in_order(records)


def of_runs(
    tx: Tx, runs: Sequence[int], keys: Collection[int] | None = None
) -> dict[Series, History]:
    """The recent points of histories of runs, all of them or those of some keys."""
    found: dict[Series, list[Record]] = defaultdict(list)
    for start in range(0, len(runs), _PART):
        part = runs[start : start + _PART]
        rows = tx.rows(f"SELECT run_id, data FROM recent WHERE run_id IN ({marks(part)})", part)
        for run, data in rows:
            for record in _RECORD.iter_unpack(data):
                if keys is None or record[3] in keys:
                    found[run, record[3]].append(record)
    return {series: in_order(records) for series, records in found.items()}


def take(tx: Tx, run: int, most: int) -> tuple[dict[int, History], int]:
    """The oldest rows of a run, of about `most` records together: their points by key, and the
    number of the last row, up to which they can be dropped."""
    sizes = tx.rows("SELECT seq, size FROM recent WHERE run_id = ? ORDER BY seq", (run,))
    last, total = 0, 0
    for number, size in sizes:
        last, total = number, total + size
        if total >= most:
            break
    found: dict[int, list[Record]] = defaultdict(list)
    for (data,) in tx.rows("SELECT data FROM recent WHERE run_id = ? AND seq <= ?", (run, last)):
        for record in _RECORD.iter_unpack(data):
            found[record[3]].append(record)
    return {key: in_order(records) for key, records in found.items()}, last


def drop(tx: Tx, run: int, last: int) -> None:
    """Remove the rows of a run up to number `last`."""
    tx.run("DELETE FROM recent WHERE run_id = ? AND seq <= ?", (run, last))
