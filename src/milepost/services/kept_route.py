"""The model servers of one route of the gateway: the one that answers, the next, and those that
leave. `tick` is to be called every moment; nothing in it waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal, Protocol

import msgspec

from milepost.config.blocks import GatewayRoute
from milepost.domain.serving import Served, Target
from milepost.errors import Problem
from milepost.upstreams.base import Address

log = logging.getLogger(__name__)

_GRACE_SECONDS = 1.0
"""How long a server that was replaced goes on listening: a request may be on its way to it."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_WELL_SECONDS = 60.0
"""A server that lived so long was well: what follows is a new trouble."""


class Server(Protocol):
    """A model server, as far as its keeper is concerned."""

    address: Address

    def ended(self) -> str:
        """How it ended; "" while it runs."""

    def ready(self) -> bool:
        """Whether it answers."""

    def leave(self) -> None:
        """Ask it to end after what it works on."""

    def kill(self) -> None:
        """End it now."""


Launch = Callable[[Target, int], Server]
"""Fetches a model and starts the server number N for it. Takes long; raises a Problem."""


@dataclass(frozen=True)
class Patience:
    """How long model servers get, in seconds."""

    load: float
    answer: float
    slow_load: float


@dataclass
class _Start:
    """A model server on its way."""

    target: Target
    launched: Future[Server]
    began: float

    def abandon(self) -> None:
        """Whatever becomes of it, it is not wanted."""
        self.launched.add_done_callback(_kill_launched)


def _kill_launched(launched: Future[Server]) -> None:
    if launched.exception() is None:
        launched.result().kill()


def _in_background(launch: Launch, target: Target, number: int) -> Future[Server]:
    """The server that a thread launches, which ends with this process wherever it is."""
    launched: Future[Server] = Future()

    def work() -> None:
        try:
            launched.set_result(launch(target, number))
        except BaseException as error:  # noqa: BLE001 - handed to whoever looks
            launched.set_exception(error)

    threading.Thread(target=work, name="milepost-model-load", daemon=True).start()
    return launched


@dataclass
class _Leaving:
    server: Server
    at: float
    """When it was replaced."""

    asked: bool = False


class KeptRoute:
    """One route. `link` becomes a symbolic link to the socket of the server that answers, `note`
    says how it is doing."""

    def __init__(
        self, route: GatewayRoute, link: Path, note: Path, launch: Launch, patience: Patience,
        clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._route = route
        self._link = link
        self._note = note
        self._launch = launch
        self._patience = patience
        self._clock = clock
        self._wanted: Target | None = None
        self._problem = ""
        self._serving: tuple[Target, Server, float] | None = None
        self._next: _Start | None = None
        self._leaving: list[_Leaving] = []
        self._starts = 0
        self._failures = 0
        self._not_before = 0.0
        self._said: Served | None = None

    def want(self, target: Target | None, why_not: str = "") -> None:
        """The model to serve from now on; None, and why, where there is none."""
        if target != self._wanted:
            # A new version gets its chance at once, whatever became of the last.
            self._failures, self._not_before, self._problem = 0, 0.0, ""
        self._wanted = target
        if target is None:
            self._problem = why_not

    def tick(self) -> None:
        """Look at the servers, and do what is due."""
        self._look_at_serving()
        self._look_at_next()
        self._begin()
        self._see_off()
        self._tell()

    def _look_at_serving(self) -> None:
        if self._serving is None:
            return
        target, server, since = self._serving
        end = server.ended()
        if end:
            self._serving = None
            self._link.unlink(missing_ok=True)
            server.kill()
            if self._clock() - since > _WELL_SECONDS:
                self._failures = 0
            self._failed(target, end)
        elif self._wanted is None:
            log.info("gateway route %s: %s is no longer served", self._route.name, target.uri)
            self._link.unlink(missing_ok=True)
            self._retire()
        elif not self._link.is_symlink():
            self._point_to(server)  # somebody tidied up

    def _look_at_next(self) -> None:
        coming = self._next
        if coming is None:
            return
        if coming.target != self._wanted:
            coming.abandon()
            self._next = None
            return
        late = self._clock() - coming.began > self._patience.load
        problem = _progress(coming) or (f"not loaded in {self._patience.load:g} seconds" * late)
        if problem:
            self._give_up(coming, problem)
        elif coming.launched.done() and coming.launched.result().ready():
            try:
                self._switch(coming)
            except OSError as error:  # no room for a link, say
                self._give_up(coming, str(error))

    def _give_up(self, coming: _Start, problem: str) -> None:
        coming.abandon()
        self._next = None
        self._failed(coming.target, problem)

    def _switch(self, coming: _Start) -> None:
        server = coming.launched.result()
        self._point_to(server)
        took = self._clock() - coming.began
        slow = took > self._patience.slow_load
        log.log(
            logging.WARNING if slow else logging.INFO,
            "gateway route %s: %s is served, after a %sload of %.1f seconds",
            *(self._route.name, coming.target.uri, "slow " if slow else "", took),
        )
        self._retire()
        self._next, self._problem = None, ""
        self._serving = (coming.target, server, self._clock())

    def _point_to(self, server: Server) -> None:
        fresh = self._link.with_name(f"{self._link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(server.address.socket)
        fresh.replace(self._link)

    def _retire(self) -> None:
        if self._serving is not None:
            self._leaving.append(_Leaving(self._serving[1], self._clock()))
            self._serving = None

    def _begin(self) -> None:
        wanted, now = self._wanted, self._clock()
        current = self._serving[0] if self._serving else None
        if wanted is None or wanted == current or self._next or now < self._not_before:
            return
        self._starts += 1
        log.info("gateway route %s: loading %s", self._route.name, wanted.uri)
        self._next = _Start(wanted, _in_background(self._launch, wanted, self._starts), now)

    def _failed(self, target: Target, how: str) -> None:
        pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures += 1
        self._not_before = self._clock() + pause
        self._problem = f"{target.uri}: {how}"
        log.warning(
            "gateway route %s: %s; next try in %g seconds", self._route.name, self._problem, pause
        )

    def _see_off(self) -> None:
        now = self._clock()
        for leaving in list(self._leaving):
            if not leaving.asked and now - leaving.at > _GRACE_SECONDS:
                leaving.asked = True
                leaving.server.leave()
            if leaving.server.ended() or now - leaving.at > _GRACE_SECONDS + self._patience.answer:
                leaving.server.kill()
                self._leaving.remove(leaving)

    def _tell(self) -> None:
        served = Served(
            self._route.name, self._route.model_uri, self._state(),
            self._serving[0].uri if self._serving else "", self._problem, self._starts,
        )  # fmt: skip
        if served != self._said:
            fresh = self._note.with_suffix(".new")
            with suppress(OSError):  # where there is no room, there may be the next time
                fresh.write_bytes(msgspec.json.encode(served))
                fresh.replace(self._note)
                self._said = served

    def _state(self) -> Literal["waiting", "loading", "serving", "failed"]:
        if self._serving is not None:
            return "serving"
        if self._wanted is None:
            return "waiting"
        return "failed" if self._failures else "loading"

    def close(self) -> list[Server]:
        """Let go of the route: the servers that are still to be ended."""
        if self._next is not None:
            self._next.abandon()
        self._retire()
        return [leaving.server for leaving in self._leaving]


def _progress(coming: _Start) -> str:
    """Why a server that was on its way will not come; "" while it may."""
    if not coming.launched.done():
        return ""
    error = coming.launched.exception()
    if error is not None:
        return error.message if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
    return coming.launched.result().ended()
