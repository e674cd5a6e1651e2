"""Metrics as others see them: the real Prometheus, several workers, ids in logs and answers."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.parts.milepost import COMMAND, MilepostServer, StartMilepost
from tests.seeds import guides


def get_experiment(server: MilepostServer, times: int) -> None:
    for _ in range(times):
        # A new connection each time, so that both workers get some.
        url = f"{server.url}/api/2.0/mlflow/experiments/get"
        assert httpx.get(url, params={"experiment_id": "0"}).status_code == 200


def counted(text: str, name: str, *labels: str) -> float:
    lines = [line for line in text.splitlines() if line.startswith(name + "{")]
    return sum(float(line.split()[-1]) for line in lines if all(one in line for one in labels))


def all_counted(server: MilepostServer, requests: int) -> str:
    """What /metrics says once every worker has written down what it did, which takes it a moment;
    a request that is counted twice would make it more than there were."""
    give_up = time.monotonic() + 60
    while True:
        text = httpx.get(f"{server.url}/metrics").text
        if counted(text, "mlflow_requests_total", ROUTE) >= requests:
            return text
        assert time.monotonic() < give_up, text
        time.sleep(0.1)


SCRAPING = guides.block("setup, 8.2 Metrics (Prometheus): yaml")
ROUTE = 'route="mlflow/experiments/get"'


def test_prometheus_scrapes_all_workers_as_one(
    postgres_uri: Callable[[], str],
    milepost_server: StartMilepost,
    promtool: Callable[..., str],
    prometheus: Callable[[str], str],
) -> None:
    often = {"MILEPOST_COLLECTION_INTERVAL": "1"}
    server = milepost_server(postgres_uri(), "--workers=2", env=often)
    get_experiment(server, 40)
    text = all_counted(server, 40)
    assert counted(text, "mlflow_requests_total", ROUTE, 'status="200"') == 40
    assert counted(text, "mlflow_request_duration_seconds_count", ROUTE) == 40
    assert counted(text, "mlflow_http_request_total", 'method="GET"', 'status="200"') >= 40
    assert "\nmlflow_active_experiments 1\n" in text
    assert "\nmlflow_artifacts_stored 0\n" in text
    promtool("check", "metrics", "--extended", text=text)
    base = prometheus(SCRAPING.replace("mlflow:5000", server.url.removeprefix("http://")))
    give_up = time.monotonic() + 60
    while True:
        query = {"query": f"sum(mlflow_requests_total{{{ROUTE}}})"}
        found = httpx.get(f"{base}/api/v1/query", params=query).json()["data"]["result"]
        if found and found[0]["value"][1] == "40":
            break
        assert time.monotonic() < give_up, found
        time.sleep(0.5)


def test_promtool_takes_the_alert_rules(promtool: Callable[..., str], tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(
        "alerts:\n"
        "  - {name: mlflow_slow_response, condition: response_time > 5000ms, action: oncall}\n"
        "  - {name: mlflow_errors, condition: error_rate > 5%, for: 5m}\n"
        "  - {name: mlflow_breaker, condition: mlflow_circuit_breaker_state == 2}\n"
    )
    command = [str(COMMAND), "config", "rules", "--config", str(config)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rules = tmp_path / "rules.yaml"
    rules.write_text(done.stdout)
    assert "3 rules found" in promtool("check", "rules", str(rules))


def test_a_request_keeps_its_id_or_gets_one(milepost_server: StartMilepost) -> None:
    server = milepost_server(env={"MILEPOST_SLOW_QUERY_MS": "0", "MILEPOST_LOG_FORMAT": "json"})
    url = f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0"
    assert httpx.get(url, headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    strange = {"X-Request-ID": "a b"}
    given = [httpx.get(url, headers=h).headers["x-request-id"] for h in ({}, strange)]
    assert len(set(given)) == 2
    assert all(re.fullmatch(r"[0-9a-f]+-[0-9a-f]+", one) for one in given)
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert any(
        one.get("request_id") == "mine-1" and "slow query" in one["message"] for one in lines
    )


def test_metrics_can_be_switched_off(milepost_server: StartMilepost) -> None:
    server = milepost_server(env={"MILEPOST_TELEMETRY_ENABLED": "false"})
    assert httpx.get(f"{server.url}/metrics").status_code == 404


def test_an_alert_of_a_running_server(milepost_server: StartMilepost, tmp_path: Path) -> None:
    config, log = tmp_path / "settings.yaml", tmp_path / "alerts.jsonl"
    config.write_text(
        "alerts: [{name: busy, condition: count(mlflow_requests_total) > 3, action: nobody}]\n"
        f"alerting: {{interval: 100ms, log: '{log}'}}\n"
    )
    server = milepost_server(None, f"--config={config}")
    give_up = time.monotonic() + 60
    # The line of the server's log comes after that of the alert log.
    while "there is no action nobody" not in server.log:
        get_experiment(server, 1)
        assert time.monotonic() < give_up
    event = json.loads(log.read_text().splitlines()[0])
    assert (event["alert"], event["state"]) == ("busy", "firing")
