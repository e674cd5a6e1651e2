"""Searches that random ones rarely meet."""

from __future__ import annotations

from milepost.domain.search import And, Compare
from milepost.domain.tracking import Batch, Lifecycle, Metric, Param
from milepost.store import run_search
from milepost.store.run_search import Query
from tests.store.conftest import Opened


def _found(on: Opened, *items: Compare) -> list[str]:
    node = items[0] if len(items) == 1 else And(items)
    query = Query([0], (Lifecycle.active,), node, (), 10, 0)
    return [row[0] for row in on.store.read(run_search.search, query)]


def test_a_key_that_no_run_ever_had(on: Opened) -> None:
    run = on.create_run(0)
    on.log(Batch(run, [Metric("m", 1.0, 1)], [Param("p", "1")]))
    known = Compare("param", "p", "", "=", "1")
    assert _found(on, known) == [run]
    for unknown in (
        Compare("metric", "none", "last", ">", 0),
        Compare("param", "none", "", "=", "1"),
        Compare("tag", "none", "", "=", "1"),
    ):
        assert _found(on, unknown) == []
        assert _found(on, known, unknown) == []
        assert _found(on, unknown, known) == []


def test_texts_that_differ_after_what_the_index_holds(on: Opened) -> None:
    start = "x" * 200
    one, other = on.create_run(0, 1), on.create_run(0, 2)
    on.log(Batch(one, params=[Param("p", start + "1")]), Batch(other, params=[Param("p", start)]))
    assert _found(on, Compare("param", "p", "", "=", start)) == [other]
    assert _found(on, Compare("param", "p", "", "=", start + "1")) == [one]
