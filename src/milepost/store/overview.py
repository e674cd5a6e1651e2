"""What pages show of many runs at once: rows with chosen columns, counts, keys, groups.

Each query's cost follows what is shown: the keys of an experiment are found by skipping through an
index from one key to the next, a page of runs reads only the columns asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from milepost.domain.search import Node
from milepost.domain.tracking import Lifecycle, RunStatus
from milepost.store import keys
from milepost.store.conditions import FALSE, RUNS, condition
from milepost.store.tx import Tx, marks

TABLES = {"metric": "metrics", "param": "params", "tag": "tags"}
FIELDS = {
    "last": "value",
    "min": "min_value",
    "max": "max_value",
    "step": "step",
    "min_step": "min_step",
    "max_step": "max_step",
}
PARENT_TAG = "mlflow.parentRunId"
_PART = 2000


class Column(NamedTuple):
    """One column of data: kind metric | param | tag, and for a metric which of its values."""

    kind: str
    key: str
    field: str = "last"


class Activity(NamedTuple):
    """What happens in an experiment: its runs, how many of them are running, and the latest time
    (milliseconds) at which one started or ended."""

    experiment: int
    runs: int
    running: int
    latest: int | None


def activity(tx: Tx, experiments: Sequence[int] | None = None) -> list[Activity]:
    """Activity of the experiments (all by default) that have runs outside the trash."""
    within = "" if experiments is None else f" AND experiment_id IN ({marks(experiments)})"
    rows = tx.rows(
        "SELECT experiment_id, COUNT(*), SUM(CASE WHEN status = ? THEN 1 ELSE 0 END),"
        " MAX(start_time), MAX(end_time)"
        f" FROM runs WHERE lifecycle = ?{within} GROUP BY experiment_id",
        (RunStatus.RUNNING, Lifecycle.active, *(experiments or ())),
    )
    return [Activity(r[0], r[1], int(r[2]), max(r[3] or 0, r[4] or 0) or None) for r in rows]


def count(
    tx: Tx, experiments: Sequence[int], stages: Sequence[Lifecycle], node: Node | None
) -> int:
    """How many runs pass a filter."""
    where = condition(tx, node, RUNS)
    if not experiments or where == FALSE:
        return 0
    row = tx.row(
        f"SELECT COUNT(*) FROM runs r WHERE r.experiment_id IN ({marks(experiments)})"
        f" AND r.lifecycle IN ({marks(stages)}) AND ({where.text})",
        (*experiments, *stages, *where.parameters),
    )
    assert row is not None
    return int(row[0])


def names(tx: Tx, experiments: Sequence[int], kind: str) -> list[str]:
    """The keys of one kind that occur in the experiments, sorted."""
    found: set[str] = set()
    table = TABLES[kind]
    for experiment in experiments:
        found.update(
            row[0]
            for row in tx.rows(
                "WITH RECURSIVE k(id) AS ("
                f"SELECT MIN(key_id) FROM {table} WHERE experiment_id = ? UNION ALL"
                f" SELECT (SELECT MIN(t.key_id) FROM {table} t"
                " WHERE t.experiment_id = ? AND t.key_id > k.id) FROM k WHERE k.id IS NOT NULL)"
                " SELECT n.name FROM k JOIN names n ON n.id = k.id",
                (experiment, experiment),
            )
        )
    return sorted(found)


def cells(tx: Tx, runs: Sequence[int], columns: Sequence[Column]) -> list[list[Any]]:
    """For each column its values in the order of `runs`; None where a run has none, NaN as NaN."""
    position = {run: i for i, run in enumerate(runs)}
    result: list[list[Any]] = [[None] * len(runs) for _ in columns]
    ids = keys.find(tx, {c.key for c in columns})
    for kind, table in TABLES.items():
        wanted: dict[int, list[tuple[int, str]]] = {}
        for i, c in enumerate(columns):
            if c.kind == kind and c.key in ids:
                wanted.setdefault(ids[c.key], []).append((i, c.field))
        if not wanted or not runs:
            continue
        for run, key, *values in _data(tx, kind, table, runs, list(wanted)):
            for i, name in wanted[key]:
                result[i][position[run]] = _cell(kind, name, values)
    return result


def _data(
    tx: Tx, kind: str, table: str, runs: Sequence[int], wanted: Sequence[int]
) -> Iterable[Sequence[Any]]:
    columns = f"nan, {', '.join(FIELDS.values())}" if kind == "metric" else "value"
    for start in range(0, len(runs), _PART):
        part = runs[start : start + _PART]
        yield from tx.rows(
            f"SELECT run_id, key_id, {columns} FROM {table}"
            f" WHERE run_id IN ({marks(part)}) AND key_id IN ({marks(wanted)})",
            (*part, *wanted),
        )


_PLACE = {name: i for i, name in enumerate(FIELDS, 1)}


def _cell(kind: str, field: str, values: Sequence[Any]) -> Any:
    if kind != "metric":
        return values[0]
    if field == "last" and values[0]:
        return float("nan")
    return values[_PLACE[field]]


def children(tx: Tx, runs: Sequence[str]) -> dict[str, int]:
    """How many runs outside the trash name each of `runs` as their parent; those with none are
    left out."""
    key = keys.find(tx, [PARENT_TAG]).get(PARENT_TAG)
    if key is None or not runs:
        return {}
    rows = tx.rows(
        "SELECT t.value, COUNT(*) FROM tags t JOIN runs r ON r.id = t.run_id"
        " JOIN runs p ON p.experiment_id = t.experiment_id AND p.uuid = t.value"
        f" WHERE p.uuid IN ({marks(runs)}) AND t.key_id = ? AND r.lifecycle = ? GROUP BY t.value",
        (*runs, key, Lifecycle.active),
    )
    return {row[0]: int(row[1]) for row in rows}


class Group(NamedTuple):
    """Runs with the same values, and of one metric over them: mean, standard deviation (of the
    population), least and greatest value."""

    values: tuple[str | None, ...]
    runs: int
    metric: str | None
    mean: float | None
    deviation: float | None
    least: float | None
    greatest: float | None


def groups(
    tx: Tx,
    experiments: Sequence[int],
    node: Node | None,
    by: Sequence[Column],
    metric: Column | None,
) -> list[Group]:
    """The runs outside the trash that pass a filter, grouped by params or tags; of `metric` what
    Group says, over runs that have it as a number. Without a metric the groups are counted."""
    where = condition(tx, node, RUNS)
    ids = keys.find(tx, {c.key for c in (*by, *([metric] if metric else ()))})
    source, parameters = "runs r", []
    for i, c in enumerate(by):
        source += f" LEFT JOIN {TABLES[c.kind]} g{i} ON g{i}.run_id = r.id AND g{i}.key_id = ?"
        parameters.append(ids.get(c.key, 0))
    value = "0.0"
    if metric is not None:
        source += " JOIN metrics m ON m.run_id = r.id AND m.key_id = ?"
        parameters.append(ids.get(metric.key, 0))
        value = f"m.{FIELDS[metric.field]}"
    number = "" if metric is None else f" AND m.nan = 0 AND {value} IS NOT NULL"
    listed = ", ".join(f"v{i}" for i in range(len(by)))
    selected = ", ".join(f"g{i}.value AS v{i}" for i in range(len(by)))
    same = " AND ".join(f"(x.v{i} = a.v{i} OR x.v{i} IS NULL AND a.v{i} IS NULL)"
                        for i in range(len(by)))  # fmt: skip
    rows = tx.rows(
        f"WITH x AS (SELECT {selected}, {value} AS n FROM {source}"
        f" WHERE r.experiment_id IN ({marks(experiments)}) AND r.lifecycle = ?"
        f" AND ({where.text}){number}),"
        f" a AS (SELECT {listed}, COUNT(*) AS runs, AVG(n) AS mean, MIN(n) AS least,"
        f" MAX(n) AS greatest FROM x GROUP BY {listed})"
        f" SELECT {', '.join(f'a.v{i}' for i in range(len(by)))}, a.runs, a.mean,"
        " AVG((x.n - a.mean) * (x.n - a.mean)), a.least, a.greatest"
        f" FROM a JOIN x ON {same}"
        f" GROUP BY {', '.join(f'a.v{i}' for i in range(len(by)))}, a.runs, a.mean, a.least,"
        " a.greatest",
        (*parameters, *experiments, Lifecycle.active, *where.parameters),
    )
    return [_group(row, len(by), metric) for row in rows]


def _group(row: Sequence[Any], width: int, metric: Column | None) -> Group:
    values, runs = tuple(row[:width]), int(row[width])
    if metric is None:
        return Group(values, runs, None, None, None, None, None)
    mean, variance, least, greatest = (float(v) for v in row[width + 1 : width + 5])
    return Group(values, runs, metric.key, mean, variance**0.5, least, greatest)


def metrics_of(tx: Tx, run: int) -> list[tuple[Any, ...]]:
    """(key, last, step, time, min, min step, max, max step) of each metric of a run, by key."""
    found = tx.rows(
        "SELECT n.name, m.value, m.step, m.ts, m.min_value, m.min_step, m.max_value, m.max_step,"
        " m.nan FROM metrics m JOIN names n ON n.id = m.key_id WHERE m.run_id = ? ORDER BY n.name",
        (run,),
    )
    return [(r[0], float("nan") if r[8] else r[1], *r[2:8]) for r in found]
