"""How a file gets to a local disk: as a whole or not at all, and many small ones together."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from milepost.blobs.base import Content, NewFile, is_folder, no_such
from milepost.blobs.flushing import BLOCK, begin_flush, flush, switch_direct, write_direct
from milepost.errors import Denied, Full, Invalid, Problem, Unavailable

_MOST_PARTS = 512  # the kernel takes 1024 buffers in one call
_FLUSH_EVERY = 1 << 20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def problems(path: str) -> Iterator[None]:
    """What the operating system refuses, in terms of artifacts."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise no_such(path) from None
    except IsADirectoryError:
        raise is_folder(path) from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Full("No room is left in the artifact store of this server.") from error
        if error.errno in _NO_RIGHT:
            raise Denied(f"The server may not access the artifact '{path}'.") from error
        raise Unavailable(f"The artifact store failed: {error.strerror}.") from error


class LocalUpload:
    """A file under a name of its own until it is complete and on disk, then renamed.

    A crash leaves the old file or the new one, and at worst a nameless rest in the uploads folder,
    which the next start clears away: nobody holds its lock.
    """

    def __init__(self, uploads: str, target: str, path: str) -> None:
        self._target = target
        self.folder = os.path.dirname(target)
        self._path = path
        self._size = self._flushed = 0
        self._direct = False
        self._name = os.path.join(uploads, uuid4().hex)
        try:
            self._fd = _locked(self._name)
        except FileNotFoundError:
            os.makedirs(uploads, exist_ok=True)
            self._fd = _locked(self._name)

    def write(self, parts: Content) -> None:
        """Append."""
        with problems(self._path):
            rest = self._past_cache(parts)
            self._size += sum(map(len, parts))
            _write_all(self._fd, rest, self._size - sum(map(len, rest)))
            if not rest:
                self._flushed = self._size
            elif self._size - self._flushed >= _FLUSH_EVERY:
                flush(self._fd, self._flushed, self._size)
                self._flushed = self._size

    def _past_cache(self, parts: Content) -> Content:
        """Write past the page cache what can be; returns what is left to write."""
        size = sum(map(len, parts))
        whole = size >= _FLUSH_EVERY and (self._size | size) % BLOCK == 0
        self._direct = switch_direct(self._fd, self._direct, whole and len(parts) == 1)
        if not self._direct:
            return parts
        written = write_direct(self._fd, parts[0], self._size)
        if written == size:
            return ()
        self._direct = switch_direct(self._fd, True, False)
        return [parts[0][written:]]

    def commit(self) -> None:
        """Flush to disk and rename into place."""
        self.flush()
        self.place()
        self.settle()

    def begin_flush(self) -> None:
        """Let the disk begin with what was written."""
        begin_flush(self._fd, self._size)

    def flush(self) -> None:
        """Wait until the content is on disk."""
        with problems(self._path):
            os.fsync(self._fd)

    def place(self) -> None:
        """Rename into place."""
        with problems(self._path):
            try:
                os.rename(self._name, self._target)
            except FileNotFoundError:
                _make_folders(Path(self._target).parent, self._path)
                os.rename(self._name, self._target)
        self._name = ""
        self._close()

    def settle(self) -> None:
        """Wait until the name is on disk."""
        with problems(self._path):
            _flush_folder(self.folder)

    def abort(self) -> None:
        """Remove what was written, unless it is in place."""
        self._close()
        if self._name:
            with suppress(FileNotFoundError):
                os.unlink(self._name)
            self._name = ""

    def _close(self) -> None:
        if self._fd >= 0:
            self._direct = switch_direct(self._fd, self._direct, False)
            os.close(self._fd)
            self._fd = -1


def put_all(create: Callable[[str], LocalUpload], files: Sequence[NewFile]) -> list[Problem | None]:
    """Store files; for each what went wrong, if anything. What costs most is to wait for the disk,
    and they share that: the first flush takes the others' books along, a folder is flushed once."""
    uploads: dict[int, LocalUpload] = {}
    found: dict[int, Problem] = {}
    flushed: set[str] = set()

    def begin(number: int) -> None:
        path, content = files[number]
        uploads[number] = create(path)
        uploads[number].write(content)
        uploads[number].begin_flush()

    def settle(number: int) -> None:
        if uploads[number].folder not in flushed:
            uploads[number].settle()
            flushed.add(uploads[number].folder)

    steps = begin, lambda n: uploads[n].flush(), lambda n: uploads[n].place(), settle
    try:
        for step in steps:
            for number in range(len(files)):
                if number not in found:
                    try:
                        step(number)
                    except Problem as problem:
                        found[number] = problem
    finally:
        for upload in uploads.values():
            upload.abort()
    return [found.get(number) for number in range(len(files))]


def _locked(name: str) -> int:
    """A new file, locked for as long as somebody writes it, so that nobody takes it for a rest."""
    while True:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:
            return fd
        # A server that starts took it for one, in the moment before it was locked.
        os.close(fd)


def _write_all(fd: int, parts: Content, place: int) -> None:
    for first in range(0, len(parts), _MOST_PARTS):
        some = parts[first : first + _MOST_PARTS]
        end = place + sum(map(len, some))
        while place < end:
            place += os.pwritev(fd, some, place)
            if place < end:
                some = [b"".join(some)[place - end :]]


def _make_folders(folder: Path, path: str) -> None:
    """Make `folder` and those above it, and see that none of them is forgotten in a power loss."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise file_in_the_way(path) from None
    for made in missing:
        _flush_folder(str(made.parent))


def _flush_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def file_in_the_way(path: str) -> Invalid:
    """The Problem for a path that leads through a file."""
    return Invalid(f"A part of the artifact path is a file: '{path}'")
