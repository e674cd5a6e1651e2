"""The time a client has to send a body."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from milepost.errors import Invalid
from milepost.http.asgi import read_body


async def _never() -> Any:
    await asyncio.Event().wait()


def _run(reading: Coroutine[Any, Any, None]) -> None:
    # In a thread of its own, as the browser's driver keeps a loop running in ours.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, reading).result()


def test_a_body_that_does_not_come_is_refused_however_early_the_timer_fires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An event loop rounds its times: a timer may fire a moment before it is due."""

    async def read() -> None:
        loop = asyncio.get_running_loop()
        later = loop.call_later

        def early(_: float, callback: Any) -> Any:
            loop.call_soon(callback)
            return later(60, lambda: None)

        monkeypatch.setattr(loop, "call_later", early)
        await read_body(_never, 100, 60)

    with pytest.raises(Invalid, match="did not arrive within 60 seconds"):
        _run(read())


def test_whoever_else_cancels_the_request_is_obeyed() -> None:
    async def read() -> None:
        reading = asyncio.create_task(read_body(_never, 100, 60))
        await asyncio.sleep(0)
        reading.cancel()
        await reading

    with pytest.raises((asyncio.CancelledError, CancelledError)):
        _run(read())
