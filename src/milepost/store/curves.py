"""Metric histories of many runs and keys in a few queries, for charts."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from milepost.store.folding import WORTH_READING
from milepost.store.history import History
from milepost.store.tx import Tx, marks

Series = tuple[int, int]
"""(run id, key id)."""

_RUNS = 200


def read(
    tx: Tx, runs: Sequence[int], key_ids: Sequence[int], first_step: int
) -> tuple[dict[Series, History], list[Series]]:
    """The history from `first_step` on of each metric of each run that has points, and the
    histories that would be read faster if they were packed. Packed points a little before
    `first_step` may come along."""
    found: dict[Series, History] = {}
    slow: list[Series] = []
    for start in range(0, len(runs), _RUNS):
        for key in key_ids:
            _read(tx, runs[start : start + _RUNS], key, first_step, found, slow)
    return found, slow


def _read(
    tx: Tx,
    runs: Sequence[int],
    key: int,
    first_step: int,
    found: dict[Series, History],
    slow: list[Series],
) -> None:
    where = f"run_id IN ({marks(runs)}) AND key_id = ?"
    parameters = (*runs, key, first_step)
    for run, data, size in tx.rows(
        f"SELECT run_id, data, size FROM chunks WHERE {where} AND last_step >= ?"
        " ORDER BY run_id, first_step, first_ts",
        parameters,
    ):
        found.setdefault((run, key), History()).extend_packed(data, size)
    rows = tx.rows(
        f"SELECT run_id, step, ts, CASE WHEN nan = 0 THEN value END FROM points WHERE {where}"
        " AND step >= ? ORDER BY run_id, step, ts, value",
        parameters,
    )
    for run, tail in _by_run(rows):
        series = run, key
        found[series] = _joined(found.get(series), tail)
        if len(tail) >= WORTH_READING:
            slow.append(series)


def _by_run(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, History]]:
    """Cuts sorted rows into histories, whole columns at a time: there may be very many rows."""
    if not rows:
        return
    runs, steps, times, values = zip(*rows, strict=True)
    start = 0
    while start < len(runs):
        end = bisect_right(runs, runs[start], lo=start)
        history = History()
        history.steps = array("q", steps[start:end])
        history.times = array("q", times[start:end])
        part = values[start:end]
        if None in part:
            part = tuple(float("nan") if v is None else v for v in part)
        history.values = array("d", part)
        yield runs[start], history
        start = end


def _joined(packed: History | None, tail: History) -> History:
    """Packed points and those that are not packed yet as one sorted history."""
    if packed is None:
        return tail
    if (packed.steps[-1], packed.times[-1]) < (tail.steps[0], tail.times[0]):
        packed.steps += tail.steps
        packed.times += tail.times
        packed.values += tail.values
        return packed
    merged = History()
    merged.extend_rows(sorted(set(packed.rows()).union(tail.rows())))
    return merged
