"""A whole database out and in, table by table, in a form that every kind of database understands.

Read in one snapshot, so that what is written meanwhile is not torn. Loaded part by part: each part
is one transaction that also notes itself, so that a restore that was killed goes on behind the last
part, and no server starts on a database that is half restored.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from milepost.errors import Conflict, Invalid
from milepost.store import migrate
from milepost.store.dialect import Connection, Dialect
from milepost.store.names import Names
from milepost.store.transfer import advance_serial
from milepost.store.tx import Tx

_ROWS = 20_000
_BYTES = 8 << 20
_FETCH = 500
_PARAMETERS = 20_000


class Part:
    """Some rows of a table as JSON lines, the first of which is the list of columns."""

    __slots__ = ("data", "rows", "table")

    def __init__(self, table: str, data: bytes, rows: int) -> None:
        self.table = table
        self.data = data
        self.rows = rows


class Snapshot:
    """One moment of a database, as long as it is open."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self.version = migrate.version(connection, dialect)

    def tables(self) -> list[str]:
        """The tables there are."""
        return migrate.tables(self.version)

    def parts(self, table: str) -> Iterator[Part]:
        """The rows of a table, in parts that fit into memory; an empty table has none."""
        cursor = self._dialect.stream_cursor(self._connection)
        cursor.execute(f"SELECT * FROM {table}")
        lines: list[bytes] = []
        size = rows = 0
        while found := cursor.fetchmany(_FETCH):
            if not lines:
                head = msgspec.json.encode([column[0] for column in cursor.description])
                lines, size = [head], 0
            new = [_encoded(row) for row in found]
            lines += new
            rows += len(new)
            size += sum(map(len, new))
            if rows >= _ROWS or size >= _BYTES:
                yield Part(table, b"\n".join(lines), rows)
                lines, rows = [], 0
        if rows:
            yield Part(table, b"\n".join(lines), rows)
        cursor.close()


@contextmanager
def snapshot(dialect: Dialect) -> Iterator[Snapshot]:
    """Open a snapshot; writers go on meanwhile. Raises the Problem a driver error stands for."""
    connection = dialect.connect(True)
    try:
        cursor = connection.cursor()
        cursor.execute(dialect.begin_read)
        # The first read fixes the moment.
        yield Snapshot(connection, dialect)
        cursor.execute("ROLLBACK")
    except Exception as error:
        raise dialect.problem(error) or error from error
    finally:
        connection.close()


def _encoded(row: Sequence[Any]) -> bytes:
    cells = [
        {"base64": base64.b64encode(cell).decode()}
        if isinstance(cell, bytes | memoryview)
        else cell
        for cell in row
    ]
    return msgspec.json.encode(cells)


def decoded(data: bytes) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of a part; raises Invalid where it is no part."""
    try:
        columns, *rows = [msgspec.json.decode(line) for line in data.split(b"\n")]
        return columns, [tuple(map(_cell, row)) for row in rows]
    except (msgspec.MsgspecError, TypeError, ValueError, KeyError) as error:
        raise Invalid(f"A part of the backup cannot be understood: {error}") from None


def _cell(cell: Any) -> Any:
    return base64.b64decode(cell["base64"]) if isinstance(cell, dict) else cell


class Target:
    """A database that is being filled from a snapshot."""

    def __init__(self, dialect: Dialect, version: int, identity: int) -> None:
        if version > migrate.wanted_version():
            raise Conflict(
                f"The backup has schema version {version}, this release knows"
                f" {migrate.wanted_version()}: use a newer Milepost."
            )
        self._dialect = dialect
        self._version = version
        self._identity = identity  # tells one backup from another
        self._connection = dialect.connect(False)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def prepare(self, *, force: bool) -> set[int]:
        """Make the schema of the backup's version; the parts an earlier attempt has loaded.

        Raises Conflict if there is data that no restore has put there, unless `force`, which
        removes it.
        """
        migrate.migrate(self._connection, self._dialect, self._version)
        found = migrate.version(self._connection, self._dialect)
        if found != self._version:
            raise Conflict(
                f"The database has schema version {found} already, the backup {self._version}:"
                " restore into a fresh database."
            )
        tables = migrate.tables(found)
        noted = migrate.restored(self._connection, self._dialect)
        if (migrate.RESTORED_FROM, self._identity) in noted:
            return {part for kind, part in noted if kind == migrate.RESTORED_PART}
        if not force and (noted or not self._only_defaults(tables)):
            raise Conflict(
                "The database is not empty. Restore into an empty one, or give --force to"
                " replace everything in it."
            )
        self._clear(tables)
        return set()

    def _only_defaults(self, tables: Sequence[str]) -> bool:
        """Whether nothing but the first experiment, which every server makes, is there."""
        tx = self._tx()
        filled = {name: self._count(tx, name) for name in tables}
        return all(
            not count or (name, count) == ("experiments", 1) for name, count in filled.items()
        )

    def _clear(self, tables: Sequence[str]) -> None:
        with self._transaction() as tx:
            for table in tables:
                tx.run(f"DELETE FROM {table}")
            tx.run("DELETE FROM milepost_schema WHERE migration < 0")
            self._note(tx, migrate.RESTORED_FROM, self._identity)

    def load(self, number: int, table: str, data: bytes) -> None:
        """Insert a part and note that it is there."""
        if table not in migrate.tables(self._version):
            raise Invalid(f"The backup names a table that is not ours: '{table}'")
        columns, rows = decoded(data)
        with self._transaction() as tx:
            for group in _groups(rows, len(columns)):
                tx.insert(table, columns, group)
            self._note(tx, migrate.RESTORED_PART, number)

    def _note(self, tx: Tx, kind: int, number: int) -> None:
        tx.insert("milepost_schema", ("migration", "statement"), [(kind, number)])

    def finish(self) -> dict[str, int]:
        """Let the database give new numbers beyond the restored ones, declare the restore done,
        bring the schema up to this release; returns the rows of each table."""
        tables = migrate.tables(self._version)
        with self._transaction() as tx:
            counts = {table: self._count(tx, table) for table in tables}
            for table in migrate.numbered(self._version):
                advance_serial(tx, table)
            if "registry_history" in tables:
                _keep_model_numbers(tx)
            tx.run("DELETE FROM milepost_schema WHERE migration < 0")
        migrate.migrate(self._connection, self._dialect)
        return counts

    def _count(self, tx: Tx, table: str) -> int:
        row = tx.row(f"SELECT COUNT(*) FROM {table}")
        assert row is not None
        return int(row[0])

    def _tx(self) -> Tx:
        return Tx(self._connection, self._dialect, Names())

    @contextmanager
    def _transaction(self) -> Iterator[Tx]:
        tx = self._tx()
        tx.run(self._dialect.begin_write)
        try:
            yield tx
        except Exception as error:
            tx.run("ROLLBACK")
            raise self._dialect.problem(error) or error from error
        tx.run("COMMIT")


def _groups(rows: Sequence[tuple[Any, ...]], width: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows in statements that no database finds too large: by cells, and by the size of blobs."""
    group: list[tuple[Any, ...]] = []
    cells = size = 0
    for row in rows:
        cells += width
        size += sum(len(cell) for cell in row if isinstance(cell, bytes | str))
        group.append(row)
        if cells >= _PARAMETERS or size >= _BYTES:
            yield group
            group, cells, size = [], 0, 0
    if group:
        yield group


def _keep_model_numbers(tx: Tx) -> None:
    """Let no new registered model get the number of one that is gone, or in the trash: its history
    and its versions would be the new one's. Databases count on from the highest row they saw."""
    highest = tx.row("SELECT MAX(model_id) FROM registry_history")
    known = tx.row("SELECT MAX(id) FROM registered_models")
    number = (highest and highest[0]) or 0
    if number <= ((known and known[0]) or 0):
        return
    columns = ("id", "name", "user_id", "description", "created", "updated", "last_version",
               "is_prompt", "needs_approval")  # fmt: skip
    tx.insert("registered_models", columns, [(number, "", "", "", 0, 0, 0, 0, 0)])
    advance_serial(tx, "registered_models")
    tx.run("DELETE FROM registered_models WHERE id = ?", (number,))
