"""Moves bytes between a connection and an artifact store, a piece at a time: while one piece is on
its way to or from the store, the next is on its way from or to the client, and no more is held."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from milepost.blobs.base import BlobStore, Content, NewFile, Reader, put
from milepost.errors import Invalid, TooLarge
from milepost.http.asgi import Deadline, DisconnectedError, Receive, Send
from milepost.http.intake import Intake
from milepost.http.lanes import Errand

log = logging.getLogger(__name__)

_FIRST = 1 << 20
_PIECE = 2 << 20


class Body:
    """A request body, in pieces of the size asked for."""

    def __init__(self, receive: Receive, seconds: float, limit: int | None = None) -> None:
        self._receive = receive
        self._seconds = seconds
        self._limit = limit
        self.size = 0
        self._ended = False

    def ended(self) -> bool:
        """Whether all of it was given out."""
        return self._ended

    async def piece(self, size: int) -> list[bytes]:
        """At least `size` bytes, or what is left of the body. Raises DisconnectedError when the
        client went away, Invalid when it takes too long to send, TooLarge over the limit."""
        parts: list[bytes] = []
        before = self.size
        try:
            with Deadline(self._seconds):
                while self.size - before < size and not self._ended:
                    parts.append(await self._part())
        except TimeoutError:
            raise Invalid(
                f"The client sent less than {size} bytes in {self._seconds:g} seconds."
            ) from None
        return parts

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        part: bytes = message.get("body", b"")
        self.size += len(part)
        self._ended = not message.get("more_body", False)
        if self._limit is not None and self.size > self._limit:
            raise TooLarge(f"The request body is larger than the limit of {self._limit} bytes.")
        return part


PutSmall = Callable[[NewFile], asyncio.Future[bool] | None]
"""Stores a small file; no or False for one that is to be stored in another way."""


async def upload(
    body: Body | Intake,
    store: BlobStore,
    path: str,
    errand: Errand,
    put_small: PutSmall | None = None,
) -> None:
    """Store a request body at `path`, all of it or nothing."""
    parts: Content = await body.piece(_FIRST)
    if body.ended():
        file = NewFile(path, parts)
        errand.check()
        waiting = put_small(file) if put_small is not None else None
        if waiting is None or not await errand.in_time(waiting):
            await errand.go(put, store, file)
        return
    upload = await errand.run(store.create, path)
    try:
        while not body.ended():
            _, parts = await asyncio.gather(errand.run(upload.write, parts), body.piece(_PIECE))
        await errand.run(upload.write, parts)
        await errand.run(upload.commit)
    except BaseException:
        errand.afterwards(upload.abort)
        raise


async def download(
    reader: Reader, first: bytes, receive: Receive, send: Send, errand: Errand
) -> None:
    """Send what `reader` gives, of which `first` has been read, as the body of a response that has
    begun. A failure can only be shown by ending early: the client misses bytes it was promised."""
    if len(first) == reader.length:
        await send({"type": "http.response.body", "body": first})
        return
    gone = asyncio.ensure_future(_disconnected(receive))
    piece, left = first, reader.length
    try:
        while left > len(piece) and piece and not gone.done():
            left -= len(piece)
            following = asyncio.ensure_future(errand.run(reader.read))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await following
        if left == len(piece):
            await send({"type": "http.response.body", "body": piece})
    except Exception as error:
        log.warning("A download broke off: %s", error)
        raise DisconnectedError from error
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
