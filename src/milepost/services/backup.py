"""Backups: everything the database holds, and on wish the artifacts, as an archive.

    tables/TABLE-00001.jsonl.gz   rows of a table as JSON lines, the first line names the columns
    artifacts/...                 what is below the artifacts destination

The tables are one snapshot, taken while servers write. They can be restored into any kind of
database, which is also the way to move from one kind to another.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from milepost import __version__
from milepost.blobs.stores import Spot
from milepost.errors import Invalid, NotFound, Problem
from milepost.services import archive as archives
from milepost.services.archive import Archive, Header, Line
from milepost.services.tracking import now
from milepost.store.dialect import Dialect
from milepost.store.snapshot import Snapshot, Target, decoded, snapshot

FORMAT = "milepost-backup"
Advance = Callable[[int], None]
"""Told how many rows or files more are done."""


class Backup(Struct):
    """A backup as it is listed: the database as it was when it `started`. Times in milliseconds;
    `finished` None for one cut short."""

    name: str
    path: str
    started: int
    finished: int | None
    database: str
    rows: int
    artifacts: int
    schema_version: int


class Created(Backup, kw_only=True):
    """A backup that was made just now, or finished where another command was cut short."""

    continued: bool


class Source(NamedTuple):
    """What is backed up; `identity` tells it from others of its kind."""

    dialect: Dialect
    artifacts: Spot | None
    identity: str


def default_name() -> str:
    """The name of a backup made now."""
    return f"backup-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"


def is_free(target: Path) -> bool:
    """Whether a backup may be written there: nothing is there, or only one that was cut short."""
    if not target.exists():
        return True
    if archives.is_packed(target) or not target.is_dir():
        return False
    header = _header(target)
    return header.finished is None if header else not any(target.iterdir())


def create(source: Source, target: Path, advance: Advance) -> Created:
    """Write a backup into the folder or .tar.gz `target`; one of the same that was cut short there
    goes on, see `_begun`."""
    packed = archives.is_packed(target)
    folder = target.with_name(f"{target.name}.folder") if packed else target
    archive = Archive(folder, FORMAT)
    with archive.alone():
        header, continued = _begun(archive, source)
        if header.finished is None:
            _fill(archive, header, source, advance)
        if packed:
            archives.pack(folder, target)
            rmtree(folder)
    return Created(**asdict(_described(target, header)), continued=continued)


def _begun(archive: Archive, source: Source) -> tuple[Header, bool]:
    """What is to be written, and whether it goes on where another was cut short.

    A snapshot cannot be entered twice: one that was not read to its end is begun anew. One that
    was is kept, as of its time, and so are the artifacts copied since.
    """
    old = archive.header()
    selection = {
        "database": source.dialect.name,
        "of": source.identity,
        "artifacts": source.artifacts is not None,
    }
    if old and old.selection == selection and "tables" in old.counts and _sound(archive):
        return old, True
    return Header(FORMAT, now(), selection), False


def _sound(archive: Archive) -> bool:
    """Whether all of the tables is there as it was written, also after the machine went down."""
    archive.load()
    try:
        for line in archive.lines("tables/"):
            archive.check(line)
    except Problem:
        return False
    return True


def _fill(archive: Archive, header: Header, source: Source, advance: Advance) -> None:
    archive.begin(header)
    if "tables" not in header.counts:
        with snapshot(source.dialect) as opened:
            tables = {t: _table(archive, opened, t, advance) for t in opened.tables()}
            header.counts = {"milepost": __version__, "schema": opened.version, "tables": tables}
        archive.put_header(header)
    if source.artifacts:
        _copy_out(archive, source.artifacts, advance)
    header.counts["artifacts"] = len(archive.lines("artifacts/"))
    header.finished = now()
    archive.finish(header)


def _table(archive: Archive, opened: Snapshot, table: str, advance: Advance) -> int:
    total = 0
    for number, part in enumerate(opened.parts(table), 1):
        name = f"tables/{table}-{number:05d}.jsonl.gz"
        archive.put(name, [gzip.compress(part.data, 4, mtime=0)], rows=part.rows)
        total += part.rows
        advance(part.rows)
    return total


def _copy_out(archive: Archive, spot: Spot, advance: Advance) -> None:
    for entry in spot.store.walk(spot.path):
        name = f"artifacts/{entry.path[len(spot.path) :].strip('/')}"
        with suppress(NotFound):  # deleted by somebody between being listed and being read
            if not _copied(archive.line(name), entry.path, spot):
                _copy(archive, name, entry.path, spot)
        advance(1)


def _copied(line: Line | None, path: str, spot: Spot) -> bool:
    """Whether a file is in the archive as it is in the store."""
    return line is not None and line.etag == spot.store.stat(path).etag


def _copy(archive: Archive, name: str, path: str, spot: Spot) -> None:
    reader = spot.store.open(path)
    try:
        archive.put(name, iter(reader.read, b""), etag=reader.stat.etag)
    finally:
        reader.close()


def found_in(folder: Path) -> list[Backup]:
    """The backups in a folder, the oldest first."""
    backups = []
    for path in folder.iterdir() if folder.is_dir() else ():
        header = _header(path)
        if header is not None:
            backups.append(_described(path, header))
    return sorted(backups, key=lambda backup: backup.started)


def _header(path: Path) -> Header | None:
    try:
        if archives.is_packed(path) and path.is_file():
            return archives.packed_header(path, FORMAT)
        return Archive(path, FORMAT).header()
    except Problem:
        return None  # something else that lies in the folder


def _described(path: Path, header: Header) -> Backup:
    counts = header.counts
    return Backup(
        path.name,
        str(path),
        header.started,
        header.finished,
        str(header.selection.get("database", "")),
        sum(counts.get("tables", {}).values()),
        counts.get("artifacts", 0),
        counts.get("schema", 0),
    )


def faults(archive: Archive, advance: Advance) -> Iterator[str]:
    """What is wrong with a backup: each damaged or missing file, each table whose rows are not as
    many as were read."""
    tables: dict[str, int] = {}
    for line in archive.lines(""):
        try:
            tables = _checked(archive, line, tables)
        except Problem as problem:
            yield problem.message
        advance(max(1, line.rows))
    wanted = _finished(archive).counts["tables"]
    for table, rows in wanted.items():
        if tables.get(table, 0) != rows:
            yield f"table {table} has {tables.get(table, 0)} rows, {rows} were backed up"


def _checked(archive: Archive, line: Line, tables: dict[str, int]) -> dict[str, int]:
    if not line.file.startswith("tables/"):
        archive.check(line)
        return tables
    _, rows = decoded(archive.checked(line))
    table = _table_of(line.file)
    return tables | {table: tables.get(table, 0) + len(rows)}


def _table_of(file: str) -> str:
    return file.removeprefix("tables/").rpartition("-")[0]


def _finished(archive: Archive) -> Header:
    header = archive.header()
    assert header is not None
    return header


class Restored(Struct):
    """What a restore has put into the database."""

    tables: dict[str, int]
    rows: int
    artifacts: int
    continued: bool


def restore(
    archive: Archive, dialect: Dialect, artifacts: Spot | None, advance: Advance, *, force: bool
) -> Restored:
    """Fill an empty database from a backup; run again after it was killed, it goes on.

    `force` replaces what is in the database. Raises Conflict for one that is not empty, Invalid for
    a damaged backup or one whose rows did not all arrive.
    """
    header = _finished(archive)
    target = Target(dialect, header.counts["schema"], _identity(header))
    try:
        done = target.prepare(force=force)
        for number, line in enumerate(archive.lines("tables/"), 1):
            if number not in done:
                target.load(number, _table_of(line.file), archive.checked(line))
            advance(line.rows)
        copied = _copy_in(archive, artifacts, advance) if artifacts else 0
        counts = target.finish()
    except Exception as error:
        raise dialect.problem(error) or error from error
    finally:
        target.close()
    wanted: dict[str, Any] = header.counts["tables"]
    short = [t for t, rows in wanted.items() if counts.get(t, 0) != rows]
    if short:
        raise Invalid(f"Not all rows arrived in the tables {', '.join(short)}.")
    return Restored(counts, sum(counts.values()), copied, bool(done))


def _identity(header: Header) -> int:
    return zlib.crc32(f"{header.started} {header.selection}".encode()) & 0x7FFFFFFF


def _copy_in(archive: Archive, spot: Spot, advance: Advance) -> int:
    count = 0
    for line in archive.lines("artifacts/"):
        path = "/".join(filter(None, (spot.path, line.file.removeprefix("artifacts/"))))
        archive.check(line)
        upload = spot.store.create(path)
        try:
            for piece in archive.read(line.file):
                upload.write([piece])
            upload.commit()
        except BaseException:
            upload.abort()
            raise
        count += 1
        advance(1)
    return count
