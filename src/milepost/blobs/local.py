"""Artifacts in a folder of this machine (or of a network file system mounted here)."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from stat import S_ISDIR, S_ISLNK, S_ISREG

from milepost.blobs.base import (
    PIECE,
    WHOLE,
    Entry,
    NewFile,
    Span,
    Stat,
    is_folder,
    no_root_delete,
)
from milepost.blobs.local_upload import LocalUpload, file_in_the_way, problems, put_all
from milepost.errors import Invalid, Problem

UPLOADS = ".milepost-uploads"
"""Folder below the root for what is not complete yet; no artifact may be in it."""

_STALE_SECONDS = 24 * 3600


class LocalStore:
    """Files below `root`. Symbolic links are followed as long as they stay below it."""

    direct = None
    uri = ""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._uploads = os.path.join(self._root, UPLOADS)
        self.name = f"file://{self._root}"

    def clean(self) -> None:
        """Remove what uploads have left that were cut off by a crash."""
        with suppress(OSError), os.scandir(self._uploads) as entries:
            for entry in entries:
                if _is_abandoned(entry):
                    os.unlink(entry.path)

    def stat(self, path: str) -> Stat:
        """What is known of the file at `path`."""
        with problems(path):
            found = os.stat(self._place(path))
            if not S_ISREG(found.st_mode):
                raise is_folder(path)
            return _stat(found)

    def open(self, path: str, span: Span | None = None) -> LocalReader:
        """Read the file at `path`, or a part of it."""
        with problems(path):
            fd = os.open(self._place(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not S_ISREG(os.fstat(fd).st_mode):
                raise is_folder(path)
            return LocalReader(fd, span)
        except BaseException:
            os.close(fd)
            raise

    def create(self, path: str) -> LocalUpload:
        """Begin to write a file at `path`."""
        return self._create(set(), path)

    def put_all(self, files: Sequence[NewFile]) -> list[Problem | None]:
        """Store files, all in one go."""
        return put_all(partial(self._create, set()), files)

    def _create(self, plain: set[str], path: str) -> LocalUpload:
        with problems(path):
            target = self._place(path, plain)
            with suppress(FileNotFoundError):
                _check_target(target, path)
            return LocalUpload(self._uploads, target, path)

    def entries(self, path: str) -> list[Entry]:
        """What is directly in the folder, by path."""
        with problems(path):
            try:
                folder = self._place(path)
                with os.scandir(folder) as entries:
                    found = [self._entry(path, entry) for entry in entries]
            except (FileNotFoundError, NotADirectoryError):
                return []
            return sorted(entry for entry in found if entry is not None)

    def _entry(self, path: str, entry: os.DirEntry[str]) -> Entry | None:
        """None for what may not be shown: half uploads, links that lead away, sockets, names
        that are no text, and what has just gone."""
        inner = f"{path}/{entry.name}" if path else entry.name
        if entry.name == UPLOADS or not _is_text(entry.name):
            return None
        if entry.is_symlink() and not self._inside(os.path.realpath(entry.path)):
            return None
        try:
            found = entry.stat()
        except FileNotFoundError:
            return None
        if S_ISDIR(found.st_mode):
            return Entry(inner, True, 0)
        return Entry(inner, False, found.st_size) if S_ISREG(found.st_mode) else None

    def walk(self, path: str) -> Iterator[Entry]:
        """Every file at or below `path`; folders behind symbolic links are not entered."""
        with suppress(Problem):
            yield Entry(path, False, self.stat(path).size)
            return
        for entry in self.entries(path):
            if not entry.is_dir:
                yield entry
            elif not os.path.islink(os.path.join(self._root, entry.path)):
                yield from self.walk(entry.path)

    def delete(self, path: str) -> None:
        """Remove the file, or the folder with all in it."""
        if not path:
            raise no_root_delete()
        with problems(path):
            # The name itself, not what it may be a link to.
            parent, _, name = path.rpartition("/")
            place = os.path.join(self._place(parent), name)
            if os.path.isdir(place) and not os.path.islink(place):
                shutil.rmtree(place, ignore_errors=False)
            else:
                with suppress(FileNotFoundError, NotADirectoryError):
                    os.unlink(place)

    def _place(self, path: str, plain: set[str] | None = None) -> str:
        """Where `path` leads. Raises Invalid if that is not below the root. `plain` is what was
        found to be no link a moment ago; more is added."""
        if path.partition("/")[0] == UPLOADS:
            raise Invalid("Invalid path")
        place = os.path.join(self._root, path) if path else self._root
        if not self._is_plain(path, set() if plain is None else plain):
            place = os.path.realpath(place)
            if not self._inside(place):
                raise Invalid("Invalid path")
        return place

    def _is_plain(self, path: str, plain: set[str]) -> bool:
        """Whether no part of the path is a link. Saves looking at every folder above the root
        again, which is most of what a small file costs."""
        place, parts = self._root, path.split("/") if path else []
        if ".." in parts:
            return False
        with suppress(FileNotFoundError, NotADirectoryError):
            for part in parts:
                place = os.path.join(place, part)
                if place not in plain:
                    if S_ISLNK(os.lstat(place).st_mode):
                        return False
                    plain.add(place)
        return True

    def _inside(self, place: str) -> bool:
        return place == self._root or place.startswith(self._root.rstrip("/") + "/")


class LocalReader:
    """An open file."""

    def __init__(self, fd: int, span: Span | None) -> None:
        self._fd = fd
        self.stat = _stat(os.fstat(fd))
        if span is None and self.stat.size == 0:
            self.start, self.length = 0, 0
        else:
            self.start, self.length = (span or WHOLE).within(self.stat.size)
        self._position = self.start

    def read(self) -> bytes:
        """The next piece; empty at the end, also where the file was cut short meanwhile."""
        left = self.start + self.length - self._position
        piece = os.pread(self._fd, min(PIECE, left), self._position)
        self._position += len(piece)
        return piece

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    """Whether nobody writes the file any more; where there are no locks, its age must tell."""
    fd = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return os.fstat(fd).st_mtime < time.time() - _STALE_SECONDS
    finally:
        os.close(fd)


def _check_target(target: str, path: str) -> None:
    """Refuse before a long upload what could not be put in place after it."""
    try:
        found = os.stat(target)
    except NotADirectoryError:
        raise file_in_the_way(path) from None
    if S_ISDIR(found.st_mode):
        raise is_folder(path)


def _stat(found: os.stat_result) -> Stat:
    etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"'
    return Stat(found.st_size, etag, found.st_mtime)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
