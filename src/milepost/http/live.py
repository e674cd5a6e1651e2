"""Live updates: server-sent events that say what changed, on whichever server it did.

While anybody listens, a process reads the end of the table of changes twice a second and hands
every listener the topics it has not told yet. An event is a JSON list of topics, or null when the
listener was too slow and should look at everything again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import msgspec

from milepost.app import App
from milepost.http.asgi import Receive, Scope, Send
from milepost.store import changes

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
_MOST_WAITING = 50
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
]
_encode = msgspec.json.Encoder().encode

Topics = list[str] | None


class Live:
    """The listeners of one process and the task that feeds them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: set[asyncio.Queue[Topics]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._chained = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET /api/3.0/milepost/live: events until the page goes away or the server stops."""
        queue: asyncio.Queue[Topics] = asyncio.Queue()
        self._chain_signals()
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        self._listeners.add(queue)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        gone = asyncio.create_task(_disconnected(receive))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await _part(send, b"retry: 2000\n\n")
            while not (gone.done() or stopping.done()):
                item = asyncio.create_task(queue.get())
                await asyncio.wait(
                    {item, gone, stopping},
                    timeout=_HEARTBEAT_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if item.done():
                    await _part(send, b"data: " + _encode(item.result()) + b"\n\n")
                else:
                    item.cancel()
                    if not gone.done():
                        await _part(send, b": still here\n\n")
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            self._listeners.discard(queue)
            gone.cancel()
            stopping.cancel()

    async def _poll(self) -> None:
        """Tell news to the listeners for as long as there are any."""
        store = self._app.store
        told: set[int] = set()
        last = -1
        while self._listeners and not self._stopping.is_set():
            try:
                if last < 0:
                    last = await asyncio.to_thread(store.read, changes.latest, None)
                    known = await asyncio.to_thread(store.read, changes.since, last)
                    told = {number for number, _ in known}
                found = await asyncio.to_thread(store.read, changes.since, last)
            except Exception:
                log.exception("cannot read what changed")
                found, last = [], -1
                self._tell(None)
            fresh = [(number, topic) for number, topic in found if number not in told]
            if fresh:
                last = max(last, fresh[-1][0])
                told = {number for number, _ in found}
                self._tell(list(dict.fromkeys(topic for _, topic in fresh)))
            await asyncio.sleep(_POLL_SECONDS)

    def _tell(self, topics: Topics) -> None:
        for queue in self._listeners:
            if queue.qsize() < _MOST_WAITING:
                queue.put_nowait(topics)
            else:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)

    def _chain_signals(self) -> None:
        """End all streams when the server is told to stop; it would wait for them otherwise."""
        if self._chained or threading.current_thread() is not threading.main_thread():
            return
        self._chained = True
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            previous = signal.getsignal(number)

            signal.signal(number, _first(partial(loop.call_soon_threadsafe, self._stopping.set),
                                         previous))  # fmt: skip


def _first(action: Callable[[], object], then: object) -> Callable[[int, FrameType | None], None]:
    """A signal handler that does `action` before the handler there was."""

    def handle(number: int, frame: FrameType | None) -> None:
        action()
        if callable(then):
            then(number, frame)

    return handle


async def _part(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
