"""Metric histories of many runs and keys in a few queries, for charts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from milepost.store.history import History, PointRow
from milepost.store.tx import Tx, marks

Series = tuple[int, int]
"""(run id, key id)."""

_RUNS = 200


def read(tx: Tx, runs: Sequence[int], key_ids: Sequence[int]) -> dict[Series, History]:
    """The whole history of each metric of each run that has points."""
    found: dict[Series, History] = {}
    for start in range(0, len(runs), _RUNS):
        found |= _read(tx, runs[start : start + _RUNS], key_ids)
    return found


def _read(tx: Tx, runs: Sequence[int], key_ids: Sequence[int]) -> dict[Series, History]:
    where = f"run_id IN ({marks(runs)}) AND key_id IN ({marks(key_ids)})"
    parameters = (*runs, *key_ids)
    found: dict[Series, History] = {}
    for run, key, data, size in tx.rows(
        f"SELECT run_id, key_id, data, size FROM chunks WHERE {where}"
        " ORDER BY run_id, key_id, first_step, first_ts",
        parameters,
    ):
        found.setdefault((run, key), History()).extend_packed(data, size)
    rows = tx.rows(
        f"SELECT run_id, key_id, step, ts, value, nan FROM points WHERE {where}"
        " ORDER BY run_id, key_id, step, ts, value, nan",
        parameters,
    )
    for series, points in groupby(rows, key=lambda row: (row[0], row[1])):
        tail = [row[2:] for row in points]
        found[series] = _joined(found.get(series), tail)
    return found


def _joined(packed: History | None, rows: Sequence[PointRow]) -> History:
    """Packed points and the rows that are not packed yet as one sorted history."""
    history = packed or History()
    if not len(history) or (history.steps[-1], history.times[-1]) < (rows[0][0], rows[0][1]):
        history.extend_rows(rows)
        return history
    merged = History()
    merged.extend_rows(sorted(set(history.rows()).union(rows)))
    return merged
