"""PartedUpload: a file of any size for stores that take large files in numbered parts."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from milepost.blobs.base import Content

_SMALLEST = 8 << 20
_GROW_EVERY = 1000
_AT_ONCE = 3

THREADS = 16
"""Of the pool in which a store sends parts."""


class Parted(Protocol):
    """How one store takes one file."""

    def put(self, content: bytes) -> None:
        """Store the whole file at once."""

    def begin(self) -> None:
        """Begin to store it in parts."""

    def part(self, number: int, content: bytes) -> None:
        """Store a part, numbered from 1; several threads may do so."""

    def finish(self) -> None:
        """Make the file of its parts."""

    def forget(self) -> None:
        """Give the parts up."""


class PartedUpload:
    """A small file goes up in one request, a larger one in parts of 8 MB, three of them at a time.
    They double after every thousand, so that the number of parts stays within what stores take,
    and a file of a terabyte still needs no more than some hundred megabytes."""

    def __init__(self, file: Parted, pool: ThreadPoolExecutor) -> None:
        self._file = file
        self._pool = pool
        self._held: list[bytes] = []
        self._size = 0
        self._count = 0
        self._sending: deque[Future[None]] = deque()
        self._done = False

    @property
    def piece(self) -> int:
        """Bytes of the next part."""
        return _SMALLEST << (self._count // _GROW_EVERY)

    def write(self, parts: Content) -> None:
        """Append. Returns while parts are still being sent; what goes wrong with them is raised
        later, by `commit` at the latest."""
        self._held += map(bytes, parts)
        self._size += sum(map(len, parts))
        if self._size >= self.piece:
            self._flush()

    def _flush(self) -> None:
        if self._count == 0:
            self._file.begin()
        while len(self._sending) >= _AT_ONCE:
            self._sending.popleft().result()
        content = b"".join(self._held)
        self._held, self._size = [], 0
        self._count += 1
        self._sending.append(self._pool.submit(self._file.part, self._count, content))

    def commit(self) -> None:
        """Make the file visible."""
        if self._count == 0:
            self._file.put(b"".join(self._held))
        else:
            if self._held:
                self._flush()
            while self._sending:
                self._sending.popleft().result()
            self._file.finish()
        self._done = True

    def abort(self) -> None:
        """Give up what was sent."""
        self._held = []
        if self._count and not self._done:
            wait(self._sending)
            self._file.forget()
            self._done = True
