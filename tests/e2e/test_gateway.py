"""Models that a real client logged, served by MLflow's own scoring server behind the gateway: the
seed's configuration, two workers, a promotion under load, and a model server frozen and killed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from tests.parts import need
from tests.parts.daemon import free_port
from tests.parts.milepost import MilepostServer, new_server
from tests.parts.mlflow import MlflowClient
from tests.parts.pyfunc import write_model
from tests.parts.s3 import S3
from tests.seeds.blocks import COMPLETE

SCRIPT = Path(__file__).parent / "scripts" / "serving.py"
QUICK = {
    "MILEPOST_GATEWAY_REFRESH": "200ms",
    "MILEPOST_GATEWAY_TIMEOUT": "5s",
    "MILEPOST_HEALTH_CHECK_INTERVAL": "300ms",
    "MILEPOST_BREAKER_FAILURE_THRESHOLD": "2",
    "MILEPOST_BREAKER_RESET_TIMEOUT": "1s",
}
CODE = """\
import types
def _load_pyfunc(path):
    return types.SimpleNamespace(predict=lambda frame: ["fraud " + frame.iloc[0, 0]])
"""
BREAKER = "circuit breaker of the gateway route sentiment-analysis"


@dataclass(frozen=True)
class Gateway:
    server: MilepostServer
    facts: dict[str, Any]
    """What the real client saw."""

    url: str

    def ask(self, route: str = "sentiment-analysis", column: str = "text") -> httpx.Response:
        url = f"{self.url}/gateway/{route}/invocations"
        rows = {"dataframe_split": {"columns": [column], "data": [["a"]]}}
        return httpx.post(url, json=rows, timeout=60, trust_env=False)

    def says(self, word: str, route: str = "sentiment-analysis") -> bool:
        return self.ask(route).text == json.dumps({"predictions": [f"{word} a"]})

    def promote(self, version: int) -> None:
        body = {"name": "sentiment", "version": str(version), "stage": "Production",
                "archive_existing_versions": True}  # fmt: skip
        path = "/api/2.0/mlflow/model-versions/transition-stage"
        httpx.post(f"{self.server.url}/mlflow{path}", json=body).raise_for_status()

    def details(self) -> Any:
        return httpx.get(f"{self.server.url}/mlflow/health/details", timeout=60).json()


def until(check: Callable[[], Any], patience_s: float = 120) -> Any:
    give_up = time.monotonic() + patience_s
    while not (found := check()):
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.05)
    return found


def model_servers(server: MilepostServer) -> dict[str, int]:
    """The process of each route's model server, by the number of the route."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode().split("\0")
            parent = int((path.parent / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == server.process.pid and any("scoring_program" in word for word in words):
            found[Path(words[2]).name.partition("-")[0]] = int(path.parent.name)
    return found


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, s3: S3) -> Iterator[Gateway]:
    """The seed's gateway, enabled, with what it names: a registered model, and one in S3."""
    data = tmp_path_factory.mktemp("gateway")
    programs = need.environment("mlflow-3.17.2")
    client = MlflowClient("3.17.2", programs, data)
    bucket, port = s3.create_bucket(), free_port()
    block = COMPLETE[COMPLETE.index("  gateway:\n") :].replace("enabled: false", "enabled: true")
    config = data / "settings.yaml"
    config.write_text(
        f"mlflow:\n{block}".replace(":5001", f":{port}").replace("s3://models/", f"s3://{bucket}/")
    )
    _upload(s3, bucket, "fraud/latest", data / "by-hand")
    flags = (f"--config={config}", "--workers=2", "--static-prefix=/mlflow")
    env = {**QUICK, **s3.environment, "MILEPOST_GATEWAY_PYTHON": str(programs / "python")}
    server = new_server(data, None, flags, env)
    server.start()
    facts: dict[str, Any] = {}
    running = Gateway(server, facts, f"http://127.0.0.1:{port}")
    try:
        assert running.ask().status_code == 503, "there is no model yet"
        arguments = (running.url, "sentiment-analysis", "sentiment")
        facts |= client.run(SCRIPT, f"{server.url}/mlflow", *arguments)
        yield running
    finally:
        server.kill()


def _upload(s3: S3, bucket: str, key: str, folder: Path) -> None:
    write_model(folder, CODE)
    store = boto3.client(
        "s3", endpoint_url=s3.endpoint, region_name="us-east-1",
        aws_access_key_id=s3.access_key, aws_secret_access_key=s3.secret_key,
    )  # fmt: skip
    for path in folder.rglob("*"):
        if path.is_file():
            store.upload_file(str(path), bucket, f"{key}/{path.relative_to(folder)}")


def test_both_routes_of_the_seed_answer(gateway: Gateway) -> None:
    assert gateway.facts["answer"] == {"predictions": ["one a"]}
    assert gateway.facts["endpoints"][0] == ["sentiment-analysis", "models:/sentiment/production"]
    until(lambda: gateway.says("fraud", "fraud-detection"))
    # One for each route, whatever the number of workers; nobody else may reach them.
    assert sorted(model_servers(gateway.server)) == ["0", "1"]
    bad = gateway.ask(column="texts")
    assert (bad.status_code, bad.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    served = gateway.details()["gateway"]
    assert served["sentiment-analysis"]["serving"] == "models:/sentiment/1"
    assert served["fraud-detection"]["state"] == "serving"


def test_a_promoted_version_takes_over_and_no_request_is_refused(gateway: Gateway) -> None:
    answers: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answer = gateway.ask()
            answers.append(answer.text if answer.status_code == 200 else f"refused {answer}")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    old = model_servers(gateway.server)["0"]
    gateway.promote(2)
    until(lambda: gateway.says("two"))
    until(lambda: not Path(f"/proc/{old}").exists())
    done.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {'{"predictions": ["one a"]}', '{"predictions": ["two a"]}'}


def test_a_model_server_that_is_frozen(gateway: Gateway) -> None:
    process = model_servers(gateway.server)["0"]
    os.kill(process, signal.SIGSTOP)
    try:
        # Each worker has a breaker of its own, and one of them gets two of these.
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _: gateway.ask(), range(3)))
        assert [answer.status_code for answer in answers] == [503] * 3
        assert all("did not answer within 5 sec" in a.json()["message"] for a in answers)
        until(lambda: f"{BREAKER}: closed -> open" in gateway.server.log)
    finally:
        os.kill(process, signal.SIGCONT)
    until(lambda: gateway.says("two"))
    until(lambda: gateway.says("two") and f"{BREAKER}: half_open -> closed" in gateway.server.log)


def test_a_model_server_that_is_killed_is_replaced(gateway: Gateway) -> None:
    killed = model_servers(gateway.server)["0"]
    os.kill(killed, signal.SIGKILL)
    until(lambda: gateway.ask().status_code == 503)
    until(lambda: gateway.says("two"))
    assert model_servers(gateway.server)["0"] != killed
    assert "models:/sentiment/2: it was ended by SIGKILL" in gateway.server.log


def test_model_servers_end_with_the_server_however_it_ends(gateway: Gateway) -> None:
    processes = model_servers(gateway.server).values()
    os.kill(gateway.server.process.pid, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes))
