"""Tx: an open transaction, and the few ways in which the store talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from milepost.store.dialect import Connection, Dialect, OnConflict, Row
from milepost.store.names import Names
from milepost.store.watch import Slot


class Tx:
    """A transaction of one connection. Driver errors pass through; the Store translates them."""

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        names: Names,
        slot: Slot | None = None,
        note: Callable[[set[str]], None] | None = None,
    ) -> None:
        self.dialect = dialect
        self.names = names
        self._slot = slot or Slot(connection)
        self._cursor = connection.cursor()
        self._after_commit: list[Callable[[], None]] = []
        self._note = note
        self.topics: set[str] = set()
        """What this transaction changes, for those who watch (see changes.py)."""

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the transaction is durable; never if it is undone."""
        self._after_commit.append(action)

    def committed(self) -> None:
        """Told by the writer that COMMIT succeeded."""
        for action in self._after_commit:
            action()
        if self._note is not None and self.topics:
            self._note(self.topics)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Row]:
        """All rows of a query."""
        self._slot.since = monotonic()
        self._cursor.execute(self.dialect.sql(sql), parameters)
        rows: Sequence[Row] = self._cursor.fetchall()
        self._slot.done(sql, len(rows))
        return rows

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows it touched."""
        self._slot.since = monotonic()
        self._cursor.execute(self.dialect.sql(sql), parameters)
        touched: int = self._cursor.rowcount
        self._slot.done(sql, touched)
        return touched

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        keys: Sequence[str] = (),
        on_conflict: OnConflict = "fail",
    ) -> None:
        """Insert many rows with as few statements as the database's limits allow."""
        if not rows:
            return
        tail = self.dialect.conflict(keys, columns, on_conflict)
        head = f"INSERT INTO {table} ({','.join(columns)}) "
        for part in self.dialect.parts(rows):
            source, parameters = self.dialect.rows_source(part)
            self.run(head + source + tail, parameters)

    def insert_id(self, table: str, columns: Sequence[str], row: Sequence[Any]) -> int:
        """Insert one row and return the integer `id` the database gave it."""
        sql = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
        if self.dialect.returning:
            found = self.row(sql + " RETURNING id", row)
            assert found is not None
            return int(found[0])
        self.run(sql, row)
        return int(self._cursor.lastrowid)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises, and let the transaction go on."""
        self.run("SAVEPOINT verb")
        promised = len(self._after_commit)
        try:
            yield
        except BaseException:
            del self._after_commit[promised:]
            self.run("ROLLBACK TO SAVEPOINT verb")
            raise
        finally:
            self.run("RELEASE SAVEPOINT verb")


def marks(values: Sequence[Any]) -> str:
    """`?,?,?` for an IN list over `values`."""
    return ",".join("?" * len(values))
