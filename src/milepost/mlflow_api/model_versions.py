"""MLflow's wire for versions of registered models."""

from __future__ import annotations

from typing import Any

from milepost.domain.access import Action
from milepost.domain.registry import ModelVersion, stage_of, version_of
from milepost.domain.search import decode_page_token
from milepost.domain.tracking import Tag
from milepost.errors import Invalid
from milepost.mlflow_api.change import Change, change
from milepost.mlflow_api.endpoint import Endpoint, empty, query
from milepost.mlflow_api.wire import Int64, Message, Required, present
from milepost.services.registry.search import RegistrySearch
from milepost.services.registry.versions import Draft
from milepost.services.search import Page

MOST = 200_000


class Create(Change):
    """model-versions/create"""

    name: Required
    source: Required
    run_id: str = ""
    tags: list[Tag] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class Version(Message):
    """model-versions/get and get-download-uri"""

    name: Required
    version: Required


class Delete(Change):
    """model-versions/delete"""

    name: Required
    version: Required


class Update(Change):
    """model-versions/update"""

    name: Required
    version: Required
    description: str | None = None


class Transition(Change):
    """model-versions/transition-stage"""

    name: Required
    version: Required
    stage: Required
    archive_existing_versions: bool = False


class SetTag(Change):
    """model-versions/set-tag"""

    name: Required
    version: Required
    key: Required
    value: str = ""


class DeleteTag(Change):
    """model-versions/delete-tag"""

    name: Required
    version: Required
    key: Required


class Search(Message):
    """model-versions/search"""

    filter: str = ""
    max_results: Int64 = MOST
    order_by: list[str] = []
    page_token: str = ""


def dump_version(version: ModelVersion) -> dict[str, Any]:
    """A ModelVersion message. As in MLflow, the logged model is not part of it."""
    return present(
        name=version.name,
        version=str(version.version),
        creation_timestamp=version.created,
        last_updated_timestamp=version.updated,
        user_id=version.user_id or None,
        current_stage=version.stage.label,
        description=version.description,
        source=version.source,
        run_id=version.run_id,
        status=version.status.name,
        status_message=version.status_message,
        tags=version.tags,
        run_link=version.run_link,
        aliases=version.aliases,
    )


def _dump(version: ModelVersion) -> dict[str, Any]:
    return {"model_version": dump_version(version)}


def _dump_page(page: Page[ModelVersion]) -> dict[str, Any]:
    found = [dump_version(version) for version in page.items]
    return present(model_versions=found, next_page_token=page.next_token)


def _draft(m: Create) -> Draft:
    return Draft(m.source, m.run_id, m.run_link, m.model_id, m.description, m.tags)


def _search(message: Search) -> RegistrySearch:
    if not 1 <= message.max_results <= MOST:
        raise Invalid(
            "Invalid value for max_results. It must be a positive integer of at most"
            f" {MOST}, but got {message.max_results}"
        )
    return RegistrySearch(
        message.filter,
        tuple(message.order_by),
        message.max_results,
        decode_page_token(message.page_token),
    )


_search_query = query(Search)

ENDPOINTS = [
    Endpoint(
        "POST", "mlflow/model-versions/create", Action.EDIT_MODEL, "write", change(Create),
        lambda app, tx, x: app.registry.versions.create(tx, x.by, x.of.name, _draft(x.of)),
        _dump,
    ),
    Endpoint(
        "GET", "mlflow/model-versions/get", Action.READ_MODEL, "read", query(Version),
        lambda app, tx, x: app.registry.versions.get(tx, x.name, version_of(x.version)),
        _dump,
    ),
    Endpoint(
        "GET", "mlflow/model-versions/get-download-uri", Action.READ_MODEL, "read",
        query(Version),
        lambda app, tx, x: app.registry.versions.get(tx, x.name, version_of(x.version)),
        lambda version: {"artifact_uri": version.location},
    ),
    Endpoint(
        "PATCH", "mlflow/model-versions/update", Action.EDIT_MODEL, "write", change(Update),
        lambda app, tx, x: app.registry.versions.describe(
            tx, x.by, x.of.name, version_of(x.of.version), x.of.description
        ),
        _dump,
    ),
    Endpoint(
        "DELETE", "mlflow/model-versions/delete", Action.MANAGE_MODEL, "write", change(Delete),
        lambda app, tx, x: app.registry.versions.delete(
            tx, x.by, x.of.name, version_of(x.of.version)
        ),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/model-versions/transition-stage", Action.EDIT_MODEL, "write",
        change(Transition),
        lambda app, tx, x: app.registry.versions.transition(
            tx, x.by, x.of.name, version_of(x.of.version), stage_of(x.of.stage),
            archive_existing=x.of.archive_existing_versions,
        ),
        _dump,
    ),
    Endpoint(
        "POST", "mlflow/model-versions/set-tag", Action.EDIT_MODEL, "write", change(SetTag),
        lambda app, tx, x: app.registry.versions.set_tag(
            tx, x.by, x.of.name, version_of(x.of.version), Tag(x.of.key, x.of.value)
        ),
        empty,
    ),
    Endpoint(
        "DELETE", "mlflow/model-versions/delete-tag", Action.EDIT_MODEL, "write",
        change(DeleteTag),
        lambda app, tx, x: app.registry.versions.delete_tag(
            tx, x.by, x.of.name, version_of(x.of.version), x.of.key
        ),
        empty,
    ),
    Endpoint(
        "GET", "mlflow/model-versions/search", Action.READ_MODEL, "read",
        lambda call: _search(_search_query(call)),
        lambda app, tx, x: app.registry.search.versions(tx, x),
        _dump_page,
    ),
]  # fmt: skip
