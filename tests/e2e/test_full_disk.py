"""The server on a disk that is full: it says so, reads go on, and room is all that it needs."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.parts import need
from tests.parts.milepost import MilepostServer, StartMilepost
from tests.parts.postgres import USER, Postgres, new_postgres

FULL = (507, "RESOURCE_EXHAUSTED")
IMPATIENT = {"MILEPOST_BREAKER_RESET_TIMEOUT": "1"}


@contextmanager
def mounted(place: Path, size: int, user: str | None = None) -> Iterator[Path]:
    """A small disk, of so many megabytes."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}m", "milepost-test", str(place)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        need.missing("this machine has no mount, which makes the small disk")
    if done.returncode:
        need.missing(f"mounting a small disk takes root: {done.stderr.strip()}")
    try:
        if user:
            shutil.chown(place, user)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


def take(disk: Path, size: int) -> None:
    """So many megabytes of the disk, by a file called filler."""
    (disk / "filler").write_bytes(bytes(size << 20))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", 24) as place:
        take(place, 12)
        yield place


def tags(number: int) -> list[dict[str, str]]:
    """About a quarter of a megabyte that nothing makes smaller."""
    noise = random.Random(number)
    return [{"key": f"{number} {i}", "value": noise.randbytes(2500).hex()} for i in range(50)]


def fill(client: httpx.Client, run_id: str) -> tuple[int, httpx.Response]:
    """Log until it is refused: how many batches were acknowledged, and the refusal."""
    number = 0
    while True:
        batch = {"run_id": run_id, "tags": tags(number)}
        answer = client.post("/api/2.0/mlflow/runs/log-batch", json=batch)
        if answer.status_code != 200:
            return number, answer
        number += 1


def stored(client: httpx.Client, run_id: str) -> set[str]:
    run = client.get("/api/2.0/mlflow/runs/get", params={"run_id": run_id}).json()["run"]
    return {tag["key"] for tag in run["data"]["tags"]} - {"mlflow.runName"}


def new_run(client: httpx.Client) -> str:
    made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
    run_id: str = made["run"]["info"]["run_id"]
    return run_id


def client_of(server: MilepostServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60, trust_env=False)


def test_a_full_disk(disk: Path, milepost_server: StartMilepost) -> None:
    server = milepost_server(None, f"--data-dir={disk}")
    with client_of(server) as client:
        made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
        info = made["run"]["info"]
        acknowledged, refused = fill(client, info["run_id"])
        assert acknowledged > 0
        assert (refused.status_code, refused.json()["error_code"]) == FULL
        path = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
        files = f"/api/2.0/mlflow-artifacts/artifacts/{path}"
        assert client.put(f"{files}/a", content=bytes(8 << 20)).status_code == 507
        assert client.get("/health/ready").text == "OK"
        assert len(stored(client, info["run_id"])) == acknowledged * 50

        (disk / "filler").unlink()
        again = {"run_id": info["run_id"], "tags": tags(acknowledged)}
        assert client.post("/api/2.0/mlflow/runs/log-batch", json=again).status_code == 200
        assert client.put(f"{files}/a", content=b"small").status_code == 200
        assert client.get(f"{files}/a").content == b"small"
        assert len(stored(client, info["run_id"])) == (acknowledged + 1) * 50
    assert "Traceback" not in server.log


def test_what_was_acknowledged_before_the_disk_was_full_survives_a_crash(
    disk: Path, milepost_server: StartMilepost
) -> None:
    server = milepost_server(None, f"--data-dir={disk}")
    with client_of(server) as client:
        run_id = new_run(client)
        acknowledged, _ = fill(client, run_id)
    server.kill()
    (disk / "filler").unlink()
    server.start()
    with client_of(server) as client:
        assert len(stored(client, run_id)) == acknowledged * 50


@pytest.fixture
def tablespace(postgres: Postgres) -> Iterator[tuple[str, Path]]:
    """URI of a database whose tables are on a small disk, and that disk. The log of the database is
    elsewhere."""
    home = postgres.daemon.cwd
    assert home is not None
    with mounted(home / "small", 64, USER) as place:
        take(place, 24)
        (place / "tables").mkdir()
        shutil.chown(place / "tables", USER or place.owner())
        postgres.run(f"CREATE TABLESPACE small LOCATION '{place / 'tables'}'")
        postgres.run("CREATE DATABASE small TABLESPACE small")
        yield postgres.uri("small"), place
        postgres.drop("small")
        postgres.run("DROP TABLESPACE small")


def test_a_full_disk_under_the_tables_of_postgresql(
    tablespace: tuple[str, Path], milepost_server: StartMilepost
) -> None:
    uri, disk = tablespace
    server = milepost_server(uri)
    with client_of(server) as client:
        run_id = new_run(client)
        acknowledged, refused = fill(client, run_id)
        assert acknowledged > 0
        assert (refused.status_code, refused.json()["error_code"]) == FULL
        assert "make room" in refused.json()["message"]
        assert client.get("/health/ready").text == "OK"
        assert len(stored(client, run_id)) == acknowledged * 50

        (disk / "filler").unlink()
        again = {"run_id": run_id, "tags": tags(acknowledged)}
        assert client.post("/api/2.0/mlflow/runs/log-batch", json=again).status_code == 200
        assert len(stored(client, run_id)) == (acknowledged + 1) * 50
    assert "Traceback" not in server.log


@pytest.fixture
def cramped() -> Iterator[tuple[Postgres, Path]]:
    """A PostgreSQL with its write-ahead log on a small disk, and that disk."""
    with (
        TemporaryDirectory(prefix="milepost-pg-") as name,
        mounted(Path(name) / "wal", 64, USER) as place,
        new_postgres(Path(name), f"--waldir={place / 'log'}") as postgres,
    ):
        take(place, 24)
        yield postgres, place


def test_a_full_disk_under_the_log_of_postgresql(
    cramped: tuple[Postgres, Path], milepost_server: StartMilepost
) -> None:
    """Without room there PostgreSQL goes down, and cannot come up before there is some."""
    postgres, disk = cramped
    server = milepost_server(postgres.uri("postgres"), env=IMPATIENT)
    with client_of(server) as client:
        run_id = new_run(client)
        acknowledged, refused = fill(client, run_id)
        assert acknowledged > 0
        assert (refused.status_code, refused.json()["error_code"]) == FULL
        assert "PANIC" in postgres.daemon.tail()
        postgres.daemon.kill()  # it has mostly given up by itself
        assert client.get("/health/ready").status_code == 503

        (disk / "filler").unlink()
        postgres.daemon.start()
        give_up = time.monotonic() + 120
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() < give_up, server.log
            time.sleep(0.1)
        # Whether the one without an answer was written nobody could know.
        assert len(stored(client, run_id)) in (acknowledged * 50, (acknowledged + 1) * 50)
        again = {"run_id": run_id, "tags": tags(acknowledged)}
        assert client.post("/api/2.0/mlflow/runs/log-batch", json=again).status_code == 200
        assert len(stored(client, run_id)) == (acknowledged + 1) * 50
    server.stop()
    assert "Traceback" not in server.log
