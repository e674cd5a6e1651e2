"""Milepost's own routes, below /api/3.0/milepost/, for pages that show many runs at once.

Described for other programs in docs/reference/ui-routes.md.
"""

from __future__ import annotations

import sys
from array import array
from typing import Any

from milepost.domain.access import Action
from milepost.domain.tracking import ViewType
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call, Endpoint, body, query
from milepost.mlflow_api.experiments import experiment_id
from milepost.mlflow_api.replies import Double, Reply
from milepost.mlflow_api.wire import Int64, Message, Required, double
from milepost.services.overview import (
    Curve,
    Curves,
    Grouping,
    MetricSummary,
    RunRow,
    RunTable,
    RunTablePart,
)
from milepost.store.overview import FIELDS, TABLES, Activity, Column, Group


class ColumnMessage(Message):
    """A column: kind is metric, param or tag; field, of a metric, last, min, max, step, min_step
    or max_step"""

    kind: Required
    key: Required
    field: str = "last"


class ExperimentIds(Message):
    """experiments/activity and experiments/keys"""

    experiment_ids: list[str] = []


class TableMessage(Message):
    """runs/table"""

    experiment_ids: list[str] = []
    filter: str = ""
    order_by: list[str] = []
    run_view_type: ViewType = ViewType.ACTIVE_ONLY
    limit: Int64 = 100
    offset: Int64 = 0
    columns: list[ColumnMessage] = []
    counted: bool = False
    run_ids: list[str] = []


class CurvesMessage(Message):
    """metrics/curves"""

    run_ids: list[str]
    keys: list[str]
    points: Int64 = 500
    min_step: Int64 | None = None
    max_step: Int64 | None = None
    times: bool = False
    evenly: bool = False


class GroupsMessage(Message):
    """runs/groups"""

    experiment_ids: list[str]
    by: list[ColumnMessage]
    filter: str = ""
    metric: ColumnMessage | None = None


class RunIdMessage(Message):
    """runs/summary"""

    run_id: Required


class ActivityReply(Reply):
    """Runs of an experiment, how many are running, when something last happened (ms)."""

    experiment_id: str
    runs: int
    running: int
    latest: int | None


class ActivitiesReply(Reply):
    """experiments/activity"""

    experiments: list[ActivityReply]


class KeysReply(Reply):
    """experiments/keys: the names that occur"""

    metrics: list[str]
    params: list[str]
    tags: list[str]


class TableReply(Reply):
    """runs/table: rows, and per column the values in row order (null: none; NaN as text)"""

    rows: list[RunRow]
    cells: list[list[float | str | None]]
    total: int | None = None


class CurveReply(Reply):
    """A curve: run and key are positions in the request; steps, values and times are base64 of
    little-endian float64; size is how many points there were before thinning out."""

    run: int
    key: int
    size: int
    steps: bytes
    values: bytes
    times: bytes | None = None


class CurvesReply(Reply):
    """metrics/curves"""

    curves: list[CurveReply]


class GroupReply(Reply):
    """Runs with the same values, and the metric over them; deviation is of the population."""

    values: list[str | None]
    runs: int
    mean: float | None
    deviation: float | None
    min: float | None
    max: float | None


class GroupsReply(Reply):
    """runs/groups"""

    groups: list[GroupReply]


class MetricReply(Reply):
    """One metric of one run."""

    key: str
    last: Double | None
    step: int
    time: int
    min: Double | None
    min_step: int | None
    max: Double | None
    max_step: int | None


class SummaryReply(Reply):
    """runs/summary"""

    metrics: list[MetricReply]


def _column(message: ColumnMessage) -> Column:
    if message.kind not in TABLES:
        raise Invalid(f"kind must be one of {', '.join(TABLES)}, not '{message.kind}'")
    if message.field not in FIELDS:
        raise Invalid(f"field must be one of {', '.join(FIELDS)}, not '{message.field}'")
    return Column(message.kind, message.key, message.field)


def _experiments(texts: list[str]) -> tuple[int, ...]:
    return tuple(experiment_id(text) for text in texts)


_ids, _table_body, _curves_body, _groups_body = (
    body(ExperimentIds),
    body(TableMessage),
    body(CurvesMessage),
    body(GroupsMessage),
)


def _table(call: Call) -> RunTable:
    m = _table_body(call)
    return RunTable(
        _experiments(m.experiment_ids), m.filter, tuple(m.order_by), m.run_view_type, m.limit,
        m.offset, [_column(c) for c in m.columns], m.counted, tuple(m.run_ids),
    )  # fmt: skip


def _curves(call: Call) -> Curves:
    m = _curves_body(call)
    steps = None
    if m.min_step is not None or m.max_step is not None:
        low = -(2**63) if m.min_step is None else m.min_step
        steps = (low, 2**63 - 1 if m.max_step is None else m.max_step)
    return Curves(tuple(m.run_ids), tuple(m.keys), m.points, steps, m.times, m.evenly)


def _groups(call: Call) -> Grouping:
    m = _groups_body(call)
    metric = None if m.metric is None else _column(m.metric)
    if metric is not None and metric.kind != "metric":
        raise Invalid(f"metric must be of kind metric, not '{metric.kind}'")
    by = [_column(c) for c in m.by]
    if any(c.kind == "metric" for c in by):
        raise Invalid("Runs are grouped by params or tags, not by metrics")
    return Grouping(_experiments(m.experiment_ids), m.filter, by, metric)


def _dump_table(part: RunTablePart) -> TableReply:
    cells = [[double(v) if isinstance(v, float) else v for v in column] for column in part.cells]
    return TableReply(part.rows, cells, part.total)


def _packed(column: Any) -> bytes:
    numbers = array("d", column)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _dump_curve(c: Curve) -> CurveReply:
    times = None if c.times is None else _packed(c.times)
    return CurveReply(c.run, c.key, c.size, _packed(c.steps), _packed(c.values), times)


def _dump_group(g: Group) -> GroupReply:
    return GroupReply(list(g.values), g.runs, g.mean, g.deviation, g.least, g.greatest)


def _dump_activity(a: Activity) -> ActivityReply:
    return ActivityReply(str(a.experiment), a.runs, a.running, a.latest)


def _dump_metric(m: MetricSummary) -> MetricReply:
    last, low, high = (None if v is None else double(v) for v in (m.last, m.min, m.max))
    return MetricReply(m.key, last, m.step, m.time, low, m.min_step, high, m.max_step)


ENDPOINTS = [
    Endpoint(
        "POST", "milepost/experiments/activity", Action.READ_EXPERIMENT, "read",
        lambda call: _experiments(_ids(call).experiment_ids),
        lambda app, tx, x: app.overview.activity(tx, x),
        lambda found: ActivitiesReply([_dump_activity(a) for a in found]),
    ),
    Endpoint(
        "POST", "milepost/experiments/keys", Action.READ_EXPERIMENT, "read",
        lambda call: _experiments(_ids(call).experiment_ids),
        lambda app, tx, x: app.overview.names(tx, x),
        lambda found: KeysReply(**found),
    ),
    Endpoint(
        "POST", "milepost/runs/table", Action.READ_EXPERIMENT, "read", _table,
        lambda app, tx, x: app.overview.table(tx, x),
        _dump_table,
    ),
    Endpoint(
        "POST", "milepost/runs/groups", Action.READ_EXPERIMENT, "read", _groups,
        lambda app, tx, x: app.overview.groups(tx, x),
        lambda found: GroupsReply([_dump_group(g) for g in found]),
    ),
    Endpoint(
        "GET", "milepost/runs/summary", Action.READ_EXPERIMENT, "read", query(RunIdMessage),
        lambda app, tx, x: app.overview.summary(tx, x.run_id),
        lambda found: SummaryReply([_dump_metric(m) for m in found]),
    ),
    Endpoint(
        "POST", "milepost/metrics/curves", Action.READ_EXPERIMENT, "read", _curves,
        lambda app, tx, x: app.overview.curves(tx, x),
        lambda found: CurvesReply([_dump_curve(c) for c in found]),
    ),
]  # fmt: skip
