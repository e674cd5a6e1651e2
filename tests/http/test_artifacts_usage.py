"""What artifacts take up: right after every route that writes or deletes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.parts.milepost import MilepostServer, StartMilepost

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
USAGE = "/api/3.0/milepost/artifacts/usage"


@pytest.fixture
def server(store_uri: str, milepost_server: StartMilepost) -> MilepostServer:
    """A server on a fresh database of each kind."""
    return milepost_server(store_uri)


@pytest.fixture
def client(server: MilepostServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as opened:
        yield opened


def new_run(client: httpx.Client, experiment: str = "0") -> str:
    made = client.post(f"{API}/runs/create", json={"experiment_id": experiment})
    found: str = made.json()["run"]["info"]["run_id"]
    return found


def usage(client: httpx.Client, **whose: str) -> tuple[int, int]:
    reply = client.get(USAGE, params=whose)
    assert reply.status_code == 200, reply.text
    return reply.json()["bytes"], reply.json()["files"]


def put(client: httpx.Client, path: str, size: int) -> None:
    assert client.put(f"{PROXY}/{path}", content=b"x" * size).status_code == 200


def test_every_write_and_delete_counts_once(client: httpx.Client) -> None:
    first, second = new_run(client), new_run(client)
    assert usage(client, run_id=first) == (0, 0)
    put(client, f"0/{first}/artifacts/a", 100)
    put(client, f"0/{first}/artifacts/dir/b", 10)
    put(client, f"0/{second}/artifacts/a", 1)
    assert usage(client, run_id=first) == (110, 2)
    put(client, f"0/{first}/artifacts/a", 30)  # smaller, in place of the old one
    put(client, f"0/{first}/artifacts/./dir//b", 10)  # the same file under another name
    assert usage(client, run_id=first) == (40, 2)
    form = {"run_uuid": first, "path": "up/c"}
    assert client.post(
        "/ajax-api/2.0/mlflow/upload-artifact", params=form, content=b"xyz"
    ).is_success
    put(client, "0/traces/tr-1/artifacts/traces.json", 1000)
    assert usage(client, run_id=first) == (43, 3)
    assert usage(client, run_id=second) == (1, 1)
    assert usage(client, experiment_id="0") == (1044, 5)

    assert client.delete(f"{PROXY}/0/{first}/artifacts/dir").is_success
    assert client.delete(f"{PROXY}/0/{first}/artifacts/dir").is_success
    assert client.delete(f"{PROXY}/0/{first}/artifacts/up/c").is_success
    assert usage(client, run_id=first) == (30, 1)
    assert usage(client, experiment_id="0") == (1031, 3)
    assert client.delete(f"{PROXY}/0/{first}").is_success  # above the run's own folder
    assert usage(client, run_id=first) == (0, 0)
    assert usage(client, experiment_id="0") == (1001, 2)
    assert client.delete(f"{PROXY}/0").is_success
    assert usage(client, experiment_id="0") == (0, 0)
    assert usage(client, run_id=second) == (0, 0)


def test_what_was_refused_or_broke_is_not_counted(client: httpx.Client) -> None:
    run = new_run(client)
    put(client, f"0/{run}/artifacts/a", 5)
    assert client.put(f"{PROXY}/0/{run}/artifacts/a/b", content=b"x").status_code == 400
    form = {"run_uuid": run, "path": "big"}
    upload = "/ajax-api/2.0/mlflow/upload-artifact"
    assert client.post(upload, params=form, content=b"x" * (10 * 2**20 + 1)).status_code == 413
    assert usage(client, run_id=run) == (5, 1)


def test_logged_models_and_experiments_of_their_own(client: httpx.Client) -> None:
    made = client.post(
        f"{API}/experiments/create",
        json={"name": "own", "artifact_location": "mlflow-artifacts:/team/own"},
    )
    experiment = made.json()["experiment_id"]
    run = new_run(client, experiment)
    put(client, f"team/own/{run}/artifacts/a", 7)
    put(client, "team/own/loose", 3)
    put(client, "team/else", 100)  # nobody's
    assert usage(client, run_id=run) == (7, 1)
    assert usage(client, experiment_id=experiment) == (10, 2)
    assert client.delete(f"{PROXY}/team").is_success
    assert usage(client, experiment_id=experiment) == (0, 0)


def test_many_at_once(client: httpx.Client) -> None:
    runs = [new_run(client) for _ in range(3)]

    def write(number: int) -> None:
        put(client, f"0/{runs[number % 3]}/artifacts/f{number % 20}", 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(120)))
    assert [usage(client, run_id=run) for run in runs] == [(200, 20)] * 3
    assert usage(client, experiment_id="0") == (600, 60)


def test_a_recount_finds_what_came_past_the_server(
    client: httpx.Client, server: MilepostServer
) -> None:
    run = new_run(client)
    put(client, f"0/{run}/artifacts/a", 5)
    folder = server.data / "artifacts" / "0"
    Path(folder / run / "artifacts" / "b").write_bytes(b"x" * 50)
    Path(folder / "loose").write_bytes(b"x" * 500)
    os.unlink(folder / run / "artifacts" / "a")
    assert usage(client, experiment_id="0") == (5, 1)
    recount = "/api/3.0/milepost/artifacts/recount"
    assert client.post(recount, json={"run_id": run}).json() == {"bytes": 50, "files": 1}
    assert client.post(recount, json={"experiment_id": "0"}).json() == {"bytes": 550, "files": 2}
    assert usage(client, run_id=run) == (50, 1)


def test_asking_for_nobody(client: httpx.Client) -> None:
    for whose, status in (
        ({"run_id": "none"}, 404),
        ({"model_id": "m-none"}, 404),
        ({"experiment_id": "99"}, 404),
        ({}, 400),
        ({"run_id": "a", "experiment_id": "0"}, 400),
    ):
        assert client.get(USAGE, params=whose).status_code == status


def test_a_crash_loses_no_count_of_what_was_acknowledged(
    client: httpx.Client, server: MilepostServer
) -> None:
    run = new_run(client)
    for number in range(10):
        put(client, f"0/{run}/artifacts/f{number}", 10)
    server.kill()
    server.start()
    assert usage(client, run_id=run) == (100, 10)
