"""Health: whether the parts that the server stands on answer, and how fast."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from milepost.breaker import Breaker
from milepost.errors import NotFound, Problem
from milepost.meter import Meter


@dataclass(frozen=True)
class Part:
    """Something that can be probed. `probe` returns when it answered, and raises when it does
    not."""

    name: str
    probe: Callable[[], object]
    breaker: Breaker
    needed: bool
    """Whether the server is of no use without it."""

    proves: bool = True
    """Whether what a probe finds is what calls would find, so that the breaker goes by it."""


@dataclass(frozen=True)
class Report:
    """What a probe found."""

    name: str
    ok: bool
    needed: bool
    seconds: float
    problem: str
    breaker: str


class Health:
    """Probes parts, each with a short timeout, whatever hangs."""

    def __init__(self, parts: Sequence[Part], timeout: float, meter: Meter) -> None:
        self.parts = parts
        self._timeout = timeout
        self._meter = meter
        self._running: dict[str, Future[float]] = {}
        self._lock = threading.Lock()

    def reports(self) -> list[Report]:
        """Probe every part, all at once."""
        began = monotonic()
        probes = [(part, self._begin(part)) for part in self.parts]
        return [self._outcome(part, probe, began) for part, probe in probes]

    def ready(self) -> list[Report]:
        """The reports of needed parts that do not answer."""
        return [report for report in self.reports() if report.needed and not report.ok]

    def _begin(self, part: Part) -> Future[float]:
        """Start a probe, unless the one before still hangs: then that is the one to wait for."""
        with self._lock:
            running = self._running.get(part.name)
            if running is not None and not running.done():
                return running
            future: Future[float] = Future()
            self._running[part.name] = future
            threading.Thread(
                target=_probe, args=(part, future), name="milepost-probe", daemon=True
            ).start()
            return future

    def _outcome(self, part: Part, probe: Future[float], began: float) -> Report:
        problem = ""
        took = None
        try:
            took = probe.result(timeout=max(0.0, self._timeout - (monotonic() - began)))
        except TimeoutError:
            problem = f"no answer within {self._timeout:g} seconds"
        except Exception as error:  # noqa: BLE001 - whatever it is, the part is not well
            problem = error.message if isinstance(error, Problem) else str(error)
        if took is None:
            took = monotonic() - began
        if part.proves and problem:
            part.breaker.failed(problem)
        elif part.proves:
            part.breaker.ok()
        self._meter.gauge("mlflow_health_check_up", float(not problem), part=part.name)
        self._meter.observe("mlflow_health_check_seconds", took, part=part.name)
        return Report(part.name, not problem, part.needed, took, problem, part.breaker.state)


def _probe(part: Part, future: Future[float]) -> None:
    """Ask, and tell how many seconds the answer took."""
    began = monotonic()
    try:
        # The artifact store is asked for a file that nobody made; that it knows is an answer.
        with suppress(NotFound):
            part.probe()
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits
        future.set_exception(error)
    else:
        future.set_result(monotonic() - began)
