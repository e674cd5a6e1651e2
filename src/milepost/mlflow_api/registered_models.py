"""MLflow's wire for registered models."""

from __future__ import annotations

from typing import Any

from milepost.domain.access import Action
from milepost.domain.registry import RegisteredModel, stage_of, version_of
from milepost.domain.search import decode_page_token
from milepost.domain.tracking import Tag
from milepost.errors import Invalid
from milepost.mlflow_api.change import Change, change
from milepost.mlflow_api.endpoint import Endpoint, body, empty, query
from milepost.mlflow_api.model_versions import dump_version
from milepost.mlflow_api.wire import Int64, Message, Required, present
from milepost.services.registry.search import RegistrySearch
from milepost.services.search import Page

MOST = 1000


class Create(Change):
    """registered-models/create"""

    name: Required
    tags: list[Tag] = []
    description: str = ""


class Name(Message):
    """registered-models/get"""

    name: Required


class Delete(Change):
    """registered-models/delete"""

    name: Required


class Rename(Change):
    """registered-models/rename"""

    name: Required
    new_name: Required


class Update(Change):
    """registered-models/update"""

    name: Required
    description: str = ""


class SetTag(Change):
    """registered-models/set-tag"""

    name: Required
    key: Required
    value: str = ""


class DeleteTag(Change):
    """registered-models/delete-tag"""

    name: Required
    key: Required


class GetLatest(Message):
    """registered-models/get-latest-versions"""

    name: Required
    stages: list[str] = []


class GetAlias(Message):
    """registered-models/alias"""

    name: Required
    alias: Required


class SetAlias(Change):
    """registered-models/alias"""

    name: Required
    alias: Required
    version: Required


class DeleteAlias(Change):
    """registered-models/alias"""

    name: Required
    alias: Required


class Search(Message):
    """registered-models/search"""

    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = []
    page_token: str = ""


class List(Message):
    """registered-models/list of MLflow 1.x"""

    max_results: Int64 = 100
    page_token: str = ""


def dump_model(model: RegisteredModel) -> dict[str, Any]:
    """A RegisteredModel message."""
    return present(
        name=model.name,
        creation_timestamp=model.created,
        last_updated_timestamp=model.updated,
        user_id=model.user_id or None,
        description=model.description or None,
        latest_versions=[dump_version(version) for version in model.latest],
        tags=model.tags,
        aliases=[{"alias": a.alias, "version": str(a.version)} for a in model.aliases],
    )


def _dump(model: RegisteredModel) -> dict[str, Any]:
    return {"registered_model": dump_model(model)}


def _dump_page(page: Page[RegisteredModel]) -> dict[str, Any]:
    models = [dump_model(model) for model in page.items]
    return present(registered_models=models, next_page_token=page.next_token)


def _search(message: Search) -> RegistrySearch:
    if not 1 <= message.max_results <= MOST:
        raise Invalid(
            f"Invalid value {message.max_results} for parameter 'max_results' supplied: It must be"
            f" a positive integer of at most {MOST}"
        )
    return RegistrySearch(
        message.filter,
        tuple(message.order_by),
        message.max_results,
        decode_page_token(message.page_token),
    )


def _list(message: List) -> RegistrySearch:
    return _search(Search("", message.max_results, [], message.page_token))


_search_query, _list_query = query(Search), query(List)


def _latest(method: Any, parse: Any) -> Endpoint:
    return Endpoint(
        method, "mlflow/registered-models/get-latest-versions", Action.READ_MODEL, "read", parse,
        lambda app, tx, x: app.registry.models.latest(tx, x.name, [stage_of(s) for s in x.stages]),
        lambda found: present(model_versions=[dump_version(version) for version in found]),
    )  # fmt: skip


ENDPOINTS = [
    Endpoint(
        "POST", "mlflow/registered-models/create", Action.CREATE_MODEL, "write", change(Create),
        lambda app, tx, x: app.registry.models.create(
            tx, x.by, x.of.name, x.of.description, x.of.tags
        ),
        _dump,
    ),
    Endpoint(
        "GET", "mlflow/registered-models/get", Action.READ_MODEL, "read", query(Name),
        lambda app, tx, x: app.registry.models.get(tx, x.name),
        _dump,
    ),
    Endpoint(
        "POST", "mlflow/registered-models/rename", Action.EDIT_MODEL, "write", change(Rename),
        lambda app, tx, x: app.registry.models.rename(tx, x.by, x.of.name, x.of.new_name),
        _dump,
    ),
    Endpoint(
        "PATCH", "mlflow/registered-models/update", Action.EDIT_MODEL, "write", change(Update),
        lambda app, tx, x: app.registry.models.describe(tx, x.by, x.of.name, x.of.description),
        _dump,
    ),
    Endpoint(
        "DELETE", "mlflow/registered-models/delete", Action.MANAGE_MODEL, "write", change(Delete),
        lambda app, tx, x: app.registry.models.delete(tx, x.by, x.of.name),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/registered-models/set-tag", Action.EDIT_MODEL, "write", change(SetTag),
        lambda app, tx, x: app.registry.models.set_tag(
            tx, x.by, x.of.name, Tag(x.of.key, x.of.value)
        ),
        empty,
    ),
    Endpoint(
        "DELETE", "mlflow/registered-models/delete-tag", Action.EDIT_MODEL, "write",
        change(DeleteTag),
        lambda app, tx, x: app.registry.models.delete_tag(tx, x.by, x.of.name, x.of.key),
        empty,
    ),
    _latest("POST", body(GetLatest)),
    _latest("GET", query(GetLatest)),
    Endpoint(
        "POST", "mlflow/registered-models/alias", Action.EDIT_MODEL, "write", change(SetAlias),
        lambda app, tx, x: app.registry.models.set_alias(
            tx, x.by, x.of.name, x.of.alias, version_of(x.of.version)
        ),
        empty,
    ),
    Endpoint(
        "DELETE", "mlflow/registered-models/alias", Action.EDIT_MODEL, "write",
        change(DeleteAlias),
        lambda app, tx, x: app.registry.models.delete_alias(tx, x.by, x.of.name, x.of.alias),
        empty,
    ),
    Endpoint(
        "GET", "mlflow/registered-models/alias", Action.READ_MODEL, "read", query(GetAlias),
        lambda app, tx, x: app.registry.models.by_alias(tx, x.name, x.alias),
        lambda version: {"model_version": dump_version(version)},
    ),
    Endpoint(
        "GET", "mlflow/registered-models/search", Action.READ_MODEL, "read",
        lambda call: _search(_search_query(call)),
        lambda app, tx, x: app.registry.search.models(tx, x),
        _dump_page,
    ),
]  # fmt: skip

LEGACY = [
    Endpoint(
        "GET", "mlflow/registered-models/list", Action.READ_MODEL, "read",
        lambda call: _list(_list_query(call)),
        lambda app, tx, x: app.registry.search.models(tx, x),
        _dump_page,
    ),
]  # fmt: skip
"""Rows that only MLflow 1.x had."""
