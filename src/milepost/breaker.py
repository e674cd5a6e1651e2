"""Breaker: stops asking a part that keeps failing. Callers learn at once, and it can recover.

Closed, it lets every call pass. After some failures in a row it opens and refuses calls. When it
has been open for a while it lets a single call try; success closes it, failure keeps it open. A
call that is not answered in time counts as a failure while it is still waiting; should it succeed
after all, that closes the breaker like any other success.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Literal

from milepost.errors import Unavailable
from milepost.meter import Meter, NullMeter

log = logging.getLogger(__name__)

State = Literal["closed", "half_open", "open"]
LEVELS: dict[State, float] = {"closed": 0, "half_open": 1, "open": 2}
"""Value of the gauge `mlflow_circuit_breaker_state`."""

_MOST_EXPORTED = 100


@dataclass(frozen=True)
class Rules:
    """When breakers open and close."""

    enabled: bool = True
    failure_threshold: int = 5
    timeout: float = 5.0
    """Seconds after which an unanswered call counts as a failure, and again each time as long."""

    reset_timeout: float = 60.0
    log_changes: bool = True
    export: bool = True


class Breakers:
    """The breakers of a server, by part."""

    def __init__(self, rules: Rules | None = None, meter: Meter | None = None) -> None:
        self._rules = rules
        self._meter = meter
        self._breakers: dict[str, Breaker] = {}
        self._lock = Lock()

    def of(self, name: str) -> Breaker:
        """The breaker of a part, made when it is first asked for."""
        with self._lock:
            if name not in self._breakers:
                # Clients name webhook receivers, and labels must stay few whatever they do.
                meter = self._meter if len(self._breakers) < _MOST_EXPORTED else None
                self._breakers[name] = Breaker(name, self._rules, meter)
            return self._breakers[name]

    def states(self) -> dict[str, State]:
        """The state of every part that was ever asked for, by its name."""
        with self._lock:
            return {name: breaker.state for name, breaker in sorted(self._breakers.items())}


def artifact_breaker(store: str) -> str:
    """What the breaker of an artifact store is called."""
    return f"artifact store {store}"


class Breaker:
    """The breaker of one part."""

    def __init__(
        self,
        name: str,
        rules: Rules | None = None,
        meter: Meter | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
        self.rules = rules or Rules()
        self.last_failure = ""
        self._meter = (meter if self.rules.export else None) or NullMeter()
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._state: State = "closed"
        self._try_at = 0.0
        self._meter.gauge("mlflow_circuit_breaker_state", 0, part=name)

    @property
    def state(self) -> State:
        """Closed, open, or half open: waiting for the outcome of the call that tries."""
        return self._state

    @property
    def resting(self) -> bool:
        """Whether `check` would refuse now."""
        return self._state != "closed" and self._clock() < self._try_at

    def check(self) -> None:
        """Raises Unavailable if the part is not to be asked now. Who passes must report with `ok`
        or `failed`."""
        if self._state != "closed":
            self._check_open()

    def _check_open(self) -> None:
        with self._lock:
            if self._state == "closed":
                return
            now = self._clock()
            if now < self._try_at:
                raise Unavailable(
                    f"The {self.name} is not answering; it will be tried again in"
                    f" {self._try_at - now:.0f} seconds. Last failure: {self.last_failure}"
                )
            # Should the call that tries never report, another may try after the same time.
            self._try_at = now + self.rules.reset_timeout
            self._change("half_open")

    def ok(self) -> None:
        """A call was answered."""
        if self._failures or self._state != "closed":
            with self._lock:
                self._failures = 0
                self._change("closed")

    def failed(self, why: str, count: int = 1) -> None:
        """Calls were not answered, or not in time."""
        if not self.rules.enabled:
            return
        with self._lock:
            self.last_failure = why
            self._failures += count
            self._meter.count("mlflow_circuit_breaker_failures_total", count, part=self.name)
            if self._state == "open":
                return  # calls that began earlier, or probes: they do not put off the next try
            if self._state == "half_open" or self._failures >= self.rules.failure_threshold:
                self._try_at = self._clock() + self.rules.reset_timeout
                self._change("open")

    def _change(self, state: State) -> None:
        if state == self._state:
            return
        before, self._state = self._state, state
        self._meter.gauge("mlflow_circuit_breaker_state", LEVELS[state], part=self.name)
        if self.rules.log_changes:
            level = logging.INFO if state == "closed" else logging.WARNING
            why = f": {self.last_failure}" if state == "open" else ""
            log.log(level, "circuit breaker of the %s: %s -> %s%s", self.name, before, state, why)
