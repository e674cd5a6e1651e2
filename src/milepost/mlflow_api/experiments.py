"""MLflow's wire for experiments."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from milepost.domain.access import Action
from milepost.domain.search import decode_page_token
from milepost.domain.tracking import Experiment, Tag, ViewType
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Endpoint, body, empty, query
from milepost.mlflow_api.wire import Int64, Message, Required, present
from milepost.services.search import ExperimentSearch, Page

MOST = 50_000


class Create(Message):
    """experiments/create"""

    name: Required
    artifact_location: str = ""
    tags: list[Tag] = []


class Id(Message):
    """experiments/get, delete and restore"""

    experiment_id: Required


class Name(Message):
    """experiments/get-by-name"""

    experiment_name: Required


class Update(Message):
    """experiments/update"""

    experiment_id: Required
    new_name: Required


class SetTag(Message):
    """experiments/set-experiment-tag"""

    experiment_id: Required
    key: Required
    value: str = ""


class DeleteTag(Message):
    """experiments/delete-experiment-tag"""

    experiment_id: Required
    key: Required


class Search(Message):
    """experiments/search"""

    max_results: Int64 | UnsetType = UNSET
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: ViewType = ViewType.ACTIVE_ONLY


class List(Message):
    """experiments/list of MLflow 1.x"""

    view_type: ViewType = ViewType.ACTIVE_ONLY
    max_results: Int64 | UnsetType = UNSET
    page_token: str = ""


def experiment_id(text: str) -> int:
    """The number of an experiment id as clients send it."""
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise Invalid(f"Invalid experiment ID '{text}'. Experiment ID must be a valid integer.")
    if len(text) > 18:
        raise Invalid(f"Invalid experiment ID '{text:.40}'. Experiment ID is out of range.")
    return int(text)


def dump_experiment(found: Experiment) -> dict[str, Any]:
    """An Experiment message."""
    return present(
        experiment_id=str(found.id),
        name=found.name,
        artifact_location=found.artifact_location,
        lifecycle_stage=found.lifecycle.name,
        last_update_time=found.updated,
        creation_time=found.created,
        tags=list(found.tags),
    )


def _dump_page(page: Page[Experiment]) -> dict[str, Any]:
    return present(
        experiments=[dump_experiment(e) for e in page.items], next_page_token=page.next_token
    )


def _limit(limit: int | UnsetType) -> int:
    if limit is UNSET or not 1 <= limit <= MOST:
        shown = "None" if limit is UNSET else limit
        raise Invalid(
            f"Invalid value {shown} for parameter 'max_results' supplied: It must be a positive"
            f" integer of at most {MOST}"
        )
    return limit


def _search(request: Search) -> ExperimentSearch:
    return ExperimentSearch(
        request.filter,
        tuple(request.order_by),
        request.view_type,
        _limit(request.max_results),
        decode_page_token(request.page_token),
    )


def _list(request: List) -> ExperimentSearch:
    limit = 2**31 if request.max_results is UNSET else _limit(request.max_results)
    offset = decode_page_token(request.page_token)
    return ExperimentSearch("", ("experiment_id ASC",), request.view_type, limit, offset)


_search_body, _search_query = body(Search), query(Search)

ENDPOINTS = [
    Endpoint(
        "POST", "mlflow/experiments/create", Action.CREATE_EXPERIMENT, "write", body(Create),
        lambda app, tx, x: app.tracking.create_experiment(tx, x.name, x.artifact_location, x.tags),
        lambda number: {"experiment_id": str(number)},
    ),
    Endpoint(
        "GET", "mlflow/experiments/get", Action.READ_EXPERIMENT, "read", query(Id),
        lambda app, tx, x: app.tracking.get_experiment(tx, experiment_id(x.experiment_id)),
        lambda found: {"experiment": dump_experiment(found)},
    ),
    Endpoint(
        "GET", "mlflow/experiments/get-by-name", Action.READ_EXPERIMENT, "read", query(Name),
        lambda app, tx, x: app.tracking.get_experiment_by_name(tx, x.experiment_name),
        lambda found: {"experiment": dump_experiment(found)},
    ),
    Endpoint(
        "POST", "mlflow/experiments/update", Action.EDIT_EXPERIMENT, "write", body(Update),
        lambda app, tx, x: app.tracking.rename_experiment(
            tx, experiment_id(x.experiment_id), x.new_name
        ),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/experiments/delete", Action.MANAGE_EXPERIMENT, "write", body(Id),
        lambda app, tx, x: app.tracking.delete_experiment(tx, experiment_id(x.experiment_id)),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/experiments/restore", Action.MANAGE_EXPERIMENT, "write", body(Id),
        lambda app, tx, x: app.tracking.restore_experiment(tx, experiment_id(x.experiment_id)),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/experiments/set-experiment-tag", Action.EDIT_EXPERIMENT, "write",
        body(SetTag),
        lambda app, tx, x: app.tracking.set_experiment_tag(
            tx, experiment_id(x.experiment_id), Tag(x.key, x.value)
        ),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/experiments/delete-experiment-tag", Action.EDIT_EXPERIMENT, "write",
        body(DeleteTag),
        lambda app, tx, x: app.tracking.delete_experiment_tag(
            tx, experiment_id(x.experiment_id), x.key
        ),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/experiments/search", Action.READ_EXPERIMENT, "read",
        lambda call: _search(_search_body(call)),
        lambda app, tx, x: app.search.experiments(tx, x),
        _dump_page,
    ),
    Endpoint(
        "GET", "mlflow/experiments/search", Action.READ_EXPERIMENT, "read",
        lambda call: _search(_search_query(call)),
        lambda app, tx, x: app.search.experiments(tx, x),
        _dump_page,
    ),
]  # fmt: skip

_list_query = query(List)

LEGACY = [
    Endpoint(
        "GET", "mlflow/experiments/list", Action.READ_EXPERIMENT, "read",
        lambda call: _list(_list_query(call)),
        lambda app, tx, x: app.search.experiments(tx, x),
        _dump_page,
    ),
]  # fmt: skip
"""Rows that only MLflow 1.x had."""
