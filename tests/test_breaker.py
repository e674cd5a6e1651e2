from __future__ import annotations

import pytest

from milepost.breaker import Breaker, Breakers, Rules
from milepost.errors import Unavailable
from milepost.exporters.series import Series


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def state(breaker: Breaker) -> str:
    return breaker.state


def resting(breaker: Breaker) -> bool:
    return breaker.resting


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("part", Rules(failure_threshold=3, reset_timeout=10), clock=clock)


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    breaker.failed("a")
    breaker.failed("b")
    breaker.ok()
    breaker.failed("c")
    breaker.failed("d")
    breaker.check()
    breaker.failed("the last straw")
    with pytest.raises(Unavailable, match="the last straw"):
        breaker.check()


def test_after_a_while_one_call_tries(breaker: Breaker, clock: Clock) -> None:
    breaker.failed("down", 3)
    clock.now = 9.9
    with pytest.raises(Unavailable):
        breaker.check()
    clock.now = 10
    breaker.check()
    assert state(breaker) == "half_open"
    with pytest.raises(Unavailable):
        breaker.check()


def test_the_call_that_tries_decides(breaker: Breaker, clock: Clock) -> None:
    breaker.failed("down", 3)
    clock.now = 10
    breaker.check()
    breaker.failed("still down")
    assert state(breaker) == "open"
    clock.now = 19.9
    with pytest.raises(Unavailable):
        breaker.check()
    clock.now = 20
    breaker.check()
    breaker.ok()
    assert state(breaker) == "closed"
    breaker.check()


def test_failures_of_others_do_not_put_off_the_next_try(breaker: Breaker, clock: Clock) -> None:
    """Health checks and calls that began before: with one every second it would never try."""
    breaker.failed("down", 3)
    clock.now = 9
    breaker.failed("a probe")
    assert resting(breaker)
    clock.now = 10
    assert not resting(breaker)
    breaker.check()


def test_a_call_that_tries_and_never_reports_is_followed_by_another(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.failed("down", 3)
    clock.now = 10
    breaker.check()
    clock.now = 20
    breaker.check()


def test_a_late_success_closes_it(breaker: Breaker) -> None:
    breaker.failed("no answer yet", 3)
    breaker.ok()
    breaker.check()


def test_switched_off_it_never_opens() -> None:
    breaker = Breaker("part", Rules(enabled=False, failure_threshold=1))
    breaker.failed("down", 100)
    breaker.check()


def test_changes_are_logged_and_measured(caplog: pytest.LogCaptureFixture) -> None:
    series = Series()
    caplog.set_level("INFO")
    breaker = Breakers(Rules(failure_threshold=2), series).of("database")
    breaker.failed("down", 2)
    gauge = ("mlflow_circuit_breaker_state", (("part", "database"),))
    failures = ("mlflow_circuit_breaker_failures_total", (("part", "database"),))
    assert series.snapshot().gauges[gauge] == 2
    assert series.snapshot().counters[failures] == 2
    breaker.ok()
    assert series.snapshot().gauges[gauge] == 0
    assert [r.getMessage() for r in caplog.records] == [
        "circuit breaker of the database: closed -> open: down",
        "circuit breaker of the database: open -> closed",
    ]


def test_neither_logged_nor_measured_where_nobody_wants_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    series = Series()
    caplog.set_level("INFO")
    rules = Rules(failure_threshold=1, log_changes=False, export=False)
    Breaker("part", rules, series).failed("down")
    assert series.snapshot().gauges == {}
    assert caplog.records == []


def test_only_so_many_are_exported() -> None:
    series = Series()
    breakers = Breakers(Rules(failure_threshold=1), series)
    for i in range(150):
        breakers.of(f"webhook receiver {i}").failed("down")
    assert len(breakers.states()) == 150
    assert len(series.snapshot().gauges) == len(series.snapshot().counters) == 100


def test_a_part_has_one_breaker() -> None:
    breakers = Breakers()
    assert breakers.of("a") is breakers.of("a")
    assert breakers.of("a") is not breakers.of("b")
    breakers.of("b").failed("down", 100)
    assert breakers.states() == {"a": "closed", "b": "open"}
