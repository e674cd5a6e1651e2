"""The server on a disk that is full: it says so, reads go on, and room is all that it needs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.parts import need
from tests.parts.milepost import MilepostServer, StartMilepost

SIZE = "24m"
FILLER = 12 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk, half of it taken by a file called filler."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "milepost-test", str(place)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        need.missing("this machine has no mount, which makes the small disk")
    if done.returncode:
        need.missing(f"mounting a small disk takes root: {done.stderr.strip()}")
    (place / "filler").write_bytes(bytes(FILLER))
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def tags(number: int) -> list[dict[str, str]]:
    return [{"key": f"{number} {i}", "value": "x" * 5000} for i in range(50)]


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


def client_of(server: MilepostServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60, trust_env=False)


def test_a_full_disk(disk: Path, milepost_server: StartMilepost) -> None:
    server = milepost_server(None, f"--data-dir={disk}")
    with client_of(server) as client:
        made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
        info = made["run"]["info"]
        acknowledged, refused = fill(client, info["run_id"])
        assert acknowledged > 0
        assert (refused.status_code, refused.json()["error_code"]) == (507, "RESOURCE_EXHAUSTED")
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
        made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
        run_id = made["run"]["info"]["run_id"]
        acknowledged, _ = fill(client, run_id)
    server.kill()
    (disk / "filler").unlink()
    server.start()
    with client_of(server) as client:
        assert len(stored(client, run_id)) == acknowledged * 50
