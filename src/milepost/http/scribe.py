"""The server's end of the processes that write small files (blobs/scribe.py).

A process is started when the first file for its store comes, and takes those that come once it is
there. If it ends, threads of the server do what it has not answered, as before it was there.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from contextlib import suppress
from typing import cast

from milepost.blobs.base import BlobStore, NewFile
from milepost.blobs.scribe import replies, request

log = logging.getLogger(__name__)

_PAUSE_S = 10.0
_END_S = 1.0


class Scribes:
    """A process for each store that has use for one."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is how long a store may take to answer."""
        self._seconds = seconds
        self._scribes: dict[str, Scribe] = {}

    def of(self, store: BlobStore) -> Scribe | None:
        """That of a store."""
        uri = store.scribe_uri
        if uri is None:
            return None
        if uri not in self._scribes:
            self._scribes[uri] = Scribe(uri, self._seconds)
        return self._scribes[uri]

    def close(self) -> None:
        """End all processes."""
        for scribe in self._scribes.values():
            scribe.close()


class Scribe(asyncio.Protocol):
    """One process, and what it was asked for."""

    def __init__(self, uri: str, seconds: float) -> None:
        self._command = [sys.executable, "-P", "-m", "milepost.blobs.scribe", uri, str(seconds)]
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._is_ready = False
        self._not_before = 0.0
        self._received = bytearray()
        self._number = 0
        self._waiting: dict[int, asyncio.Future[bool]] = {}

    def put(self, file: NewFile) -> asyncio.Future[bool] | None:
        """Have a file stored, in place of what was there. The result is whether that was done; if
        it is False, or None comes, it is to be tried in another way. Raises what the store does."""
        loop = asyncio.get_running_loop()
        if self._transport is None or not self._is_ready:
            self._start(loop)
            return None
        self._number += 1
        reply = self._waiting[self._number] = loop.create_future()
        self._transport.write(request(self._number, file))
        return reply

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the process, unless that was done a moment ago."""
        if self._process is not None or loop.time() < self._not_before:
            return
        self._not_before = loop.time() + _PAUSE_S
        self._socket, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own
                    self._command, stdin=theirs.fileno()
                )
            except OSError as error:
                log.warning("Small files go on without a process of their own: %s", error)
                self._socket.close()
                return
        self._connecting = loop.create_task(self._connect(loop, self._socket))

    async def _connect(self, loop: asyncio.AbstractEventLoop, ours: socket.socket) -> None:
        await loop.create_connection(lambda: self, sock=ours)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the socket can be used."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """asyncio's: answers have come, or parts of them."""
        self._received += data
        for number, is_stored, problem in replies(self._received):
            if number == 0:
                self._is_ready = True
                continue
            reply = self._waiting.pop(number)
            if reply.done():
                continue  # nobody waits any more
            if problem is None:
                reply.set_result(is_stored)
            else:
                reply.set_exception(problem)

    def connection_lost(self, _: Exception | None) -> None:
        """asyncio's: the process has ended."""
        if self._process is not None:
            log.warning("The process that writes small files has ended; they go on without it.")
            asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        self._process = self._transport = self._socket = None
        self._is_ready = False
        self._received.clear()
        waiting, self._waiting = self._waiting, {}
        for reply in waiting.values():
            if not reply.done():
                reply.set_result(False)

    def close(self) -> None:
        """End the process once it has done what it was asked for; it does not come again."""
        self._not_before = float("inf")
        process, self._process = self._process, None
        if process is None or self._socket is None:
            return
        if self._connecting is not None:
            self._connecting.cancel()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()  # its store does not answer
