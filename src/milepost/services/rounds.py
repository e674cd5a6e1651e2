"""Rounds: what a server does by itself every so often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from milepost.errors import Problem

log = logging.getLogger(__name__)


class Round:
    """Calls something every so many seconds from a thread of its own, until closed. What it raises
    is logged, and it is called again the next time."""

    def __init__(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        self._name = name
        self._seconds = seconds
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"milepost-{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self._work()
            except Problem as problem:
                # A database or store that is away, say: known, and over by the next time.
                log.warning("%s failed: %s", self._name, problem.message)
            except Exception:
                log.exception("%s failed", self._name)
            if self._stop.wait(self._seconds):
                return

    def close(self) -> None:
        """Stop after what is under way."""
        self._stop.set()
        self._thread.join(timeout=5)
