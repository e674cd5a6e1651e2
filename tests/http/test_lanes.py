"""Work for artifact stores: nobody waits for ever, and a store that fails is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from milepost.breaker import Breakers, Rules
from milepost.errors import Denied, Unavailable
from milepost.http.lanes import Lanes


def run(
    test: Callable[[Lanes], Awaitable[None]], seconds: float = 60, reset_timeout: float = 60
) -> Breakers:
    """The test on an event loop, in a thread of its own as the browser's driver keeps one in
    ours."""
    breakers = Breakers(Rules(failure_threshold=1, reset_timeout=reset_timeout))

    async def main() -> None:
        lanes = Lanes(seconds, breakers)
        try:
            await test(lanes)
        finally:
            lanes.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, main()).result()
    return breakers


def future(outcome: Any) -> asyncio.Future[Any]:
    """One with an outcome; without one for "never"."""
    made: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    if isinstance(outcome, Exception):
        made.set_exception(outcome)
    elif outcome != "never":
        made.set_result(outcome)
    return made


def test_what_is_done_elsewhere_has_its_own_outcome() -> None:
    async def test(lanes: Lanes) -> None:
        errand = lanes.errand("store")
        for wait in (errand.in_time, errand.noted):
            assert await wait(future(5)) == 5
            with pytest.raises(Denied):
                await wait(future(Denied("no")))

    breakers = run(test)
    assert list(breakers.states().values()) == ["closed"]


def test_a_store_that_does_not_answer_is_left_alone() -> None:
    async def test(lanes: Lanes) -> None:
        errand = lanes.errand("store")
        errand.check()
        with pytest.raises(Unavailable, match="did not answer"):
            await errand.in_time(future("never"))
        with pytest.raises(Unavailable, match="not answering"):
            errand.check()

    breakers = run(test, seconds=0.05)
    assert list(breakers.states().values()) == ["open"]


def test_a_store_that_says_it_fails_is_left_alone() -> None:
    async def test(lanes: Lanes) -> None:
        with pytest.raises(Unavailable, match="away"):
            await lanes.errand("store").noted(future(Unavailable("away")))

    breakers = run(test)
    assert list(breakers.states().values()) == ["open"]


def test_whoever_goes_away_is_no_failure_of_the_store() -> None:
    async def test(lanes: Lanes) -> None:
        errand = lanes.errand("store")
        for wait in (errand.in_time, errand.noted):
            task = asyncio.create_task(wait(future("never")))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    breakers = run(test)
    assert list(breakers.states().values()) == ["closed"]


def test_one_check_is_enough_to_try_whether_a_store_is_back() -> None:
    async def test(lanes: Lanes) -> None:
        with pytest.raises(Unavailable):
            await lanes.errand("store").noted(future(Unavailable("away")))
        await asyncio.sleep(0.06)
        errand = lanes.errand("store")
        errand.check()
        assert await errand.go(int, "1") == 1

    breakers = run(test, reset_timeout=0.05)
    assert list(breakers.states().values()) == ["closed"]


def test_nobody_waits_for_ever_in_a_lane() -> None:
    go_on = Event()

    async def test(lanes: Lanes) -> None:
        try:
            with pytest.raises(Unavailable, match="did not answer"):
                await lanes.errand("store").run(go_on.wait, 60)
            with pytest.raises(Unavailable, match="not answering"):
                await lanes.errand("store").run(go_on.wait, 60)
            # Another store has its own.
            assert await lanes.errand("other").run(int, "1") == 1
        finally:
            go_on.set()

    breakers = run(test, seconds=0.05)
    assert sorted(breakers.states().values()) == ["closed", "open"]
