"""Runs in the database, read as pages without a query per run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from milepost.domain.tracking import (
    Dataset,
    DatasetInput,
    Lifecycle,
    ModelOutput,
    Param,
    Point,
    Run,
    RunStatus,
    Tag,
)
from milepost.errors import Conflict
from milepost.store import keys
from milepost.store.changes import run_topic
from milepost.store.tx import Tx, marks

COLUMNS = (
    "uuid, experiment_id, name, user_id, status, start_time, end_time, artifact_uri, lifecycle, id"
)
_NAN = float("nan")
_PART = 2000
GOING = -1
"""The time of deletion of a run whose removal for good has begun."""


class RunKey(NamedTuple):
    """What a write must know of a run."""

    id: int
    experiment_id: int
    lifecycle: int


class HeldRun(NamedTuple):
    """A run that is locked for this transaction."""

    id: int
    run: Run


def add(tx: Tx, new: Sequence[Run]) -> None:
    """Insert runs with their tags, and nothing else they may hold."""
    if not new:
        return
    tx.insert(
        "runs",
        ("uuid", "experiment_id", "name", "user_id", "status", "start_time", "end_time",
         "lifecycle", "artifact_uri"),
        [
            (run.id, run.experiment_id, run.name, run.user_id, int(run.status), run.start_time,
             run.end_time, int(run.lifecycle), run.artifact_uri)
            for run in new
        ],
    )  # fmt: skip
    tx.topics.update([run_topic(run.experiment_id, run.id) for run in new])
    ids = numbers(tx, [run.id for run in new])
    names = keys.ensure(tx, {tag.key for run in new for tag in run.tags})
    tx.insert(
        "tags",
        ("run_id", "key_id", "experiment_id", "value"),
        [
            (ids[run.id], names[tag.key], run.experiment_id, tag.value)
            for run in new
            for tag in run.tags
        ],
    )


def hold(tx: Tx, ids: Sequence[str]) -> dict[str, HeldRun]:
    """As `lock`, with what the run itself says (not its data)."""
    unique = sorted(set(ids))
    rows = tx.rows(
        f"SELECT {COLUMNS} FROM runs WHERE uuid IN ({marks(unique)})"
        f"{' ORDER BY id' + tx.dialect.for_update if tx.dialect.for_update else ''}",
        unique,
    )
    tx.topics.update([run_topic(row[1], row[0]) for row in rows])
    return {row[0]: HeldRun(row[9], _run(row)) for row in rows}


def save(tx: Tx, held: Sequence[HeldRun]) -> None:
    """Write status and end time of runs that are held."""
    for number, run in dict(held).items():
        tx.run(
            "UPDATE runs SET status = ?, end_time = ? WHERE id = ?",
            (int(run.status), run.end_time, number),
        )


def lock(tx: Tx, ids: Sequence[str]) -> dict[str, RunKey]:
    """Find runs by id and hold them until the transaction ends, so that whoever else writes to
    one of them waits; always locked in the same order, so that nobody waits in a ring."""
    unique = sorted(set(ids))
    if not unique:
        return {}  # only SQLite knows an empty IN ()
    rows = tx.rows(
        f"SELECT uuid, id, experiment_id, lifecycle FROM runs WHERE uuid IN ({marks(unique)})"
        f"{' ORDER BY id' + tx.dialect.for_update if tx.dialect.for_update else ''}",
        unique,
    )
    tx.topics.update([run_topic(row[2], row[0]) for row in rows])
    return {row[0]: RunKey(*row[1:]) for row in rows}


def find(tx: Tx, run_id: str) -> RunKey | None:
    """A run by id, for reading."""
    row = tx.row("SELECT id, experiment_id, lifecycle FROM runs WHERE uuid = ?", (run_id,))
    return RunKey(*row) if row else None


def numbers(tx: Tx, run_ids: Sequence[str]) -> dict[str, int]:
    """The integer ids of those runs that exist."""
    if not run_ids:
        return {}
    return dict(tx.rows(f"SELECT uuid, id FROM runs WHERE uuid IN ({marks(run_ids)})", run_ids))


def rows(tx: Tx, run_ids: Sequence[str]) -> Sequence[Sequence[Any]]:
    """Rows of COLUMNS of those runs that exist."""
    return tx.rows(f"SELECT {COLUMNS} FROM runs WHERE uuid IN ({marks(run_ids)})", run_ids)


def get(tx: Tx, run_id: str) -> Run | None:
    """A run with all that was logged to it."""
    rows = tx.rows(f"SELECT {COLUMNS} FROM runs WHERE uuid = ?", (run_id,))
    found = with_data(tx, rows)
    return found[0] if found else None


def _run(row: Sequence[Any]) -> Run:
    return Run(
        row[0], row[1], row[2], row[3], RunStatus(row[4]), row[5], row[6], row[7], Lifecycle(row[8])
    )


def with_data(tx: Tx, rows: Sequence[Sequence[Any]]) -> list[Run]:
    """Runs from rows of COLUMNS, with their metrics, params, tags, inputs and outputs."""
    runs = {row[9]: _run(row) for row in rows}
    numbers = list(runs)
    for start in range(0, len(numbers), _PART):
        _fill(tx, runs, numbers[start : start + _PART])
    return list(runs.values())


def _fill(tx: Tx, runs: dict[int, Run], numbers: Sequence[int]) -> None:
    within = f"run_id IN ({marks(numbers)})"
    metrics = tx.rows(
        f"SELECT run_id, key_id, value, ts, step, nan FROM metrics WHERE {within}"
        " ORDER BY run_id, key_id",
        numbers,
    )
    params = tx.rows(
        f"SELECT run_id, key_id, value FROM params WHERE {within} ORDER BY run_id, key_id", numbers
    )
    tags = tx.rows(
        f"SELECT run_id, key_id, value FROM tags WHERE {within} ORDER BY run_id, key_id", numbers
    )
    used = {row[1] for row in metrics}
    used.update(row[1] for row in params)
    used.update(row[1] for row in tags)
    names = keys.texts(tx, used)
    for run, key, value, time, step, nan in metrics:
        runs[run].metrics.append(Point(names[key], _NAN if nan else value, time, step))
    for run, key, value in params:
        runs[run].params.append(Param(names[key], value))
    for run, key, value in tags:
        runs[run].tags.append(Tag(names[key], value))
    _fill_inputs(tx, runs, numbers, within)


def _fill_inputs(tx: Tx, runs: dict[int, Run], numbers: Sequence[int], within: str) -> None:
    tags: dict[tuple[int, int], list[Tag]] = {}
    for run, dataset, name, value in tx.rows(
        f"SELECT run_id, dataset_id, name, value FROM run_dataset_tags WHERE {within}"
        " ORDER BY run_id, dataset_id, name",
        numbers,
    ):
        tags.setdefault((run, dataset), []).append(Tag(name, value))
    for run, dataset, *description in tx.rows(
        "SELECT r.run_id, d.id, d.name, d.digest, d.source_type, d.source, d.schema_text,"
        f" d.profile FROM run_datasets r JOIN datasets d ON d.id = r.dataset_id WHERE r.{within}"
        " ORDER BY r.run_id, d.id",
        numbers,
    ):
        runs[run].datasets.append(DatasetInput(Dataset(*description), tags.get((run, dataset), [])))
    for run, role, model, step in tx.rows(
        f"SELECT run_id, role, model_id, step FROM run_models WHERE {within}"
        " ORDER BY run_id, role, step, model_id",
        numbers,
    ):
        if role == 0:
            runs[run].model_inputs.append(model)
        else:
            runs[run].model_outputs.append(ModelOutput(model, step))


def set_lifecycle(tx: Tx, number: int, stage: Lifecycle, deleted: int | None) -> None:
    """Move a run to the trash (with the time in milliseconds) or out of it. Raises Conflict for one
    whose files are being removed for good."""
    touched = tx.run(
        "UPDATE runs SET lifecycle = ?, deleted = ? WHERE id = ? AND COALESCE(deleted, 0) <> ?",
        (stage, deleted, number, GOING),
    )
    if not touched:
        raise Conflict("The run is being removed for good; it cannot be restored any more.")


def delete_tag(tx: Tx, number: int, name: str) -> bool:
    """Remove a tag; whether it was there."""
    key = keys.find(tx, [name]).get(name)
    if key is None:
        return False
    return bool(tx.run("DELETE FROM tags WHERE run_id = ? AND key_id = ?", (number, key)))


def add_inputs(tx: Tx, run: RunKey, inputs: Sequence[DatasetInput]) -> None:
    """Connect data sets to a run. A data set already connected keeps the tags it has."""
    for item in inputs:
        dataset = _dataset(tx, run.experiment_id, item.dataset)
        known = tx.row(
            "SELECT 1 FROM run_datasets WHERE run_id = ? AND dataset_id = ?", (run.id, dataset)
        )
        if known:
            continue
        tx.insert("run_datasets", ("run_id", "dataset_id"), [(run.id, dataset)])
        tags = {tag.key: tag.value for tag in item.tags}
        tx.insert(
            "run_dataset_tags",
            ("run_id", "dataset_id", "name", "value"),
            [(run.id, dataset, key, value) for key, value in tags.items()],
        )


def _dataset(tx: Tx, experiment: int, dataset: Dataset) -> int:
    columns = ("experiment_id", "name", "digest", "source_type", "source", "schema_text", "profile")
    row = (experiment, dataset.name, dataset.digest, dataset.source_type, dataset.source,
           dataset.schema, dataset.profile)  # fmt: skip
    tx.insert("datasets", columns, [row], on_conflict="ignore")
    found = tx.row(
        "SELECT id FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?", row[:3]
    )
    assert found is not None
    return int(found[0])


def add_models(tx: Tx, number: int, role: int, models: Sequence[tuple[str, int]]) -> None:
    """Connect logged models to a run as inputs (role 0) or outputs (role 1), once each."""
    tx.insert(
        "run_models",
        ("run_id", "role", "model_id", "step"),
        [(number, role, model, step) for model, step in models],
        on_conflict="ignore",
    )
