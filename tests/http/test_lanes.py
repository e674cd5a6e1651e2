"""Work for an artifact store that is done for many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from milepost.breaker import Breakers, Rules
from milepost.errors import Denied, Unavailable
from milepost.http.lanes import Lanes


class Work:
    """Notes what came together; fails for what is called so; waits where it is told to."""

    def __init__(self) -> None:
        self.lots: list[list[str]] = []
        self.go_on = Event()
        self.go_on.set()

    def __call__(self, arguments: Sequence[Any]) -> list[Exception | None]:
        self.lots.append(list(arguments))
        assert self.go_on.wait(60)
        if "bug" in arguments:
            raise ZeroDivisionError
        return [Denied("no") if argument == "bad" else None for argument in arguments]


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    made.go_on.set()


def run(test: Callable[[Lanes], Awaitable[None]], seconds: float = 60) -> Breakers:
    """The test on an event loop, in a thread of its own as the browser's driver keeps one in
    ours."""
    breakers = Breakers(Rules(failure_threshold=1))

    async def main() -> None:
        lanes = Lanes(seconds, breakers)
        try:
            await test(lanes)
        finally:
            lanes.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, main()).result()
    return breakers


async def outcomes(lanes: Lanes, work: Work, names: Sequence[str]) -> list[Any]:
    tasks = [lanes.errand("store").together(work, name) for name in names]
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_arrives_at_once_is_one_lot(work: Work) -> None:
    async def test(lanes: Lanes) -> None:
        assert await outcomes(lanes, work, ["a", "b", "c"]) == [None] * 3
        assert await outcomes(lanes, work, ["d"]) == [None]

    run(test)
    assert work.lots == [["a", "b", "c"], ["d"]]


def test_what_comes_meanwhile_is_the_next_lot(work: Work) -> None:
    async def test(lanes: Lanes) -> None:
        work.go_on.clear()
        first = asyncio.create_task(outcomes(lanes, work, ["a"]))
        while not work.lots:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(outcomes(lanes, work, [name])) for name in "bcd"]
        await asyncio.sleep(0.05)
        assert work.lots == [["a"]]
        work.go_on.set()
        await asyncio.gather(first, *others)

    run(test)
    assert work.lots == [["a"], ["b", "c", "d"]]


def test_very_many_are_several_lots(work: Work) -> None:
    names = [str(number) for number in range(1000)]

    async def test(lanes: Lanes) -> None:
        assert await outcomes(lanes, work, names) == [None] * 1000

    run(test)
    assert [name for lot in work.lots for name in lot] == names
    assert max(map(len, work.lots)) <= 64


def test_each_is_told_what_went_wrong_with_it(work: Work) -> None:
    async def test(lanes: Lanes) -> None:
        found = await outcomes(lanes, work, ["a", "bad", "b"])
        assert [type(one) for one in found] == [type(None), Denied, type(None)]
        found = await outcomes(lanes, work, ["a", "bug"])
        assert [type(one) for one in found] == [ZeroDivisionError] * 2
        assert await outcomes(lanes, work, ["c"]) == [None]

    run(test)


def test_nobody_waits_for_ever(work: Work) -> None:
    async def test(lanes: Lanes) -> None:
        work.go_on.clear()
        found = await outcomes(lanes, work, ["a", "b"])
        assert [type(one) for one in found] == [Unavailable] * 2
        # From now on the store is left alone.
        (refused,) = await outcomes(lanes, work, ["c"])
        assert "not answering" in str(refused)
        work.go_on.set()

    breakers = run(test, seconds=0.05)
    assert list(breakers.states().values()) == ["open"]
    assert work.lots == [["a", "b"]]


def test_whoever_goes_away_leaves_the_others_alone(work: Work) -> None:
    async def test(lanes: Lanes) -> None:
        work.go_on.clear()
        tasks = [asyncio.create_task(lanes.errand("store").together(work, n)) for n in "abc"]
        while not work.lots:
            await asyncio.sleep(0.001)
        tasks[1].cancel()
        work.go_on.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in found] == [type(None), asyncio.CancelledError, type(None)]

    run(test)
