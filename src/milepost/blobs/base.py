"""Artifact stores: what Milepost needs of a place that keeps files, whatever its kind.

A store is synchronous and used from threads. Paths are relative to it, `/` between parts, already
checked; "" is its root. A folder exists where a file is below it; one that lost its last file may
remain. What goes wrong is a Problem:
NotFound, Denied (the store refuses this server), Unavailable (down or slow), Full (no room).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from milepost.errors import Invalid, NotFound, Unsupported


class Entry(NamedTuple):
    """A file or folder, by its path in the store. Folders have size 0."""

    path: str
    is_dir: bool
    size: int


class Stat(NamedTuple):
    """What is known of a file. `etag` changes with the content; `modified` in Unix seconds."""

    size: int
    etag: str
    modified: float


class Span(NamedTuple):
    """A part of a file: from `start` to `end` (inclusive, None = to the last byte); a negative
    start counts from the end."""

    start: int
    end: int | None = None

    def within(self, size: int) -> tuple[int, int]:
        """First byte and number of bytes in a file of `size`; raises OutsideError if none."""
        start = max(0, size + self.start) if self.start < 0 else self.start
        end = size - 1 if self.end is None else min(self.end, size - 1)
        if start >= size or start > end:
            raise OutsideError(size)
        return start, end - start + 1


WHOLE = Span(0)


class OutsideError(Exception):
    """A span that holds no byte of the file, which has `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Reader(Protocol):
    """An open file, or a part of one."""

    stat: Stat
    start: int
    length: int
    """Bytes from `start` that `read` will give."""

    def read(self) -> bytes:
        """The next piece (around a megabyte); empty at the end."""

    def close(self) -> None:
        """Let go of the file; done before is done."""


Content = Sequence[bytes | memoryview]
"""Bytes, in pieces."""


class Upload(Protocol):
    """A file that is being written. Nobody sees it before `commit`; then all see all of it."""

    def write(self, parts: Content) -> None:
        """Append. Once it has returned, the memory of the parts may be used for others."""

    def commit(self) -> None:
        """Make it visible under its path, in place of what was there."""

    def abort(self) -> None:
        """Forget it; what was there stays. Also after a failed `write` or `commit`."""


class NewFile(NamedTuple):
    """A whole file that is to be stored at `path`."""

    path: str
    content: Content


class Signed(NamedTuple):
    """A URL that lets whoever has it do one thing with one file, and headers to send with it."""

    url: str
    headers: dict[str, str]


class Part(NamedTuple):
    """A piece that a client has sent to the store, numbered from 1."""

    number: int
    etag: str


class Direct(Protocol):
    """Transfers between a client and the store, with only the agreement going through here."""

    def begin(self, path: str, count: int, seconds: int) -> tuple[str, list[Signed]]:
        """Begin a file that comes in `count` parts: an id, and for each part where to PUT it."""

    def complete(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the file of its parts, in place of what was there."""

    def abandon(self, path: str, upload_id: str) -> None:
        """Forget the parts; done before is done."""

    def upload_url(self, path: str, seconds: int) -> Signed:
        """Where a whole file can be PUT."""

    def download_url(self, path: str, seconds: int) -> Signed:
        """Where the file can be read."""


class BlobStore(Protocol):
    """A place that keeps files."""

    name: str
    """Its URI as people read it, without secrets."""

    uri: str
    """Its URI, as `Stores` reads it; empty if it was not opened there."""

    @property
    def direct(self) -> Direct | None:
        """For stores that clients can be sent to."""

    def stat(self, path: str) -> Stat:
        """What is known of the file at `path`; NotFound if there is none."""

    def open(self, path: str, span: Span | None = None) -> Reader:
        """Read the file at `path`, or a part of it."""

    def create(self, path: str) -> Upload:
        """Begin to write a file at `path`."""

    def entries(self, path: str) -> list[Entry]:
        """What is directly in the folder, by path; empty for a file or nothing."""

    def walk(self, path: str) -> Iterator[Entry]:
        """Every file at or below `path`."""

    def delete(self, path: str) -> None:
        """Remove the file, or the folder with all in it; nothing there is fine."""


def put(store: BlobStore, file: NewFile) -> None:
    """Store a file, in place of what was there."""
    upload = store.create(file.path)
    try:
        upload.write(file.content)
        upload.commit()
    except BaseException:
        upload.abort()
        raise


PIECE = 1 << 20
"""Bytes that a reader gives at once, about."""

MAX_PARTS = 10_000
"""Parts that S3 and Google Cloud Storage take for one file."""


def no_such(path: str) -> NotFound:
    """The Problem for a path where there is nothing."""
    return NotFound(f"No such artifact: '{path}'")


def is_folder(path: str) -> Invalid:
    """The Problem for a folder where a file is wanted."""
    return Invalid(f"Artifact path refers to a directory, not a file: '{path}'")


def no_root_delete() -> Invalid:
    """The Problem for the wish to delete everything."""
    return Invalid("The root of the artifact store cannot be deleted.")


def no_sdk(store: str, extra: str) -> Unsupported:
    """The Problem for a store whose library is not installed."""
    return Unsupported(
        f"Artifacts at {store} need a library that is not installed."
        f" Run: pip install 'milepost[{extra}]'"
    )
