"""Group commit: one thread per process writes everything that is waiting in one transaction.

A caller is answered after COMMIT, so an acknowledged write is durable, and the price of durability
(a disk flush) is shared by all who wait at that moment. Each verb runs in its own savepoint: one
that fails answers its own caller and touches nobody else. Verbs that offer a `merge` form are
applied together as one set-based write. Verbs do not know about any of this.
"""

from __future__ import annotations

import logging
import queue
import threading
from asyncio import AbstractEventLoop
from asyncio import Future as AsyncFuture
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from random import random
from time import monotonic, sleep
from typing import Any, NamedTuple, Protocol

from milepost.errors import Unavailable
from milepost.store.dialect import Dialect
from milepost.store.names import Names
from milepost.store.tx import Tx
from milepost.store.watch import Limits, Slot, Watch

log = logging.getLogger(__name__)
Verb = Callable[[Tx, Any], Any]
Merge = Callable[[Tx, Sequence[Any]], Sequence[Any]]

_MAX_GROUP = 512
_ATTEMPTS = 4
_CHORE_SECONDS = 0.1
_BUSY = 0.3
"""Share of the time spent writing from which chores that can wait do."""
_PAUSE_SECONDS = 0.05


class Write(NamedTuple):
    """One write that waits for its turn."""

    verb: Verb
    argument: Any
    merge: Merge | None
    reply: Future[Any] | AsyncFuture[Any]


class Chores(Protocol):
    """Work that may wait for a quiet moment; each piece is a verb of its own transaction."""

    def next(self, *, busy: bool) -> tuple[Verb, Any] | None:
        """The next piece of work, or None when all is done; while others wait (`busy`), only what
        cannot be put off."""


class Writer:
    """The only place from which a process writes to the database."""

    def __init__(
        self,
        dialect: Dialect,
        names: Names,
        chores: Chores,
        watch: Watch,
        limits: Limits,
        note: Callable[[set[str]], None] | None = None,
    ) -> None:
        self._dialect = dialect
        self._names = names
        self._chores = chores
        self._watch = watch
        self._limits = limits
        self._note = note
        self._last_chore = 0.0
        self._worked = 0.0  # seconds spent writing since then
        self._queue: queue.SimpleQueue[Sequence[Write] | None] = queue.SimpleQueue()
        self._slot: Slot | None = None
        self._thread = threading.Thread(target=self._run, name="milepost-writer", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises Unavailable while the database is known not to answer."""
        self._limits.breaker.check()

    def submit(self, writes: Sequence[Write]) -> None:
        """Queue writes; each reply is resolved after the commit that contains it."""
        self._queue.put(writes)

    def close(self) -> None:
        """Write what is queued, then stop. Later submissions are never answered."""
        self._queue.put(None)
        self._thread.join()
        self._disconnect()

    def _run(self) -> None:
        closing = False
        while not closing:
            writes, closing = self._take(self._wait())
            if writes:
                began = monotonic()
                outcomes = self._commit(writes)
                took = monotonic() - began
                self._worked += took
                self._report(len(writes), took)
                self._answer(writes, outcomes)

    def _wait(self) -> Sequence[Write] | None:
        """The next writes. Chores run while there is none, and now and then under steady load."""
        while True:
            chore_due = monotonic() - self._last_chore > _CHORE_SECONDS
            try:
                if not chore_due:
                    return self._queue.get(timeout=_CHORE_SECONDS)
                chore = self._chores.next(busy=self._is_busy())
                if chore is None:
                    self._last_chore = monotonic()
                    return self._queue.get(timeout=_CHORE_SECONDS)
                self._commit([Write(*chore, None, Future())])
                self._last_chore = monotonic()
            except queue.Empty:
                continue

    def _is_busy(self) -> bool:
        """Whether much of the time since the last chore went into writing."""
        worked, self._worked = self._worked, 0.0
        return worked > _BUSY * (monotonic() - self._last_chore)

    def _take(self, first: Sequence[Write] | None) -> tuple[list[Write], bool]:
        """What is waiting, and whether it is the last: None in the queue says so."""
        group: list[Write] = []
        found = first
        while found is not None:
            group += found
            if len(group) >= _MAX_GROUP:
                break
            try:
                found = self._queue.get_nowait()
            except queue.Empty:
                break
        return group, found is None

    def _commit(self, writes: Sequence[Write]) -> Sequence[Any]:
        """The outcome of each write: its result, or the exception to raise."""
        merge = True
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                outcomes = self._transaction(writes, merge=merge)
                self._limits.breaker.ok()
                return outcomes
            except _MergeFailedError:
                merge = False
            except Exception as error:  # noqa: BLE001 - every failure is somebody's answer
                committing = isinstance(error, _CommitFailedError)
                cause = error.cause if isinstance(error, _CommitFailedError) else error
                again = self._dialect.retryable(cause) or (
                    # Nothing was committed, so a fresh connection may simply start over; after
                    # a COMMIT was sent nobody knows, and only the caller may decide to repeat.
                    self._dialect.disconnected(cause) and not committing
                )
                problem = self._dialect.problem(cause) or cause
                if isinstance(problem, Unavailable):
                    self._limits.breaker.failed(problem.message, len(writes))
                    again = again and self._limits.breaker.state == "closed"
                self._disconnect()
                if attempt == _ATTEMPTS or not again:
                    return [problem] * len(writes)
                # Whoever collided should not meet again at the same moment.
                sleep(random() * _PAUSE_SECONDS * attempt)  # noqa: S311 - no secret
        return [Unavailable("The write could not be completed; try again.")] * len(writes)

    def _transaction(self, writes: Sequence[Write], *, merge: bool) -> Sequence[Any]:
        if self._slot is None:
            self._slot = self._watch.connect(False)
        slot = self._slot
        slot.waiting = len(writes) + self._queue.qsize()
        slot.begin(self._limits.request_timeout)
        tx = Tx(slot.connection, self._dialect, self._names, slot, self._note)
        tx.run(self._dialect.begin_write)
        try:
            outcomes = self._apply(tx, writes, merge=merge)
        except (_MergeFailedError, _OnlyVerbFailedError) as error:
            tx.run("ROLLBACK")
            if isinstance(error, _OnlyVerbFailedError):
                return [error.outcome]
            raise
        try:
            tx.run("COMMIT")
        except Exception as error:
            raise _CommitFailedError(error) from error
        slot.end()
        if slot.overdue:
            # It was done in the very moment in which it was to be ended.
            self._disconnect()
        tx.committed()
        return outcomes

    def _apply(self, tx: Tx, writes: Sequence[Write], *, merge: bool) -> Sequence[Any]:
        outcomes: list[Any] = [None] * len(writes)
        merged: dict[Merge, list[int]] = defaultdict(list)
        for i, write in enumerate(writes):
            if merge and write.merge is not None:
                merged[write.merge].append(i)
            else:
                outcomes[i] = self._apply_one(tx, write, alone=len(writes) == 1)
        for form, indexes in merged.items():
            try:
                results = form(tx, [writes[i].argument for i in indexes])
            except Exception as error:
                if self._is_fatal(error):
                    raise
                raise _MergeFailedError from error
            for i, result in zip(indexes, results, strict=True):
                outcomes[i] = result
        return outcomes

    def _apply_one(self, tx: Tx, write: Write, *, alone: bool) -> Any:
        try:
            with nullcontext() if alone else tx.savepoint():
                return write.verb(tx, write.argument)
        except Exception as error:
            if self._is_fatal(error):
                raise
            outcome = self._dialect.problem(error) or error
            if alone:
                raise _OnlyVerbFailedError(outcome) from error
            return outcome

    def _is_fatal(self, error: Exception) -> bool:
        """Whether the whole transaction is lost, not only one verb of it."""
        if self._slot is None or self._slot.overdue:
            return True
        # SQLite rolls the transaction back by itself when the disk is full or it was interrupted.
        if not getattr(self._slot.connection, "in_transaction", True):
            return True
        return self._dialect.retryable(error) or self._dialect.disconnected(error)

    def _disconnect(self) -> None:
        if self._slot is not None:
            self._watch.close(self._slot)
            self._slot = None

    def _report(self, writes: int, took: float) -> None:
        meter = self._limits.meter
        meter.observe("mlflow_database_query_seconds", took, operation="write")
        meter.count("mlflow_writes_total", writes)
        if took > self._limits.slow_query:
            log.warning("slow commit: %.3f s for %d writes that waited together", took, writes)

    def _answer(self, writes: Sequence[Write], outcomes: Sequence[Any]) -> None:
        by_loop: dict[AbstractEventLoop, list[tuple[AsyncFuture[Any], Any]]] = defaultdict(list)
        for write, outcome in zip(writes, outcomes, strict=True):
            if isinstance(write.reply, Future):
                resolve([(write.reply, outcome)])
            else:
                by_loop[write.reply.get_loop()].append((write.reply, outcome))
        for loop, answers in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(resolve, answers)


class _MergeFailedError(Exception):
    """The merged form broke; the group is run again verb by verb to find the culprit."""


class _OnlyVerbFailedError(Exception):
    """The single verb of a transaction failed: it is rolled back whole, without a savepoint."""

    def __init__(self, outcome: Exception) -> None:
        super().__init__()
        self.outcome = outcome


class _CommitFailedError(Exception):
    """COMMIT was sent and did not succeed: the outcome is unknown."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def resolve(answers: Sequence[tuple[Any, Any]]) -> None:
    """Settle futures with results or exceptions; a caller who went away is skipped."""
    for reply, outcome in answers:
        if reply.cancelled() or reply.done():
            continue
        if isinstance(outcome, Exception):
            reply.set_exception(outcome)
        else:
            reply.set_result(outcome)
