"""Requests and responses in terms of ASGI, without a framework."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from milepost.errors import Invalid, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"


WHOLE = "milepost.body"
"""Key of a response's first message under which the whole body comes along (see protocol.py)."""


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a request header (name in lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None


class Deadline:
    """Raises TimeoutError in a `with` block that takes longer than `seconds`, as
    asyncio.timeout() does; but that costs a tenth of a whole request, and this does not show."""

    __slots__ = ("_late", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._late = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)

    def _expire(self) -> None:
        self._late = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._late:
            self._task.uncancel()
            if kind is asyncio.CancelledError:
                raise TimeoutError from None


async def read_body(receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole request body. Raises TooLarge over `limit` bytes, Invalid when the client takes
    longer than `seconds` to send it, DisconnectedError when it went away."""
    try:
        with Deadline(seconds):
            return await _read(receive, limit)
    except TimeoutError:
        raise Invalid(f"The request body did not arrive within {seconds:g} seconds.") from None


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"The request body is larger than the limit of {limit} bytes.")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def respond(
    send: Send, status: int, content_type: bytes, body: bytes, headers: Headers | None = None
) -> None:
    """Send a whole response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", b"%d" % len(body)),
                *(headers or ()),
            ],
            WHOLE: body,
        }
    )
