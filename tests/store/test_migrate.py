"""The schema is made once, whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from milepost.domain.tracking import Batch, Metric
from milepost.errors import Conflict, Problem
from milepost.store import migrate
from milepost.store.db import ensure_schema, open_dialect
from tests.store.conftest import opened

BROKEN = "CREATE TABLE broken (id {serial}, FROM)"
TOTAL = sum(len(statements) for statements in migrate.MIGRATIONS)
LATER = ["CREATE TABLE later (id {serial}, word {text})", "CREATE INDEX later_id ON later (id)"]

_OLD_EXPERIMENT = (
    "(id, name, artifact_location, lifecycle, created, updated)"
    " VALUES (7, 'old', 's3://old', 0, 1, 1)"
)


def _migrate(uri: str, upto: int | None = None) -> int:
    """What starting on SQLite and `milepost db upgrade` do."""
    dialect = open_dialect(uri)
    connection = dialect.connect(False)
    try:
        return migrate.migrate(connection, dialect, upto)
    finally:
        connection.close()


def _execute(uri: str, statement: str) -> Sequence[Any]:
    connection = open_dialect(uri).connect(False)
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        found: Sequence[Any] = cursor.fetchall() if statement.startswith("SELECT") else ()
        return found
    finally:
        connection.close()


def _works(uri: str) -> None:
    store = opened(uri)
    run = store.create_run(store.create_experiment("after"))
    assert store.log(Batch(run, [Metric("m", 1.0, 1)])) == [None]
    store.store.close()


def test_an_empty_database_gets_the_schema_once(store_uri: str) -> None:
    dialect = open_dialect(store_uri)
    assert ensure_schema(dialect) == TOTAL
    assert ensure_schema(dialect) == 0
    _works(store_uri)


@pytest.mark.parametrize("after", [1, 4, 10])
def test_an_interrupted_migration_goes_on(
    store_uri: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = migrate.MIGRATIONS
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "MIGRATIONS", [[*first[:after], BROKEN]])
        with pytest.raises(Problem):
            ensure_schema(open_dialect(store_uri))
    ensure_schema(open_dialect(store_uri))
    _works(store_uri)


def test_a_statement_that_ran_but_was_not_noted(mariadb_uri: Any) -> None:
    """MySQL commits around each statement that changes the schema, so a kill may fall between."""
    uri = mariadb_uri()
    ensure_schema(open_dialect(uri))
    _execute(uri, "DELETE FROM milepost_schema WHERE migration = 1 AND statement IN (3, 4)")
    assert ensure_schema(open_dialect(uri)) == 2
    _works(uri)


def test_many_at_once(store_uri: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        ran = list(threads.map(lambda _: ensure_schema(open_dialect(store_uri)), range(4)))
    assert sorted(ran) == [0, 0, 0, TOTAL]
    _works(store_uri)


def test_an_older_schema(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file is migrated at start; servers of a shared database may not be ready for it."""
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    monkeypatch.setattr(migrate, "MIGRATIONS", [*migrate.MIGRATIONS, LATER])
    if dialect.name == "sqlite":
        assert ensure_schema(dialect) == len(LATER)
    else:
        with pytest.raises(Conflict, match="milepost db upgrade"):
            ensure_schema(dialect)
        connection = dialect.connect(False)
        assert migrate.migrate(connection, dialect) == len(LATER)
        connection.close()
    assert _execute(store_uri, "SELECT * FROM later") in ([], ())


@pytest.mark.parametrize("version", range(1, len(migrate.MIGRATIONS)))
def test_every_older_schema_is_upgraded_once(
    store_uri: str, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First cut short in its last step, then by several at once; what was stored stays."""
    dialect = open_dialect(store_uri)
    _migrate(store_uri, upto=version)
    _execute(store_uri, "INSERT INTO experiments " + _OLD_EXPERIMENT)
    with monkeypatch.context() as patch:
        *before, last = migrate.MIGRATIONS
        patch.setattr(migrate, "MIGRATIONS", [*before, [*last, BROKEN]])
        with pytest.raises(Problem):
            _migrate(store_uri)
    with ThreadPoolExecutor(4) as threads:
        ran = list(threads.map(lambda _: _migrate(store_uri), range(4)))
    assert sorted(ran)[:3] == [0, 0, 0]
    connection = dialect.connect(True)
    assert migrate.version(connection, dialect) == migrate.wanted_version()
    connection.close()
    _works(store_uri)
    store = opened(store_uri)
    found = store.store.read(lambda tx, _: store.tracking.get_experiment(tx, 7), None)
    store.store.close()
    assert (found.name, found.artifact_location) == ("old", "s3://old")


def test_a_newer_schema_is_left_alone(store_uri: str) -> None:
    ensure_schema(open_dialect(store_uri))
    _execute(store_uri, "INSERT INTO milepost_schema (migration, statement) VALUES (999, 0)")
    with pytest.raises(Conflict, match="start a newer Milepost"):
        ensure_schema(open_dialect(store_uri))
