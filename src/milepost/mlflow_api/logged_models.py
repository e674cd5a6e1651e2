"""MLflow's wire for logged models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from milepost.domain import search as grammar
from milepost.domain.access import Action
from milepost.domain.logged_models import LoggedModel, ModelPoint, ModelStatus
from milepost.domain.search import decode_page_token, parse_filter, parse_order
from milepost.domain.tracking import Param, Tag
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call, Endpoint, body, empty
from milepost.mlflow_api.experiments import experiment_id
from milepost.mlflow_api.wire import Int64, Message, Required, double, present
from milepost.services.search import Page
from milepost.store.logged_search import MeasuredOn, ModelOrder, Query

MOST = 50_000
DEFAULT = 50


class Create(Message):
    """logged-models"""

    experiment_id: Required
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[Param] = []
    tags: list[Tag] = []


class Finalize(Message):
    """PATCH logged-models/{model_id}; clients send the id in the body too"""

    model_id: Required
    status: ModelStatus = ModelStatus.LOGGED_MODEL_STATUS_UNSPECIFIED


class SetTags(Message):
    """logged-models/{model_id}/tags"""

    tags: list[Tag] = []


class LogParams(Message):
    """logged-models/{model_id}/params"""

    model_id: Required
    params: list[Param] = []


class DatasetMessage(Message):
    """A data set in logged-models/search"""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderMessage(DatasetMessage):
    """A key to sort by in logged-models/search"""

    field_name: str = ""
    ascending: bool = True


class Search(Message):
    """logged-models/search"""

    experiment_ids: list[str]
    filter: str = ""
    datasets: list[DatasetMessage] = []
    max_results: Int64 = DEFAULT
    order_by: list[OrderMessage] = []
    page_token: str = ""


def dump_model(model: LoggedModel) -> dict[str, Any]:
    """A LoggedModel message."""
    info = present(
        model_id=model.id,
        experiment_id=str(model.experiment_id),
        name=model.name,
        creation_timestamp_ms=model.created,
        last_updated_timestamp_ms=model.updated,
        artifact_uri=model.artifact_uri,
        status=model.status.name,
        model_type=model.model_type,
        source_run_id=model.source_run,
        status_message=model.status_message,
        tags=model.tags,
    )
    metrics = [_dump_point(model.id, point) for point in model.metrics]
    return {"info": info, "data": present(params=model.params, metrics=metrics)}


def _dump_point(model_id: str, point: ModelPoint) -> dict[str, Any]:
    return present(
        key=point.key,
        value=double(point.value),
        timestamp=point.timestamp,
        step=point.step,
        dataset_name=point.dataset_name or None,
        dataset_digest=point.dataset_digest or None,
        model_id=model_id,
        run_id=point.run_id,
    )


def _dump(model: LoggedModel) -> dict[str, Any]:
    return {"model": dump_model(model)}


def _dump_page(page: Page[LoggedModel]) -> dict[str, Any]:
    models = [dump_model(model) for model in page.items]
    return present(models=models, next_page_token=page.next_token)


def _get(call: Call) -> tuple[str, bool]:
    allowed = call.query.get("allow_deleted", ["false"])[-1]
    return call.path["model_id"], allowed.lower() == "true"


def _status(message: Finalize) -> ModelStatus:
    if message.status is ModelStatus.LOGGED_MODEL_STATUS_UNSPECIFIED:
        valid = [status.name for status in ModelStatus if status]
        raise Invalid(f"Missing value for required parameter 'status'. It is one of {valid}.")
    return message.status


_tags_body, _search_body = body(SetTags), body(Search)


def _tags(call: Call) -> tuple[str, list[Tag]]:
    return call.path["model_id"], _tags_body(call).tags


def _search(call: Call) -> Query:
    message = _search_body(call)
    limit = message.max_results or DEFAULT
    if not 1 <= limit <= MOST:
        raise Invalid(
            f"Invalid value {limit} for parameter 'max_results' supplied: It must be a positive"
            f" integer of at most {MOST}"
        )
    return Query(
        [experiment_id(text) for text in message.experiment_ids],
        parse_filter(message.filter, grammar.LOGGED_MODELS),
        [_dataset(item) for item in message.datasets],
        _order(message.order_by),
        limit,
        decode_page_token(message.page_token),
    )


def _dataset(item: DatasetMessage) -> MeasuredOn:
    if not item.dataset_name:
        raise Invalid("`dataset_name` in the `datasets` clause must be specified.")
    return MeasuredOn(item.dataset_name, item.dataset_digest or None)


def _order(items: Sequence[OrderMessage]) -> list[ModelOrder]:
    orders = []
    for item in items:
        text = f"{item.field_name} {'ASC' if item.ascending else 'DESC'}"
        (order,) = parse_order([text], grammar.LOGGED_MODELS)
        named = item.dataset_name or item.dataset_digest
        on = MeasuredOn(item.dataset_name or None, item.dataset_digest or None) if named else None
        orders.append(ModelOrder(order, on))
    return orders


ENDPOINTS = [
    Endpoint(
        "POST", "mlflow/logged-models", Action.EDIT_EXPERIMENT, "write", body(Create),
        lambda app, tx, x: app.logged_models.create(
            tx, experiment_id(x.experiment_id), x.name, x.model_type, x.source_run_id, x.params,
            x.tags,
        ),
        _dump,
    ),
    Endpoint(
        "POST", "mlflow/logged-models/search", Action.READ_EXPERIMENT, "read", _search,
        lambda app, tx, x: app.logged_models.search(tx, x),
        _dump_page,
    ),
    Endpoint(
        "GET", "mlflow/logged-models/{model_id}", Action.READ_EXPERIMENT, "read", _get,
        lambda app, tx, x: app.logged_models.get(tx, x[0], allow_deleted=x[1]),
        _dump,
    ),
    Endpoint(
        "PATCH", "mlflow/logged-models/{model_id}", Action.EDIT_EXPERIMENT, "write",
        body(Finalize),
        lambda app, tx, x: app.logged_models.finalize(tx, x.model_id, _status(x)),
        _dump,
    ),
    Endpoint(
        "DELETE", "mlflow/logged-models/{model_id}", Action.EDIT_EXPERIMENT, "write",
        lambda call: call.path["model_id"],
        lambda app, tx, x: app.logged_models.delete(tx, x),
        empty,
    ),
    Endpoint(
        "PATCH", "mlflow/logged-models/{model_id}/tags", Action.EDIT_EXPERIMENT, "write", _tags,
        lambda app, tx, x: app.logged_models.set_tags(tx, *x),
        empty,
    ),
    Endpoint(
        "DELETE", "mlflow/logged-models/{model_id}/tags/{tag_key}", Action.EDIT_EXPERIMENT,
        "write", lambda call: (call.path["model_id"], call.path["tag_key"]),
        lambda app, tx, x: app.logged_models.delete_tag(tx, *x),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/logged-models/{model_id}/params", Action.EDIT_EXPERIMENT, "write",
        body(LogParams),
        lambda app, tx, x: app.logged_models.log_params(tx, x.model_id, x.params),
        empty,
    ),
]  # fmt: skip
