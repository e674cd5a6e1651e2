"""Milepost's routes for the trash and the operations page: delete forever, storage, settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

from milepost.app import App
from milepost.config import Loaded, Settings, reference
from milepost.config.field import meta
from milepost.domain.access import Action
from milepost.errors import Invalid
from milepost.mlflow_api.change import Asked, Change, change
from milepost.mlflow_api.endpoint import Call, Endpoint, body, empty, query
from milepost.mlflow_api.experiments import experiment_id
from milepost.mlflow_api.replies import Reply
from milepost.mlflow_api.wire import Int64, Message
from milepost.services.gc import Collected, Collector, Selection
from milepost.store import inspect
from milepost.store.logged_models import DeletedLoggedModel
from milepost.store.registry.trash import DeletedModel
from milepost.store.storage import Storage, by_experiment
from milepost.store.tx import Tx

_MOST = 1000


class DeleteForever(Message):
    """trash/delete-forever: what of the trash is to be gone for good"""

    run_ids: list[str] = []
    experiment_ids: list[str] = []
    model_ids: list[str] = []
    registered_model_ids: list[Int64] = []


class RestoreModels(Change):
    """trash/restore-models: logged models and registered ones, by the ids of trash/models"""

    model_ids: list[str] = []
    registered_model_ids: list[Int64] = []


class StorageMessage(Message):
    """operations/storage"""

    max_results: Int64 = 100


class CollectedReply(Reply):
    """trash/delete-forever: how much is gone, and in words what could not be removed"""

    runs: int
    experiments: int
    models: int
    registered_models: int
    files: int
    bytes: int
    failures: list[str]


class DeletedRegisteredReply(Reply):
    """A registered model in the trash; `deleted` in milliseconds"""

    id: int
    name: str
    user_id: str
    deleted: int
    versions: int


class DeletedLoggedReply(Reply):
    """A logged model in the trash; `deleted` in milliseconds"""

    model_id: str
    name: str
    experiment_id: str
    deleted: int


class DeletedModelsReply(Reply):
    """trash/models"""

    registered_models: list[DeletedRegisteredReply]
    logged_models: list[DeletedLoggedReply]


class StorageReply(Reply):
    """What an experiment takes up"""

    experiment_id: str
    name: str
    runs: int
    deleted_runs: int
    bytes: int
    files: int


class StoragesReply(Reply):
    """operations/storage"""

    experiments: list[StorageReply]


class DatabaseReply(Reply):
    """operations/database"""

    kind: str
    server_version: str
    schema_version: int
    wanted_schema_version: int
    bytes: int
    counts: dict[str, int]
    jobs: list[str]
    artifacts: str


class SettingReply(Reply):
    """A setting; `key` is its place in the configuration file, "" if it has none there"""

    name: str
    key: str
    value: Any
    changed: bool
    help: str


class SettingsReply(Reply):
    """operations/settings"""

    settings: list[SettingReply]


class _Errand(NamedTuple):
    """What to collect, or where to look; the store names the lane it is done in."""

    selection: Selection | None


def _selection(call: Call) -> Selection:
    m = _delete_body(call)
    if not (m.run_ids or m.experiment_ids or m.model_ids or m.registered_model_ids):
        raise Invalid(
            "Name what is to be deleted: run_ids, experiment_ids, model_ids or"
            " registered_model_ids."
        )
    return Selection(
        0,
        tuple(m.run_ids),
        tuple(experiment_id(e) for e in m.experiment_ids),
        tuple(m.model_ids),
        tuple(m.registered_model_ids),
        orphans=False,
    )


def _limit(call: Call) -> int:
    limit = _storage_query(call).max_results
    if not 1 <= limit <= _MOST:
        raise Invalid(f"max_results must be between 1 and {_MOST}")
    return limit


_delete_body, _storage_query = body(DeleteForever), query(StorageMessage)


def _collect(app: App, errand: _Errand) -> Collected:
    assert errand.selection is not None
    collector = Collector(app.store, app.locations, app.stores, app.settings.artifacts_uri)
    return collector.collect(errand.selection)


def _dump_collected(done: Collected) -> CollectedReply:
    return CollectedReply(
        done.runs, done.experiments, done.models, done.registered, done.files, done.bytes,
        done.failures,
    )  # fmt: skip


def _dump_storage(s: Storage) -> StorageReply:
    return StorageReply(str(s.experiment), s.name, s.runs, s.deleted_runs, s.bytes, s.files)


def _dump_models(
    found: tuple[list[DeletedModel], list[DeletedLoggedModel]],
) -> DeletedModelsReply:
    registered, logged = found
    return DeletedModelsReply(
        [DeletedRegisteredReply(m.id, m.name, m.user, m.deleted, m.versions) for m in registered],
        [DeletedLoggedReply(m.model_id, m.name, str(m.experiment_id), m.deleted) for m in logged],
    )


def _restore(app: App, tx: Tx, asked: Asked[RestoreModels]) -> None:
    for number in asked.of.registered_model_ids:
        app.registry.trash.restore(tx, asked.by, number)
    for model_id in asked.of.model_ids:
        app.registry.trash.restore_logged(tx, model_id)


def _database(app: App, _: _Errand) -> DatabaseReply:
    dialect = app.store.dialect
    schema = inspect.schema(dialect)
    return DatabaseReply(
        kind=dialect.name,
        server_version=inspect.server_version(dialect),
        schema_version=schema.current,
        wanted_schema_version=schema.wanted,
        bytes=inspect.total_bytes(dialect),
        counts=inspect.counts(dialect),
        jobs=[job.name for job in app.jobs],
        artifacts=app.settings.artifacts_uri,
    )


def _settings(app: App) -> SettingsReply:
    """Every setting of this server, secrets masked; `changed` where it is not the default."""
    mine = reference.shown(Loaded(app.settings, {}))
    plain = {row.name: row.value for row in reference.shown(Loaded(Settings(), {}))}
    said = {item.name: meta(item) for item in fields(Settings)}
    return SettingsReply(
        [
            SettingReply(
                row.name,
                said[row.name].keys[0].path if said[row.name].keys else "",
                row.value,
                row.value != plain[row.name],
                said[row.name].help,
            )
            for row in mine
        ]
    )


def _nothing(app: App, tx: Tx, x: Any) -> _Errand:
    return _Errand(x if isinstance(x, Selection) else None)


ENDPOINTS = [
    Endpoint(
        "POST", "milepost/trash/delete-forever", Action.MANAGE_EXPERIMENT, "read", _selection,
        _nothing,
        _dump_collected,
        after=_collect,
        lane="trash",
    ),
    Endpoint(
        "GET", "milepost/trash/models", Action.READ_MODEL, "read", lambda call: None,
        lambda app, tx, x: app.registry.trash.listed(tx),
        _dump_models,
    ),
    Endpoint(
        "POST", "milepost/trash/restore-models", Action.MANAGE_MODEL, "write",
        change(RestoreModels),
        _restore,
        empty,
    ),
    Endpoint(
        "GET", "milepost/operations/storage", Action.READ_SERVER, "read", _limit,
        lambda app, tx, limit: by_experiment(tx, limit),
        lambda found: StoragesReply([_dump_storage(item) for item in found]),
    ),
    Endpoint(
        "GET", "milepost/operations/database", Action.READ_SERVER, "read", lambda call: None,
        _nothing,
        lambda found: found,
        after=_database,
        lane="inspection",
    ),
    Endpoint(
        "GET", "milepost/operations/settings", Action.READ_SERVER, "read", lambda call: None,
        lambda app, tx, x: _settings(app),
        lambda found: found,
    ),
]  # fmt: skip
