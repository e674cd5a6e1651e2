"""The guide's .env files that ask for a password, and its client that has one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.parts.milepost import StartMilepost
from tests.parts.mlflow import MlflowClient
from tests.seeds import guides

FILES = {
    name: guides.variables(guides.block(f"nself, {name}: bash"))
    for name in ("Staging", "Production", "Authentication")
}
CLIENT = guides.block("nself, Authentication: python")


@pytest.mark.parametrize("name", FILES)
def test_a_password_from_an_env_file(name: str, milepost_server: StartMilepost) -> None:
    env = FILES[name]
    user, password = env["MLFLOW_AUTH_USERNAME"], env["MLFLOW_AUTH_PASSWORD"]
    server = milepost_server(None, env=env)
    for path in ("/", "/api/2.0/mlflow/experiments/search?max_results=1"):
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            assert client.get(path).status_code == 401
            assert client.get(path, auth=(user, "wrong")).status_code == 401
            assert client.get(path, auth=("wrong", password)).status_code == 401
            assert client.get(path, auth=(user, password)).status_code == 200
    assert password not in server.log


def test_the_client_that_knows_it(
    milepost_server: StartMilepost,
    mlflow_client_of: Callable[[str], MlflowClient],
    tmp_path: Path,
) -> None:
    server = milepost_server(None, env=FILES["Authentication"])
    script = tmp_path / "train.py"
    script.write_text(
        CLIENT.replace("http://mlflow:5000", server.url)
        + "with mlflow.start_run():\n    mlflow.log_text('hello', 'notes.txt')\n"
        + "print(mlflow.search_runs().shape[0])\n"
    )
    assert mlflow_client_of("3.17.2").run(script, "http://nowhere") == 1
