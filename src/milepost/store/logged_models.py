"""Logged models and their measured points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from milepost.domain.logged_models import LoggedModel, ModelPoint, ModelStatus
from milepost.domain.tracking import Batch, Lifecycle, Param, Tag, finite
from milepost.errors import Conflict, Invalid
from milepost.store import keys
from milepost.store.registry.tags import LOGGED_PARAMS, LOGGED_TAGS
from milepost.store.runs import GOING, RunKey
from milepost.store.tx import Tx, marks

COLUMNS = (
    "l.id, l.uuid, l.experiment_id, l.name, l.model_type, l.source_run, l.artifact_uri, l.status,"
    " l.status_message, l.created, l.updated, l.lifecycle"
)
_NAN = float("nan")
_PART = 2000


class ModelKey(NamedTuple):
    """What a write must know of a logged model."""

    id: int
    experiment_id: int
    lifecycle: int


def add(tx: Tx, model: LoggedModel) -> None:
    """Insert a model with its params and tags."""
    number = tx.insert_id(
        "logged_models",
        ("uuid", "experiment_id", "name", "model_type", "source_run", "artifact_uri", "status",
         "created", "updated", "lifecycle"),
        (model.id, model.experiment_id, model.name, model.model_type, model.source_run,
         model.artifact_uri, model.status, model.created, model.updated, model.lifecycle),
    )  # fmt: skip
    LOGGED_PARAMS.set(tx, number, [(p.key, p.value) for p in model.params])
    LOGGED_TAGS.set(tx, number, [(t.key, t.value) for t in model.tags])


def lock(tx: Tx, model_id: str) -> ModelKey | None:
    """Find a model and hold it until the transaction ends."""
    row = tx.row(
        "SELECT id, experiment_id, lifecycle FROM logged_models WHERE uuid = ?"
        + tx.dialect.for_update,
        (model_id,),
    )
    return ModelKey(*row) if row else None


def get(tx: Tx, model_id: str) -> LoggedModel | None:
    """A model with all that was logged to it, deleted or not."""
    found = with_data(
        tx, tx.rows(f"SELECT {COLUMNS} FROM logged_models l WHERE l.uuid = ?", (model_id,))
    )
    return found[0] if found else None


def get_all(tx: Tx, model_ids: Sequence[str]) -> list[LoggedModel]:
    """Those of the models that exist, newest first."""
    rows: list[Sequence[Any]] = []
    for start in range(0, len(model_ids), _PART):
        part = model_ids[start : start + _PART]
        rows += tx.rows(
            f"SELECT {COLUMNS} FROM logged_models l WHERE l.uuid IN ({marks(part)})"
            " ORDER BY l.created DESC, l.uuid",
            part,
        )
    return with_data(tx, rows)


def with_data(tx: Tx, rows: Sequence[Sequence[Any]]) -> list[LoggedModel]:
    """Models from rows of COLUMNS, with params, tags and metrics."""
    models = {row[0]: _model(row) for row in rows}
    numbers = list(models)
    for number, texts in LOGGED_PARAMS.all(tx, numbers).items():
        models[number].params = [Param(*text) for text in texts]
    for number, texts in LOGGED_TAGS.all(tx, numbers).items():
        models[number].tags = [Tag(*text) for text in texts]
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        for number, nan, value, *point in tx.rows(
            "SELECT p.model_id, p.nan, p.value, n.name, p.ts, p.step, r.uuid,"
            " COALESCE(d.name, ''), COALESCE(d.digest, '') FROM logged_model_metrics p"
            " JOIN names n ON n.id = p.key_id JOIN runs r ON r.id = p.run_id"
            " LEFT JOIN logged_model_datasets d ON d.id = p.dataset_id"
            f" WHERE p.model_id IN ({marks(part)})"
            " ORDER BY p.model_id, n.name, p.ts, p.step, r.id",
            part,
        ):
            key, *rest = point
            models[number].metrics.append(ModelPoint(key, _NAN if nan else value, *rest))
    return list(models.values())


def _model(row: Sequence[Any]) -> LoggedModel:
    cells = [*row[1:7], ModelStatus(row[7]), *row[8:11], Lifecycle(row[11])]
    return LoggedModel(*cells)


def set_status(tx: Tx, number: int, status: ModelStatus, now: int) -> None:
    """Set how far the model is."""
    tx.run("UPDATE logged_models SET status = ?, updated = ? WHERE id = ?", (status, now, number))


def delete(tx: Tx, number: int, now: int) -> None:
    """Move a model to the trash."""
    tx.run(
        "UPDATE logged_models SET lifecycle = ?, deleted = ?, updated = ? WHERE id = ?",
        (Lifecycle.deleted, now, now, number),
    )


class DeletedLoggedModel(Struct, frozen=True):
    """A logged model in the trash."""

    model_id: str
    name: str
    experiment_id: int
    deleted: int


def newest_deleted(tx: Tx, limit: int) -> list[DeletedLoggedModel]:
    """What is in the trash, the last deleted first."""
    rows = tx.rows(
        "SELECT uuid, name, experiment_id, deleted FROM logged_models"
        " WHERE lifecycle = ? AND deleted <> ? ORDER BY deleted DESC, id DESC LIMIT ?",
        (Lifecycle.deleted, GOING, limit),
    )
    return [DeletedLoggedModel(*row) for row in rows]


def restore(tx: Tx, number: int, now: int) -> None:
    """Take a model out of the trash. Raises Conflict if its files are being removed for good."""
    touched = tx.run(
        "UPDATE logged_models SET lifecycle = ?, deleted = NULL, updated = ?"
        " WHERE id = ? AND COALESCE(deleted, 0) <> ?",
        (Lifecycle.active, now, number, GOING),
    )
    if not touched:
        raise Conflict("The model is being removed for good; it cannot be restored any more.")


def used_params(tx: Tx, number: int, names: Sequence[str]) -> list[str]:
    """Those of the names that are already params of the model."""
    ids = keys.find(tx, names)
    if not ids:
        return []
    rows = tx.rows(
        "SELECT key_id FROM logged_model_params WHERE model_id = ?"
        f" AND key_id IN ({marks(list(ids))})",
        (number, *ids.values()),
    )
    used = {row[0] for row in rows}
    return sorted(name for name, key in ids.items() if key in used)


# Metrics that a run logs for a model.


def measured(batches: Sequence[Batch]) -> set[str]:
    """The models that metrics of the batches were measured on."""
    return {metric.model_id for batch in batches for metric in batch.metrics} - {""}


def numbers(tx: Tx, model_ids: Sequence[str]) -> dict[str, int]:
    """The integer ids of those models that exist."""
    if not model_ids:
        return {}
    return dict(
        tx.rows(f"SELECT uuid, id FROM logged_models WHERE uuid IN ({marks(model_ids)})", model_ids)
    )


def check_known(batch: Batch, models: Mapping[str, int]) -> None:
    """Refuse a batch with a metric of a model that does not exist."""
    for metric in batch.metrics:
        if metric.model_id and metric.model_id not in models:
            raise Invalid(
                f"The metric '{metric.key}' names a logged model that does not exist:"
                f" '{metric.model_id}'"
            )


def add_metrics(
    tx: Tx,
    kept: Sequence[tuple[RunKey, Batch]],
    names: Mapping[str, int],
    models: Mapping[str, int],
) -> None:
    """Record the metrics that name a model for that model too. A point that is there stays."""
    found = [(run.id, m) for run, batch in kept for m in batch.metrics if m.model_id]
    datasets = _ensured(tx, {(m.dataset_name, m.dataset_digest) for _, m in found})
    tx.insert(
        "logged_model_metrics",
        ("model_id", "key_id", "ts", "step", "run_id", "value", "nan", "dataset_id"),
        [
            (models[m.model_id], names[m.key], m.timestamp, m.step, run,
             finite(m.value) if m.value == m.value else 0.0, int(m.value != m.value),
             datasets[m.dataset_name, m.dataset_digest])
            for run, m in found
        ],
        on_conflict="ignore",
    )  # fmt: skip


def _ensured(tx: Tx, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of data sets; those that do not exist yet are made. None told is 0."""
    ids = {("", ""): 0}
    for name, digest in sorted(wanted - ids.keys()):
        find = ("SELECT id FROM logged_model_datasets WHERE name = ? AND digest = ?",
                (name, digest))  # fmt: skip
        row = tx.row(*find)
        if row is None:
            tx.insert(
                "logged_model_datasets", ("name", "digest"), [(name, digest)], on_conflict="ignore"
            )
            row = tx.row(*find)
        assert row is not None
        ids[name, digest] = row[0]
    return ids
