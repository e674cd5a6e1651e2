"""Real clients and a server that asks for a password."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.test_artifact_stores import MULTIPART, SCRIPTS, TOLD
from tests.parts.milepost import MilepostServer, new_server
from tests.parts.mlflow import CLIENTS, MlflowClient
from tests.parts.s3 import S3

SCRIPT = SCRIPTS / "passwords.py"
USER, PASSWORD = "ml-team", "sécure pass:word"
AUTH = {
    "MLFLOW_AUTH_ENABLED": "true",
    "MLFLOW_AUTH_USERNAME": USER,
    "MLFLOW_AUTH_PASSWORD": PASSWORD,
}
SIGNED_IN = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
FACTS = {
    "without": True,
    "wrong": True,
    "right": "",
    "history": 3,
    "same": [True, True],
    "listed": ["files/large.bin", "files/small.txt"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, s3: S3) -> Iterator[MilepostServer]:
    env = {**AUTH, **s3.environment, "MLFLOW_ARTIFACTS_BUCKET": s3.create_bucket()}
    running = new_server(tmp_path_factory.mktemp("locked"), env=env)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("version", ["1.30.1", *CLIENTS])
def test_a_client_with_the_password(
    version: str, mlflow_client_of: Callable[[str], MlflowClient], server: MilepostServer
) -> None:
    """Everything it does, files through the server and past it."""
    client = mlflow_client_of(version)
    env = {**SIGNED_IN, **MULTIPART, **TOLD}
    assert client.run(SCRIPT, server.url, version, str(7 << 20), **env) == FACTS
    history = httpx.get(
        f"{server.url}/api/3.0/milepost/registered-models/history",
        params={"name": version},
        auth=(USER, PASSWORD),
        trust_env=False,
    )
    assert {change["actor"] for change in history.json()["changes"]} == {USER}


def test_prometheus_with_the_password(
    server: MilepostServer, prometheus: Callable[[str], str]
) -> None:
    target = server.url.removeprefix("http://")
    base = prometheus(
        "scrape_configs:\n"
        "- job_name: mlflow\n"
        f"  static_configs: [{{targets: ['{target}']}}]\n"
        f"  basic_auth: {{username: '{USER}', password: '{PASSWORD}'}}\n"
        "- job_name: stranger\n"
        f"  static_configs: [{{targets: ['{target}']}}]\n"
    )
    give_up = time.monotonic() + 60
    while True:
        found = httpx.get(f"{base}/api/v1/query", params={"query": "up"}).json()["data"]["result"]
        up = {one["metric"]["job"]: one["value"][1] for one in found}
        if len(up) == 2:
            break
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert up == {"mlflow": "1", "stranger": "0"}
