"""A history of a million points is read with the memory of a page, or that of the packed points."""

from __future__ import annotations

import tracemalloc
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost.domain.search import encode_page_token
from milepost.domain.tracking import Experiment, Lifecycle
from milepost.store import transfer
from milepost.store.points import History
from tests.parts.bulk import record, run_id
from tests.store.conftest import Opened, opened

MILLION = 1_000_000
PAGE = 25_000
MIB = 1 << 20
PACKED = 24 * MILLION
"""Bytes of the points themselves."""

RUN = run_id(1, 0)


def _history(times: array[int]) -> History:
    history = History()
    history.steps, history.times = array("q", range(MILLION)), times
    history.values = array("d", range(MILLION))
    return history


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A run with two long histories: one as it was logged, one with a clock that was set back.
    On SQLite only, as the memory is that of our own process."""
    folder: Path = tmp_path_factory.mktemp("long")
    store = opened(f"sqlite:///{folder / 'milepost.db'}")
    made = record(1, 0, "mlflow-artifacts:")
    made.histories = {
        "m": _history(array("q", range(MILLION))),
        "back": _history(array("q", [*range(MILLION // 2), *range(MILLION // 2)])),
    }
    parent = Experiment(1, "long", "mlflow-artifacts:/1", Lifecycle.active, 1, 1)
    store.store.write(transfer.add_experiment, parent)
    store.store.write(transfer.add_runs, [made])
    yield store
    store.store.close()


def _peak(read: Callable[[], Any]) -> int:
    """The most memory that a reading takes beside what was taken before, in bytes."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _page(on: Opened, key: str, offset: int) -> Any:
    token = encode_page_token(offset)
    return on.store.read(lambda tx, _: on.metrics.page(tx, RUN, key, PAGE, token), None)


@pytest.mark.parametrize("offset", [PAGE, MILLION // 2, MILLION - PAGE])
def test_a_page(on: Opened, offset: int) -> None:
    def read() -> None:
        page = _page(on, "m", offset)
        assert list(page.series.steps) == list(range(offset, offset + PAGE))
        assert (page.next_token is None) == (offset == MILLION - PAGE)

    assert _peak(read) < 16 * MIB


def test_a_page_where_the_clock_was_set_back(on: Opened) -> None:
    def read() -> None:
        series = _page(on, "back", 2).series
        assert list(series.times[:4]) == [1, 1, 2, 2]
        assert list(series.steps[:4]) == [1, MILLION // 2 + 1, 2, MILLION // 2 + 2]

    assert _peak(read) < 5 * PACKED


@pytest.mark.parametrize("steps", [None, (5, MILLION - 5)])
def test_a_sample(on: Opened, steps: tuple[int, int] | None) -> None:
    first, last = steps or (0, MILLION - 1)

    def read() -> None:
        (series,) = on.store.read(lambda tx, _: on.metrics.sample(tx, [RUN], "m", steps, 320), None)
        assert (series.steps[0], series.steps[-1], len(series.steps)) == (first, last, 320)

    assert _peak(read) < 3 * PACKED
