"""Resuming: a reader that survives a connection which breaks in the middle of a file."""

from __future__ import annotations

from collections.abc import Callable

from milepost.blobs.base import Reader, Span
from milepost.errors import Unavailable

_ATTEMPTS = 3


class Resuming:
    """Opens again where the last connection broke, as long as the content is still the same."""

    def __init__(self, opened: Callable[[Span | None], Reader], span: Span | None) -> None:
        self._open = opened
        self._reader = opened(span)
        self.stat = self._reader.stat
        self.start = self._reader.start
        self.length = self._reader.length
        self._given = 0
        self._attempts = 1

    def read(self) -> bytes:
        """The next piece; raises Unavailable after several failures without progress."""
        while True:
            try:
                piece = self._reader.read()
                if not piece and self._given < self.length:
                    raise Unavailable("The artifact store ended a file early.")
            except Unavailable:
                self._reopen()
                continue
            self._given += len(piece)
            self._attempts = 1
            return piece

    def _reopen(self) -> None:
        if self._attempts == _ATTEMPTS:
            raise Unavailable("The artifact store broke off a file several times.")
        self._attempts += 1
        self._reader.close()
        first = self.start + self._given
        self._reader = self._open(Span(first, self.start + self.length - 1))
        if self._reader.stat.etag != self.stat.etag:
            raise Unavailable("The artifact was replaced while it was read.")

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()
