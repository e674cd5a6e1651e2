"""SQLite: the embedded store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from milepost.errors import Full, Invalid, Problem, Unavailable
from milepost.store.dialect import (
    Connection,
    Dialect,
    Row,
    by_rows,
    on_conflict_clause,
    values,
)

TYPES = {
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "int": "INTEGER",
    "real": "REAL",
    "text": "TEXT",
    "blob": "BLOB",
    "clustered": "WITHOUT ROWID",
    "code": "VARCHAR({0})",
    "head": "{0}",  # no limit on the size of an index entry
}
DURABILITY = {"full": "FULL", "normal": "NORMAL"}
_BUSY_SECONDS = 30
_CACHE_KIB = 8192  # for each connection
_CHECKPOINT_PAGES = 4000  # 16 MB of log before it is folded into the file


class _Connection(sqlite3.Connection):
    def close(self) -> None:
        """Close, and give up the locks now: as long as somebody holds a cursor, be it in the
        traceback of an error, SQLite would keep an open transaction alive."""
        if self.in_transaction:
            self.rollback()
        super().close()


def sqlite(path: str, durability: str) -> Dialect:
    """The SQLite file at `path` (created with its folder when absent).

    `durability` is "full" (an acknowledged write survives power loss) or "normal" (it survives a
    crash of the process, but a power loss may take the last moments).
    """
    if path in ("", ":memory:"):
        raise Invalid("An in-memory SQLite store would lose every run: name a file, sqlite:///path")

    def connect(read_only: bool) -> Connection:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
            cached_statements=512,
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={DURABILITY[durability]}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA case_sensitive_like=ON")
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        # A statement of many rows keeps a journal of its own; on disk it would double the work.
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        return cast(Connection, connection)

    return Dialect(
        name="sqlite",
        connect=connect,
        problem=_problem,
        retryable=lambda _: False,
        disconnected=lambda _: False,
        # The watch interrupts; there is no server to ask.
        limit=lambda connection, seconds: None,
        abort=lambda connection: cast(sqlite3.Connection, connection).interrupt(),
        migration_lock=_migration_lock,
        types=TYPES,
        begin_read="BEGIN",
        begin_write="BEGIN IMMEDIATE",
        for_update="",
        like_suffix="",
        parts=by_rows(2000),
        max_readers=4,
        returning=False,
        conflict=on_conflict_clause,
        rows_source=values,
        pairs_source=_pairs,
    )


def _pairs(rows: Sequence[Row]) -> tuple[str, list[Any]]:
    """Pairs as a SELECT: given VALUES of several rows, SQLite would scan the whole table."""
    source, parameters = values(rows)
    return f"SELECT column1, column2 FROM ({source})", parameters


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, sqlite3.IntegrityError):
        return Invalid(f"The database refused the write: {error}")
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return Full("The disk of the SQLite store is full: make room, then repeat the request.")
    if isinstance(error, sqlite3.Error | OSError):
        return Unavailable(f"The SQLite store cannot be used right now: {error}")
    return None


@contextmanager
def _migration_lock(connection: Any) -> Iterator[None]:
    # BEGIN IMMEDIATE waits for any other server; the whole migration is one transaction, so a
    # crash in the middle leaves the old schema.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
