"""Threads for slow work, apart for each artifact store: one that hangs holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from milepost.breaker import Breaker, Breakers, artifact_breaker
from milepost.errors import Problem, Unavailable

log = logging.getLogger(__name__)
R = TypeVar("R")

_THREADS = 16
_MOST_IN_LOT = 64

Work = Callable[[Sequence[Any]], Sequence[Exception | None]]
"""For each argument what went wrong, if anything."""

Lot = list[tuple[Any, asyncio.Future[None]]]


class Lanes:
    """A pool of threads per name."""

    def __init__(self, seconds: float, breakers: Breakers) -> None:
        self._seconds = seconds
        self._breakers = breakers
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._lots: dict[Work, Lots] = {}

    def errand(self, name: str) -> Errand:
        """Pieces of work to be done one after another in the lane `name`."""
        if name not in self._pools:
            self._pools[name] = ThreadPoolExecutor(_THREADS, thread_name_prefix="milepost-files")
        breaker = self._breakers.of(artifact_breaker(name))
        return Errand(self, self._pools[name], name, self._seconds, breaker)

    def lots(self, pool: ThreadPoolExecutor, work: Work) -> Lots:
        """Where `work` is done for many at once."""
        found = self._lots.get(work)
        if found is None:
            found = self._lots[work] = Lots(pool, work)
        return found

    def close(self) -> None:
        """Stop; what has not begun is dropped."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)


class Lots:
    """Work that costs less for many at once: what comes while one lot is under way is the next."""

    def __init__(self, pool: ThreadPoolExecutor, work: Work) -> None:
        self._pool = pool
        self._work = work
        self._waiting: Lot = []
        self._is_busy = False

    def add(self, argument: Any) -> asyncio.Future[None]:
        """Done when the work is done for `argument`."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[None] = loop.create_future()
        self._waiting.append((argument, reply))
        if not self._is_busy:
            self._is_busy = True
            # Not at once: what arrives in the same turn of the loop comes along.
            loop.call_soon(self._begin, loop)
        return reply

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        lot, self._waiting = self._waiting[:_MOST_IN_LOT], self._waiting[_MOST_IN_LOT:]
        self._is_busy = bool(lot)
        if lot:
            self._pool.submit(self._do, loop, lot)

    def _do(self, loop: asyncio.AbstractEventLoop, lot: Lot) -> None:
        try:
            outcomes = self._work([argument for argument, _ in lot])
        except Exception as error:  # noqa: BLE001 - everybody in the lot is told
            outcomes = [error] * len(lot)
        loop.call_soon_threadsafe(self._end, loop, lot, outcomes)

    def _end(
        self, loop: asyncio.AbstractEventLoop, lot: Lot, outcomes: Sequence[Exception | None]
    ) -> None:
        self._begin(loop)
        for (_, reply), error in zip(lot, outcomes, strict=True):
            if reply.done():
                continue  # nobody waits any more
            if error is None:
                reply.set_result(None)
            else:
                reply.set_exception(error)


class Errand:
    """One request's work in a lane. Its pieces never run at the same time, not even the tidying up
    after one that took too long, so they may share an open file without a lock."""

    def __init__(
        self,
        lanes: Lanes,
        pool: ThreadPoolExecutor,
        name: str,
        seconds: float,
        breaker: Breaker,
    ) -> None:
        self._lanes = lanes
        self._breaker = breaker
        self._pool = pool
        self._name = name
        self._seconds = seconds
        self._last: Future[Any] | None = None

    async def run(self, work: Callable[..., R], *arguments: Any) -> R:
        """The result of `work`. Raises Unavailable if it is not there in time."""
        self._breaker.check()
        self._last = future = self._pool.submit(work, *arguments)
        return await self._waited(asyncio.wrap_future(future))

    async def together(self, work: Work, argument: Any) -> None:
        """Have `work` done for `argument` and whatever else comes meanwhile. Raises what it says
        has gone wrong with `argument`, and Unavailable if it is not done in time."""
        self._breaker.check()
        await self._waited(self._lanes.lots(self._pool, work).add(argument))

    async def _waited(self, waiting: asyncio.Future[R]) -> R:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        late = loop.call_later(self._breaker.rules.timeout, self._breaker.failed, "no answer yet")
        # asyncio.wait_for() costs more than all the rest here; a bare timer does not show.
        end = loop.call_later(self._seconds, waiting.cancel)
        try:
            result = await waiting
        except asyncio.CancelledError:
            if task.cancelling():
                raise
            problem = Unavailable(
                f"The artifact store {self._name} did not answer within {self._seconds:g} seconds."
            )
            self._breaker.failed(problem.message)
            raise problem from None
        except Unavailable as problem:
            self._breaker.failed(problem.message)
            raise
        except Problem:
            self._breaker.ok()
            raise
        finally:
            late.cancel()
            end.cancel()
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
