"""Brings a database to the schema of this release: numbered migrations, each applied once.

Two servers may start at once and either may be killed: the dialect's lock makes them take turns,
SQLite and PostgreSQL apply a migration as one transaction, and for MySQL, which commits around each
DDL statement, every finished statement is recorded so that the next attempt resumes after it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import chain
from typing import Any

from milepost.errors import Conflict
from milepost.store.dialect import Connection, Dialect
from milepost.store.migrations import (
    m0001_tracking,
    m0002_registry,
    m0003_artifacts,
    m0004_changes,
    m0005_trash,
    m0006_history,
    m0007_accounts,
)

MIGRATIONS: list[list[str]] = [
    m0001_tracking.STATEMENTS,
    m0002_registry.STATEMENTS,
    m0003_artifacts.STATEMENTS,
    m0004_changes.STATEMENTS,
    m0005_trash.STATEMENTS,
    m0006_history.STATEMENTS,
    m0007_accounts.STATEMENTS,
]
"""Statements of migration 1, 2, ... in order. Only ever appended to."""

OF_USERS = frozenset({7})
"""Those that a database needs which has only users."""

_TYPE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_BOOKKEEPING = (
    "CREATE TABLE IF NOT EXISTS milepost_schema"
    " (migration INTEGER NOT NULL, statement INTEGER NOT NULL, PRIMARY KEY (migration, statement))"
)


def wanted_version() -> int:
    """The schema version this release needs."""
    return len(MIGRATIONS)


def version(connection: Connection, dialect: Dialect) -> int:
    """The schema version of the database; 0 for an empty one, counting only whole migrations."""
    done = _done(connection, dialect)
    whole = 0
    for number, statements in enumerate(MIGRATIONS, 1):
        if any((number, i) not in done for i in range(len(statements))):
            break
        whole = number
    return max([whole, *(n for n, _ in done if n > len(MIGRATIONS))])


def tables(version: int) -> list[str]:
    """The tables of a schema version, in the order they are made."""
    made: list[str] = []
    for text in chain.from_iterable(MIGRATIONS[:version]):
        if match := re.match(r"CREATE TABLE (\w+)", text):
            made.append(match[1])
        elif match := re.match(r"DROP TABLE (\w+)", text):
            made.remove(match[1])
    return made


def numbered(version: int) -> list[str]:
    """Those tables whose `id` the database gives."""
    statements = "\n".join(chain.from_iterable(MIGRATIONS[:version]))
    return [
        t for t in tables(version) if re.search(rf"CREATE TABLE {t} \(\s*id {{serial}}", statements)
    ]


RESTORED_PART, RESTORED_FROM = -1, -2
"""Numbers that are no migration: a restore under way keeps its finished parts, and which backup
they are of, in the same table."""


def restored(connection: Connection, dialect: Dialect) -> set[tuple[int, int]]:
    """What a restore that is not finished has noted; empty if there is none."""
    return {pair for pair in _done(connection, dialect) if pair[0] < 0}


def migrate(
    connection: Connection,
    dialect: Dialect,
    upto: int | None = None,
    *,
    older: bool = True,
    only: Collection[int] = (),
) -> int:
    """Apply what is missing, up to a version or `only` those numbers if given; returns the number
    of statements run. Raises Conflict on a database that a newer release has already changed
    and, unless `older` schemas may be brought up to date, on one of those."""
    with dialect.migration_lock(connection):
        # Under the lock, as another server may be making the schema at this moment.
        current = version(connection, dialect)
        if current > wanted_version():
            raise Conflict(
                f"The database has schema version {current}, this release knows"
                f" {wanted_version()}: start a newer Milepost."
            )
        if not older and 0 < current < wanted_version():
            raise Conflict(
                f"The database has schema version {current}, this release needs"
                f" {wanted_version()}. Run: milepost db upgrade"
            )
        cursor = connection.cursor()
        _apply(cursor, dialect, _BOOKKEEPING)
        done = _done(connection, dialect)
        pending = [
            (number, i, text)
            for number, statements in enumerate(MIGRATIONS[:upto], 1)
            for i, text in enumerate(statements)
            if (number, i) not in done and (not only or number in only)
        ]
        for number, i, text in pending:
            _apply(cursor, dialect, text)
            cursor.execute(
                dialect.sql("INSERT INTO milepost_schema (migration, statement) VALUES (?,?)"),
                (number, i),
            )
        return len(pending)


def _apply(cursor: Any, dialect: Dialect, text: str) -> None:
    try:
        cursor.execute(render(text, dialect))
    except Exception as error:
        # Only MySQL can have run the statement without having recorded it.
        if dialect.name != "mysql" or not _already_there(error):
            raise dialect.problem(error) or error from error


def _already_there(error: Exception) -> bool:
    return bool(error.args) and error.args[0] in {1050, 1060, 1061}  # table, column, index exists


def render(text: str, dialect: Dialect) -> str:
    """A migration statement in the words of `dialect`: `{int}` and the like become its types."""
    sql = _TYPE.sub(
        lambda m: dialect.types[m[1]].format(m[2]) if m[2] else dialect.types[m[1]], text
    )
    return sql + (_table_options(dialect) if sql.startswith("CREATE TABLE") else "")


def _table_options(dialect: Dialect) -> str:
    return f" {dialect.types['table']}" if "table" in dialect.types else ""


def _done(connection: Connection, dialect: Dialect) -> set[tuple[int, int]]:
    cursor = connection.cursor()
    cursor.execute(
        {
            "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'milepost_schema'",
            "postgresql": "SELECT to_regclass('milepost_schema')",
            "mysql": "SHOW TABLES LIKE 'milepost_schema'",
        }[dialect.name]
    )
    found = cursor.fetchone()
    if found is None or found[0] is None:
        return set()
    cursor.execute("SELECT migration, statement FROM milepost_schema")
    return {(int(a), int(b)) for a, b in cursor.fetchall()}
