"""Jobs that a server does by itself at times that a cron expression names.

Every server process waits for the same moment; who takes the job's lease does it. The lease is kept
for a while afterwards, so that a server whose clock is a little behind does not do it again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from milepost.config.cron import Cron
from milepost.errors import Problem
from milepost.store import leases
from milepost.store.db import Store
from milepost.store.tx import Tx

log = logging.getLogger(__name__)
_SKEW = timedelta(minutes=5)


class Job:
    """One job of one server process. `work` returns a line for the log."""

    def __init__(self, name: str, schedule: Cron, work: Callable[[], str], store: Store) -> None:
        self.name = name
        self._schedule = schedule
        self._work = work
        self._store = store
        self._holder = uuid4().hex
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Wait for the moments in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"milepost-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait no longer. Work that is under way ends with the process and is taken up again the
        next time."""
        self._stopped.set()

    def _run(self) -> None:
        now = datetime.now().astimezone()
        while not self._stopped.is_set():
            due = self._schedule.next(now)
            while (left := (due - datetime.now().astimezone()).total_seconds()) > 0:
                # In steps, as a machine may sleep or be given another time.
                if self._stopped.wait(min(left, 30)):
                    return
            self.do(due)
            now = max(due, datetime.now().astimezone())

    def do(self, due: datetime) -> None:
        """Do what was due at a moment, unless another server does it or has done it. What goes
        wrong is logged."""
        until = due + min(_SKEW, (self._schedule.next(due) - due) / 2)
        try:
            if self._take(due, until):
                log.info("%s: %s", self.name, self._work())
        except Problem as problem:
            log.warning("%s failed: %s", self.name, problem.message)
        except Exception:
            # The next time may go better; the thread must not die of it.
            log.exception("%s failed", self.name)

    def _take(self, due: datetime, until: datetime) -> bool:
        now = max(due, datetime.now().astimezone())

        def take(tx: Tx, name: str) -> bool:
            return leases.take(tx, name, self._holder, _ms(now), _ms(until))

        return self._store.write(take, f"job {self.name}")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
