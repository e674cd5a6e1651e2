"""Probes: what each part is said to be, whatever the others do."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from milepost.breaker import Breaker
from milepost.errors import NotFound, Unavailable
from milepost.meter import NullMeter
from milepost.services.health import Health, Part


def quick() -> None:
    raise NotFound("no such file, and it knew at once")


def broken() -> None:
    raise Unavailable("out of order")


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set at the end; what hangs waits for it."""
    event = threading.Event()
    yield event
    event.set()


def part(name: str, probe: object, *, needed: bool) -> Part:
    assert callable(probe)
    return Part(name, probe, Breaker(name), needed)


def test_a_part_that_hangs_says_nothing_about_the_others(released: threading.Event) -> None:
    """One after the other is waited for: the second must not be given the first one's time."""
    parts = [part("slow", released.wait, needed=True), part("quick", quick, needed=False)]
    slow, fine = Health(parts, 1.0, NullMeter()).reports()
    assert not slow.ok
    assert slow.problem == "no answer within 1 seconds"
    assert slow.seconds >= 1
    assert fine.ok
    assert fine.seconds < slow.seconds


def test_only_needed_parts_make_it_unready() -> None:
    parts = [part("a", broken, needed=True), part("b", broken, needed=False)]
    (missing,) = Health(parts, 30, NullMeter()).ready()
    assert (missing.name, missing.problem, missing.breaker) == ("a", "out of order", "closed")


def test_a_probe_that_hangs_is_not_begun_again(released: threading.Event) -> None:
    begun = []

    def hang() -> None:
        begun.append(1)
        released.wait()

    health = Health([part("slow", hang, needed=True)], 0.01, NullMeter())
    assert not any(report.ok for _ in range(3) for report in health.reports())
    assert begun == [1]


def test_probes_move_the_breaker() -> None:
    answers: Iterator[bool] = iter([False] * 5 + [True])

    def probe() -> None:
        if not next(answers):
            raise Unavailable("down")

    health = Health([part("db", probe, needed=True)], 30, NullMeter())
    states = [health.reports()[0].breaker for _ in range(6)]
    assert states == ["closed"] * 4 + ["open", "closed"]
