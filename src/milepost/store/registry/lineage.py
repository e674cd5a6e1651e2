"""The edges between data sets, runs, logged models and versions, followed forwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from milepost.store import keys, runs
from milepost.store.registry import versions
from milepost.store.tx import Tx, marks

_COMMIT = "mlflow.source.git.commit"
_PART = 2000


def runs_with_dataset(tx: Tx, name: str, digest: str, limit: int) -> list[int]:
    """Runs that read a data set, newest first; digest "" is any."""
    exact = " AND d.digest = ?" if digest else ""
    rows = tx.rows(
        "SELECT DISTINCT l.run_id FROM datasets d JOIN run_datasets l ON l.dataset_id = d.id"
        f" WHERE d.name = ?{exact} ORDER BY l.run_id DESC LIMIT ?",
        (name, *((digest,) if digest else ()), limit),
    )
    return [row[0] for row in rows]


def runs_of_commit(tx: Tx, commit: str, limit: int) -> list[int]:
    """Runs of a version of the code, newest first."""
    key = keys.find(tx, [_COMMIT]).get(_COMMIT)
    if key is None:
        return []
    # The index begins with the experiment; naming them all makes a few look-ups of it.
    rows = tx.rows(
        "SELECT run_id FROM tags WHERE experiment_id IN (SELECT id FROM experiments)"
        " AND key_id = ? AND value = ? ORDER BY run_id DESC LIMIT ?",
        (key, commit, limit),
    )
    return [row[0] for row in rows]


def artifact_root(tx: Tx, run_id: str) -> str | None:
    """Where the artifacts of a run are."""
    row = tx.row("SELECT artifact_uri FROM runs WHERE uuid = ?", (run_id,))
    return row[0] if row else None


def run_rows(tx: Tx, numbers: Sequence[int]) -> list[Sequence[Any]]:
    """Rows of runs.COLUMNS, newest first."""
    return [
        row
        for part in _parts(numbers)
        for row in tx.rows(
            f"SELECT {runs.COLUMNS} FROM runs WHERE id IN ({marks(part)})"
            " ORDER BY start_time DESC, uuid",
            part,
        )
    ]


def logged_models_of(
    tx: Tx, run_ids: Sequence[str], written: Sequence[str], limit: int
) -> list[str]:
    """Logged models that the runs are the source of, and those they are known to have written."""
    found = dict.fromkeys(written)
    for part in _parts(run_ids):
        rows = tx.rows(
            f"SELECT uuid FROM logged_models WHERE source_run IN ({marks(part)})"
            " ORDER BY id DESC LIMIT ?",
            (*part, limit),
        )
        found |= dict.fromkeys(row[0] for row in rows)
    return list(found)[:limit]


def versions_of(
    tx: Tx, run_ids: Sequence[str], models: Sequence[str], limit: int
) -> list[Sequence[Any]]:
    """Rows of versions.COLUMNS of what was registered from runs or logged models, newest first."""
    found: dict[int, Sequence[Any]] = {}
    for column, values in (("v.run_id", run_ids), ("v.logged_model", models)):
        for part in _parts(values):
            rows = tx.rows(
                f"SELECT {versions.COLUMNS} FROM {versions.SOURCE} WHERE {column} IN"
                f" ({marks(part)}) ORDER BY v.id DESC LIMIT ?",
                (*part, limit),
            )
            found |= {row[0]: row for row in rows}
    return sorted(found.values(), key=lambda row: -int(row[0]))[:limit]


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
