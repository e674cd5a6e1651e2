"""Threads for slow work, apart for each artifact store: one that hangs holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from milepost.breaker import Breaker, Breakers, artifact_breaker
from milepost.errors import Problem, Unavailable

log = logging.getLogger(__name__)
R = TypeVar("R")

_THREADS = 16


class Lanes:
    """A pool of threads per name."""

    def __init__(self, seconds: float, breakers: Breakers) -> None:
        self._seconds = seconds
        self._breakers = breakers
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def errand(self, name: str) -> Errand:
        """Pieces of work to be done one after another in the lane `name`."""
        if name not in self._pools:
            self._pools[name] = ThreadPoolExecutor(_THREADS, thread_name_prefix="milepost-files")
        breaker = self._breakers.of(artifact_breaker(name))
        return Errand(self._pools[name], name, self._seconds, breaker)

    def close(self, *, finish: bool = False) -> None:
        """Stop; what has not begun is dropped, or waited for to `finish` as well."""
        for pool in self._pools.values():
            pool.shutdown(wait=finish, cancel_futures=not finish)


class Errand:
    """One request's work in a lane. Its pieces never run at the same time, not even the tidying up
    after one that took too long, so they may share an open file without a lock."""

    def __init__(
        self, pool: ThreadPoolExecutor, name: str, seconds: float, breaker: Breaker
    ) -> None:
        self._breaker = breaker
        self._pool = pool
        self._name = name
        self._seconds = seconds
        self._last: Future[Any] | None = None

    async def run(self, work: Callable[..., R], *arguments: Any) -> R:
        """The result of `work`. Raises Unavailable if it is not there in time, or the store known
        not to answer."""
        self.check()
        return await self.go(work, *arguments)

    def check(self) -> None:
        """Raises Unavailable while the store is known not to answer. Who passes must go on with one
        of the following."""
        self._breaker.check()

    async def go(self, work: Callable[..., R], *arguments: Any) -> R:
        """As `run`, after a `check`."""
        self._last = future = self._pool.submit(work, *arguments)
        return await self.in_time(asyncio.wrap_future(future))

    async def in_time(self, waiting: asyncio.Future[R]) -> R:
        """The result of a piece of work that was begun after a `check`. Raises Unavailable if it is
        not there in time."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        late = loop.call_later(self._breaker.rules.timeout, self._breaker.failed, "no answer yet")
        # asyncio.wait_for() costs more than all the rest here; a bare timer does not show.
        end = loop.call_later(self._seconds, waiting.cancel)
        try:
            return await self.noted(waiting)
        except asyncio.CancelledError:
            if task.cancelling():
                raise
            problem = Unavailable(
                f"The artifact store {self._name} did not answer within {self._seconds:g} seconds."
            )
            self._breaker.failed(problem.message)
            raise problem from None
        finally:
            late.cancel()
            end.cancel()

    async def noted(self, waiting: asyncio.Future[R]) -> R:
        """The result of work that was begun after a `check`, for which somebody else sees to the
        time: that the store fails or answers is noted."""
        try:
            result = await waiting
        except Unavailable as problem:
            self._breaker.failed(problem.message)
            raise
        except Problem:
            self._breaker.ok()
            raise
        self._breaker.ok()
        return result

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do `work` when what is under way has ended, without waiting for it."""

        def tidy(_: object) -> None:
            try:
                work()
            except Exception:
                log.warning("Tidying up in %s failed", self._name, exc_info=True)

        if self._last is None or self._last.done():
            self._pool.submit(tidy, None)
        else:
            self._last.add_done_callback(tidy)
