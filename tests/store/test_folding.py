"""When recent points are packed, and that packing costs each of them only a few writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest

from milepost.domain.tracking import Batch, Metric
from milepost.store import folding, history, keys, recent, runs
from milepost.store.points import History
from milepost.store.tx import Tx
from tests.store.conftest import Opened


def read(on: Opened, verb: Callable[[Tx], Any]) -> Any:
    return on.store.read(lambda tx, _: verb(tx), None)


def log(on: Opened, run_id: str, names: Iterable[str], steps: range) -> None:
    points = [Metric(name, float(step), step, step) for step in steps for name in names]
    for start in range(0, len(points), 1000):
        assert on.log(Batch(run_id, points[start : start + 1000])) == [None]


@pytest.fixture(autouse=True)
def _only_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "FOLD_FROM", 10**9)


@pytest.fixture
def run_id(on: Opened, request: pytest.FixtureRequest) -> str:
    return on.create_run(on.create_experiment(request.node.name))


@pytest.fixture
def run(on: Opened, run_id: str) -> int:
    found = read(on, lambda tx: runs.find(tx, run_id))
    return int(found.id)


def steps_of(on: Opened, run: int, name: str) -> list[int]:
    def steps(tx: Tx) -> list[int]:
        return list(history.read(tx, run, keys.find(tx, [name])[name]).steps)

    return list(read(on, steps))


def test_few_points_of_many_keys_wait_until_there_are_more(
    on: Opened, run_id: str, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"layer/{i}" for i in range(300)]
    log(on, run_id, names, range(3))
    assert on.store.write(folding.fold, run) == 0
    assert read(on, lambda tx: recent.counts(tx, [run])) == {run: 900}
    assert steps_of(on, run, "layer/7") == [0, 1, 2]

    monkeypatch.setattr(folding, "_PATIENCE", 900)
    assert on.store.write(folding.fold, run) == 900
    assert read(on, lambda tx: recent.counts(tx, [run])) == {}
    assert steps_of(on, run, "layer/7") == [0, 1, 2]


def test_a_slowly_growing_history_is_not_written_over_and_over(
    on: Opened, run_id: str, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    chunk_rows = folding._chunk_rows

    def counting(run: int, key: int, points: History) -> list[tuple[Any, ...]]:
        nonlocal written
        written += len(points)
        return chunk_rows(run, key, points)

    monkeypatch.setattr(folding, "_chunk_rows", counting)
    for start in range(0, 6400, 100):
        log(on, run_id, ["loss"], range(start, start + 100))
        assert on.store.write(folding.fold, run) == 100
    assert steps_of(on, run, "loss") == list(range(6400))
    # Each point by itself once, then in ever larger chunks: at most once a doubling.
    assert written <= 6 * 6400
    key = read(on, lambda tx: keys.find(tx, ["loss"]))["loss"]
    sizes = [chunk.size for chunk in read(on, lambda tx: history.chunks(tx, run, key))]
    assert len(sizes) <= 8


def test_points_before_the_packed_ones_are_packed_among_them(
    on: Opened, run_id: str, run: int
) -> None:
    log(on, run_id, ["loss"], range(5000, 12_000))
    assert on.store.write(folding.fold, run) == 7000
    log(on, run_id, ["loss"], range(4000, 5500))
    assert on.store.write(folding.fold, run) == 1500
    assert steps_of(on, run, "loss") == list(range(4000, 12_000))
    key = read(on, lambda tx: keys.find(tx, ["loss"]))["loss"]
    chunks = read(on, lambda tx: history.chunks(tx, run, key))
    assert all(a.last < b.first for a, b in pairwise(chunks))


def test_a_run_takes_its_oldest_points_first(
    on: Opened, run_id: str, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_MOST_POINTS", 1500)
    log(on, run_id, ["a", "b"], range(2000))
    assert on.store.write(folding.fold, run) == 2000
    assert read(on, lambda tx: recent.counts(tx, [run])) == {run: 2000}
    assert steps_of(on, run, "b") == list(range(2000))


def test_while_writers_wait_only_what_is_urgent_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "FOLD_FROM", 4096)
    folder = folding.Folder()
    folder.found({1: folding.WORTH_READING, 2: folding.WORTH_READING - 1})
    assert folder.next(busy=True) is None
    assert folder.next(busy=False) == (folding.fold, 1)
    assert folder.next(busy=False) is None

    folder.found({3: folding._PATIENCE + folding._MOST_POINTS})
    # Each time a part of them is packed, and after the second time there is no hurry any more.
    assert [folder.next(busy=True) for _ in range(3)] == [(folding.fold, 3)] * 2 + [None]
    for _ in range(3):
        assert folder.next(busy=False) == (folding.fold, 3)
    assert folder.next(busy=False) is None
