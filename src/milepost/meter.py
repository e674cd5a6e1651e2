"""Meter: where the code reports what it did. NullMeter is the default: nobody asks if it is on."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """Receives measurements. Names are snake_case; labels have bounded values."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add `amount` to a counter."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record one duration, in seconds, in a histogram."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge to `value`."""


class NullMeter:
    """Forgets everything."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Do nothing."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Do nothing."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Do nothing."""
