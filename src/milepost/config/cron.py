"""Cron expressions: minute, hour, day of month, month, day of week, as crontab(5) reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from milepost.errors import Invalid

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORT = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIELDS: list[tuple[str, int, int, Sequence[str]]] = [
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
]
_MOST_DAYS = 366 * 9  # from one 29 February over a century without one to the next


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""

    either_day: bool
    """Whether a match of the day of month or of the day of week is enough: when both are given."""

    def next(self, after: datetime) -> datetime:
        """The first moment due after `after`, in its own time zone. Raises Invalid if none is, as
        for 31 February."""
        day = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for _ in range(_MOST_DAYS):
            if self._on(day):
                for hour in sorted(h for h in self.hours if h >= day.hour):
                    first = day.minute if hour == day.hour else 0
                    minutes = [m for m in self.minutes if m >= first]
                    if minutes:
                        return day.replace(hour=hour, minute=min(minutes))
            day = (day + timedelta(days=1)).replace(hour=0, minute=0)
        raise Invalid("The schedule names a day that never comes.")

    def _on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        in_month = day.day in self.days
        in_week = day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either_day else in_month and in_week


def parse(text: str) -> Cron:
    """The schedule that `text` describes; raises Invalid that names the part it cannot read."""
    parts = _SHORT.get(text.strip().lower(), text).split()
    if len(parts) != len(_FIELDS):
        raise Invalid(
            f"'{text}' is no cron expression: it takes five fields (minute, hour, day of month,"
            " month, day of week), such as 0 3 * * 0."
        )
    minutes, hours, days, months, weekdays = (
        _field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    weekdays = frozenset(day % 7 for day in weekdays)
    return Cron(minutes, hours, days, months, weekdays, either)


def check(text: str) -> None:
    """Raises ValueError unless `text` is a schedule that comes."""
    try:
        parse(text).next(datetime(2026, 1, 1, tzinfo=UTC))
    except Invalid as problem:
        raise ValueError(problem.message) from None


def _field(text: str, noun: str, low: int, high: int, names: Sequence[str]) -> frozenset[int]:
    found: set[int] = set()
    for item in text.lower().split(","):
        span, slash, step_text = item.partition("/")
        try:
            step = int(step_text) if slash else 1
            start, end = _span(span, low, high, names, open_end=bool(slash))
        except ValueError:
            raise Invalid(f"'{item}' is no {noun} of a cron expression.") from None
        if not (low <= start <= end <= high and step > 0):
            raise Invalid(f"'{item}' is no {noun} of a cron expression: {low} to {high}.")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _span(
    text: str, low: int, high: int, names: Sequence[str], *, open_end: bool
) -> tuple[int, int]:
    if text == "*":
        return low, high
    first, dash, last = text.partition("-")
    start = _number(first, low, names)
    if dash:
        return start, _number(last, low, names)
    return start, high if open_end else start


def _number(text: str, low: int, names: Sequence[str]) -> int:
    return names.index(text) + low if text in names else int(text)
