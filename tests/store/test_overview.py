"""What pages ask of many runs at once, on every database."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from milepost.domain.tracking import Batch, Lifecycle, Metric, NewRun, Param, Tag, ViewType
from milepost.errors import Invalid, NotFound
from milepost.services.overview import Curves, Grouping, Overview, RunTable
from milepost.store import changes, curves, folding, overview, recent, storage
from milepost.store.overview import Column
from milepost.store.tx import Tx
from tests.store.conftest import Opened

LOSS = Column("metric", "loss", "min")


def read(on: Opened, verb: Callable[[Tx], Any]) -> Any:
    return on.store.read(lambda tx, _: verb(tx), None)


@pytest.fixture
def pages(on: Opened) -> Overview:
    return Overview(on.store.folder)


@pytest.fixture
def filled(on: Opened) -> tuple[int, list[str]]:
    """Four runs; run i has params model and seed, and losses 1, i, 2."""
    experiment = on.create_experiment("overview")
    ids = [on.create_run(experiment, i, f"run-{i}") for i in range(4)]
    for i, run_id in enumerate(ids):
        points = tuple(Metric("loss", value, s, s) for s, value in enumerate((1.0, float(i), 2.0)))
        params = (Param("model", "ab"[i % 2]), Param("seed", str(i)))
        assert on.log(Batch(run_id, points, params)) == [None]
    return experiment, ids


def table(experiment: int, **wanted: Any) -> RunTable:
    defaults: dict[str, Any] = {
        "experiments": (experiment,),
        "filter": "",
        "order_by": (),
        "view": ViewType.ACTIVE_ONLY,
        "limit": 10,
        "offset": 0,
        "columns": (),
        "counted": False,
    }
    return RunTable(**{**defaults, **wanted})


def test_a_part_of_the_table_with_chosen_columns(
    on: Opened, pages: Overview, filled: tuple[int, list[str]]
) -> None:
    experiment, ids = filled
    columns = (LOSS, Column("metric", "loss"), Column("param", "seed"), Column("tag", "nowhere"))
    query = table(
        experiment, order_by=("metrics.loss.min DESC",), limit=2, offset=1, columns=columns,
        counted=True, filter="params.seed != '0'",
    )  # fmt: skip
    part = read(on, lambda tx: pages.table(tx, query))
    # Least losses: 0, 1, 1, 1 for runs 0 to 3; run 0 is filtered out, equals are newest first.
    assert [row.run_id for row in part.rows] == [ids[2], ids[1]]
    assert part.cells == [[1.0, 1.0], [2.0, 2.0], ["2", "1"], [None, None]]
    assert part.total == 3


def test_named_runs_and_nan(on: Opened, pages: Overview, filled: tuple[int, list[str]]) -> None:
    experiment, ids = filled
    on.log(Batch(ids[0], (Metric("loss", math.nan, 9, 9),)))
    query = table(experiment, run_ids=(ids[0],), columns=(Column("metric", "loss"),))
    part = read(on, lambda tx: pages.table(tx, query))
    assert [row.name for row in part.rows] == ["run-0"]
    assert math.isnan(part.cells[0][0])
    assert part.total is None


def test_nested_runs_are_counted(on: Opened, pages: Overview) -> None:
    experiment = on.create_experiment("nested")
    parent = on.create_run(experiment)
    for _ in range(3):
        child = NewRun(experiment, "u", "child", 1, (Tag("mlflow.parentRunId", parent),))
        on.store.write(on.tracking.create_run, child)
    gone = on.create_run(experiment)
    on.log(Batch(gone, tags=(Tag("mlflow.parentRunId", parent),)))
    on.store.write(on.tracking.delete_run, gone)
    part = read(on, lambda tx: pages.table(tx, table(experiment, run_ids=(parent,))))
    assert part.rows[0].children == 3


def test_too_much_is_refused(on: Opened, pages: Overview) -> None:
    tables = (table(0, limit=10_000), table(0, offset=-1), table(0, columns=(LOSS,) * 501))
    asked = (Curves(("r",) * 201, ("k",), 100), Curves(("r",), ("k",), 3))
    verbs: list[Callable[[Tx], Any]] = [partial(pages.table, query=query) for query in tables]
    verbs += [partial(pages.curves, query=query) for query in asked]
    for verb in verbs:
        with pytest.raises(Invalid):
            read(on, verb)
    with pytest.raises(NotFound):
        read(on, lambda tx: pages.summary(tx, "nobody"))


def test_keys_are_found_by_skipping(
    on: Opened, pages: Overview, filled: tuple[int, list[str]]
) -> None:
    experiment, _ = filled
    found = read(on, lambda tx: pages.names(tx, (experiment,)))
    assert found["metrics"] == ["loss"]
    assert found["params"] == ["model", "seed"]
    assert read(on, lambda tx: pages.names(tx, (experiment + 1,)))["metrics"] == []


def test_groups_have_mean_and_spread(
    on: Opened, pages: Overview, filled: tuple[int, list[str]]
) -> None:
    experiment, _ = filled
    extra = on.create_run(experiment)
    on.log(Batch(extra, (Metric("loss", 5.0, 0, 0),)))
    by_model = (Column("param", "model"),)
    metric = Column("metric", "loss", "max")
    grouping = Grouping((experiment,), "", by_model, metric)
    found = {g.values: g for g in read(on, lambda tx: pages.groups(tx, grouping))}
    # Greatest losses: runs 0 and 2 have 2 and 2, runs 1 and 3 have 2 and 3, the extra run has 5.
    assert (found[("a",)].runs, found[("a",)].mean, found[("a",)].deviation) == (2, 2.0, 0.0)
    b = found[("b",)]
    assert (b.mean, b.deviation, b.least, b.greatest) == (2.5, 0.5, 2.0, 3.0)
    assert found[(None,)].mean == 5.0
    counted = Grouping((experiment,), "metrics.loss.max < 4", by_model, None)
    groups = read(on, lambda tx: pages.groups(tx, counted))
    assert [(g.values, g.runs, g.mean) for g in groups] == [(("a",), 2, None), (("b",), 2, None)]


def test_curves_of_rows_and_chunks_are_one(on: Opened, pages: Overview) -> None:
    experiment = on.create_experiment("curves")
    run_id = on.create_run(experiment)
    points = [Metric("loss", math.sin(i), i * 10, i) for i in range(3000)]
    for start in range(0, 2000, 1000):
        on.log(Batch(run_id, tuple(points[start : start + 1000])))
    (number,) = read(on, lambda tx: tx.row("SELECT run_id FROM metrics"))
    assert on.store.write(folding.fold, number) == 2000
    on.log(Batch(run_id, tuple(points[2000:])))
    on.log(Batch(run_id, (Metric("loss", math.nan, 5, 5),)))

    (whole,) = read(on, lambda tx: pages.curves(tx, Curves((run_id,), ("loss", "none"), 5000)))
    assert whole.size == 3001
    assert list(whole.steps) == sorted([*range(3000), 5])
    assert math.isnan(whole.values[5]) or math.isnan(whole.values[6])

    after = Curves((run_id,), ("loss",), 5000, (2990, 2**63 - 1), times=True)
    (tail,) = read(on, lambda tx: pages.curves(tx, after))
    assert list(tail.steps)[-10:] == list(range(2990, 3000))
    assert list(tail.times)[-1] == 29_990
    assert len(tail.steps) <= 11

    (thin,) = read(on, lambda tx: pages.curves(tx, Curves((run_id,), ("loss",), 100)))
    assert len(thin.steps) <= 100
    (even,) = read(on, lambda tx: pages.curves(tx, Curves((run_id,), ("loss",), 11, evenly=True)))
    assert len(even.steps) == 11


def test_runs_are_packed_once_they_were_read(on: Opened, pages: Overview) -> None:
    experiment = on.create_experiment("slow")
    run_id = on.create_run(experiment)
    size = folding.WORTH_READING
    on.log(Batch(run_id, tuple(Metric("loss", 1.0, i, i) for i in range(size))))
    number, key = read(on, lambda tx: tx.row("SELECT run_id, key_id FROM metrics"))
    found, unpacked = read(on, lambda tx: curves.read(tx, [number], [key], 0))
    assert len(found[number, key]) == size
    assert unpacked == {number: size}
    read(on, lambda tx: pages.curves(tx, Curves((run_id,), ("loss",), 100)))
    _wait_until_packed(on, number)
    found, unpacked = read(on, lambda tx: curves.read(tx, [number], [key], 0))
    assert unpacked == {}
    assert len(found[number, key]) == size


def _wait_until_packed(on: Opened, run: int) -> None:
    for _ in range(3000):
        if not read(on, lambda tx: recent.counts(tx, [run])):
            return
        time.sleep(0.01)
    raise AssertionError("the run was not packed in a quiet moment")


def test_activity_summary_and_storage(
    on: Opened, pages: Overview, filled: tuple[int, list[str]]
) -> None:
    experiment, ids = filled
    on.store.write(on.tracking.delete_run, ids[3])
    (found,) = read(on, lambda tx: pages.activity(tx, (experiment,)))
    assert (found.runs, found.running, found.latest) == (3, 3, 2)
    (loss,) = read(on, lambda tx: pages.summary(tx, ids[0]))
    assert (loss.key, loss.last, loss.step) == ("loss", 2.0, 2)
    assert (loss.min, loss.min_step, loss.max, loss.max_step) == (0.0, 1, 2.0, 2)
    kept = {s.name: s for s in read(on, lambda tx: storage.by_experiment(tx, 10))}
    assert (kept["overview"].runs, kept["overview"].deleted_runs) == (4, 1)
    active = (Lifecycle.active,)
    assert read(on, lambda tx: overview.count(tx, (experiment,), active, None)) == 3
    assert read(on, lambda tx: overview.count(tx, (), active, None)) == 0


def test_changes_are_told_in_order_and_forgotten(on: Opened) -> None:
    before = read(on, changes.latest)
    on.store.write(changes.record, ["experiment:1", "run:1:a"])
    on.store.write(changes.record, ["models"])
    told = [topic for number, topic in read(on, lambda tx: changes.since(tx, before))
            if number > before]  # fmt: skip
    assert told[-3:] == ["experiment:1", "run:1:a", "models"]


def test_very_many_runs_are_told_as_one() -> None:
    topics = [f"run:1:{i}" for i in range(300)] + ["run:2:x", "experiment:1"]
    assert changes.condensed(topics) == ["experiment:1", "run:2:x", "run:1:*"]


def test_every_write_says_what_it_changes(on: Opened) -> None:
    experiment = on.create_experiment("told")
    run_id = on.create_run(experiment)

    def topics_of(verb: Callable[[Tx], object]) -> set[str]:
        def noted(tx: Tx, _: None) -> set[str]:
            verb(tx)
            return set(tx.topics)

        return on.store.write(noted, None)

    run_topic = changes.run_topic(experiment, run_id)
    assert topics_of(lambda tx: on.tracking.delete_run(tx, run_id)) == {run_topic}
    assert topics_of(lambda tx: on.tracking.restore_run(tx, run_id)) == {run_topic}
    renamed = topics_of(lambda tx: on.tracking.rename_experiment(tx, experiment, "other"))
    assert renamed == {changes.experiment_topic(experiment)}
