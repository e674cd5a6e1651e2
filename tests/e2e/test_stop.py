"""Stopping the server, as a person and as a service manager do it."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.parts.milepost import StartMilepost

SIGNALS = pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])


@SIGNALS
def test_one_process_says_goodbye(milepost_server: StartMilepost, how: signal.Signals) -> None:
    server = milepost_server()
    assert server.daemon.stop(how) == 0
    assert server.log.endswith("Stopped.\n")
    assert "Traceback" not in server.log


@SIGNALS
def test_several_workers_stop_with_their_parent(
    milepost_server: StartMilepost, postgres_uri: Callable[[], str], how: signal.Signals
) -> None:
    server = milepost_server(postgres_uri(), "--workers=2")
    assert server.daemon.stop(how) == 0
    assert server.log.endswith("Stopped.\n")
    assert "Traceback" not in server.log
