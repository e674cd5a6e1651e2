"""Jobs: each moment is served once, by one of several servers, whatever goes wrong."""

from __future__ import annotations

import logging
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from milepost.config import cron
from milepost.errors import Unavailable
from milepost.services.jobs import Job
from milepost.store.db import Store, ensure_schema, open_dialect
from tests.parts import bulk, need
from tests.parts.milepost import MilepostServer, new_server


@pytest.fixture
def stores(store_uri: str) -> tuple[Store, Store]:
    """Two servers' stores on one database."""
    dialect = open_dialect(store_uri)
    ensure_schema(dialect)
    return Store(dialect), Store(open_dialect(store_uri))


def test_one_of_two_servers_does_it_once_for_each_moment(stores: tuple[Store, Store]) -> None:
    done: list[str] = []

    def job(name: str, store: Store) -> Job:
        def work() -> str:
            done.append(name)
            return name

        return Job("cleaning", cron.parse("0 * * * *"), work, store)

    first, second = job("first", stores[0]), job("second", stores[1])
    due = datetime.now().astimezone()
    first.do(due)
    second.do(due)
    assert done == ["first"]
    later = due + timedelta(hours=1)
    second.do(later)
    first.do(later)
    assert done == ["first", "second"]
    for store in stores:
        store.close()


def test_what_goes_wrong_is_logged_and_the_next_time_comes(
    stores: tuple[Store, Store], caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> str:
        raise Unavailable("the bucket is away")

    job = Job("cleaning", cron.parse("0 * * * *"), work, stores[0])
    due = datetime.now().astimezone()
    with caplog.at_level(logging.WARNING, logger="milepost"):
        logging.getLogger("milepost").propagate = True
        job.do(due)
        job.do(due + timedelta(hours=1))
    assert caplog.text.count("the bucket is away") == 2
    for store in stores:
        store.close()


@pytest.fixture
def shortly_before_a_minute(tmp_path: Path) -> Iterator[MilepostServer]:
    """A server that cleans each minute and believes that one is full in some seconds."""
    faketime = [str(need.program("faketime", ["faketime"])), "-f", "+0"]
    library = subprocess.run(
        [*faketime, "printenv", "LD_PRELOAD"], check=True, capture_output=True, text=True
    )
    clock = {
        "LD_PRELOAD": library.stdout.strip(),
        "FAKETIME": "@2030-01-01 00:00:48",
        # Waiting is left as it is; only the time of day is another.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    clean = {"MLFLOW_GC_SCHEDULE": "* * * * *", "MLFLOW_GC_OLDER_THAN": "0"}
    server = new_server(tmp_path, env={**clean, **clock})
    server.start()
    yield server
    server.stop()


def test_a_server_cleans_by_its_schedule(shortly_before_a_minute: MilepostServer) -> None:
    """What is in the trash when the minute is full is gone after it."""
    server = shortly_before_a_minute
    bulk.fill(f"sqlite:///{server.data / 'milepost.db'}", 10)
    search = {"experiment_ids": ["1"], "run_view_type": "ALL", "max_results": 100}

    def runs() -> int:
        done = httpx.post(f"{server.url}/api/2.0/mlflow/runs/search", json=search, trust_env=False)
        return len(done.json()["runs"])

    give_up = time.monotonic() + 150
    while runs() == 10 and time.monotonic() < give_up:
        time.sleep(0.5)
    assert runs() == 9
    assert re.search(r"2030-01-01 00:0[1-9]:0\d,.* cleaning: ", server.log)
