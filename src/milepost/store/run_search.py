"""Searching runs so that the cost follows the page, not the number of runs.

Three plans, tried in this order:
1. A comparison that few runs pass (found out by reading a bounded range of its index) drives the
   query: only those runs are looked at.
2. Ordered by start time or by a metric's last value, an index is walked in that order and the
   filter is checked run by run until the page is full.
3. Anything else sorts what the filter lets through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from milepost.domain.search import And, Compare, Node, Order
from milepost.domain.tracking import Lifecycle
from milepost.store.conditions import FALSE, RUNS, RUNS_OF_METRICS, Sql, compare, condition, key_ids
from milepost.store.runs import COLUMNS
from milepost.store.tx import Tx, marks

_FEW = 1000
_MOST_PARTITIONS = 40
_RANGE_OPS = {"=", "<", "<=", ">", ">=", "BETWEEN"}
_TABLE = {"metric": "metrics", "param": "params", "tag": "tags"}
_RUN_COLUMNS = ", ".join(f"r.{c.strip()}" for c in COLUMNS.split(","))
_NEWEST = "r.start_time DESC, r.uuid"


class Query(NamedTuple):
    """A search over the runs of some experiments in some life-cycle stages."""

    experiments: Sequence[int]
    stages: Sequence[Lifecycle]
    filter: Node | None
    order: Sequence[Order]
    limit: int
    offset: int


Rows = Sequence[Sequence[Any]]


def search(tx: Tx, query: Query) -> Rows:
    """Rows of runs.COLUMNS, at most `limit` after skipping `offset`."""
    where = condition(tx, query.filter, RUNS)
    if not query.experiments or where == FALSE:
        return []
    few = _selective(tx, query)
    if few is not None:
        return _sorted(tx, query, where, few)
    if _is_newest(query.order):
        return _walk_newest(tx, query, where)
    if _walks_metric(query):
        return _walk_metric(tx, query)
    return _sorted(tx, query, where, None)


def _is_newest(order: Sequence[Order]) -> bool:
    return not order or (order[0].key == "start_time" and order[0].entity == "attribute"
                         and not order[0].ascending and len(order) == 1)  # fmt: skip


def _walks_metric(query: Query) -> bool:
    first = query.order[0]
    return (
        (first.entity, first.field) == ("metric", "last")
        and len(query.order) == 1
        and len(query.experiments) == 1
    )


def _selective(tx: Tx, query: Query) -> Sequence[int] | None:
    """The runs that pass one comparison of the filter, if one of them lets only few pass."""
    items = query.filter.items if isinstance(query.filter, And) else [query.filter]
    indexed = [c for c in items if isinstance(c, Compare) and _has_index(c)]
    ids = key_ids(tx, RUNS, [(c.entity, c.key) for c in indexed])
    if any(c.key not in ids for c in indexed):
        return []  # no run of any experiment has that key
    for c in indexed:
        test = _index_range(tx, c)
        rows = tx.rows(
            f"SELECT x.run_id FROM {_TABLE[c.entity]} x"
            f" WHERE x.experiment_id IN ({marks(query.experiments)}) AND x.key_id = ?"
            f" AND {test.text} LIMIT {_FEW + 1}",
            (*query.experiments, ids[c.key], *test.parameters),
        )
        if len(rows) <= _FEW:
            return [row[0] for row in rows]
    return None


def _has_index(c: Compare) -> bool:
    if c.entity == "metric":
        return c.field == "last" and c.op in _RANGE_OPS
    return c.entity in ("param", "tag") and c.op == "="


def _index_range(tx: Tx, c: Compare) -> Sql:
    test = compare(tx.dialect, "x.value", c.op, c.value)
    if c.entity == "metric":
        return Sql(f"x.nan = 0 AND {test.text}", test.parameters)
    if tx.dialect.name == "postgresql":  # whose index holds the first 64 characters
        return Sql(f"substr(x.value, 1, 64) = substr(?, 1, 64) AND {test.text}", (c.value,) * 2)
    return test


def _partitions(query: Query) -> list[tuple[int, Lifecycle]]:
    return [(e, s) for e in dict.fromkeys(query.experiments) for s in query.stages]


def _walk_newest(tx: Tx, query: Query, where: Sql) -> Rows:
    """Walk the index of each experiment and stage in start order and merge what they yield."""
    partitions = _partitions(query)
    if len(partitions) > _MOST_PARTITIONS:
        return _sorted(tx, query, where, None)
    end = query.offset + query.limit
    one = (
        f"SELECT {_RUN_COLUMNS} FROM runs r WHERE r.experiment_id = ? AND r.lifecycle = ?"
        f" AND ({where.text}) ORDER BY {_NEWEST}"
    )
    if len(partitions) == 1:
        return tx.rows(
            f"{one} LIMIT ? OFFSET ?",
            (*partitions[0], *where.parameters, query.limit, query.offset),
        )
    union = " UNION ALL ".join([f"SELECT * FROM ({one} LIMIT ?) p"] * len(partitions))
    parameters = [v for p in partitions for v in (*p, *where.parameters, end)]
    return tx.rows(
        f"SELECT * FROM ({union}) r ORDER BY {_NEWEST} LIMIT ? OFFSET ?",
        (*parameters, query.limit, query.offset),
    )


def _walk_metric(tx: Tx, query: Query) -> Rows:
    """Runs by the last value of a metric: numbers in index order, then NaN, then runs without."""
    order = query.order[0]
    key = key_ids(tx, RUNS, [("metric", order.key)]).get(order.key)
    where = condition(tx, query.filter, RUNS)
    if key is None:
        return _walk_newest(tx, query, where)
    of_row = condition(tx, query.filter, RUNS_OF_METRICS)
    direction = "ASC" if order.ascending else "DESC"
    stages = f"r.lifecycle IN ({marks(query.stages)})"
    numbers = "FROM metrics o JOIN runs r ON r.id = o.run_id"
    at = (*query.experiments, key)
    of_metric = f"o.experiment_id = ? AND o.key_id = ? AND {stages} AND ({of_row.text})"
    parameters = (*at, *query.stages, *of_row.parameters)
    without = (
        f"FROM runs r WHERE r.experiment_id = ? AND {stages} AND ({where.text})"
        " AND NOT EXISTS (SELECT 1 FROM metrics o WHERE o.run_id = r.id AND o.key_id = ?)"
    )
    phases = [
        (f"{numbers} WHERE {of_metric} AND o.nan = 0",
         f"o.value {direction}, {_NEWEST}", parameters),
        (f"{numbers} WHERE {of_metric} AND o.nan = 1", _NEWEST, parameters),
        (without, _NEWEST, (*query.experiments, *query.stages, *where.parameters, key)),
    ]  # fmt: skip
    return _concatenated(tx, phases, query.limit, query.offset)


def _concatenated(
    tx: Tx, phases: Iterable[tuple[str, str, Sequence[Any]]], limit: int, offset: int
) -> Rows:
    """A page of several queries put one after the other."""
    found: list[Sequence[Any]] = []
    for source, order, parameters in phases:
        rows = tx.rows(
            f"SELECT {_RUN_COLUMNS} {source} ORDER BY {order} LIMIT ? OFFSET ?",
            (*parameters, limit - len(found), offset),
        )
        found += rows
        if len(found) == limit:
            break
        if rows or offset == 0:
            offset = 0
            continue
        count = tx.row(f"SELECT COUNT(*) {source}", parameters)
        offset -= count[0] if count else 0
    return found


def _sorted(tx: Tx, query: Query, where: Sql, few: Sequence[int] | None) -> Rows:
    """Sort everything that passes; `few` bounds what has to be looked at."""
    if few is not None and not few:
        return []
    ids = key_ids(tx, RUNS, [(o.entity, o.key) for o in query.order])
    joins, terms, joined = _order_terms(query.order, ids)
    # The unary plus keeps the planner on the few runs instead of an index over all of them.
    plus = "" if few is None else "+"
    among = "" if few is None else f" AND r.id IN ({marks(few)})"
    return tx.rows(
        f"SELECT {_RUN_COLUMNS} FROM runs r{joins}"
        f" WHERE {plus}r.experiment_id IN ({marks(query.experiments)})"
        f" AND r.lifecycle IN ({marks(query.stages)}){among} AND ({where.text})"
        f" ORDER BY {', '.join([*terms, _NEWEST])} LIMIT ? OFFSET ?",
        (*joined, *query.experiments, *query.stages, *(few or ()), *where.parameters,
         query.limit, query.offset),
    )  # fmt: skip


def _order_terms(order: Sequence[Order], ids: dict[str, int]) -> tuple[str, list[str], list[int]]:
    """Joins, ORDER BY terms and parameters of the joins. Missing values come last in both
    directions, NaN between numbers and missing ones."""
    joins, terms, parameters = "", [], []
    for i, o in enumerate(order):
        direction = "ASC" if o.ascending else "DESC"
        if o.entity == "attribute":
            column = RUNS.attributes[o.key]
            if o.key in RUNS.nullable:
                terms.append(f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END")
            terms.append(f"{column} {direction}")
            continue
        if o.key not in ids:
            continue  # no run has it, so it orders nothing
        joins += f" LEFT JOIN {_TABLE[o.entity]} o{i} ON o{i}.run_id = r.id AND o{i}.key_id = ?"
        parameters.append(ids[o.key])
        column = RUNS.value[o.entity, o.field].replace("x.", f"o{i}.")
        nan = f" WHEN o{i}.nan = 1 THEN 1" if o.field == "last" else ""
        terms.append(f"CASE WHEN {column} IS NULL THEN 2{nan} ELSE 0 END")
        terms.append(f"{column} {direction}")
    return joins, terms, parameters
