"""Archive: a folder of files, and the manifest that says which of them are complete.

    about.json       what kind of archive it is, of what, when it began and finished
    manifest.jsonl   one line for each complete file: its SHA-256, size and what else is to be known

A file is written under another name, renamed when complete, and then entered in the manifest: what
the manifest names is whole, whenever the writer was killed. Exports and backups are archives.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import tarfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec import Struct

from milepost.errors import Conflict, Invalid, NotFound

ABOUT = "about.json"
_MANIFEST = "manifest.jsonl"
_VERSION = 1
_PIECE = 1 << 20
_PARTIAL = ".incomplete"


class Header(Struct):
    """about.json. `selection` is what was asked for, `counts` what came of it; times in ms."""

    format: str
    started: int
    selection: dict[str, Any]
    finished: int | None = None
    counts: dict[str, Any] = {}
    version: int = _VERSION


class Line(Struct, omit_defaults=True):
    """One complete file. For a part also: its rows, for one of runs their points, and the number
    of the last run in it; for a copy the ETag of what was copied."""

    file: str
    sha256: str
    size: int
    rows: int = 0
    points: int = 0
    after: int = 0
    etag: str = ""


class Archive:
    """A folder of one format."""

    def __init__(self, folder: Path, format: str) -> None:
        self.folder = folder
        self._format = format
        self._lines: dict[str, Line] = {}
        self._names: list[str] | None = None
        self._manifest: Any = None

    def header(self) -> Header | None:
        """about.json, None where there is none yet; raises Invalid for something else."""
        try:
            data = (self.folder / ABOUT).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _header(data, self._format, str(self.folder))

    def finished(self) -> Header:
        """The header of a complete archive, its manifest read; raises NotFound or Invalid."""
        header = self.header()
        if header is None:
            raise NotFound(f"{self.folder} holds no {self._format}.")
        if header.finished is None:
            raise Invalid(
                f"The {self._format} in {self.folder} was cut short: run the same command that"
                " made it once more."
            )
        self.load()
        return header

    def begin(self, header: Header) -> bool:
        """Continue an unfinished archive of the same selection, or start over; whether it is
        continued. Raises Conflict for a folder with anything else in it. To be done alone."""
        old = self.header()
        if old is None and any(self.folder.iterdir()):
            raise Conflict(f"{self.folder} is not empty and not ours: choose a new folder.")
        going_on = old is not None and old.finished is None and old.selection == header.selection
        whole = self.load() if going_on else 0
        if not going_on:
            self.put_header(header)
        self._manifest = (self.folder / _MANIFEST).open("ab")
        self._manifest.truncate(whole)
        return going_on

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For as long as it takes nobody else writes here. Raises Conflict while another process
        does; its death lets the next one in."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._take(lock)
            yield
        finally:
            os.close(lock)

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another command is writing into {self.folder}.") from None

    def put_header(self, header: Header) -> None:
        """Write about.json."""
        _replace(self.folder / ABOUT, msgspec.json.format(msgspec.json.encode(header)))

    def load(self) -> int:
        """Read the manifest, without a last line cut short; how many bytes of it are whole."""
        self._lines, self._names, whole = {}, None, 0
        try:
            data = (self.folder / _MANIFEST).read_bytes()
        except FileNotFoundError:
            return 0
        for text in data.splitlines(keepends=True):
            if text.endswith(b"\n"):
                line = msgspec.json.decode(text, type=Line)
                self._lines[line.file] = line
                whole += len(text)
        return whole

    def line(self, file: str) -> Line | None:
        """What the manifest says of a file."""
        return self._lines.get(file)

    def lines(self, prefix: str) -> list[Line]:
        """The complete files whose names start with `prefix`, in order."""
        if self._names is None:
            self._names = sorted(self._lines)
        start = bisect_left(self._names, prefix)
        end = bisect_left(self._names, prefix + chr(0x10FFFF), start)
        return [self._lines[name] for name in self._names[start:end]]

    def put(
        self,
        file: str,
        pieces: Iterable[bytes],
        *,
        rows: int = 0,
        points: int = 0,
        after: int = 0,
        etag: str = "",
    ) -> None:
        """Write a file; it is complete, and in the manifest, when this returns."""
        path = self.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + _PARTIAL)
        digest, size = hashlib.sha256(), 0
        with partial.open("wb") as out:
            for piece in pieces:
                out.write(piece)
                digest.update(piece)
                size += len(piece)
        partial.replace(path)
        line = Line(file, digest.hexdigest(), size, rows, points, after, etag)
        self._lines[line.file] = line
        self._names = None
        self._manifest.write(msgspec.json.encode(line) + b"\n")
        self._manifest.flush()

    def finish(self, header: Header) -> None:
        """Flush to disk, remove what the manifest does not name, and say that all is there."""
        os.fsync(self._manifest.fileno())
        self._manifest.close()
        keep = {self.path(file) for file in self._lines}
        keep |= {self.folder / ABOUT, self.folder / _MANIFEST}
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in keep:
                path.unlink()
        self.put_header(header)

    def path(self, file: str) -> Path:
        """Where a file is; raises Invalid for a name that leads out of the folder."""
        if file.startswith("/") or "\\" in file or ".." in file.split("/"):
            raise Invalid(f"The manifest names a file outside its folder: '{file}'")
        return self.folder / file

    def read(self, file: str) -> Iterator[bytes]:
        """The content of a file."""
        with self.path(file).open("rb") as data:
            while piece := data.read(_PIECE):
                yield piece

    def checked(self, line: Line) -> bytes:
        """The content of a small file, unpacked; raises Invalid if it is not what was written."""
        try:
            data = self.path(line.file).read_bytes()
        except OSError as error:
            raise Invalid(f"{line.file} cannot be read: {error.strerror}") from None
        if hashlib.sha256(data).hexdigest() != line.sha256:
            raise Invalid(f"{line.file} is damaged: its SHA-256 differs from the manifest's.")
        return gzip.decompress(data) if line.file.endswith(".gz") else data

    def check(self, line: Line) -> None:
        """Raise Invalid for a file of any size that is missing or not what was written."""
        try:
            digest = sha256(self.read(line.file))
        except OSError as error:
            raise Invalid(f"{line.file} cannot be read: {error.strerror}") from None
        if digest != line.sha256:
            raise Invalid(f"{line.file} is damaged: its SHA-256 differs from the manifest's.")


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + _PARTIAL)
    with partial.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)


def _header(data: bytes, format: str, place: str) -> Header:
    try:
        header = msgspec.json.decode(data, type=Header)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{place}: {ABOUT} is damaged: {error}") from None
    if header.format != format or header.version > _VERSION:
        raise Invalid(f"{place} is a {header.format} {header.version}, not a {format} {_VERSION}.")
    return header


def is_packed(path: Path) -> bool:
    """Whether an archive is meant as one file rather than a folder."""
    return path.name.endswith((".tar.gz", ".tgz"))


def pack(folder: Path, target: Path) -> None:
    """Make a .tar.gz of a folder; it appears when complete."""
    partial = target.with_name(target.name + _PARTIAL)
    with tarfile.open(partial, "w:gz", compresslevel=1) as tar:
        tar.add(folder / ABOUT, arcname=ABOUT)  # first, so that it is found without unpacking
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != ABOUT:
                tar.add(path, arcname=str(path.relative_to(folder)))
    partial.replace(target)


def unpack(path: Path, folder: Path) -> None:
    """Unpack a .tar.gz into a folder; refuses members that would land outside it."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Invalid(f"{path} cannot be unpacked: {error}") from None


def packed_header(path: Path, format: str) -> Header:
    """The header of a .tar.gz, without unpacking it."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            member = tar.next()
            data = tar.extractfile(member) if member and member.name == ABOUT else None
            if data is None:
                raise Invalid(f"{path} is no {format}.")
            return _header(data.read(), format, str(path))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Invalid(f"{path} cannot be read: {error}") from None


@contextmanager
def opened(path: Path, format: str) -> Iterator[Archive]:
    """A complete archive, unpacked beside a .tar.gz for as long as it is used."""
    if path.is_dir() or not is_packed(path):
        archive = Archive(path, format)
        archive.finished()
        yield archive
        return
    packed_header(path, format)
    with TemporaryDirectory(prefix=f"{path.name}-", dir=path.parent) as folder:
        unpack(path, Path(folder))
        archive = Archive(Path(folder), format)
        archive.finished()
        yield archive


def sha256(pieces: Iterable[bytes]) -> str:
    """The SHA-256 of a content in hex."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
