"""What shows that a server works as it was told to: a run in its database, a file in its store."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg

from tests.parts.postgres import Postgres
from tests.parts.s3 import S3


def log_something(url: str) -> dict[str, Any]:
    """A run with a metric and, where the server serves them, an artifact; what the server says."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"})
        info: dict[str, Any] = made.json()["run"]["info"]
        point = {"run_id": info["run_id"], "key": "m", "value": 1, "timestamp": 1, "step": 0}
        assert client.post("/api/2.0/mlflow/runs/log-metric", json=point).status_code == 200
        if info["artifact_uri"].startswith("mlflow-artifacts:/"):
            path = info["artifact_uri"].removeprefix("mlflow-artifacts:/").lstrip("/")
            file = f"/api/2.0/mlflow-artifacts/artifacts/{path}/a.txt"
            client.put(file, content=b"hello").raise_for_status()
            assert client.get(file).content == b"hello"
        return info


def runs_in(postgres: Postgres, database: str) -> int:
    with psycopg.connect(postgres.uri(database)) as connection:
        row = connection.execute("SELECT COUNT(*) FROM runs").fetchone()
        assert row is not None
        return int(row[0])


def stored(s3: S3, bucket: str) -> list[str]:
    """The files of a bucket."""
    found, folders = [], [f"/buckets/{bucket}/"]
    while folders:
        folder = folders.pop()
        listed = httpx.get(
            s3.files + folder, headers={"Accept": "application/json"}, trust_env=False
        )
        for entry in listed.json()["Entries"] or []:
            if entry["Mode"] & 0x80000000:  # Go's mark of a folder
                folders.append(f"{entry['FullPath']}/")
            else:
                found.append(entry["FullPath"].removeprefix(f"/buckets/{bucket}/"))
    return found


def make_bucket(s3: S3, name: str) -> None:
    """A bucket of that name, unless a test before has made it."""
    made = httpx.post(f"{s3.files}/buckets/{name}/", trust_env=False)
    assert made.is_success or made.status_code == 409, made.text
