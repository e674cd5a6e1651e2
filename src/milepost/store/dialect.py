"""What differs between databases, in one object each; the rest of store/ speaks one SQL.

Statements are written with `?` placeholders and the common subset of SQL. A Dialect opens
connections, translates placeholders, words the few constructs that differ, and turns a driver's
error into a Problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Literal, Protocol

from milepost.errors import Problem

Row = tuple[Any, ...]
OnConflict = Literal["fail", "ignore", "update"]


class Cursor(Protocol):
    """The part of a DB-API cursor that the store uses."""

    rowcount: int
    lastrowid: Any

    def execute(self, sql: Any, parameters: Any = ...) -> Any:
        """Run one statement."""

    def fetchall(self) -> Sequence[Any]:
        """All remaining rows."""

    def fetchone(self) -> Any:
        """The next row, or None."""


class Connection(Protocol):
    """The part of a DB-API connection that the store uses; always in autocommit mode."""

    def cursor(self) -> Any:
        """A new cursor."""

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True)
class Dialect:
    """One kind of database, bound to one address."""

    name: Literal["sqlite", "postgresql", "mysql"]
    connect: Callable[[bool], Connection]
    """Open a connection in autocommit mode; the argument says read-only."""

    problem: Callable[[Exception], Problem | None]
    """The Problem a driver error stands for; None where it is not the database's doing."""

    retryable: Callable[[Exception], bool]
    """Whether the transaction may simply be run again (a deadlock, say)."""

    disconnected: Callable[[Exception], bool]
    """Whether the error means that the connection is gone."""

    limit: Callable[[Connection, float], None]
    """Have the server cancel the connection's statements after so many seconds."""

    abort: Callable[[Connection], None]
    """End what the connection is doing, from another thread; it is of no use afterwards."""

    migration_lock: Callable[[Connection], AbstractContextManager[None]]
    """Held while the schema changes, so that two servers starting at once take turns."""

    types: dict[str, str]
    """Column types of the schema by the name the migrations use."""

    begin_read: str
    begin_write: str
    for_update: str
    like_suffix: str
    parts: Callable[[Sequence[Row]], Iterable[Sequence[Row]]]
    """Rows in as few parts as may each be one INSERT."""

    max_readers: int
    returning: bool
    conflict: Callable[[Sequence[str], Sequence[str], OnConflict], str]
    """The tail of an INSERT over (key columns, all columns)."""

    rows_source: Callable[[Sequence[Row]], tuple[str, list[Any]]]
    """What an INSERT of many rows reads from, and its parameters."""

    pairs_source: Callable[[Sequence[Row]], tuple[str, list[Any]]]
    """The right side of `(a, b) IN` over pairs of integers, and its parameters."""

    placeholder: str = "?"
    stream_cursor: Callable[[Connection], Any] = lambda connection: connection.cursor()
    """A cursor that does not fetch a whole result at once."""

    def sql(self, text: str) -> str:
        """`text` with this driver's placeholders."""
        return text if self.placeholder == "?" else _translate(text, self.placeholder)

    def like(self, column: str, *, ignore_case: bool) -> str:
        """A LIKE test of `column` against one parameter; no escape character, as in MLflow."""
        if ignore_case:
            return f"LOWER({column}) LIKE LOWER(?){self.like_suffix}"
        return f"{column} LIKE ?{self.like_suffix}"


@lru_cache(maxsize=4096)
def _translate(text: str, placeholder: str) -> str:
    return text.replace("%", "%%").replace("?", placeholder)


def values(rows: Sequence[Row]) -> tuple[str, list[Any]]:
    """Rows as VALUES with a parameter for each cell."""
    one = f"({','.join('?' * len(rows[0]))})"
    return f"VALUES {','.join([one] * len(rows))}", list(chain.from_iterable(rows))


def by_rows(most: int) -> Callable[[Sequence[Row]], Iterable[Sequence[Row]]]:
    """Parts of at most so many rows."""

    def parts(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
        if len(rows) <= most:
            return (rows,)
        return (rows[start : start + most] for start in range(0, len(rows), most))

    return parts


def on_conflict_clause(keys: Sequence[str], columns: Sequence[str], action: OnConflict) -> str:
    """The INSERT tail of SQLite and PostgreSQL."""
    if action == "fail":
        return ""
    if action == "ignore":
        return " ON CONFLICT DO NOTHING"
    sets = ",".join(f"{c}=excluded.{c}" for c in columns if c not in keys)
    return f" ON CONFLICT ({','.join(keys)}) DO UPDATE SET {sets}"
