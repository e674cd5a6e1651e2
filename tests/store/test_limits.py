"""Statements that take too long, connections that do not come free, and who gets to know."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pymysql
import pytest

from milepost.breaker import Breaker, Rules
from milepost.errors import Invalid, Unavailable
from milepost.exporters.series import Series
from milepost.store.db import Store, ensure_schema, open_dialect
from milepost.store.dialect import Connection
from milepost.store.tx import Tx
from milepost.store.watch import Limits

ERRORS: dict[str, type[Exception]] = {
    "sqlite": sqlite3.OperationalError,
    "postgresql": psycopg.OperationalError,
    "mysql": pymysql.err.OperationalError,
}
"""What a driver raises that cannot connect."""

FOREVER = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT MAX(i) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
    "mysql": "SELECT SLEEP(600) FROM milepost_schema, milepost_schema AS other",
}


@pytest.fixture
def store(store_uri: str) -> Iterator[Store]:
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    opened = Store(dialect, Limits(query_timeout=3, pool_wait=0.2, pool_size=1, meter=Series()))
    yield opened
    opened.close()


def forever(tx: Tx, _: None) -> None:
    tx.rows(FOREVER[tx.dialect.name])


def one(tx: Tx, _: None) -> int:
    row = tx.row("SELECT 1")
    assert row is not None
    return int(row[0])


def test_a_query_that_never_ends_is_ended(store: Store) -> None:
    with pytest.raises(Unavailable):
        store.read(forever, None)
    assert store.read(one, None) == 1


def test_a_write_that_never_ends_is_undone(store: Store) -> None:
    def write(tx: Tx, _: None) -> None:
        tx.run("UPDATE milepost_schema SET statement = statement + 1000")
        forever(tx, None)

    def highest(tx: Tx, _: None) -> int:
        row = tx.row("SELECT MAX(statement) FROM milepost_schema")
        assert row is not None
        return int(row[0])

    with pytest.raises(Unavailable):
        store.write(write, None)
    assert store.read(highest, None) < 1000
    assert store.write(one, None) == 1


def test_a_transaction_of_many_quick_statements_ends_too(store_uri: str) -> None:
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    store = Store(dialect, Limits(request_timeout=2))

    def busy(tx: Tx, _: None) -> None:
        while True:
            tx.row("SELECT COUNT(*) FROM milepost_schema")

    with pytest.raises(Unavailable):
        store.read(busy, None)
    assert store.read(one, None) == 1
    store.close()


def test_a_database_that_takes_no_connection_is_asked_once(store_uri: str) -> None:
    """Where it hangs, each attempt takes the whole time to connect."""
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    attempts: list[bool] = []

    def connect(read_only: bool) -> Connection:
        attempts.append(read_only)
        raise ERRORS[dialect.name]("connection timeout expired")

    store = Store(replace(dialect, connect=connect))
    attempts.clear()
    with pytest.raises(Unavailable, match="connection timeout expired"):
        store.read(one, None)
    assert attempts == [True]
    store.close()


def test_no_free_connection_is_said_in_time(store: Store) -> None:
    held, release = threading.Event(), threading.Event()

    def hold(tx: Tx, _: None) -> None:
        held.set()
        release.wait()

    thread = threading.Thread(target=store.read, args=(hold, None))
    thread.start()
    held.wait()
    assert store.pool.used == 1
    with pytest.raises(Unavailable, match="were busy"):
        store.read(one, None)
    release.set()
    thread.join()
    assert store.read(one, None) == 1
    assert isinstance(store.limits.meter, Series)
    counters = store.limits.meter.snapshot().counters
    assert counters["mlflow_database_pool_timeouts_total", (("pool", "milepost"),)] == 1


def test_failures_open_the_breaker_and_mistakes_do_not(store: Store) -> None:
    def mistake(tx: Tx, _: None) -> None:
        raise Invalid("no")

    breaker = store.limits.breaker
    for _ in range(10):
        with pytest.raises(Invalid):
            store.read(mistake, None)
    assert breaker.state == "closed"
    breaker.failed("down", 100)
    with pytest.raises(Unavailable, match="Last failure: down"):
        store.read(one, None)
    with pytest.raises(Unavailable, match="Last failure: down"):
        store.write(one, None)
    breaker.ok()
    assert store.write(one, None) == 1


def test_an_unanswered_query_counts_while_it_waits(
    store_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    breaker = Breaker("database", Rules(failure_threshold=2, timeout=0.2))
    store = Store(dialect, Limits(query_timeout=1.5, breaker=breaker))
    with pytest.raises(Unavailable):
        store.read(forever, None)
    opened = [r.getMessage() for r in caplog.records if "closed -> open" in r.getMessage()]
    assert len(opened) == 1
    assert "no answer for" in opened[0]
    store.close()


def test_slow_statements_are_logged(store_uri: str, caplog: pytest.LogCaptureFixture) -> None:
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    store = Store(dialect, Limits(slow_query=0.0))
    store.read(one, None)
    assert any("slow query" in r.message and "SELECT 1" in r.message for r in caplog.records)
    store.write(one, None)
    assert any("slow commit" in r.message for r in caplog.records)
    store.close()
