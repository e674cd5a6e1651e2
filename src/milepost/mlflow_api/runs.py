"""MLflow's wire for runs and what is logged to them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from milepost.domain.access import Action
from milepost.domain.tracking import (
    Batch,
    Dataset,
    DatasetInput,
    Metric,
    ModelOutput,
    NewRun,
    Param,
    Point,
    Run,
    RunStatus,
    RunUpdate,
    Tag,
    ViewType,
)
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call, Endpoint, body, empty, query
from milepost.mlflow_api.experiments import experiment_id
from milepost.mlflow_api.wire import Int64, Message, Required, double, missing, present
from milepost.services.search import Page, RunSearch

MOST = 50_000


class RunId(Message):
    """runs/get. Clients send `run_id`, `run_uuid` or both."""

    run_id: str = ""
    run_uuid: str = ""


class OnlyRunId(Message):
    """runs/delete and restore, which know no other name"""

    run_id: Required


class Create(Message):
    """runs/create"""

    experiment_id: str = ""
    user_id: str = ""
    run_name: str = ""
    start_time: Int64 = 0
    tags: list[Tag] = []


class Update(RunId):
    """runs/update"""

    status: RunStatus | UnsetType = UNSET
    end_time: Int64 | UnsetType = UNSET
    run_name: str = ""


class LogMetric(Message):
    """runs/log-metric"""

    key: Required
    value: float
    timestamp: Int64
    run_id: str = ""
    run_uuid: str = ""
    step: Int64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogParam(Message):
    """runs/log-parameter"""

    key: Required
    run_id: str = ""
    run_uuid: str = ""
    value: str = ""


class SetTag(Message):
    """runs/set-tag"""

    key: Required
    run_id: str = ""
    run_uuid: str = ""
    value: str = ""


class DeleteTag(Message):
    """runs/delete-tag"""

    run_id: Required
    key: Required


class LogBatch(Message):
    """runs/log-batch"""

    run_id: Required
    metrics: list[Metric] = []
    params: list[Param] = []
    tags: list[Tag] = []


class DatasetMessage(Message):
    """A data set in runs/log-inputs"""

    name: str = ""
    digest: str = ""
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


class DatasetInputMessage(Message):
    """A data set with the tags of its use, in runs/log-inputs"""

    dataset: DatasetMessage
    tags: list[Tag] = []


class ModelInputMessage(Message):
    """A logged model a run read, in runs/log-inputs"""

    model_id: str


class ModelOutputMessage(Message):
    """A logged model a run wrote, in runs/outputs"""

    model_id: str
    step: Int64 = 0


class LogInputs(Message):
    """runs/log-inputs"""

    run_id: Required
    datasets: list[DatasetInputMessage] = []
    models: list[ModelInputMessage] = []


class LogOutputs(Message):
    """runs/outputs"""

    run_id: Required
    models: list[ModelOutputMessage]


class LogModel(Message):
    """runs/log-model of 2.x clients"""

    run_id: Required
    model_json: Required


class Search(Message):
    """runs/search"""

    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: ViewType = ViewType.ACTIVE_ONLY
    max_results: Int64 = 1000
    order_by: list[str] = []
    page_token: str = ""


def run_id(message: Any) -> str:
    """The run a message names, by either name; raises Invalid when it names none."""
    found: str = message.run_id or message.run_uuid
    if not found:
        raise missing("run_id")
    return found


def dump_point(point: Point | Metric) -> dict[str, Any]:
    """A Metric message."""
    return {
        "key": point.key,
        "value": double(point.value),
        "timestamp": point.timestamp,
        "step": point.step,
    }


def dump_info(run: Run) -> dict[str, Any]:
    """A RunInfo message; ids under their old and their new name."""
    info = {
        "run_uuid": run.id,
        "experiment_id": str(run.experiment_id),
        "run_name": run.name,
        "user_id": run.user_id,
        "status": run.status.name,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "artifact_uri": run.artifact_uri,
        "lifecycle_stage": run.lifecycle.name,
        "run_id": run.id,
    }
    if run.end_time is None:
        del info["end_time"]
    return info


def dump_run(run: Run, *, whole: bool = True) -> dict[str, Any]:
    """A Run message; `whole` with the logged models it read, as runs/get has them."""
    data = present(
        # Points already have the shape of the message, unless one is NaN.
        metrics=[p if p.value == p.value else dump_point(p) for p in run.metrics],
        params=run.params,
        tags=run.tags,
    )
    inputs = present(
        dataset_inputs=[_dump_dataset(item) for item in run.datasets],
        model_inputs=[{"model_id": model} for model in run.model_inputs] if whole else [],
    )
    outputs = present(model_outputs=run.model_outputs)
    return {"info": dump_info(run), "data": data, "inputs": inputs, "outputs": outputs}


def _dump_dataset(item: DatasetInput) -> dict[str, Any]:
    data = item.dataset
    dataset = present(
        name=data.name,
        digest=data.digest,
        source_type=data.source_type,
        source=data.source,
        schema=data.schema,
        profile=data.profile,
    )
    return present(tags=list(item.tags), dataset=dataset)


def _dump_created(run: Run) -> dict[str, Any]:
    message = dump_run(run)
    del message["outputs"]
    return {"run": message}


def _dump_page(page: Page[Run]) -> dict[str, Any]:
    return present(
        runs=[dump_run(run, whole=False) for run in page.items], next_page_token=page.next_token
    )


def _create(call: Call) -> NewRun:
    m = _create_body(call)
    if not m.experiment_id:
        raise Invalid("A run belongs to an experiment: 'experiment_id' is missing.")
    return NewRun(experiment_id(m.experiment_id), m.user_id, m.run_name, m.start_time, m.tags)


def _update(call: Call) -> RunUpdate:
    m = _update_body(call)
    end_time = None if m.end_time is UNSET else m.end_time
    return RunUpdate(run_id(m), m.status or None, end_time, m.run_name)


def _metric(call: Call) -> Batch:
    m = _log_metric_body(call)
    metric = Metric(
        m.key, m.value, m.timestamp, m.step, m.model_id, m.dataset_name, m.dataset_digest
    )
    return Batch(run_id(m), metrics=(metric,))


def _param(call: Call) -> Batch:
    message = _log_param_body(call)
    return Batch(run_id(message), params=(Param(message.key, message.value),))


def _tag(call: Call) -> Batch:
    message = _set_tag_body(call)
    return Batch(run_id(message), tags=(Tag(message.key, message.value),))


def _batch(call: Call) -> Batch:
    message = _log_batch_body(call)
    return Batch(message.run_id, message.metrics, message.params, message.tags)


def _inputs(message: LogInputs) -> list[DatasetInput]:
    return [
        DatasetInput(
            Dataset(d.name, d.digest, d.source_type, d.source, d.schema, d.profile), item.tags
        )
        for item in message.datasets
        for d in (item.dataset,)
    ]


def _search(call: Call) -> RunSearch:
    message = _search_body(call)
    if not 1 <= message.max_results <= MOST:
        raise Invalid(
            f"Invalid value {message.max_results} for parameter 'max_results' supplied: It must be"
            f" a positive integer of at most {MOST}"
        )
    return RunSearch(
        tuple(experiment_id(e) for e in message.experiment_ids),
        message.filter,
        tuple(message.order_by),
        message.run_view_type,
        message.max_results,
        message.page_token,
    )


_create_body, _update_body = body(Create), body(Update)
_log_metric_body, _log_param_body = body(LogMetric), body(LogParam)
_set_tag_body, _log_batch_body, _search_body = body(SetTag), body(LogBatch), body(Search)


def _logging(path: str, parse: Any) -> Endpoint:
    """A row of the hot path: any number of them are applied together."""
    return Endpoint(
        "POST", path, Action.EDIT_EXPERIMENT, "write", parse,
        lambda app, tx, batch: app.tracking.log_batch(tx, batch),
        empty,
        merge=lambda app, tx, batches: app.tracking.log_batches(tx, batches),
    )  # fmt: skip


ENDPOINTS = [
    _logging("mlflow/runs/log-metric", _metric),
    _logging("mlflow/runs/log-parameter", _param),
    _logging("mlflow/runs/set-tag", _tag),
    _logging("mlflow/runs/log-batch", _batch),
    Endpoint(
        "POST", "mlflow/runs/create", Action.EDIT_EXPERIMENT, "write", _create,
        lambda app, tx, x: app.tracking.create_run(tx, x),
        _dump_created,
        merge=lambda app, tx, many: app.tracking.create_runs(tx, many),
    ),
    Endpoint(
        "GET", "mlflow/runs/get", Action.READ_EXPERIMENT, "read", query(RunId),
        lambda app, tx, x: app.tracking.get_run(tx, run_id(x)),
        lambda run: {"run": dump_run(run)},
    ),
    Endpoint(
        "POST", "mlflow/runs/update", Action.EDIT_EXPERIMENT, "write", _update,
        lambda app, tx, x: app.tracking.update_run(tx, x),
        lambda run: {"run_info": dump_info(run)},
        merge=lambda app, tx, many: app.tracking.update_runs(tx, many),
    ),
    Endpoint(
        "POST", "mlflow/runs/delete", Action.MANAGE_EXPERIMENT, "write", body(OnlyRunId),
        lambda app, tx, x: app.tracking.delete_run(tx, x.run_id),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/runs/restore", Action.MANAGE_EXPERIMENT, "write", body(OnlyRunId),
        lambda app, tx, x: app.tracking.restore_run(tx, x.run_id),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/runs/delete-tag", Action.EDIT_EXPERIMENT, "write", body(DeleteTag),
        lambda app, tx, x: app.tracking.delete_tag(tx, x.run_id, x.key),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/runs/log-inputs", Action.EDIT_EXPERIMENT, "write", body(LogInputs),
        lambda app, tx, x: app.tracking.log_inputs(
            tx, x.run_id, _inputs(x), [model.model_id for model in x.models]
        ),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/runs/outputs", Action.EDIT_EXPERIMENT, "write", body(LogOutputs),
        lambda app, tx, x: app.tracking.log_outputs(
            tx, x.run_id, [ModelOutput(model.model_id, model.step) for model in x.models]
        ),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/runs/log-model", Action.EDIT_EXPERIMENT, "write", body(LogModel),
        lambda app, tx, x: app.tracking.log_model(tx, x.run_id, x.model_json),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/runs/search", Action.READ_EXPERIMENT, "read", _search,
        lambda app, tx, x: app.search.runs(tx, x),
        _dump_page,
    ),
]  # fmt: skip
