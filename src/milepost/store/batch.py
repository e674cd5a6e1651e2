"""The hot path: applies any number of logged batches as a handful of set-based statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from milepost.domain.tracking import (
    LARGEST_DOUBLE,
    MAX_PARAM_VALUE,
    RUN_NAME_TAG,
    Batch,
    Lifecycle,
    Param,
    finite,
    last_tags,
)
from milepost.errors import Invalid, NotFound, Problem
from milepost.store import keys, logged_models, recent, runs
from milepost.store.folding import Folder
from milepost.store.points import PointRow, Record
from milepost.store.recent import Series
from milepost.store.runs import RunKey
from milepost.store.tx import Tx

_PAIRS = 4000
_RANK = itemgetter(0, 1, 2)

_LEAST, _MOST = -LARGEST_DOUBLE, LARGEST_DOUBLE


def not_found(run_id: str) -> NotFound:
    """The Problem for an unknown run."""
    return NotFound(f"Run with id={run_id} not found")


def not_active(run_id: str) -> Invalid:
    """The Problem for a write to a run in the trash."""
    return Invalid(f"The run {run_id} must be in the 'active' state. Current state is deleted.")


def writable(run_id: str, run: RunKey | None) -> RunKey:
    """The run if it may be written to; raises NotFound or Invalid."""
    if run is None:
        raise not_found(run_id)
    if run.lifecycle != Lifecycle.active:
        raise not_active(run_id)
    return run


def apply(tx: Tx, batches: Sequence[Batch], folder: Folder) -> list[Problem | None]:
    """Log all batches; for each None, or the Problem that kept it out (then nothing of it is
    written). The batches have passed domain.tracking.check_batch."""
    outcomes: list[Problem | None] = [None] * len(batches)
    locked = runs.lock(tx, [batch.run_id for batch in batches])
    measured = logged_models.measured(batches)
    models = logged_models.numbers(tx, sorted(measured))
    accepted: list[tuple[RunKey, Batch]] = []
    for i, batch in enumerate(batches):
        try:
            run = writable(batch.run_id, locked.get(batch.run_id))
            if measured:
                logged_models.check_known(batch, models)
            accepted.append((run, batch))
        except Problem as problem:
            outcomes[i] = problem
    names = keys.ensure(tx, _names(batch for _, batch in accepted))
    params = _NewParams(tx, accepted, names)
    kept: list[tuple[RunKey, Batch]] = []
    positions = [i for i, outcome in enumerate(outcomes) if outcome is None]
    for i, (run, batch) in zip(positions, accepted, strict=True):
        try:
            params.take(run, batch)
        except Invalid as problem:
            outcomes[i] = problem
        else:
            kept.append((run, batch))
    params.insert()
    _set_tags(tx, kept, names)
    _add_metrics(tx, kept, names, folder)
    if measured:
        logged_models.add_metrics(tx, kept, names, models)
    return outcomes


def _names(batches: Iterable[Batch]) -> set[str]:
    names: set[str] = set()
    for batch in batches:
        for items in (batch.metrics, batch.params, batch.tags):
            names.update([item.key for item in items])
    return names


class _NewParams:
    """Params of a group of batches, checked against what is stored and against each other."""

    def __init__(
        self, tx: Tx, accepted: Sequence[tuple[RunKey, Batch]], names: Mapping[str, int]
    ) -> None:
        self._tx = tx
        self._names = names
        self._new: list[tuple[int, int, int, str]] = []
        pairs = [(run.id, names[p.key]) for run, batch in accepted for p in batch.params]
        self._known: dict[tuple[int, int], str] = {
            (run, key): value
            for run, key, value in _by_pair(tx, "run_id, key_id, value", "params", pairs)
        }

    def take(self, run: RunKey, batch: Batch) -> None:
        """Accept the params of a batch, or raise Invalid where one would change a value."""
        changed, new = [], []
        for param in batch.params:
            pair, value = (run.id, self._names[param.key]), param.value[:MAX_PARAM_VALUE]
            old = self._known.get(pair)
            if old is None:
                new.append((pair, value))
            elif old != value:
                changed.append((param, old))
        if changed:
            raise _changed(batch, changed)
        self._known.update(new)
        self._new += [(*pair, run.experiment_id, value) for pair, value in new]

    def insert(self) -> None:
        """Write the accepted params."""
        self._tx.insert("params", ("run_id", "key_id", "experiment_id", "value"), self._new)


def _changed(batch: Batch, params: Sequence[tuple[Param, str]]) -> Invalid:
    """The Problem for params that have another value already, worded as MLflow does for one that
    came alone and for those of a batch."""
    if len(batch.params) == 1:
        ((param, old),) = params
        return Invalid(
            f"Changing param values is not allowed. Param with key='{param.key}' was already logged"
            f" with value='{old}' for run ID='{batch.run_id}'. Attempted logging new value"
            f" '{param.value}'."
        )
    shown = [{"key": p.key, "old_value": old, "new_value": p.value} for p, old in params]
    return Invalid(
        f"Changing param values is not allowed. Params were already logged='{shown}'"
        f" for run ID='{batch.run_id}'."
    )


def _set_tags(tx: Tx, kept: Sequence[tuple[RunKey, Batch]], names: Mapping[str, int]) -> None:
    rows: dict[tuple[int, int], tuple[int, str]] = {}
    renamed: dict[int, str] = {}
    for run, batch in kept:
        for key, value in last_tags(batch.tags).items():
            rows[run.id, names[key]] = (run.experiment_id, value)
            if key == RUN_NAME_TAG:
                renamed[run.id] = value
    tx.insert(
        "tags",
        ("run_id", "key_id", "experiment_id", "value"),
        [(*pair, *rest) for pair, rest in rows.items()],
        keys=("run_id", "key_id"),
        on_conflict="update",
    )
    for number, name in renamed.items():
        tx.run("UPDATE runs SET name = ? WHERE id = ?", (name, number))


def _add_metrics(
    tx: Tx, kept: Sequence[tuple[RunKey, Batch]], names: Mapping[str, int], folder: Folder
) -> None:
    records: dict[int, list[Record]] = defaultdict(list)
    for run, batch in kept:
        records[run.id] += [
            (m.step, m.timestamp, v if _LEAST <= (v := m.value) <= _MOST else finite(v),
             names[m.key])
            for m in batch.metrics
        ]  # fmt: skip
    records = {run: logged for run, logged in records.items() if logged}
    if not records:
        return
    recent.add(tx, records)
    _update_last(tx, records, {run.id: run.experiment_id for run, _ in kept})
    counts = {run: len(logged) for run, logged in records.items()}
    tx.after_commit(lambda: folder.added(counts))


def _update_last(
    tx: Tx, records: Mapping[int, Sequence[Record]], experiments: Mapping[int, int]
) -> None:
    """Bring last and best values up to date. The last point is the greatest by step, timestamp,
    value (NaN counts as 0), the first that came of those that tie; of equal best values the one at
    the lowest step is kept."""
    series: dict[Series, list[Record]] = defaultdict(list)
    for run, logged in records.items():
        for record in logged:
            series[run, record[3]].append(record)
    known = {
        row[:2]: row[2:]
        for row in _by_pair(
            tx,
            "run_id, key_id, value, nan, step, ts, min_value, min_step, max_value, max_step",
            "metrics",
            list(series),
        )
    }
    tx.insert(
        "metrics",
        ("run_id", "key_id", "experiment_id", "value", "nan", "step", "ts", "min_value",
         "min_step", "max_value", "max_step"),
        [
            (*pair, experiments[pair[0]], *_merged(known.get(pair), points))
            for pair, points in series.items()
        ],
        keys=("run_id", "key_id"),
        on_conflict="update",
    )  # fmt: skip


def _merged(old: Sequence[Any] | None, points: Sequence[Record]) -> tuple[Any, ...]:
    """(value, nan, step, ts, min_value, min_step, max_value, max_step) after more points."""
    best = [(value, step) for step, _, value, _ in points if value == value]
    last = _last(points, numbers=len(best) == len(points))
    if old is not None:
        last = max((old[2], old[3], old[0], old[1]), last, key=_RANK)
        if old[4] is not None:
            best += [(old[4], old[5]), (old[6], old[7])]
    if not best:
        return (last[2], last[3], last[0], last[1], None, None, None, None)
    low, low_step = min(best)
    high = max(best)[0]
    high_step = min([step for value, step in best if value == high])
    return (last[2], last[3], last[0], last[1], low, low_step, high, high_step)


def _last(points: Sequence[Record], *, numbers: bool) -> PointRow:
    """The greatest point, the first of those that tie; `numbers` says that none is NaN."""
    if numbers:
        step, time, value, _ = max(points)
        return step, time, value, 0
    return max([(s, t, v, 0) if v == v else (s, t, 0.0, 1) for s, t, v, _ in points], key=_RANK)


def _by_pair(
    tx: Tx, columns: str, table: str, pairs: Sequence[tuple[int, int]]
) -> Iterable[tuple[Any, ...]]:
    """Rows of `table` whose (run_id, key_id) is one of `pairs`."""
    for start in range(0, len(pairs), _PAIRS):
        part = pairs[start : start + _PAIRS]
        source, parameters = tx.dialect.pairs_source(part)
        yield from tx.rows(
            f"SELECT {columns} FROM {table} WHERE (run_id, key_id) IN ({source})", parameters
        )
