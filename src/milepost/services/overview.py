"""What the pages ask beyond MLflow's API: rows with chosen columns, keys, groups, many curves."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from milepost.domain import search as grammar
from milepost.domain.sampling import envelope, evenly
from milepost.domain.search import parse_filter, parse_order
from milepost.domain.tracking import Lifecycle, RunStatus, ViewType
from milepost.errors import Invalid, NotFound
from milepost.store import curves, keys, overview, run_search, runs
from milepost.store.folding import Folder
from milepost.store.overview import Activity, Column, Group
from milepost.store.points import History
from milepost.store.tx import Tx

MOST_ROWS = 5000
MOST_COLUMNS = 500
MOST_CURVE_RUNS = 200
MOST_CURVES = 2000
MOST_POINTS = 5000
_FIRST = -(2**63)


class RunTable(Struct, frozen=True):
    """Part of a table of runs: which ones, in what order, with which columns."""

    experiments: Sequence[int]
    filter: str
    order_by: Sequence[str]
    view: ViewType
    limit: int
    offset: int
    columns: Sequence[Column]
    counted: bool
    run_ids: Sequence[str] = ()
    """If given, exactly these runs, whatever the filter and in no particular order."""


class RunRow(Struct, frozen=True):
    """One run without its data. Times in milliseconds; `children` counts runs nested in it."""

    run_id: str
    experiment_id: str
    name: str
    status: str
    user: str
    start_time: int
    end_time: int | None
    deleted: bool
    children: int


class RunTablePart(Struct, frozen=True):
    """Rows, and for each column the values in row order; `total` if it was asked for."""

    rows: list[RunRow]
    cells: list[list[Any]]
    total: int | None


class Curves(Struct, frozen=True):
    """Which curves: every key of every run, thinned out to `points` each, after `after` (a step)
    or within `steps`, both ends included."""

    run_ids: Sequence[str]
    names: Sequence[str]
    points: int
    steps: tuple[int, int] | None = None
    times: bool = False
    evenly: bool = False
    """Thinned out by rank, so that equally long histories keep the same points and can be averaged
    point by point; else lowest and highest points are kept."""


class Curve(Struct, frozen=True):
    """Points of metric `key` (a position in the request) of run `run` (the same). `size` counts
    the points before thinning out."""

    run: int
    key: int
    size: int
    steps: array[int]
    values: array[float]
    times: array[int] | None


class Grouping(Struct, frozen=True):
    """Which runs to group by which params or tags, and the metric to describe."""

    experiments: Sequence[int]
    filter: str
    by: Sequence[Column]
    metric: Column | None


class MetricSummary(Struct, frozen=True):
    """One metric of one run."""

    key: str
    last: float | None
    step: int
    time: int
    min: float | None
    min_step: int | None
    max: float | None
    max_step: int | None


class Overview:
    """The reading verbs of the pages."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def activity(self, tx: Tx, experiments: Sequence[int]) -> list[Activity]:
        """Activity of the experiments that have runs; of all if none is named."""
        return overview.activity(tx, experiments or None)

    def names(self, tx: Tx, experiments: Sequence[int]) -> dict[str, list[str]]:
        """The keys of metrics, params and tags that occur in the experiments."""
        return {f"{kind}s": overview.names(tx, experiments, kind) for kind in overview.TABLES}

    def table(self, tx: Tx, query: RunTable) -> RunTablePart:
        """Part of a table of runs. Raises Invalid for a filter or order that is not understood."""
        if not 0 <= query.limit <= MOST_ROWS or query.offset < 0:
            raise Invalid(f"limit must be between 0 and {MOST_ROWS}, offset at least 0")
        if len(query.columns) > MOST_COLUMNS:
            raise Invalid(f"At most {MOST_COLUMNS} columns, asked for {len(query.columns)}")
        tree = parse_filter(query.filter, grammar.RUNS)
        stages = query.view.stages()
        if query.run_ids:
            found = runs.rows(tx, query.run_ids[:MOST_ROWS])
        else:
            order = parse_order(query.order_by, grammar.RUNS)
            found = run_search.search(
                tx,
                run_search.Query(query.experiments, stages, tree, order, query.limit, query.offset),
            )
        nested = overview.children(tx, [row[0] for row in found])
        return RunTablePart(
            [_row(row, nested) for row in found],
            overview.cells(tx, [row[9] for row in found], query.columns),
            overview.count(tx, query.experiments, stages, tree) if query.counted else None,
        )

    def curves(self, tx: Tx, query: Curves) -> list[Curve]:
        """Thinned-out histories; what has no points is left out."""
        if len(query.run_ids) > MOST_CURVE_RUNS:
            raise Invalid(f"At most {MOST_CURVE_RUNS} runs at once, got {len(query.run_ids)}")
        if len(query.run_ids) * len(query.names) > MOST_CURVES:
            raise Invalid(f"At most {MOST_CURVES} curves (runs x keys) at once")
        if not 4 <= query.points <= MOST_POINTS:
            raise Invalid(f"points must be between 4 and {MOST_POINTS}")
        numbers = runs.numbers(tx, query.run_ids)
        ids = keys.find(tx, query.names)
        if not numbers or not ids:
            return []
        first = _FIRST if query.steps is None else query.steps[0]
        histories, unpacked = curves.read(tx, list(numbers.values()), list(ids.values()), first)
        self._folder.found(unpacked)
        return [
            _curve(i, j, histories[numbers[run_id], ids[name]], query)
            for i, run_id in enumerate(query.run_ids)
            for j, name in enumerate(query.names)
            if run_id in numbers and name in ids and (numbers[run_id], ids[name]) in histories
        ]

    def groups(self, tx: Tx, query: Grouping) -> list[Group]:
        """Runs grouped by params or tags, the largest group first."""
        if not 1 <= len(query.by) <= 4:
            raise Invalid("Group by 1 to 4 params or tags")
        tree = parse_filter(query.filter, grammar.RUNS)
        found = overview.groups(tx, query.experiments, tree, query.by, query.metric)
        return sorted(found, key=lambda g: (-g.runs, [v or "" for v in g.values]))

    def summary(self, tx: Tx, run_id: str) -> list[MetricSummary]:
        """The metrics of a run with their last and best values, by key."""
        run = runs.find(tx, run_id)
        if run is None:
            raise NotFound(f"Run with id={run_id} not found")
        return [MetricSummary(*row) for row in overview.metrics_of(tx, run.id)]


def _row(row: Sequence[Any], nested: dict[str, int]) -> RunRow:
    return RunRow(
        row[0],
        str(row[1]),
        row[2],
        RunStatus(row[4]).name,
        row[3],
        row[5],
        row[6],
        row[8] != Lifecycle.active,
        nested.get(row[0], 0),
    )


def _curve(run: int, key: int, points: History, query: Curves) -> Curve:
    steps, values, times = points.steps, points.values, points.times
    size = len(points)
    if query.steps is not None:
        # One more point on each side, so that lines run to the edge of the chart.
        lo = max(0, bisect_left(steps, query.steps[0]) - 1)
        hi = min(size, bisect_right(steps, query.steps[1]) + 1)
        steps, values, times = steps[lo:hi], values[lo:hi], times[lo:hi]
    if len(values) > query.points:
        chosen = (evenly if query.evenly else envelope)(values, query.points)
        steps = array("q", [steps[i] for i in chosen])
        values = array("d", [values[i] for i in chosen])
        times = array("q", [times[i] for i in chosen]) if query.times else times
    return Curve(run, key, size, steps, values, times if query.times else None)
