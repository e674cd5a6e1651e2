"""A server that is killed in the middle of writing keeps every promise it made."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from tests.durability.load import Load, check
from tests.parts.milepost import StartMilepost
from tests.parts.postgres import Postgres

ENOUGH = 15  # acknowledged writes of the slowest client before the blow
PATIENCE_S = 240


def _wait_for(load: Load, acknowledged: int) -> None:
    _wait(lambda: load.acknowledged() >= acknowledged)


def _wait(until: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < give_up, "waited for too long"
        time.sleep(0.01)


def test_kill_the_server(store_uri: str, milepost_server: StartMilepost) -> None:
    workers = 2 if store_uri.startswith("postgresql") else 1
    server = milepost_server(store_uri, f"--workers={workers}")
    for name in ("first", "second"):
        load = Load(server.url, name)
        load.start()
        _wait_for(load, ENOUGH)
        server.kill()
        load.stop()
        assert load.refusals == []
        server.start()
        check(load)


def test_kill_postgres(
    postgres: Postgres, postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    # The breaker tries again at once, so that the test need not wait for it.
    soon = {"MILEPOST_BREAKER_RESET_TIMEOUT": "0.2"}
    server = milepost_server(postgres_uri(), "--workers=2", env=soon)
    load = Load(server.url, "load")
    load.start()
    _wait_for(load, ENOUGH)
    postgres.daemon.kill()
    _wait(lambda: len(load.refusals) > 0)
    url = f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0"
    reading = httpx.get(url, timeout=60, trust_env=False)
    postgres.daemon.start()
    _wait_for(load, load.acknowledged() + ENOUGH)
    load.stop()
    for reply in [reading, *load.refusals]:
        assert reply.status_code == 503, reply.text
        assert reply.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    check(load)
