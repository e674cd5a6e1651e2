"""Random writes and reads agree with a simple model, on every database."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from milepost.domain.search import And, Compare, Node, Not, Or, Order
from milepost.domain.search.grammar import AGGREGATES, OPERATORS
from milepost.domain.tracking import (
    Batch,
    Lifecycle,
    Metric,
    Param,
    Point,
    RunStatus,
    RunUpdate,
    Tag,
)
from milepost.store import folding, history, keys, run_search, runs
from tests.store.conftest import Opened, opened
from tests.store.model import ModelRun, matches, ordered, sampled

EXAMPLES = settings(
    max_examples=20,
    # Shrinking against a database takes minutes, and the blob that is printed repeats the failure.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
KEYS = ("loss", "Loss", "a/b c.d", "m")
NUMBERS = (0.0, -0.0, 1.0, -1.5, 1e300, math.nan, math.inf, -math.inf)
WORDS = ("", "a", "A", "ab", "a_", "a%", "b ", "é", "x" * 70 + "1", "x" * 70 + "2")

metrics = st.builds(
    Metric,
    key=st.sampled_from(KEYS),
    value=st.sampled_from(NUMBERS),
    timestamp=st.sampled_from((0, 1, 2, 2**53)),
    step=st.sampled_from((-(2**63), -1, 0, 1, 2, 3, 2**63 - 1)),
)
params = st.builds(Param, key=st.sampled_from(KEYS), value=st.sampled_from(WORDS))
tags = st.builds(Tag, key=st.sampled_from(KEYS), value=st.sampled_from(WORDS))
batches = st.tuples(
    st.integers(0, 3),
    st.lists(metrics, max_size=8),
    st.lists(params, max_size=2, unique_by=lambda p: p.key),
    st.lists(tags, max_size=3),
)
RUN_STATES = st.sampled_from(list(RunStatus))
steps = st.one_of(
    st.tuples(st.just("log"), st.lists(batches, min_size=1, max_size=6)),
    st.tuples(st.just("fold"), st.integers(0, 3)),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("restore"), st.integers(0, 3)),
    st.tuples(st.just("finish"), st.tuples(st.integers(0, 3), RUN_STATES, st.integers(0, 9))),
)


def _compare(entity: str, key: str, field: str, kind: Any, values: Any) -> st.SearchStrategy[Node]:
    def built(op: str) -> st.SearchStrategy[Node]:
        if op.endswith("NULL"):
            value: Any = st.none()
        elif op.endswith("BETWEEN"):
            value = st.tuples(values, values)
        elif op in ("IN", "NOT IN"):
            value = st.lists(values, min_size=1, max_size=3).map(tuple)
        else:
            value = values
        return st.builds(
            Compare,
            entity=st.just(entity),
            key=st.just(key),
            field=st.just(field),
            op=st.just(op),
            value=value,
        )

    return st.sampled_from(OPERATORS[kind]).flatmap(built)


_finite = st.sampled_from((-2.0, -1.5, 0, 0.0, 1.0, 2, 3, 1e300))
_patterns = st.sampled_from((*WORDS, "%", "_", "a%", "A_", "%b%", "É"))
_ATTRIBUTES = {
    "status": ("text", st.sampled_from(("RUNNING", "FINISHED", "F%", "finished"))),
    "run_name": ("text", st.sampled_from(("run 0", "RUN 1", "run%"))),
    "start_time": ("number", st.integers(0, 3)),
    "end_time": ("number", st.integers(0, 9)),
    "duration": ("number", st.integers(-2, 9)),
}
comparisons = st.one_of(
    st.tuples(st.sampled_from((*KEYS, "none")), st.sampled_from(AGGREGATES)).flatmap(
        lambda pair: _compare("metric", *pair, "number", _finite)
    ),
    st.tuples(st.sampled_from(("param", "tag")), st.sampled_from((*KEYS, "none"))).flatmap(
        lambda pair: _compare(*pair, "", "text", _patterns)
    ),
    st.sampled_from(sorted(_ATTRIBUTES)).flatmap(
        lambda name: _compare("attribute", name, "", *_ATTRIBUTES[name])
    ),
)
filters = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: And(tuple(items))),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: Or(tuple(items))),
        inner.map(Not),
    ),
    max_leaves=5,
)
_ordered_by = st.one_of(
    st.tuples(st.just("metric"), st.sampled_from((*KEYS, "none")), st.sampled_from(AGGREGATES)),
    st.tuples(st.sampled_from(("param", "tag")), st.sampled_from((*KEYS, "none")), st.just("")),
    st.tuples(st.just("attribute"), st.sampled_from(sorted(_ATTRIBUTES)), st.just("")),
)
orders = st.lists(st.tuples(_ordered_by, st.booleans()), max_size=3, unique_by=lambda o: o[0]).map(
    lambda items: [Order(*key, ascending) for key, ascending in items]
)
places = st.sampled_from([(0,), (1,), (0, 1), (1, 0, 1)])
stages = st.sampled_from(
    [(Lifecycle.active,), (Lifecycle.deleted,), (Lifecycle.active, Lifecycle.deleted)]
)


@pytest.fixture(scope="module", autouse=True)
def _small_sizes() -> Iterator[None]:
    """Sizes at which a few points fill chunks, and four runs are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "FOLD_FROM", 3)
        patch.setattr(folding, "CHUNK", 4)
        patch.setattr(folding, "_MOST_POINTS", 10)
        patch.setattr(folding, "_THIN", 1)
        patch.setattr(run_search, "_FEW", 1)
        patch.setattr(run_search, "_MOST_PARTITIONS", 3)
        yield


class Both:
    """The same deeds on a store and on the model."""

    def __init__(self, on: Opened) -> None:
        self.on = on
        self.experiments = [on.create_experiment(uuid4().hex) for _ in range(2)]
        self.runs = [
            ModelRun(on.create_run(self.experiments[i // 2], i % 3, f"run {i}"), i % 3, f"run {i}")
            for i in range(4)
        ]
        for run in self.runs:
            run.tags["mlflow.runName"] = run.name

    def do(self, what: str, argument: Any) -> None:
        getattr(self, f"_{what}")(argument)

    def _log(self, items: Sequence[Any]) -> None:
        batches = [Batch(self.runs[i].id, *logged) for i, *logged in items]
        accepted = [self.runs[i].log(batch) for (i, *_), batch in zip(items, batches, strict=True)]
        outcomes = self.on.log(*batches)
        assert [outcome is None for outcome in outcomes] == accepted, outcomes

    def _fold(self, i: int) -> None:
        def fold_all(tx: Any, run_id: str) -> None:
            run = runs.find(tx, run_id)
            assert run is not None
            folding.fold(tx, run.id)

        self.on.store.write(fold_all, self.runs[i].id)

    def _delete(self, i: int) -> None:
        self.runs[i].active = False
        self.on.store.write(self.on.tracking.delete_run, self.runs[i].id)

    def _restore(self, i: int) -> None:
        self.runs[i].active = True
        self.on.store.write(self.on.tracking.restore_run, self.runs[i].id)

    def _finish(self, change: tuple[int, RunStatus, int]) -> None:
        i, status, end = change
        run = self.runs[i]
        if not run.active:
            return
        run.status, run.end_time = status.name, end
        self.on.store.write(
            lambda tx, _: self.on.tracking.update_run(tx, RunUpdate(run.id, status, end)), None
        )

    def check_runs(self) -> None:
        for run in self.runs:
            seen = self.on.get_run(run.id)
            assert {p.key: p.value for p in seen.params} == run.params
            assert {t.key: t.value for t in seen.tags} == run.tags
            assert (seen.lifecycle is Lifecycle.active) == run.active
            assert (seen.status.name, seen.end_time) == (run.status, run.end_time)
            assert {m.key: _shown(m) for m in seen.metrics} == {
                key: run.last(key) for key in run.points
            }

    def check_histories(self, limit: int, start: int, end: int) -> None:
        for run in self.runs:
            for key in KEYS:
                self._check_history(run, key, limit, start, end)

    def _check_history(self, run: ModelRun, key: str, limit: int, start: int, end: int) -> None:
        points = sorted(run.points.get(key, []))
        assert self._whole(run.id, key) == points
        by_time = sorted(points, key=lambda p: (p[1], p[0], p[2], p[3]))
        assert self._pages(run.id, key, limit) == by_time
        assert self._sample(run.id, key, None, limit) == sampled(points, limit)
        inside = [p for p in points if start <= p[0] <= end]
        assert self._sample(run.id, key, (start, end), limit) == sampled(inside, limit)

    def _whole(self, run_id: str, key: str) -> list[Any]:
        def read(tx: Any, _: None) -> list[Any]:
            run, key_id = runs.find(tx, run_id), keys.find(tx, [key]).get(key)
            if run is None or key_id is None:
                return []
            return [(s, t, v, bool(n)) for s, t, v, n in history.read(tx, run.id, key_id).rows()]

        return self.on.store.read(read, None)

    def _pages(self, run_id: str, key: str, limit: int) -> list[Any]:
        found: list[Any] = []
        token = ""
        while True:
            page = self.on.store.read(
                lambda tx, t: self.on.metrics.page(tx, run_id, key, limit, t), token
            )
            found += _rows(page.series)
            if page.next_token is None:
                return found
            token = page.next_token

    def _sample(self, run_id: str, key: str, between: Any, limit: int) -> list[Any]:
        many = self.on.store.read(
            lambda tx, _: self.on.metrics.sample(tx, [run_id], key, between, limit), None
        )
        return [row for series in many for row in _rows(series)]

    def check_search(
        self, places: Any, node: Node | None, order: Sequence[Order], stage: Any, n: int
    ) -> None:
        active = [s is Lifecycle.active for s in stage]
        wanted = [r for i, r in enumerate(self.runs) if i // 2 in places and r.active in active]
        expected = [run.id for run in ordered([r for r in wanted if matches(r, node)], order)]
        found: list[str] = []
        for offset in range(0, 4, n):
            among = [self.experiments[i] for i in places]
            query = run_search.Query(among, stage, node, order, n, offset)
            found += [row[0] for row in self.on.store.read(run_search.search, query)]
        assert found == expected


def _shown(point: Point) -> tuple[int, int, float, bool]:
    nan = point.value != point.value
    return point.step, point.timestamp, 0.0 if nan else point.value, nan


def _rows(series: Any) -> list[Any]:
    return [
        (step, time, 0.0 if value != value else value, value != value)
        for step, time, value in zip(series.steps, series.times, series.values, strict=True)
    ]


@EXAMPLES
@given(
    deeds=st.lists(steps, min_size=3, max_size=12),
    limit=st.integers(1, 7),
    bounds=st.tuples(st.integers(-2, 4), st.integers(-2, 4)),
    searches=st.lists(
        st.tuples(places, filters, orders, stages, st.integers(1, 4)), min_size=4, max_size=8
    ),
)
def test_store_agrees_with_the_model(
    on: Opened, deeds: Any, limit: int, bounds: Any, searches: Any
) -> None:
    both = Both(on)
    for what, argument in deeds:
        both.do(what, argument)
    both.check_runs()
    both.check_histories(limit, *bounds)
    for search in searches:
        both.check_search(*search)


def test_a_store_opened_again_shows_the_same(on: Opened, store_uri: str) -> None:
    both = Both(on)
    both.do("log", [(0, [Metric("m", 1.0, 1)], [Param("p", "1")], [Tag("t", "1")])])
    again = opened(store_uri)
    both.on = again
    both.check_runs()
    again.store.close()
