"""Removing for good what is in the trash, in batches; and giving the space back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from milepost.domain.artifacts import OwnerKind
from milepost.domain.tracking import Lifecycle
from milepost.store import runs
from milepost.store.dialect import Dialect
from milepost.store.tx import Tx, marks

RUN_TABLES = (
    "metrics", "recent", "chunks", "params", "tags", "run_dataset_tags", "run_datasets",
    "run_models", "logged_model_metrics",
)  # fmt: skip
"""What hangs on a run by `run_id`."""

MODEL_TABLES = ("logged_model_params", "logged_model_tags", "logged_model_metrics")
"""What hangs on a logged model by `model_id`."""

EXPERIMENT_TABLES = ("experiment_tags", "datasets")
"""What hangs on an experiment by `experiment_id` and is not a run or model."""

FILE_TABLES = ("artifact_files", "artifact_usage", "artifact_pending")
"""What counts the files of an `owner` of a `kind`."""

_PART = 1000


class Dead(NamedTuple):
    """A run, logged model or experiment in the trash."""

    number: int
    id: str
    root: str
    """The URI of its artifacts."""


def dead_runs(
    tx: Tx, before: int, ids: Sequence[str], experiments: Sequence[int], after: int, limit: int
) -> list[Dead]:
    """Runs that went to the trash before a time, optionally only some, after number `after`."""
    return _dead(tx, "runs", "uuid", before, ids, experiments, after, limit)


def dead_models(
    tx: Tx, before: int, ids: Sequence[str], experiments: Sequence[int], after: int, limit: int
) -> list[Dead]:
    """As `dead_runs`, for logged models."""
    return _dead(tx, "logged_models", "uuid", before, ids, experiments, after, limit)


def _dead(
    tx: Tx,
    table: str,
    name: str,
    before: int,
    ids: Sequence[str],
    experiments: Sequence[int],
    after: int,
    limit: int,
) -> list[Dead]:
    where, parameters = _in_trash(name, before, ids, experiments)
    rows = tx.rows(
        f"SELECT id, {name}, artifact_uri FROM {table}"
        f" WHERE id > ? AND {where} ORDER BY id LIMIT ?",
        (after, *parameters, limit),
    )
    return [Dead(*row) for row in rows]


def _in_trash(
    name: str, before: int, ids: Sequence[str], experiments: Sequence[int]
) -> tuple[str, list[str | int]]:
    where = "lifecycle = ? AND COALESCE(deleted, 0) <= ?"
    parameters: list[str | int] = [Lifecycle.deleted, before]
    if ids:
        where += f" AND {name} IN ({marks(ids)})"
        parameters += list(ids)
    if experiments:
        where += f" AND experiment_id IN ({marks(experiments)})"
        parameters += list(experiments)
    return where, parameters


def count_dead(
    tx: Tx, table: str, before: int, ids: Sequence[str], experiments: Sequence[int]
) -> int:
    """How many rows of `runs` or `logged_models` went to the trash before a time."""
    where, parameters = _in_trash("uuid", before, ids, experiments)
    row = tx.row(f"SELECT COUNT(*) FROM {table} WHERE {where}", parameters)
    return int(row[0]) if row else 0


def dead_experiments(tx: Tx, before: int, numbers: Sequence[int]) -> list[Dead]:
    """Experiments that went to the trash before a time."""
    where = f" AND id IN ({marks(numbers)})" if numbers else ""
    rows = tx.rows(
        "SELECT id, id, artifact_location FROM experiments"
        f" WHERE lifecycle = ? AND updated <= ?{where} ORDER BY id",
        (Lifecycle.deleted, before, *numbers),
    )
    return [Dead(row[0], str(row[1]), row[2]) for row in rows]


def claim_runs(tx: Tx, numbers: Sequence[int]) -> set[int]:
    """Mark runs whose files are about to be removed, so that nobody restores them meanwhile; those
    that are still in the trash."""
    return _claim(tx, "runs", numbers)


def claim_models(tx: Tx, numbers: Sequence[int]) -> set[int]:
    """As `claim_runs`, for logged models."""
    return _claim(tx, "logged_models", numbers)


def _claim(tx: Tx, table: str, numbers: Sequence[int]) -> set[int]:
    rows = tx.rows(
        f"SELECT id FROM {table} WHERE id IN ({marks(numbers)}) AND lifecycle = ? ORDER BY id"
        f"{tx.dialect.for_update}",
        (*numbers, Lifecycle.deleted),
    )
    found = [row[0] for row in rows]
    if found:
        tx.run(f"UPDATE {table} SET deleted = {runs.GOING} WHERE id IN ({marks(found)})", found)
    return set(found)


def remove_runs(tx: Tx, numbers: Sequence[int]) -> int:
    """Remove runs with all that hangs on them; one that was restored meanwhile stays. Returns how
    many were removed."""
    rows = tx.rows(
        f"SELECT id FROM runs WHERE id IN ({marks(numbers)}) AND lifecycle = ? ORDER BY id"
        f"{tx.dialect.for_update}",
        (*numbers, Lifecycle.deleted),
    )
    numbers = [row[0] for row in rows]
    _remove_files(tx, OwnerKind.run, numbers)
    return _remove(tx, "runs", "run_id", RUN_TABLES, numbers)


def remove_models(tx: Tx, numbers: Sequence[int]) -> int:
    """As `remove_runs`, for logged models."""
    rows = tx.rows(
        f"SELECT id, uuid FROM logged_models WHERE id IN ({marks(numbers)}) AND lifecycle = ?"
        f" ORDER BY id{tx.dialect.for_update}",
        (*numbers, Lifecycle.deleted),
    )
    names = [row[1] for row in rows]
    if names:
        tx.run(f"DELETE FROM run_models WHERE model_id IN ({marks(names)})", names)
    _remove_files(tx, OwnerKind.model, [row[0] for row in rows])
    return _remove(tx, "logged_models", "model_id", MODEL_TABLES, [row[0] for row in rows])


def _remove(tx: Tx, table: str, column: str, parts: Collection[str], numbers: Sequence[int]) -> int:
    if not numbers:
        return 0
    for part in parts:
        tx.run(f"DELETE FROM {part} WHERE {column} IN ({marks(numbers)})", numbers)
    return tx.run(f"DELETE FROM {table} WHERE id IN ({marks(numbers)})", numbers)


def _remove_files(tx: Tx, kind: OwnerKind, numbers: Sequence[int]) -> None:
    """Count the files of runs or models no longer, nor in the sums of their experiments."""
    if not numbers:
        return
    within = f"kind = ? AND owner IN ({marks(numbers)})"
    sums = tx.rows(
        f"SELECT experiment_id, SUM(bytes), SUM(files) FROM artifact_usage WHERE {within}"
        " GROUP BY experiment_id ORDER BY experiment_id",
        (kind, *numbers),
    )
    for experiment, size, files in sums:
        tx.run(
            "UPDATE artifact_usage SET bytes = bytes - ?, files = files - ?"
            " WHERE kind = ? AND owner = ?",
            (int(size), int(files), OwnerKind.experiment, experiment),
        )
    for table in FILE_TABLES:
        tx.run(f"DELETE FROM {table} WHERE {within}", (kind, *numbers))


def remove_experiment(tx: Tx, number: int) -> bool:
    """Remove an experiment in the trash, once nothing is left in it; whether it was removed."""
    row = tx.row(
        "SELECT 1 FROM experiments WHERE id = ? AND lifecycle = ?"
        " AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment_id = ?)"
        " AND NOT EXISTS (SELECT 1 FROM logged_models WHERE experiment_id = ?)",
        (number, Lifecycle.deleted, number, number),
    )
    if row is None:
        return False
    _remove_files(tx, OwnerKind.experiment, [number])
    for table in EXPERIMENT_TABLES:
        tx.run(f"DELETE FROM {table} WHERE experiment_id = ?", (number,))
    return bool(tx.run("DELETE FROM experiments WHERE id = ?", (number,)))


class Owners(NamedTuple):
    """What the folders of the artifact store may belong to."""

    experiments: set[str]
    runs: set[str]
    models: set[str]


def owners(
    tx: Tx, experiments: Sequence[str], run_ids: Sequence[str], models: Sequence[str]
) -> Owners:
    """Those of the ids that exist, deleted or not."""
    numbers = [int(e) for e in experiments]
    return Owners(
        {str(n) for n in _existing(tx, "experiments", "id", numbers)},
        {str(n) for n in _existing(tx, "runs", "uuid", run_ids)},
        {str(n) for n in _existing(tx, "logged_models", "uuid", models)},
    )


def _existing(tx: Tx, table: str, column: str, wanted: Sequence[object]) -> set[object]:
    found: set[object] = set()
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        sql = f"SELECT {column} FROM {table} WHERE {column} IN ({marks(part)})"
        found.update(row[0] for row in tx.rows(sql, part))
    return found


def give_back(dialect: Dialect, tables: Sequence[str]) -> None:
    """Return freed space to the operating system. SQLite rewrites its file (writers wait, and it
    needs as much room again meanwhile); PostgreSQL and MySQL go table by table."""
    connection = dialect.connect(False)
    try:
        cursor = connection.cursor()
        if dialect.name == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for table in tables if dialect.name != "sqlite" else ():
            cursor.execute(
                f"VACUUM (ANALYZE) {table}"
                if dialect.name == "postgresql"
                else f"OPTIMIZE TABLE {table}"
            )
            if dialect.name == "mysql":
                cursor.fetchall()
    except Exception as error:
        raise dialect.problem(error) or error from error
    finally:
        connection.close()
