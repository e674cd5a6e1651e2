"""Cron expressions against what crontab(5) says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.config import cron
from milepost.errors import Invalid


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("0 3 * * 0", "2026-11-21 09:00", "2026-11-22 03:00"),  # a Saturday: the next Sunday
        ("0 3 * * 7", "2026-11-22 03:00", "2026-11-29 03:00"),  # 7 is Sunday too; never now
        ("0 3 * * sun", "2026-11-22 02:59", "2026-11-22 03:00"),
        ("*/15 * * * *", "2026-01-01 00:07", "2026-01-01 00:15"),
        ("5-10/5 1,13 * * *", "2026-01-01 01:05", "2026-01-01 01:10"),
        ("0 0 1 jan *", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2026-03-01 00:00", "2028-02-29 00:00"),
        ("0 0 13 * fri", "2026-11-21 09:00", "2026-11-27 00:00"),  # either day is enough
        ("0 0 */10 * mon", "2026-11-01 00:00", "2026-12-21 00:00"),  # with a star, both must hold
        ("@daily", "2026-12-31 23:59", "2027-01-01 00:00"),
        ("59 23 31 12 *", "2026-01-01 00:00", "2026-12-31 23:59"),
    ],
)
def test_when_it_is_due(expression: str, after: str, due: str) -> None:
    assert cron.parse(expression).next(_at(after)) == _at(due)


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
     "x * * * *", "*/0 * * * *", "5-1 * * * *", "@never"],
)  # fmt: skip
def test_what_is_none(expression: str) -> None:
    with pytest.raises(Invalid):
        cron.parse(expression)


def test_a_day_that_never_comes() -> None:
    with pytest.raises(Invalid):
        cron.parse("0 0 31 2 *").next(_at("2026-01-01 00:00"))


@given(
    st.integers(0, 59), st.integers(0, 23),
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
)  # fmt: skip
def test_once_a_day_is_within_a_day(minute: int, hour: int, after: datetime) -> None:
    due = cron.parse(f"{minute} {hour} * * *").next(after)
    assert timedelta(0) < due - after <= timedelta(days=1)
    assert (due.minute, due.hour, due.second) == (minute, hour, 0)
