"""Filter trees as SQL conditions.

Every condition is true or false, never NULL, so that NOT means what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from milepost.domain.search import And, Compare, Node, Not, Or
from milepost.store import keys
from milepost.store.dialect import Dialect
from milepost.store.tx import Tx


class Sql(NamedTuple):
    """A piece of SQL and its parameters."""

    text: str
    parameters: tuple[Any, ...] = ()


TRUE, FALSE = Sql("1=1"), Sql("1=0")


@dataclass(frozen=True)
class Subject:
    """How the entities of one searchable thing are stored.

    attributes: SQL expression of each attribute
    nullable: attributes that may be NULL
    keyed: for metric, param and tag the subquery's FROM and link, ending where `AND <condition>`
        may follow; its `{key}` parameter comes first
    value: the value expression by (entity, field)
    plain: entities whose key is a column's text instead of an id in `names`
    """

    attributes: Mapping[str, str]
    nullable: frozenset[str] = frozenset()
    keyed: Mapping[str, str] = field(default_factory=dict)
    value: Mapping[tuple[str, str], str] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    datasets: Mapping[str, str] = field(default_factory=dict)


RUNS = Subject(
    attributes={
        "run_id": "r.uuid",
        "run_name": "r.name",
        "status": "CASE r.status WHEN 1 THEN 'RUNNING' WHEN 2 THEN 'SCHEDULED'"
        " WHEN 3 THEN 'FINISHED' WHEN 4 THEN 'FAILED' ELSE 'KILLED' END",
        "artifact_uri": "r.artifact_uri",
        "user_id": "r.user_id",
        "start_time": "r.start_time",
        "end_time": "r.end_time",
        "duration": "(r.end_time - r.start_time)",
    },
    nullable=frozenset({"end_time", "duration"}),
    keyed={
        "metric": "metrics x WHERE x.run_id = r.id AND x.key_id = ?",
        "param": "params x WHERE x.run_id = r.id AND x.key_id = ?",
        "tag": "tags x WHERE x.run_id = r.id AND x.key_id = ?",
    },
    value={
        ("metric", "last"): "x.value",
        ("metric", "min"): "x.min_value",
        ("metric", "max"): "x.max_value",
        ("metric", "step"): "x.step",
        ("metric", "min_step"): "x.min_step",
        ("metric", "max_step"): "x.max_step",
        ("param", ""): "x.value",
        ("tag", ""): "x.value",
    },
    datasets={
        "name": "run_datasets l JOIN datasets x ON x.id = l.dataset_id"
        " WHERE l.run_id = r.id AND x.name",
        "digest": "run_datasets l JOIN datasets x ON x.id = l.dataset_id"
        " WHERE l.run_id = r.id AND x.digest",
        "context": "run_dataset_tags x WHERE x.run_id = r.id"
        " AND x.name = 'mlflow.data.context' AND x.value",
    },
)


def _linked(subject: Subject, old: str, new: str) -> Subject:
    return replace(
        subject,
        keyed={entity: text.replace(old, new) for entity, text in subject.keyed.items()},
        datasets={name: text.replace(old, new) for name, text in subject.datasets.items()},
    )


RUNS_OF_METRICS = _linked(RUNS, "r.id", "o.run_id")
"""Runs as the owners of rows `o` of metrics: what is logged to a run is asked of the row, so that
the run itself need not be fetched before the filter has let it through."""

EXPERIMENTS = Subject(
    attributes={
        "name": "e.name",
        "experiment_id": "e.id",
        "creation_time": "e.created",
        "last_update_time": "e.updated",
    },
    keyed={"tag": "experiment_tags x WHERE x.experiment_id = e.id AND x.key_id = ?"},
    value={("tag", ""): "x.value"},
)


def leaves(node: Node | None) -> Iterable[Compare]:
    """All comparisons of a tree."""
    if isinstance(node, Compare):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.item)
    elif node is not None:
        for item in node.items:
            yield from leaves(item)


def key_ids(tx: Tx, subject: Subject, names: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Ids of the keys among (entity, key) pairs that are stored by id."""
    wanted = {key for entity, key in names if entity in subject.keyed}
    return keys.find(tx, wanted - {k for e, k in names if e in subject.plain}) if wanted else {}


def condition(tx: Tx, node: Node | None, subject: Subject) -> Sql:
    """The WHERE condition for a tree; true for no tree."""
    if node is None:
        return TRUE
    ids = key_ids(tx, subject, [(c.entity, c.key) for c in leaves(node)])
    return _Compiler(tx.dialect, subject, ids).compile(node)


class _Compiler:
    def __init__(self, dialect: Dialect, subject: Subject, ids: Mapping[str, int]) -> None:
        self._dialect = dialect
        self._subject = subject
        self._ids = ids

    def compile(self, node: Node) -> Sql:
        if isinstance(node, And):
            return self._joined(" AND ", sorted(node.items, key=_effort))
        if isinstance(node, Or):
            return self._joined(" OR ", node.items)
        if isinstance(node, Not):
            inner = self.compile(node.item)
            return Sql(f"NOT ({inner.text})", inner.parameters)
        return self._compare(node)

    def _joined(self, word: str, items: Sequence[Node]) -> Sql:
        parts = [self.compile(item) for item in items]
        text = word.join(f"({part.text})" for part in parts)
        return Sql(text, tuple(p for part in parts for p in part.parameters))

    def _compare(self, c: Compare) -> Sql:
        if c.entity == "attribute":
            return self._attribute(c)
        if c.entity == "dataset":
            return self._dataset(c)
        key: object = c.key if c.entity in self._subject.plain else self._ids.get(c.key)
        if key is None:
            return TRUE if c.op == "IS NULL" else FALSE
        value = self._subject.value[c.entity, c.field]
        test, negated = self._test(c, value)
        sql = f"EXISTS (SELECT 1 FROM {self._subject.keyed[c.entity]}{test.text})"
        return Sql(f"NOT {sql}" if negated else sql, (key, *test.parameters))

    def _test(self, c: Compare, value: str) -> tuple[Sql, bool]:
        """What follows the key in the subquery, and whether the subquery must find nothing."""
        if c.op in ("IS NULL", "IS NOT NULL"):
            return Sql(f" AND {value} IS NOT NULL"), c.op == "IS NULL"
        test = compare(self._dialect, value, c.op, c.value)
        if (c.entity, c.field) == ("metric", "last"):
            # NaN differs from every number and is in no other relation to one.
            nan = "x.nan = 1 OR " if c.op in ("!=", "NOT IN", "NOT BETWEEN") else "x.nan = 0 AND "
            return Sql(f" AND ({nan}{test.text})", test.parameters), False
        return Sql(f" AND {test.text}", test.parameters), False

    def _attribute(self, c: Compare) -> Sql:
        expression = self._subject.attributes[c.key]
        if c.op in ("IS NULL", "IS NOT NULL"):
            return Sql(f"{expression} {c.op}")
        test = compare(self._dialect, expression, c.op, c.value)
        if c.key in self._subject.nullable:
            return Sql(f"({expression} IS NOT NULL AND {test.text})", test.parameters)
        return test

    def _dataset(self, c: Compare) -> Sql:
        start = self._subject.datasets[c.key]
        if c.op in ("IS NULL", "IS NOT NULL"):
            word = "NOT EXISTS" if c.op == "IS NULL" else "EXISTS"
            return Sql(f"{word} (SELECT 1 FROM {start} IS NOT NULL)")
        link, _, column = start.rpartition(" AND ")
        test = compare(self._dialect, column, c.op, c.value)
        return Sql(f"EXISTS (SELECT 1 FROM {link} AND {test.text})", test.parameters)


def _effort(node: Node) -> int:
    """Databases check conditions in their order: first what is at hand, then what few runs pass."""
    if isinstance(node, Compare):
        if node.entity == "attribute":
            return 0
        return 1 if node.op == "=" else 2
    return 3


def compare(dialect: Dialect, expression: str, op: str, value: Any) -> Sql:
    """One operator applied to an expression that is not NULL."""
    return _OPERATORS[op](dialect, expression, value)


def _plain(op: str) -> Callable[[Dialect, str, Any], Sql]:
    return lambda _, expression, value: Sql(f"{expression} {op} ?", (value,))


def _like(*, ignore_case: bool, negated: bool) -> Callable[[Dialect, str, Any], Sql]:
    def build(dialect: Dialect, expression: str, value: Any) -> Sql:
        text = dialect.like(expression, ignore_case=ignore_case)
        return Sql(f"NOT ({text})" if negated else text, (value,))

    return build


def _listed(op: str) -> Callable[[Dialect, str, Any], Sql]:
    return lambda _, expression, values: Sql(
        f"{expression} {op} ({','.join('?' * len(values))})", tuple(values)
    )


def _between(op: str) -> Callable[[Dialect, str, Any], Sql]:
    return lambda _, expression, values: Sql(f"{expression} {op} ? AND ?", tuple(values))


_OPERATORS: Mapping[str, Callable[[Dialect, str, Any], Sql]] = {
    **{op: _plain(op) for op in ("=", "<", "<=", ">", ">=")},
    "!=": _plain("<>"),
    "LIKE": _like(ignore_case=False, negated=False),
    "ILIKE": _like(ignore_case=True, negated=False),
    "NOT LIKE": _like(ignore_case=False, negated=True),
    "NOT ILIKE": _like(ignore_case=True, negated=True),
    "IN": _listed("IN"),
    "NOT IN": _listed("NOT IN"),
    "BETWEEN": _between("BETWEEN"),
    "NOT BETWEEN": _between("NOT BETWEEN"),
}
