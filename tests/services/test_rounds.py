from __future__ import annotations

import logging
import threading

import pytest

from milepost.errors import Unavailable
from milepost.services.rounds import Round


@pytest.mark.parametrize("error", [Unavailable("the database is away"), RuntimeError("a mistake")])
def test_what_fails_is_told_and_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """What is known in a line, what is our fault with its trace."""
    again = threading.Event()
    calls = 0

    def work() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise error
        again.set()

    with caplog.at_level(logging.WARNING):
        going = Round("counting", 0.01, work)
        assert again.wait(60)
        going.close()
    (record,) = (r for r in caplog.records if r.name == "milepost.services.rounds")
    assert record.getMessage().startswith("counting failed")
    assert (record.exc_info is None) == isinstance(error, Unavailable)
