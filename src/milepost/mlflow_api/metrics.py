"""MLflow's wire for metric history."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from math import isnan
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from milepost.domain.access import Action
from milepost.domain.tracking import Point
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call, Endpoint, query
from milepost.mlflow_api.runs import run_id
from milepost.mlflow_api.wire import Int64, Message, Required, missing, present
from milepost.services.metrics import MOST_BULK, HistoryPage, Series


class GetHistory(Message):
    """metrics/get-history"""

    metric_key: Required
    run_id: str = ""
    run_uuid: str = ""
    max_results: Int64 | UnsetType = UNSET
    page_token: str = ""


class GetBulk(Message):
    """metrics/get-history-bulk"""

    run_id: list[str] = []
    metric_key: str = ""
    max_results: Int64 = MOST_BULK


class GetSample(Message):
    """metrics/get-history-bulk-interval"""

    run_ids: list[str] = []
    metric_key: str = ""
    start_step: Int64 | UnsetType = UNSET
    end_step: Int64 | UnsetType = UNSET
    max_results: Int64 = 320


class RunPoint(Struct, frozen=True, gc=False):
    """A MetricWithRunId message."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str


def _points(key: str, series: Series) -> list[Any]:
    points = list(map(Point, repeat(key), series.values, series.times, series.steps))
    return _with_nan(points, series.values)


def _run_points(key: str, many: Sequence[Series]) -> list[Any]:
    points: list[Any] = []
    for s in many:
        made = list(map(RunPoint, repeat(key), s.values, s.times, s.steps, repeat(s.run_id)))
        points += _with_nan(made, s.values)
    return points


def _with_nan(points: list[Any], values: Sequence[float]) -> list[Any]:
    """Points as they are, with the rare NaN spelled out."""
    if not any(map(isnan, values)):
        return points
    return [
        p
        if p.value == p.value
        else {f: getattr(p, f) for f in p.__struct_fields__} | {"value": "NaN"}
        for p in points
    ]


def _dump_history(result: tuple[str, HistoryPage]) -> dict[str, Any]:
    key, page = result
    return present(metrics=_points(key, page.series), next_page_token=page.next_token)


def _dump_runs(result: tuple[str, list[Series]]) -> dict[str, Any]:
    key, many = result
    return present(metrics=_run_points(key, many))


def _dump_bulk(result: tuple[str, list[Series]]) -> dict[str, Any]:
    # This one route of MLflow sends NaN as a bare token, and an empty list instead of nothing.
    key, many = result
    points = _run_points(key, many)
    for point in points:
        if isinstance(point, dict):
            point["value"] = Raw(b"NaN")
    return {"metrics": points}


def _limit(message: GetHistory) -> int | None:
    if message.max_results is UNSET:
        return None
    if message.max_results < 1:
        raise Invalid(
            f"Invalid value {message.max_results} for parameter 'max_results' supplied:"
            " It must be at least 1"
        )
    return message.max_results


def _bulk(call: Call) -> GetBulk:
    message = _bulk_query(call)
    if not message.run_id:
        raise Invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if not message.metric_key:
        raise Invalid("GetMetricHistoryBulk request must specify a metric_key.")
    return message


def _sample(call: Call) -> GetSample:
    message = _sample_query(call)
    for name in ("run_ids", "metric_key"):
        if not getattr(message, name):
            raise missing(name)
    if (message.start_step is UNSET) != (message.end_step is UNSET):
        raise Invalid(
            "If either start step or end step are specified, both start step and end step must be"
            " specified."
        )
    if _steps(message) is not None and message.start_step > message.end_step:  # type: ignore[operator]
        raise Invalid(
            "end_step must be greater than start_step."
            f" Found start_step={message.start_step} and end_step={message.end_step}."
        )
    return message


def _steps(message: GetSample) -> tuple[int, int] | None:
    if message.start_step is UNSET or message.end_step is UNSET:
        return None
    return message.start_step, message.end_step


_bulk_query, _sample_query = query(GetBulk), query(GetSample)

ENDPOINTS = [
    Endpoint(
        "GET", "mlflow/metrics/get-history", Action.READ_EXPERIMENT, "read", query(GetHistory),
        lambda app, tx, x: (
            x.metric_key,
            app.metrics.page(tx, run_id(x), x.metric_key, _limit(x), x.page_token),
        ),
        _dump_history,
    ),
    Endpoint(
        "GET", "mlflow/metrics/get-history-bulk", Action.READ_EXPERIMENT, "read", _bulk,
        lambda app, tx, x: (
            x.metric_key, app.metrics.bulk(tx, x.run_id, x.metric_key, x.max_results)
        ),
        _dump_bulk,
    ),
    Endpoint(
        "GET", "mlflow/metrics/get-history-bulk-interval", Action.READ_EXPERIMENT, "read", _sample,
        lambda app, tx, x: (
            x.metric_key,
            app.metrics.sample(tx, x.run_ids, x.metric_key, _steps(x), x.max_results),
        ),
        _dump_runs,
    ),
]  # fmt: skip
