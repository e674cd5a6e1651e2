"""The server while what it stands on is gone, frozen or hanging: it says so at once, loses nothing
that it acknowledged, and goes on by itself when the part is back."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.parts.daemon import answers
from tests.parts.milepost import MilepostServer, StartMilepost
from tests.parts.postgres import Postgres

QUICK = {
    "MILEPOST_QUERY_TIMEOUT": "2",
    "MILEPOST_BREAKER_TIMEOUT": "500ms",
    "MILEPOST_BREAKER_FAILURE_THRESHOLD": "3",
    "MILEPOST_BREAKER_RESET_TIMEOUT": "1",
    "MILEPOST_CLIENT_CONNECT_TIMEOUT": "2",
    "MILEPOST_HEALTH_CHECK_INTERVAL": "300ms",
    "MILEPOST_HEALTH_CHECK_TIMEOUT": "1",
    "MILEPOST_POOL_ACQUISITION_TIMEOUT": "2",
}


class Client:
    """Logs points one after another, and remembers which were acknowledged."""

    def __init__(self, server: MilepostServer) -> None:
        self.http = httpx.Client(base_url=f"{server.url}/api/2.0/mlflow/", timeout=60)
        made = self.http.post("runs/create", json={"experiment_id": "0"})
        self.run: str = made.json()["run"]["info"]["run_id"]
        self.acknowledged: set[int] = set()
        self.step = 0

    def log(self) -> httpx.Response:
        self.step += 1
        point = {"key": "m", "value": self.step, "timestamp": 1, "step": self.step}
        answer = self.http.post("runs/log-metric", json={"run_id": self.run, **point})
        if answer.status_code == 200:
            self.acknowledged.add(self.step)
        return answer

    def stored(self) -> set[int]:
        query: dict[str, str | int] = {"run_id": self.run, "metric_key": "m", "max_results": 25000}
        answer = self.http.get("metrics/get-history", params=query)
        return {point["step"] for point in answer.json()["metrics"]}


def all_logged(clients: list[Client], wanted: int) -> bool:
    return all(len(client.acknowledged) >= wanted for client in clients)


def until(check: Callable[[], Any], patience_s: float = 60) -> Any:
    """The first true result of `check`."""
    give_up = time.monotonic() + patience_s
    while not (found := check()):
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.05)
    return found


def state_of(server: MilepostServer, part: str = "database") -> str:
    details = httpx.get(f"{server.url}/health/details", timeout=30).json()
    return str(details["parts"][part]["breaker"])


def ready(server: MilepostServer) -> int:
    return httpx.get(f"{server.url}/health/ready", timeout=30).status_code


@contextmanager
def stopped(postgres: Postgres) -> Iterator[None]:
    """PostgreSQL ended, as in a restart of its machine."""
    postgres.daemon.stop(signal.SIGQUIT)
    try:
        yield
    finally:
        postgres.daemon.start()


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """All processes of PostgreSQL keep their connections and do nothing."""
    main = postgres.daemon.process.pid
    os.kill(main, signal.SIGSTOP)
    processes = [main, *children(main)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            os.kill(process, signal.SIGCONT)


def children(process: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name in parentheses may hold anything; the parent comes two fields after it.
            if path.read_text().rpartition(")")[2].split()[1] == str(process):
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("away", [stopped, frozen])
def test_a_database_that_is_away(
    away: Callable[[Postgres], Any],
    postgres: Postgres,
    postgres_uri: Callable[[], str],
    milepost_server: StartMilepost,
) -> None:
    server = milepost_server(postgres_uri(), env=QUICK)
    client = Client(server)
    assert client.log().status_code == 200
    assert ready(server) == 200
    with away(postgres):
        refused = client.log()
        assert refused.status_code == 503
        assert refused.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
        until(lambda: state_of(server) == "open")
        # Open, it answers without asking the database, and the process itself is alive.
        assert "is not answering" in until(
            lambda: (m := client.log().json()["message"]) and "is not answering" in m and m
        )
        assert httpx.get(f"{server.url}/health").text == "OK"
        assert ready(server) == 503
    until(lambda: client.log().status_code == 200)
    until(lambda: ready(server) == 200)
    assert state_of(server) == "closed"
    assert client.stored() >= client.acknowledged
    assert "circuit breaker of the database: closed -> open" in server.log
    assert "Traceback" not in server.log


def test_what_was_acknowledged_is_there_however_often_the_database_restarts(
    postgres: Postgres, postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    server = milepost_server(postgres_uri(), env=QUICK)
    clients = [Client(server) for _ in range(4)]
    done = threading.Event()

    def work(client: Client) -> None:
        while not done.is_set():
            client.log()

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for _ in range(3):
        wanted = max(len(client.acknowledged) for client in clients) + 5
        until(partial(all_logged, clients, wanted))
        with stopped(postgres):
            pass
    done.set()
    for thread in threads:
        thread.join()
    until(lambda: clients[0].log().status_code == 200)
    for client in clients:
        assert client.stored() >= client.acknowledged


def workers(server: MilepostServer) -> list[int]:
    """The worker processes; beside them runs a helper of Python's that is none."""
    found = []
    for process in children(server.process.pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes():
                found.append(process)
    return found


def test_a_worker_that_dies_while_the_database_is_away(
    postgres: Postgres, postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    """Another takes its place when the database is back; the server does not end meanwhile."""
    server = milepost_server(postgres_uri(), "--workers=2", env=QUICK)
    until(lambda: len(workers(server)) == 2)
    before = workers(server)
    with stopped(postgres):
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        until(lambda: server.log.count("a worker waits for the database") == 2)
    until(answers(f"{server.url}/health/ready"), patience_s=120)
    assert Client(server).log().status_code == 200
    assert not set(workers(server)) & set(before)
    assert server.daemon.stop() == 0
    assert "Traceback" not in server.log


def test_a_server_stops_while_its_workers_wait_for_the_database(
    postgres: Postgres, postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    server = milepost_server(postgres_uri(), "--workers=2", env=QUICK)
    until(lambda: len(workers(server)) == 2)
    with stopped(postgres):
        os.kill(workers(server)[0], signal.SIGKILL)
        until(lambda: "a worker waits for the database" in server.log)
        assert server.daemon.stop() == 0
    assert server.log.endswith("Stopped.\n")


@contextmanager
def hanging() -> Iterator[str]:
    """An S3 server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []
        threading.Thread(target=_take, args=(listening, taken), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for connection in taken:
            connection.close()


def _take(listening: socket.socket, taken: list[socket.socket]) -> None:
    while True:
        try:
            taken.append(listening.accept()[0])
        except OSError:
            return


def test_an_artifact_store_that_hangs(milepost_server: StartMilepost) -> None:
    with hanging() as endpoint:
        aws = {
            "MLFLOW_S3_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "MILEPOST_ARTIFACT_STEP_TIMEOUT": "2",
            "MILEPOST_BREAKER_RESET_TIMEOUT": "60",
        }
        server = milepost_server(None, "--artifacts-destination=s3://bucket", env=QUICK | aws)
        files = f"{server.url}/api/2.0/mlflow-artifacts/artifacts"
        assert httpx.put(f"{files}/a.txt", content=b"a", timeout=60).status_code == 503
        until(lambda: state_of(server, "artifacts") == "open")
        until(lambda: "is not answering" in httpx.get(f"{files}/a.txt", timeout=60).text)
        # Nothing else is held up, and the server is still of use.
        assert Client(server).log().status_code == 200
        assert ready(server) == 200
        details = httpx.get(f"{server.url}/health/details", timeout=30)
        assert (details.status_code, details.json()["status"]) == (200, "DEGRADED")


def test_a_request_that_takes_too_long_is_cancelled(
    postgres: Postgres, postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    slow = {**QUICK, "MILEPOST_REQUEST_TIMEOUT": "1", "MILEPOST_QUERY_TIMEOUT": "30"}
    server = milepost_server(postgres_uri(), env={**slow, "MILEPOST_CIRCUIT_BREAKER": "false"})
    client = Client(server)
    with frozen(postgres):
        answer = client.http.get("runs/get", params={"run_id": client.run})
        assert answer.status_code == 503
    until(lambda: "a database statement was ended" in server.log)
    assert until(lambda: client.log().status_code == 200)
