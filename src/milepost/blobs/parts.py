"""PartedUpload: a file of any size for stores that take large files in numbered parts."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Protocol

from milepost.blobs.base import Content

_SMALLEST = 8 << 20
_GROW_EVERY = 1000
_AT_ONCE = 3
_AT_ONCE_OF_ALL = 8
_THREADS = 16


class Senders:
    """The threads in which a store sends parts, and the memory for these. Its uploads share both:
    the more there are, the fewer parts each has under way."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="milepost-parts")
        self._uploads = 0
        self._lock = Lock()
        # Blocks of this size, freed and asked for again by many threads, leave an allocator with
        # several times as much as is in use.
        self._free: list[bytearray] = []

    def count(self, change: int) -> None:
        """Uploads began or ended."""
        with self._lock:
            self._uploads += change
            if not self._uploads:
                self._free = []

    def memory(self, size: int) -> bytearray:
        """For a part of `size` bytes; what is in it does not matter."""
        with self._lock:
            fits = [number for number, free in enumerate(self._free) if len(free) == size]
            return self._free.pop(fits[0]) if fits else bytearray(size)

    def send(self, file: Parted, number: int, content: bytearray) -> Future[None]:
        """Store a part; its memory is used again after that."""
        return self._pool.submit(self._send, file, number, content)

    def _send(self, file: Parted, number: int, content: bytearray) -> None:
        file.part(number, content)
        with self._lock:
            if self._uploads and len(content) >= _SMALLEST:
                self._free.append(content)

    @property
    def at_once(self) -> int:
        """Parts that one upload may have under way."""
        return max(1, min(_AT_ONCE, _AT_ONCE_OF_ALL // max(1, self._uploads)))


class Parted(Protocol):
    """How one store takes one file."""

    def put(self, content: bytes) -> None:
        """Store the whole file at once."""

    def begin(self) -> None:
        """Begin to store it in parts."""

    def part(self, number: int, content: bytearray) -> None:
        """Store a part, numbered from 1; several threads may do so."""

    def finish(self) -> None:
        """Make the file of its parts."""

    def forget(self) -> None:
        """Give the parts up."""


class PartedUpload:
    """A small file goes up in one request, a larger one in parts of 8 MB, three of them at a time.
    They double after every thousand, so that the number of parts stays within what stores take,
    and a file of a terabyte still needs no more than some hundred megabytes."""

    def __init__(self, file: Parted, senders: Senders) -> None:
        self._file = file
        self._senders = senders
        self._first: bytes | None = None
        """What came first; a small file is no more than that, and needs no memory for parts."""
        self._held = bytearray()
        self._size = 0
        self._count = 0
        self._sending: deque[Future[None]] = deque()
        self._done = False

    def write(self, parts: Content) -> None:
        """Append. Returns while parts are still being sent; what goes wrong with them is raised
        later, by `commit` at the latest."""
        if self._first is None:
            self._first = b"".join(parts)
            return
        for part in (self._first, *parts):
            left = memoryview(part)
            while left:
                left = left[self._hold(left) :]
        self._first = b""

    def _hold(self, content: memoryview) -> int:
        """Put as much of it into the next part as there is room; how much that is."""
        if not self._held:
            self._held = self._senders.memory(_SMALLEST << (self._count // _GROW_EVERY))
        taken = min(len(content), len(self._held) - self._size)
        self._held[self._size : self._size + taken] = content[:taken]
        self._size += taken
        if self._size == len(self._held):
            self._flush(self._held)
        return taken

    def _flush(self, content: bytearray) -> None:
        if self._count == 0:
            self._file.begin()
            self._senders.count(+1)
        while len(self._sending) >= self._senders.at_once:
            self._sending.popleft().result()
        self._held, self._size = bytearray(), 0
        self._count += 1
        self._sending.append(self._senders.send(self._file, self._count, content))

    def commit(self) -> None:
        """Make the file visible."""
        if self._count == 0:
            self._file.put((self._first or b"") + bytes(self._held[: self._size]))
            return
        if self._size:
            self._flush(self._held[: self._size])
        while self._sending:
            self._sending.popleft().result()
        self._file.finish()
        self._end()

    def abort(self) -> None:
        """Give up what was sent."""
        self._held = bytearray()
        if self._count and not self._done:
            wait(self._sending)
            self._end()
            self._file.forget()

    def _end(self) -> None:
        self._done = True
        self._senders.count(-1)
