"""Pump: sends what an exporter has gathered, every so often, from a thread of its own."""

from __future__ import annotations

import logging
import threading
from random import random
from typing import Protocol

log = logging.getLogger(__name__)


class Sending(Protocol):
    """An exporter that sends."""

    name: str

    def send(self) -> None:
        """Send what there is; raises if that fails, and then sends it next time."""


class Pump:
    """Keeps one exporter going; a failure is logged when it begins and when it ends."""

    def __init__(self, exporter: Sending, seconds: float) -> None:
        self._exporter = exporter
        self._seconds = seconds
        self._failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"milepost-{exporter.name}", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        # Workers and replicas should not all send at the same moment.
        wait = self._seconds * (0.5 + random() / 2)  # noqa: S311 - no secret
        while not self._stop.wait(wait):
            self._send()
            wait = self._seconds
        self._send()

    def _send(self) -> None:
        try:
            self._exporter.send()
        except Exception as error:  # noqa: BLE001 - exporting must never stop the server
            if not self._failing:
                log.warning("sending metrics to %s fails: %s", self._exporter.name, error)
            self._failing = True
        else:
            if self._failing:
                log.info("sending metrics to %s works again", self._exporter.name)
            self._failing = False

    def close(self) -> None:
        """Send once more and stop."""
        self._stop.set()
        self._thread.join(timeout=5)
