"""Metric histories of many runs and keys in a few queries, for charts."""

from __future__ import annotations

from collections.abc import Sequence

from milepost.store import recent
from milepost.store.points import History
from milepost.store.recent import Series
from milepost.store.tx import Tx, marks

_RUNS = 200
_LAST = 2**63 - 1


def read(
    tx: Tx, runs: Sequence[int], key_ids: Sequence[int], first_step: int
) -> tuple[dict[Series, History], dict[int, int]]:
    """The history from `first_step` on of each metric of each run that has points, and how many
    points of each run are not packed yet. Packed points a little before `first_step` may come
    along."""
    found: dict[Series, History] = {}
    unpacked: dict[int, int] = {}
    for start in range(0, len(runs), _RUNS):
        part = runs[start : start + _RUNS]
        for key in key_ids:
            _read_packed(tx, part, key, first_step, found)
        for series, points in recent.of_runs(tx, part, set(key_ids)).items():
            tail = points.between(first_step, _LAST)
            if len(tail):
                found[series] = _joined(found.get(series), tail)
        unpacked |= recent.counts(tx, part)
    return found, unpacked


def _read_packed(
    tx: Tx, runs: Sequence[int], key: int, first_step: int, found: dict[Series, History]
) -> None:
    for run, data, size in tx.rows(
        f"SELECT run_id, data, size FROM chunks WHERE run_id IN ({marks(runs)}) AND key_id = ?"
        " AND last_step >= ? ORDER BY run_id, first_step, first_ts",
        (*runs, key, first_step),
    ):
        found.setdefault((run, key), History()).extend_packed(data, size)


def _joined(packed: History | None, tail: History) -> History:
    """Packed points and those that are not packed yet as one sorted history."""
    if packed is None:
        return tail
    if packed.last >= tail.first:
        return packed.united(tail)
    packed.extend(tail)
    return packed
