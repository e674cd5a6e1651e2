"""PartedUpload: a file of any size for stores that take large files in numbered parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

_SMALLEST = 8 << 20
_GROW_EVERY = 1000


class Parted(Protocol):
    """How one store takes one file."""

    def put(self, content: bytes) -> None:
        """Store the whole file at once."""

    def part(self, number: int, content: bytes) -> None:
        """Store a part, numbered from 1; begins the upload where it is the first."""

    def finish(self) -> None:
        """Make the file of its parts."""

    def forget(self) -> None:
        """Give the parts up."""


class PartedUpload:
    """A small file goes up in one request, a larger one in parts of 8 MB. They double after every
    thousand, so that neither memory nor the number of parts grows with the file."""

    def __init__(self, file: Parted) -> None:
        self._file = file
        self._held: list[bytes] = []
        self._size = 0
        self._count = 0
        self._done = False

    @property
    def piece(self) -> int:
        """Bytes of the next part."""
        return _SMALLEST << (self._count // _GROW_EVERY)

    def write(self, parts: Sequence[bytes]) -> None:
        """Append."""
        self._held += parts
        self._size += sum(map(len, parts))
        if self._size >= self.piece:
            self._flush()

    def _flush(self) -> None:
        content = b"".join(self._held)
        self._held, self._size = [], 0
        self._count += 1
        self._file.part(self._count, content)

    def commit(self) -> None:
        """Make the file visible."""
        if self._count == 0:
            self._file.put(b"".join(self._held))
        else:
            if self._held:
                self._flush()
            self._file.finish()
        self._done = True

    def abort(self) -> None:
        """Give up what was sent."""
        self._held = []
        if self._count and not self._done:
            self._file.forget()
            self._done = True
