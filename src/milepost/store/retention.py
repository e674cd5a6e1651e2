"""Which runs a retention rule lets go, and which it keeps."""

from __future__ import annotations

from collections.abc import Sequence

from milepost.domain.tracking import Lifecycle, RunStatus
from milepost.store import keys
from milepost.store.tx import Tx, marks

_ENDED = "COALESCE(r.end_time, r.start_time)"
_DONE = (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


def experiments(tx: Tx) -> list[tuple[int, str]]:
    """(id, name) of the active experiments."""
    rows = tx.rows(
        "SELECT id, name FROM experiments WHERE lifecycle = ? ORDER BY id", (Lifecycle.active,)
    )
    return [(row[0], row[1]) for row in rows]


def ended(tx: Tx, experiment: int, before: int) -> set[int]:
    """Active runs that ended before a time (ms)."""
    rows = tx.rows(
        f"SELECT r.id FROM runs r WHERE r.experiment_id = ? AND r.lifecycle = ? AND {_ENDED} < ?"
        f" AND r.status IN ({marks(_DONE)})",
        (experiment, Lifecycle.active, before, *_DONE),
    )
    return {row[0] for row in rows}


def tagged(tx: Tx, experiment: int, tag: str) -> set[int]:
    """Runs with a tag: KEY or KEY=VALUE."""
    name, equals, value = tag.partition("=")
    key = keys.find(tx, [name]).get(name)
    if key is None:
        return set()
    rows = tx.rows(
        "SELECT run_id FROM tags WHERE experiment_id = ? AND key_id = ?"
        + (" AND value = ?" if equals else ""),
        (experiment, key, value) if equals else (experiment, key),
    )
    return {row[0] for row in rows}


def best(tx: Tx, experiment: int, metric: str, count: int, *, largest: bool) -> set[int]:
    """The active runs with the best last values of a metric."""
    key = keys.find(tx, [metric]).get(metric)
    if key is None:
        return set()
    rows = tx.rows(
        "SELECT m.run_id FROM metrics m JOIN runs r ON r.id = m.run_id"
        " WHERE m.experiment_id = ? AND m.key_id = ? AND m.nan = 0 AND r.lifecycle = ?"
        f" ORDER BY m.value {'DESC' if largest else 'ASC'}, m.run_id DESC LIMIT ?",
        (experiment, key, Lifecycle.active, count),
    )
    return {row[0] for row in rows}


def registered(tx: Tx, experiment: int) -> set[int]:
    """Runs that a version of a registered model comes from, directly or by a logged model."""
    rows = tx.rows(
        "SELECT r.id FROM runs r WHERE r.experiment_id = ? AND (EXISTS"
        " (SELECT 1 FROM model_versions v WHERE v.run_id = r.uuid) OR EXISTS"
        " (SELECT 1 FROM logged_models l JOIN model_versions v ON v.logged_model = l.uuid"
        " WHERE l.source_run = r.uuid))",
        (experiment,),
    )
    return {row[0] for row in rows}


def names(tx: Tx, numbers: Sequence[int]) -> list[tuple[str, str]]:
    """(id, name) of runs."""
    rows = tx.rows(
        f"SELECT uuid, name FROM runs WHERE id IN ({marks(numbers)}) ORDER BY id", numbers
    )
    return [(row[0], row[1]) for row in rows]


def let_go(tx: Tx, numbers: Sequence[int], now: int) -> int:
    """Move runs to the trash; how many were not there yet."""
    held = tx.rows(
        f"SELECT id FROM runs WHERE id IN ({marks(numbers)}) AND lifecycle = ? ORDER BY id"
        f"{tx.dialect.for_update}",
        (*numbers, Lifecycle.active),
    )
    ids = [row[0] for row in held]
    if not ids:
        return 0
    return tx.run(
        f"UPDATE runs SET lifecycle = ?, deleted = ? WHERE id IN ({marks(ids)})",
        (Lifecycle.deleted, now, *ids),
    )
