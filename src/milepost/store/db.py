"""Store: opens a database by its URI, reads in snapshots, writes through the group commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import unquote

from milepost.errors import Conflict, Invalid, Problem, Unavailable
from milepost.store import migrate
from milepost.store.changes import Changes
from milepost.store.dialect import Connection, Dialect
from milepost.store.folding import Folder
from milepost.store.mysql import mysql
from milepost.store.names import Names
from milepost.store.pool import Pool
from milepost.store.postgres import postgres
from milepost.store.sqlite import sqlite
from milepost.store.tx import Tx
from milepost.store.watch import Limits, Watch
from milepost.store.writer import Write, Writer

A = TypeVar("A")
R = TypeVar("R")


def open_dialect(uri: str, *, durability: str = "full", connect_seconds: float = 10) -> Dialect:
    """The dialect for a backend store URI as MLflow's users write them.

    Accepts sqlite:///relative.db, sqlite:////absolute.db, postgresql://, postgres://,
    postgresql+psycopg2://, postgresql+psycopg://, mysql:// and mysql+pymysql://.
    """
    scheme, _, rest = uri.partition("://")
    kind = scheme.partition("+")[0]
    if kind == "sqlite":
        return sqlite(unquote(rest.partition("?")[0]).removeprefix("/"), durability)
    if kind in ("postgresql", "postgres"):
        return postgres(f"postgresql://{rest}", connect_seconds)
    if kind in ("mysql", "mariadb"):
        return mysql(f"mysql://{rest}", connect_seconds)
    raise Invalid(
        f"Unknown backend store '{scheme}'. Use sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME"
        " or mysql+pymysql://USER:PASSWORD@HOST/NAME."
    )


class Store:
    """A database with the current schema."""

    def __init__(self, dialect: Dialect, limits: Limits | None = None) -> None:
        self.dialect = dialect
        self.limits = limits or Limits()
        self._watch = Watch(dialect, self.limits)
        self.pool = Pool(self._watch, self.limits.pool_size or dialect.max_readers, self.limits)
        self._names = Names()
        self.folder = Folder()
        changes = Changes(self.folder)
        self._gathered: dict[asyncio.AbstractEventLoop, list[Write]] = {}
        self._writer = Writer(dialect, self._names, changes, self._watch, self.limits, changes.note)

    def read(self, verb: Callable[[Tx, A], R], argument: A) -> R:
        """Run `verb` in a read-only snapshot, in the calling thread."""
        breaker = self.limits.breaker
        breaker.check()
        began = monotonic()
        try:
            result = self._repeated(verb, argument)
        except Unavailable as problem:
            breaker.failed(problem.message)
            raise
        except Problem:
            breaker.ok()
            raise
        breaker.ok()
        took = monotonic() - began
        self.limits.meter.observe("mlflow_database_query_seconds", took, operation="read")
        return result

    def _repeated(self, verb: Callable[[Tx, A], R], argument: A) -> R:
        """Read, and once more if a connection that lay idle turns out to be dead."""
        try:
            return self._read(verb, argument)
        except Exception as error:
            if self.dialect.disconnected(error):
                self.pool.clear()
                return self._translated(lambda: self._read(verb, argument))
            raise self.dialect.problem(error) or error from error

    def _read(self, verb: Callable[[Tx, A], R], argument: A) -> R:
        with self.pool.connection() as slot:
            tx = Tx(slot.connection, self.dialect, self._names, slot)
            tx.run(self.dialect.begin_read)
            try:
                result = verb(tx, argument)
            except Problem:
                tx.run("ROLLBACK")
                raise
            tx.run("COMMIT")
            return result

    def _translated(self, attempt: Callable[[], R]) -> R:
        try:
            return attempt()
        except Exception as error:
            raise self.dialect.problem(error) or error from error

    def write(self, verb: Callable[[Tx, A], R], argument: A) -> R:
        """Run `verb` in the next group commit and wait for it to be durable."""
        self._writer.check()
        reply: Future[R] = Future()
        self._writer.submit([Write(verb, argument, None, reply)])
        return reply.result()

    async def submit(
        self,
        verb: Callable[[Tx, A], R],
        argument: A,
        merge: Callable[[Tx, Sequence[A]], Sequence[Any]] | None = None,
    ) -> R:
        """As `write`, for callers on an event loop. `merge` applies many arguments at once and
        returns for each its result or the Problem to raise."""
        self._writer.check()
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[R] = loop.create_future()
        self._gather(loop, Write(verb, argument, merge, reply))
        return await reply

    def _gather(self, loop: asyncio.AbstractEventLoop, write: Write) -> None:
        """Hand over together what arrived in one turn of an event loop: it shares a commit, and
        the writer is woken once."""
        gathered = self._gathered.get(loop)
        if gathered is None:
            self._gathered[loop] = [write]
            loop.call_soon(lambda: self._writer.submit(self._gathered.pop(loop)))
        else:
            gathered.append(write)

    def close(self) -> None:
        """Finish queued writes and close every connection."""
        self._writer.close()
        self.pool.close()
        self._watch.stop()


def probe(dialect: Dialect) -> None:
    """Ask the least there is over a connection of its own. Raises Unavailable without an answer."""
    try:
        connection = dialect.connect(True)
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.fetchall()
        finally:
            connection.close()
    except Exception as error:
        raise dialect.problem(error) or error from error


def ensure_schema(dialect: Dialect) -> int:
    """Create the schema on an empty database, migrate an older SQLite file; returns the number of
    statements run. A server database with an older schema is left alone: raises Conflict that
    tells how to upgrade it, because its other servers must be thought of first."""
    connection = _connected(dialect)
    try:
        if migrate.restored(connection, dialect):
            raise Conflict(
                "A restore into this database was cut short. Finish it with the same command:"
                " milepost backup restore"
            )
        return migrate.migrate(connection, dialect, older=dialect.name == "sqlite")
    finally:
        connection.close()


def ensure_users(dialect: Dialect) -> int:
    """Create the tables of users in a database that needs no others; returns the number of
    statements run."""
    connection = _connected(dialect)
    try:
        return migrate.migrate(
            connection, dialect, older=dialect.name == "sqlite", only=migrate.OF_USERS
        )
    finally:
        connection.close()


def _connected(dialect: Dialect) -> Connection:
    try:
        return dialect.connect(False)
    except Exception as error:
        raise dialect.problem(error) or error from error
