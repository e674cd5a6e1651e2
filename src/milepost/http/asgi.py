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


async def read_body(receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole request body. Raises TooLarge over `limit` bytes, Invalid when the client takes
    longer than `seconds` to send it, DisconnectedError when it went away."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    late = False

    def expire() -> None:
        nonlocal late
        late = True
        task.cancel()

    # asyncio.timeout() costs a tenth of a whole request; a bare timer does not show.
    timer = loop.call_later(seconds, expire)
    try:
        return await _read(receive, limit)
    except asyncio.CancelledError:
        if not late:
            raise
        task.uncancel()
        raise Invalid(f"The request body did not arrive within {seconds:g} seconds.") from None
    finally:
        timer.cancel()


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
