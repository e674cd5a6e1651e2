"""The gateway in front of a model server that hangs, lies and babbles."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.parts.daemon import free_port
from tests.parts.milepost import COMMAND, MilepostServer, new_server
from tests.parts.model_server import Model, model_server

QUICK = {
    "MILEPOST_BREAKER_FAILURE_THRESHOLD": "3",
    "MILEPOST_BREAKER_RESET_TIMEOUT": "500ms",
    "MILEPOST_HEALTH_CHECK_INTERVAL": "200ms",
    "MILEPOST_MAX_BODY_BYTES": str(24 << 20),
    "MILEPOST_ALERT_INTERVAL": "100ms",
}
MIB = 1 << 20


@dataclass(frozen=True)
class Gateway:
    """A server with a gateway, and the model behind its routes."""

    server: MilepostServer
    model: Model
    port: int

    def ask(self, route: str, do: str = "echo", **more: Any) -> httpx.Response:
        url = f"{self.server.url}/gateway/{route}/invocations"
        more.setdefault("content", b"{}")
        return httpx.post(url, params={"do": do}, trust_env=False, timeout=60, **more)

    def details(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.server.url}/health/details", timeout=60).json()
        return found

    def breaker(self, route: str) -> str:
        return str(self.details()["breakers"][f"gateway route {route}"])

    def metric(self, pattern: str) -> float:
        text = httpx.get(f"{self.server.url}/metrics", timeout=60).text
        found = re.search(rf"^{pattern} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0


def until(check: Callable[[], Any]) -> Any:
    """The first true result of `check`."""
    give_up = time.monotonic() + 60
    while not (found := check()):
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    data = tmp_path_factory.mktemp("gateway")
    with model_server() as model:
        names = {"well": "60s", "slow": "300ms", "broken": "60s", "other": "60s"}
        routes = [
            {"name": n, "model_uri": "models:/m/1", "server": model.url, "timeout": seconds}
            for n, seconds in names.items()
        ]
        gone = f"http://127.0.0.1:{free_port()}"
        routes.append({"name": "gone", "model_uri": "models:/m@best", "server": gone})
        port = free_port()
        uri = f"http://localhost:{port}/ai"
        alert = {"name": "asked", "condition": "count(mlflow_model_inference_seconds) > 0"}
        config = data / "settings.json"
        settings = {"gateway": {"enabled": True, "uri": uri, "routes": routes}, "alerts": [alert]}
        config.write_text(json.dumps(settings))
        server = new_server(data, None, (f"--config={config}",), QUICK)
        server.start()
        yield Gateway(server, model, port)
        server.stop()
        assert "Traceback" not in server.log


def test_a_request_reaches_the_model_without_what_is_for_milepost(gateway: Gateway) -> None:
    headers = {"Content-Type": "text/csv", "Cookie": "session=1", "X-Forwarded-User": "ann",
               "X-Request-ID": "mine-7"}  # fmt: skip
    answer = gateway.ask("well", content=b"a\n1\n", headers=headers, auth=("ann", "password"))
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["size"], seen["path"]) == (4, "/below/invocations?do=echo")
    assert seen["headers"]["content-type"] == "text/csv"
    assert seen["headers"]["x-request-id"] == "mine-7"
    assert "cookie" not in seen["headers"]
    assert "x-forwarded-user" not in seen["headers"]
    # The credentials are those of the route, not those of the caller.
    assert seen["headers"]["authorization"] == httpx.BasicAuth("user", "secret")._auth_header
    assert "set-cookie" not in answer.headers
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_large_body_goes_through_in_pieces(gateway: Gateway) -> None:
    def memory() -> int:
        status = Path(f"/proc/{gateway.server.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024

    gateway.ask("well")
    before = memory()
    pieces = [b"x" * MIB] * 20
    assert gateway.ask("well", content=iter(pieces)).json()["size"] == 20 * MIB
    assert gateway.ask("well", content=b"".join(pieces)).json()["size"] == 20 * MIB
    assert memory() - before < 12


@pytest.mark.parametrize("body", [b"x" * (25 * MIB), [b"x" * MIB] * 25], ids=["told", "chunked"])
def test_a_body_over_the_limit(gateway: Gateway, body: Any) -> None:
    answer = gateway.ask("well", content=iter(body) if isinstance(body, list) else body)
    assert (answer.status_code, answer.json()["error_code"]) == (413, "INVALID_PARAMETER_VALUE")
    assert gateway.breaker("well") == "closed"


def test_an_answer_is_passed_on_as_it_comes(gateway: Gateway) -> None:
    url = f"{gateway.server.url}/gateway/well/invocations?do=stream"
    with httpx.stream("POST", url, content=b"{}", timeout=60) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"first"
        gateway.model.go_on.set()
        assert b"".join(pieces) == b"second"


def test_what_a_model_says_about_bad_input_is_its_answer(gateway: Gateway) -> None:
    for _ in range(4):
        answer = gateway.ask("well", "bad")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "BAD_REQUEST")
    assert gateway.breaker("well") == "closed"
    early = gateway.ask("well", "early", content=b"x" * 8 * MIB)
    assert early.status_code == 413


def test_a_model_that_hangs_opens_the_breaker_of_its_route_and_of_no_other(
    gateway: Gateway,
) -> None:
    for _ in range(3):
        late = gateway.ask("slow", "hang")
        assert (late.status_code, late.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert "did not answer within 0.3 seconds" in late.json()["message"]
    assert gateway.breaker("slow") == "open"
    assert gateway.metric(r'mlflow_circuit_breaker_state\{part="gateway route slow"\}') == 2
    # Hanging is not pinging, which goes on succeeding and closes nothing.
    assert gateway.details()["parts"]["gateway route slow"]["ok"]
    ping = f"{gateway.server.url}/gateway/slow/ping"
    assert httpx.get(ping).status_code == 200
    assert gateway.breaker("slow") != "closed"
    assert gateway.ask("other").status_code == 200
    assert "is not answering" in until(
        lambda: (
            (m := gateway.ask("slow", "hang").json()["message"]) and "is not answering" in m and m
        )
    )
    until(lambda: gateway.ask("slow").status_code == 200)
    assert gateway.breaker("slow") == "closed"
    assert "circuit breaker of the gateway route slow: closed -> open" in gateway.server.log
    assert "circuit breaker of the gateway route slow: open -> half_open" in gateway.server.log


def test_a_request_that_is_given_up_is_given_up_at_the_model(gateway: Gateway) -> None:
    until(lambda: gateway.ask("slow").status_code == 200)
    gateway.model.deserted.clear()
    assert gateway.ask("slow", "hang").status_code == 503
    assert gateway.model.deserted.wait(60)
    gateway.model.deserted.clear()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{gateway.server.url}/gateway/well/invocations?do=hang", timeout=0.5)
    assert gateway.model.deserted.wait(60)
    assert gateway.breaker("well") == "closed"


@pytest.mark.parametrize(("do", "what"), [
    ("vanish", "broke off"), ("babble", "broke off"),
])  # fmt: skip
def test_no_answer_worth_the_name(gateway: Gateway, do: str, what: str) -> None:
    until(lambda: gateway.ask("broken").status_code == 200)
    answer = gateway.ask("broken", do)
    assert answer.status_code == 503
    assert what in answer.json()["message"]


def test_an_answer_that_breaks_off_does_so_for_the_client(gateway: Gateway) -> None:
    until(lambda: gateway.ask("broken").status_code == 200)
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.ask("broken", "cut")


def test_a_model_server_that_says_it_is_down_counts_as_down(gateway: Gateway) -> None:
    until(lambda: gateway.ask("broken").status_code == 200)
    answers = [gateway.ask("broken", "down") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert answers[0].json() == {"message": "warming up"}
    assert gateway.breaker("broken") == "open"


def test_nobody_listens(gateway: Gateway) -> None:
    message = gateway.ask("gone").json()["message"]
    assert message.startswith("The model server of the gateway route gone cannot be reached")
    details = gateway.details()
    assert details["status"] == "DEGRADED"
    assert not details["parts"]["gateway route gone"]["ok"]


def test_no_such_route(gateway: Gateway) -> None:
    answer = gateway.ask("nope")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    url = f"{gateway.server.url}/gateway/well/invocations"
    assert httpx.get(url).status_code == 405
    assert httpx.get(f"{gateway.server.url}/gateway/well/ping").status_code == 200
    # Pages of others may not ask.
    assert httpx.post(url, headers={"Origin": "https://evil.example"}).status_code == 403
    assert gateway.metric(r'mlflow_gateway_requests_total\{route="nope",.*') == 0


def test_its_own_port_has_the_gateway_and_nothing_else(gateway: Gateway) -> None:
    base = f"http://127.0.0.1:{gateway.port}"
    assert httpx.post(f"{base}/ai/gateway/well/invocations", content=b"{}").status_code == 200
    assert httpx.post(f"{base}/ai/endpoints/well/invocations", content=b"{}").status_code == 200
    assert httpx.get(f"{base}/ai/health").text == "OK"
    listed = httpx.get(f"{base}/ai/api/2.0/endpoints/").json()["endpoints"]
    assert [e["name"] for e in listed] == ["well", "slow", "broken", "other", "gone"]
    assert listed[0]["model"]["name"] == "models:/m/1"
    for path in ("/", "/metrics", "/api/2.0/mlflow/experiments/get?experiment_id=0"):
        assert httpx.get(f"{base}{path}").status_code == 404
        assert httpx.get(f"{base}/ai{path}").status_code == 404


def test_commands_tell_of_it(gateway: Gateway) -> None:
    def milepost(*words: str) -> str:
        command = [str(COMMAND), *words, f"--config={gateway.server.data / 'settings.json'}"]
        port = gateway.server.url.rpartition(":")[2]
        command += [f"--port={port}", f"--data-dir={gateway.server.data}"]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout

    asked = f"http://localhost:{gateway.port}/ai/gateway/well/invocations"
    assert json.loads(milepost("info", "--json"))["gateway"]["well"] == asked
    status = milepost("status")
    assert re.search(r"gateway route well +ok, \d+ ms, serving models:/m/1", status)
    assert re.search(r"gateway route gone +its model server does not answer", status)
    doctor = milepost("doctor")
    assert f"[ ok ] gateway port: a server answers on 127.0.0.1:{gateway.port}" in doctor
    assert "[ ok ] gateway route well: its model server answers" in doctor
    assert "[warn] gateway route gone: its model server does not answer" in doctor


def test_the_time_a_model_takes_is_measured_and_watched(gateway: Gateway) -> None:
    measured = r'mlflow_model_inference_seconds_count\{route="other"\}'
    counted = r'mlflow_gateway_requests_total\{route="other",status="%s"\}'
    before = [gateway.metric(name) for name in (measured, counted % 200, counted % 413)]
    gateway.ask("other")
    gateway.ask("other", content=b"x" * 25 * MIB)
    after = [gateway.metric(name) for name in (measured, counted % 200, counted % 413)]
    assert after == [number + 1 for number in before]
    alerts = gateway.server.data / "alerts.jsonl"
    until(lambda: alerts.exists() and '"alert":"asked","state":"firing"' in alerts.read_text())
