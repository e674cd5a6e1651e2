"""Registered and logged models in and out of the database, ids, numbers and times as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from milepost.domain.logged_models import LoggedModel
from milepost.domain.registry import Alias, ModelVersion, VersionStatus, marks_prompt
from milepost.domain.tracking import Batch, Metric
from milepost.domain.transfer import LoggedRecord, RegisteredRecord, VersionRecord
from milepost.store import keys, logged_models
from milepost.store.registry import models, versions
from milepost.store.registry.tags import MODEL_TAGS, VERSION_TAGS
from milepost.store.runs import RunKey
from milepost.store.tx import Tx, marks


def registered_names(tx: Tx, experiments: Sequence[int] | None) -> list[str]:
    """The names of all registered models, or of those that have a version whose run or logged
    model is in one of the experiments."""
    if experiments is None:
        rows = tx.rows("SELECT name FROM registered_models ORDER BY name")
    else:
        within = f"experiment_id IN ({marks(experiments)})"
        rows = tx.rows(
            "SELECT DISTINCT m.name FROM registered_models m"
            " JOIN model_versions v ON v.model_id = m.id"
            f" WHERE v.run_id IN (SELECT uuid FROM runs WHERE {within})"
            f" OR v.logged_model IN (SELECT uuid FROM logged_models WHERE {within})"
            " ORDER BY m.name",
            (*experiments, *experiments),
        )
    return [row[0] for row in rows]


def registered(tx: Tx, name: str) -> RegisteredRecord | None:
    """A registered model with all its versions."""
    found = models.find(tx, name)
    if found is None:
        return None
    (model,) = models.filled(tx, [found])
    return RegisteredRecord(
        model.name, model.created, model.updated, model.description, model.user_id,
        model.last_version, model.needs_approval, list(model.tags), list(model.aliases),
        [_record(version) for version in versions.tagged(tx, versions.of(tx, model.id))],
    )  # fmt: skip


def _record(v: ModelVersion) -> VersionRecord:
    return VersionRecord(
        v.version, v.stage, v.created, v.updated, v.source, v.location, v.run_id, v.run_link,
        v.logged_model, v.user_id, v.description, v.status, v.status_message, list(v.tags),
    )  # fmt: skip


class Added(NamedTuple):
    """What was not there before."""

    model: int
    is_new: bool
    versions: list[ModelVersion]
    aliases: list[Alias]


def add_registered(tx: Tx, record: RegisteredRecord) -> Added:
    """Insert a model, or those of its versions and aliases that are not there.

    A model that is there keeps its own description, tags and rule about approvals.
    """
    model = models.lock(tx, record.name)
    number = _add_model(tx, record) if model is None else model.id
    there = {version.version for version in versions.of(tx, number)}
    prompt = marks_prompt(record.tags)
    new = []
    for version in record.versions:
        if version.version not in there:
            new.append(_version(version, number, record.name, is_prompt=prompt))
            new[-1].tags = list(version.tags)
            added = versions.add(tx, new[-1])
            VERSION_TAGS.set(tx, added, [(tag.key, tag.value) for tag in version.tags])
    aliases = [a for a in record.aliases if models.aliased(tx, number, a.alias) is None]
    for alias in aliases:
        models.set_alias(tx, number, alias.alias, alias.version)
    tx.run(
        "UPDATE registered_models SET last_version = ? WHERE id = ? AND last_version < ?",
        (record.last_version, number, record.last_version),
    )
    return Added(number, model is None, new, aliases)


def _add_model(tx: Tx, record: RegisteredRecord) -> int:
    prompt = marks_prompt(record.tags)
    number = models.add(
        tx, record.name, record.user_id, record.description, record.created, is_prompt=prompt
    )
    models.set_needs_approval(tx, number, needed=record.needs_approval)
    models.touch(tx, number, record.updated)
    MODEL_TAGS.set(tx, number, [(tag.key, tag.value) for tag in record.tags])
    return number


def _version(v: VersionRecord, model: int, name: str, *, is_prompt: bool) -> ModelVersion:
    return ModelVersion(
        0, model, name, v.version, v.user_id, v.stage, v.description, v.created, v.updated,
        v.source, v.location, v.run_id, v.run_link, v.logged_model, VersionStatus(v.status),
        v.status_message, is_prompt,
    )  # fmt: skip


def logged(tx: Tx, experiment: int) -> list[LoggedRecord]:
    """The logged models of an experiment, deleted ones too."""
    rows = tx.rows(
        f"SELECT {logged_models.COLUMNS} FROM logged_models l WHERE l.experiment_id = ?"
        " ORDER BY l.id",
        (experiment,),
    )
    deleted: dict[str, int | None] = dict(
        tx.rows("SELECT uuid, deleted FROM logged_models WHERE experiment_id = ?", (experiment,))
    )
    return [LoggedRecord(model, deleted[model.id]) for model in logged_models.with_data(tx, rows)]


def known_logged(tx: Tx, model_ids: Sequence[str]) -> set[str]:
    """Those of the logged models that exist."""
    return set(logged_models.numbers(tx, model_ids)) if model_ids else set()


def add_logged(tx: Tx, record: LoggedRecord) -> None:
    """Insert a logged model; points measured by runs that are not here are left out."""
    model = record.model
    logged_models.add(tx, model)
    tx.run(
        "UPDATE logged_models SET updated = ?, status_message = ?, deleted = ? WHERE uuid = ?",
        (model.updated, model.status_message, record.deleted, model.id),
    )
    _add_points(tx, model)


def _add_points(tx: Tx, model: LoggedModel) -> None:
    by_run: dict[str, list[Metric]] = {}
    for p in model.metrics:
        metric = Metric(
            p.key, p.value, p.timestamp, p.step, model.id, p.dataset_name, p.dataset_digest
        )
        by_run.setdefault(p.run_id, []).append(metric)
    if not by_run:
        return
    ids = list(by_run)
    rows = tx.rows(
        f"SELECT uuid, id, experiment_id, lifecycle FROM runs WHERE uuid IN ({marks(ids)})", ids
    )
    kept = [(RunKey(*row[1:]), Batch(row[0], by_run[row[0]])) for row in rows]
    names = keys.ensure(tx, {point.key for point in model.metrics})
    logged_models.add_metrics(tx, kept, names, logged_models.numbers(tx, [model.id]))


def roots(tx: Tx, run_ids: Sequence[str], model_ids: Sequence[str]) -> dict[str, str]:
    """The artifact URIs of those runs and logged models that exist, by id."""
    found: dict[str, str] = {}
    for table, ids in (("runs", run_ids), ("logged_models", model_ids)):
        if ids:
            sql = f"SELECT uuid, artifact_uri FROM {table} WHERE uuid IN ({marks(ids)})"
            found |= dict(tx.rows(sql, ids))
    return found
