"""What the store must do, as plain Python: runs in dictionaries, searches by looking at each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from milepost.domain.search import And, Compare, Node, Not, Or, Order
from milepost.domain.tracking import LARGEST_DOUBLE, Batch, Metric

Point = tuple[int, int, float, bool]
"""(step, time, value, is NaN): the identity and the order of a logged point."""


def point_of(metric: Metric) -> Point:
    value = metric.value
    if math.isnan(value):
        return metric.step, metric.timestamp, 0.0, True
    return metric.step, metric.timestamp, max(-LARGEST_DOUBLE, min(LARGEST_DOUBLE, value)), False


@dataclass
class ModelRun:
    """A run as a reader must see it."""

    id: str
    start_time: int
    name: str
    active: bool = True
    status: str = "RUNNING"
    end_time: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: dict[str, list[Point]] = field(default_factory=dict)
    """By key, in the order they were logged, each once."""

    def log(self, batch: Batch) -> bool:
        """Whether the batch was accepted; if not, nothing has changed."""
        changed = any(self.params.get(p.key, p.value) != p.value for p in batch.params)
        if not self.active or changed:
            return False
        self.params.update({p.key: p.value for p in batch.params})
        self.tags.update({t.key: t.value for t in batch.tags})
        for metric in batch.metrics:
            known = self.points.setdefault(metric.key, [])
            if point_of(metric) not in known:
                known.append(point_of(metric))
        return True

    def last(self, key: str) -> Point:
        """Of points equal in step, time and value, NaN counting as 0, the first that came."""
        return max(self.points[key], key=lambda p: p[:3])

    def best(self, key: str, sign: int) -> tuple[float, int] | None:
        """The least (sign 1) or greatest (-1) value, and the lowest step that has it."""
        numbers = [(sign * value, step) for step, _, value, nan in self.points[key] if not nan]
        return (sign * min(numbers)[0], min(numbers)[1]) if numbers else None

    def value(self, entity: str, key: str, field_: str = "last") -> Any:
        """What a search compares, None where there is nothing."""
        if entity == "attribute":
            return self._attributes()[key]
        if entity != "metric":
            return (self.params if entity == "param" else self.tags).get(key)
        if key not in self.points:
            return None
        last, least, most = self.last(key), self.best(key, 1), self.best(key, -1)
        return {
            "last": math.nan if last[3] else last[2],
            "step": last[0],
            "min": least and least[0],
            "min_step": least and least[1],
            "max": most and most[0],
            "max_step": most and most[1],
        }[field_]

    def _attributes(self) -> Mapping[str, Any]:
        duration = None if self.end_time is None else self.end_time - self.start_time
        return {
            "run_id": self.id,
            "run_name": self.name,
            "status": self.status,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "duration": duration,
        }


def matches(run: ModelRun, node: Node | None) -> bool:
    if node is None:
        return True
    if isinstance(node, And):
        return all(matches(run, item) for item in node.items)
    if isinstance(node, Or):
        return any(matches(run, item) for item in node.items)
    if isinstance(node, Not):
        return not matches(run, node.item)
    return _compares(run.value(node.entity, node.key, node.field), node)


def _compares(value: Any, c: Compare) -> bool:
    if c.op in ("IS NULL", "IS NOT NULL"):
        return (value is None) == (c.op == "IS NULL")
    if value is None:
        return False
    negated = c.op.startswith("NOT ") or c.op == "!="
    word = "=" if c.op == "!=" else c.op.removeprefix("NOT ")
    # Comparing with NaN is false in Python too, and so its negation is true.
    return _OPERATORS[word](value, c.value) != negated


def _like(value: str, pattern: str) -> bool:
    text = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(text, value, re.DOTALL) is not None


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "LIKE": _like,
    "ILIKE": lambda a, b: _like(a.lower(), b.lower()),
    "IN": lambda a, b: a in b,
    "BETWEEN": lambda a, b: b[0] <= a <= b[1],
}


def ordered(runs: Sequence[ModelRun], order: Sequence[Order]) -> list[ModelRun]:
    """Sorted from the least important key to the most important one; Python's sort is stable."""
    found = sorted(runs, key=lambda run: (-run.start_time, run.id))
    for o in reversed(order):
        found.sort(key=_value_key(o), reverse=not o.ascending)
        found.sort(key=_missing_key(o))
    return found


def _value_key(o: Order) -> Callable[[ModelRun], tuple[bool, Any]]:
    def key(run: ModelRun) -> tuple[bool, Any]:
        value = run.value(o.entity, o.key, o.field)
        absent = value is None or value != value
        return (absent, 0 if absent else value)

    return key


def _missing_key(o: Order) -> Callable[[ModelRun], int]:
    def key(run: ModelRun) -> int:
        value = run.value(o.entity, o.key, o.field)
        return 2 if value is None else int(value != value)

    return key


def sampled(points: Sequence[Any], limit: int) -> list[Any]:
    """NTILE(limit) over the points, the first of each bucket, and always the very last point."""
    if len(points) <= limit:
        return list(points)
    bucket_of = []
    size, longer = divmod(len(points), limit)
    for bucket in range(limit):
        bucket_of += [bucket] * (size + (bucket < longer))
    firsts = [p for i, p in enumerate(points) if i == bucket_of.index(bucket_of[i])]
    return [*firsts[:-1], points[-1]]
