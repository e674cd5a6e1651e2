"""Whole runs in and out of the database in bulk, ids, times and histories as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any, TypeVar

from milepost.domain.tracking import Experiment, Run, finite
from milepost.store import folding, keys, recent, runs
from milepost.store.points import History, Record
from milepost.store.tx import Tx, marks

K = TypeVar("K", int, str)
_PART = 1000
_MOST_POINTS = 200_000
_WORTH_PACKING = 512


class RunRecord:
    """A run with everything logged to it. `deleted` is when it went to the trash (ms), None for
    an active run; `number` is the integer id it has in this store, 0 for one from elsewhere.
    `run.metrics` is empty: the last points follow from the histories."""

    __slots__ = ("deleted", "histories", "number", "run")

    def __init__(self, run: Run, deleted: int | None, number: int = 0) -> None:
        self.run = run
        self.deleted = deleted
        self.number = number
        self.histories: dict[str, History] = {}

    @property
    def points(self) -> int:
        """How many points all histories have together."""
        return sum(map(len, self.histories.values()))


def sorted_history(history: History) -> History:
    """`history` in the order histories have, without duplicates, infinities made finite."""
    history.values = type(history.values)("d", map(finite, history.values))
    if all(a < b for a, b in pairwise(history.rows())):
        return history
    ordered = History()
    ordered.extend_rows(sorted(set(history.rows())))
    return ordered


# Reading


def experiments_page(tx: Tx, names: Sequence[str]) -> list[tuple[int, int]]:
    """(id, number of runs) of the experiments with these names, all of them if there are none."""
    where = f"WHERE e.name IN ({marks(names)}) " if names else ""
    return [
        (row[0], row[1])
        for row in tx.rows(
            "SELECT e.id, (SELECT COUNT(*) FROM runs r WHERE r.experiment_id = e.id)"
            f" FROM experiments e {where}ORDER BY e.id",
            names,
        )
    ]


def run_numbers(tx: Tx, experiment: int, after: int, limit: int) -> list[tuple[int, str]]:
    """(number, id) of runs of an experiment in the order they were made, deleted ones too."""
    rows = tx.rows(
        "SELECT id, uuid FROM runs WHERE experiment_id = ? AND id > ? ORDER BY id LIMIT ?",
        (experiment, after, limit),
    )
    return [(row[0], row[1]) for row in rows]


def known(tx: Tx, run_ids: Sequence[str]) -> set[str]:
    """Those of the run ids that exist."""
    found: set[str] = set()
    for start in range(0, len(run_ids), _PART):
        found.update(runs.numbers(tx, run_ids[start : start + _PART]))
    return found


def groups(counts: Mapping[K, int], numbers: Sequence[K]) -> Iterator[list[K]]:
    """Cut `numbers` where the points of a group would take too much memory at once."""
    group: list[K] = []
    total = 0
    for number in numbers:
        if group and total + counts.get(number, 0) > _MOST_POINTS:
            yield group
            group, total = [], 0
        group.append(number)
        total += counts.get(number, 0)
    if group:
        yield group


def records(tx: Tx, numbers: Sequence[int]) -> list[RunRecord]:
    """Whole runs by number, in that order."""
    rows = tx.rows(
        f"SELECT {runs.COLUMNS}, deleted FROM runs WHERE id IN ({marks(numbers)}) ORDER BY id",
        numbers,
    )
    found = {row[9]: RunRecord(run, row[10], row[9]) for row, run in _paired(tx, rows)}
    _add_histories(tx, found, numbers)
    return list(found.values())


def _paired(tx: Tx, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[Sequence[Any], Run]]:
    for row, run in zip(rows, runs.with_data(tx, rows), strict=True):
        run.metrics = []
        yield row, run


def _add_histories(tx: Tx, found: dict[int, RunRecord], numbers: Sequence[int]) -> None:
    within = f"run_id IN ({marks(numbers)})"
    histories: dict[tuple[int, int], History] = {}
    for run, key, data, size in tx.rows(
        f"SELECT run_id, key_id, data, size FROM chunks WHERE {within}"
        " ORDER BY run_id, key_id, first_step, first_ts",
        numbers,
    ):
        histories.setdefault((run, key), History()).extend_packed(data, size)
    packed = set(histories)
    for series, tail in recent.of_runs(tx, numbers).items():
        histories.setdefault(series, History()).extend(tail)
    names = keys.texts(tx, {key for _, key in histories})
    for (run, key), history in sorted(histories.items()):
        whole = sorted_history(history) if (run, key) in packed else history
        found[run].histories[names[key]] = whole


# Writing


def add_experiment(tx: Tx, experiment: Experiment) -> int:
    """Insert an experiment with all its fields; its id is kept if it is free. Returns the id."""
    columns = ["name", "artifact_location", "lifecycle", "created", "updated"]
    row = (
        experiment.name,
        experiment.artifact_location,
        experiment.lifecycle,
        experiment.created,
        experiment.updated,
    )
    taken = tx.row("SELECT 1 FROM experiments WHERE id = ?", (experiment.id,))
    if taken:
        number = tx.insert_id("experiments", columns, row)
    else:
        number = experiment.id
        tx.insert("experiments", ["id", *columns], [(number, *row)])
        advance_serial(tx, "experiments")
    ids = keys.ensure(tx, [tag.key for tag in experiment.tags])
    tx.insert(
        "experiment_tags",
        ("experiment_id", "key_id", "value"),
        [(number, ids[tag.key], tag.value) for tag in experiment.tags],
    )
    return number


def advance_serial(tx: Tx, table: str) -> None:
    """After explicit ids: let the numbers that the database gives start beyond them. SQLite and
    MySQL see to that themselves."""
    if tx.dialect.name == "postgresql":
        tx.rows(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
            f" GREATEST((SELECT COALESCE(MAX(id), 1) FROM {table}), 1))"
        )


def add_runs(tx: Tx, batch: Sequence[RunRecord]) -> None:
    """Insert whole runs; their ids must be free, their experiments exist."""
    tx.insert(
        "runs",
        ("uuid", "experiment_id", "name", "user_id", "status", "start_time", "end_time",
         "lifecycle", "deleted", "artifact_uri"),
        [
            (r.run.id, r.run.experiment_id, r.run.name, r.run.user_id, r.run.status,
             r.run.start_time, r.run.end_time, r.run.lifecycle, r.deleted, r.run.artifact_uri)
            for r in batch
        ],
    )  # fmt: skip
    numbers: dict[str, int] = {}
    for start in range(0, len(batch), _PART):
        numbers |= runs.numbers(tx, [r.run.id for r in batch[start : start + _PART]])
    ids = keys.ensure(tx, _names(batch))
    _add_values(tx, batch, numbers, ids)
    _add_metrics(tx, batch, numbers, ids)
    _add_inputs(tx, batch, numbers)
    tx.insert(
        "run_models",
        ("run_id", "role", "model_id", "step"),
        [
            *((numbers[r.run.id], 0, m, 0) for r in batch for m in r.run.model_inputs),
            *((numbers[r.run.id], 1, m.model_id, m.step)
              for r in batch for m in r.run.model_outputs),
        ],
        on_conflict="ignore",
    )  # fmt: skip


def _names(batch: Sequence[RunRecord]) -> Collection[str]:
    names: set[str] = set()
    for record in batch:
        names.update(record.histories)
        names.update(p.key for p in record.run.params)
        names.update(t.key for t in record.run.tags)
    return names


def _add_values(
    tx: Tx, batch: Sequence[RunRecord], numbers: dict[str, int], ids: dict[str, int]
) -> None:
    columns = ("run_id", "key_id", "experiment_id", "value")
    for table, field in (("params", "params"), ("tags", "tags")):
        rows = [
            (numbers[r.run.id], ids[item.key], r.run.experiment_id, item.value)
            for r in batch
            for item in getattr(r.run, field)
        ]
        tx.insert(table, columns, rows)


def _add_metrics(
    tx: Tx, batch: Sequence[RunRecord], numbers: dict[str, int], ids: dict[str, int]
) -> None:
    last: list[tuple[Any, ...]] = []
    records: dict[int, list[Record]] = {}
    for record in batch:
        run = numbers[record.run.id]
        for name, history in record.histories.items():
            key = ids[name]
            last.append((run, key, record.run.experiment_id, *summary(history)))
            if len(history) >= _WORTH_PACKING:
                folding.pack(tx, run, key, history)
            else:
                columns = (history.steps, history.times, history.values, repeat(key))
                records.setdefault(run, []).extend(zip(*columns, strict=False))
    tx.insert(
        "metrics",
        ("run_id", "key_id", "experiment_id", "value", "nan", "step", "ts", "min_value",
         "min_step", "max_value", "max_step"),
        last,
    )  # fmt: skip
    recent.add(tx, records)


def summary(history: History) -> tuple[Any, ...]:
    """(value, nan, step, ts, min, its step, max, its step) of a sorted, non-empty history."""
    value, step, time = history.values[-1], history.steps[-1], history.times[-1]
    numbers = [v for v in history.values if v == v]
    stored = (value, 0) if value == value else (0.0, 1)
    if not numbers:
        return (*stored, step, time, None, None, None, None)
    low, high = min(numbers), max(numbers)
    # The first of equal values has the lowest step.
    return (
        *stored, step, time,
        low, history.steps[history.values.index(low)],
        high, history.steps[history.values.index(high)],
    )  # fmt: skip


def _add_inputs(tx: Tx, batch: Sequence[RunRecord], numbers: dict[str, int]) -> None:
    wanted = {
        (r.run.experiment_id, i.dataset.name, i.dataset.digest): i.dataset
        for r in batch
        for i in r.run.datasets
    }
    tx.insert(
        "datasets",
        ("experiment_id", "name", "digest", "source_type", "source", "schema_text", "profile"),
        [(*key, d.source_type, d.source, d.schema, d.profile) for key, d in wanted.items()],
        on_conflict="ignore",
    )
    ids = {key: _dataset_id(tx, key) for key in wanted}
    links, tags = [], {}
    for record in batch:
        number = numbers[record.run.id]
        for item in record.run.datasets:
            dataset = ids[record.run.experiment_id, item.dataset.name, item.dataset.digest]
            links.append((number, dataset))
            tags.update({(number, dataset, t.key): t.value for t in item.tags})
    tx.insert("run_datasets", ("run_id", "dataset_id"), links, on_conflict="ignore")
    tx.insert(
        "run_dataset_tags",
        ("run_id", "dataset_id", "name", "value"),
        [(*key, value) for key, value in tags.items()],
        on_conflict="ignore",
    )


def _dataset_id(tx: Tx, key: tuple[int, str, str]) -> int:
    row = tx.row("SELECT id FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?", key)
    assert row is not None
    return int(row[0])
