"""Whatever comes down the wire: a refusal in MLflow's shape, nothing changed, the server up."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.parts.milepost import MilepostServer, StartMilepost, new_server

API = "/api/2.0/mlflow/"
LIMIT = 100_000


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def error(self) -> Any:
        """The MLflow error of a JSON reply."""
        assert self.headers["content-type"] == "application/json", self
        message = json.loads(self.body)
        assert set(message) == {"error_code", "message"}
        return message


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilepostServer]:
    data = tmp_path_factory.mktemp("milepost")
    flags = (f"--max-body-bytes={LIMIT}", "--body-timeout=2")
    started = new_server(data, f"sqlite:///{data / 'milepost.db'}", flags, {})
    started.start()
    yield started
    started.stop()


@pytest.fixture
def run_id(server: MilepostServer, client: httpx.Client) -> Iterator[str]:
    """A run that looks the same after the test, on a server that is as well as before."""
    body = {"experiment_id": "0", "run_name": "untouched"}
    made = client.post(f"{API}runs/create", json=body).json()
    found: str = made["run"]["info"]["run_id"]
    before = _state(client, found)
    log = server.log
    yield found
    assert _state(client, found) == before
    assert "Traceback" not in server.log.removeprefix(log)


def _state(client: httpx.Client, run_id: str) -> Any:
    run = client.get(f"{API}runs/get", params={"run_id": run_id}).json()
    return run, client.post(f"{API}experiments/search", json={"max_results": 1000}).json()


def _send(server: MilepostServer, *parts: bytes) -> Reply:
    """The reply to raw bytes; the client then says no more but waits."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        reader = connection.makefile("rb")
        status = reader.readline()
        assert status.startswith(b"HTTP/1.1 "), status
        headers: dict[str, str] = {}
        while line := reader.readline().strip():
            name, _, value = line.decode("latin-1").partition(": ")
            headers[name.lower()] = value
        is_head = parts[0].startswith(b"HEAD ")
        body = b"" if is_head else reader.read(int(headers.get("content-length", 0)))
    assert b"Traceback" not in body
    return Reply(int(status.split()[1]), headers, body)


def _request(
    method: str, path: str, body: bytes = b"", kind: str = "application/json", **headers: str
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1"]
    if "host" not in headers:
        lines.append("host: 127.0.0.1")
    if body or method == "POST":
        lines += [f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


BODIES = {
    "half an object": b'{"run_id": "RUN", "key": "k"',
    "a stray comma": b'{"run_id": "RUN", "key": "k", "value": "v",}',
    "single quotes": b"{'run_id': 'RUN', 'key': 'k', 'value': 'v'}",
    "two objects": b'{"run_id": "RUN", "key": "k", "value": "v"}{}',
    "a list": b'[{"run_id": "RUN", "key": "k", "value": "v"}]',
    "a number": b"5",
    "a control character": b'{"run_id": "RUN", "key": "k", "value": "a\x01b"}',
    "a NUL byte": b'{"run_id": "RUN", "key": "k", "value": "a\x00b"}',
    "an escaped NUL": b'{"run_id": "RUN", "key": "k", "value": "a\\u0000b"}',
    "an escaped NUL in a key": b'{"run_id": "RUN", "key": "k\\u0000", "value": "v"}',
    "half a surrogate pair": b'{"run_id": "RUN", "key": "k", "value": "\\ud800"}',
    "bytes that are no UTF-8": b'{"run_id": "RUN", "key": "k", "value": "\xff\xfe"}',
    "UTF-16": '{"run_id": "RUN", "key": 5}'.encode("utf-16"),
    "deep lists": b'{"run_id": "RUN", "key": ' + b"[" * (LIMIT - 100),
    "deep objects": b'{"run_id": "RUN", "x": ' + b'{"a":' * 15000 + b"1" + b"}" * 15001,
    "a string in a string in a string": json.dumps(json.dumps(json.dumps("{}"))).encode(),
    "a number with five thousand digits": b'{"run_id": "RUN", "key": ' + b"9" * 5000 + b"}",
    "wrong types": b'{"run_id": {"a": 1}, "key": [], "value": 5}',
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(server: MilepostServer, run_id: str, name: str) -> None:
    body = BODIES[name].replace(b"RUN", run_id.encode())
    reply = _send(server, _request("POST", f"{API}runs/set-tag", body))
    assert reply.status == 400
    assert reply.error()["error_code"] == "INVALID_PARAMETER_VALUE"


PATHS = ("experiments/create", "runs/create", "runs/log-metric", "runs/log-batch", "runs/search")


@pytest.mark.parametrize("path", PATHS)
def test_every_kind_of_body_everywhere(server: MilepostServer, run_id: str, path: str) -> None:
    for body in (
        b"[]",
        b"{",
        b"\xff",
        b'{"name": 5, "experiment_id": 5, "run_id": 5, "filter": 5}',
    ):
        reply = _send(server, _request("POST", API + path, body))
        assert reply.status == 400, (body, reply)
        reply.error()


def test_a_body_over_the_limit(server: MilepostServer, run_id: str) -> None:
    value = "x" * LIMIT
    body = json.dumps({"run_id": run_id, "key": "k", "value": value}).encode()
    assert _send(server, _request("POST", f"{API}runs/set-tag", body)).status == 413


def test_a_body_that_only_claims_to_be_over_the_limit(server: MilepostServer, run_id: str) -> None:
    head = _request("POST", f"{API}runs/set-tag").replace(
        b"content-length: 0", b"content-length: 99999999999"
    )
    reply = _send(server, head + b"{")
    assert reply.status in (400, 413)
    reply.error()


def test_a_chunked_body_over_the_limit(server: MilepostServer, run_id: str) -> None:
    head = _request("POST", f"{API}runs/set-tag").replace(
        b"content-length: 0", b"transfer-encoding: chunked"
    )
    chunk = b"%x\r\n" % 50_000 + b" " * 50_000 + b"\r\n"
    assert _send(server, head, chunk, chunk, chunk).status == 413


def test_a_body_that_never_ends(server: MilepostServer, run_id: str) -> None:
    head = _request("POST", f"{API}runs/set-tag").replace(
        b"content-length: 0", b"content-length: 50"
    )
    reply = _send(server, head, b'{"run_id": ')
    assert reply.status == 400
    assert "did not arrive" in reply.error()["message"]


def test_a_client_that_goes_away(server: MilepostServer, run_id: str) -> None:
    address = urlsplit(server.url)
    head = _request("POST", f"{API}runs/set-tag").replace(
        b"content-length: 0", b"content-length: 50"
    )
    for sent in (b"", b"P", head, head + b"{"):
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(sent)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_content_types(server: MilepostServer, run_id: str, kind: str) -> None:
    body = json.dumps({"run_id": run_id, "key": "k", "value": "v"}).encode()
    reply = _send(server, _request("POST", f"{API}runs/set-tag", body, kind))
    assert reply.status == 400
    assert "Content-Type" in reply.error()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/none", "/api/2.0/mlflow/none", "/api/2.0/mlflow/runs/get/", "/api/2.0/mlflow/../health",
        "/api/2.0/mlflow/runs/../runs/get", "//health", "/health/..", "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd", "/static-files/../../../etc/passwd",
        "/api/2.0/mlflow/runs/get%00", "/api/2.0/mlflow/" + "a/" * 2000, "/\\..\\..\\etc",
        "/api/2.0/mlflow-artifacts/none/../../../etc/passwd",
    ],
)  # fmt: skip
def test_unknown_routes_are_no_json(server: MilepostServer, run_id: str, path: str) -> None:
    reply = _send(server, _request("GET", path))
    assert reply.status == 404
    assert reply.headers["content-type"].startswith("text/html")
    assert b"root:" not in reply.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "runs/create"), ("PUT", "runs/create"), ("DELETE", "experiments/get"),
        ("PATCH", "runs/update"), ("TRACE", "runs/get"), ("POST", "runs/get"),
    ],
)  # fmt: skip
def test_other_methods(server: MilepostServer, run_id: str, method: str, path: str) -> None:
    reply = _send(server, _request(method, API + path, b"{}"))
    assert reply.status == 405
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["allow"]


def test_head_and_options(server: MilepostServer, run_id: str) -> None:
    head = _send(server, _request("HEAD", "/health"))
    assert (head.status, head.headers["content-length"]) == (200, "2")
    options = _send(server, _request("OPTIONS", f"{API}runs/create"))
    assert options.status == 204
    assert "POST" in options.headers["allow"]


@pytest.mark.parametrize(
    "start",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
    ],
)
def test_what_is_no_http(server: MilepostServer, run_id: str, start: bytes) -> None:
    assert _send(server, start).status == 400


def test_hosts_and_origins(server: MilepostServer, run_id: str) -> None:
    body = json.dumps({"run_id": run_id, "key": "k", "value": "v"}).encode()
    for extra in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        reply = _send(server, _request("POST", f"{API}runs/set-tag", body, **extra))
        assert reply.status == 403, extra
        assert reply.headers["content-type"].startswith("text/plain")
    assert _send(server, _request("GET", "/health", host="evil.example")).status == 200


def test_our_own_pages_may_post(server: MilepostServer) -> None:
    """Whatever address of this machine they were opened at; proxies drop the port."""
    body = json.dumps({"max_results": 1}).encode()
    for host, origin, status in (
        ("192.168.1.7:5000", "http://192.168.1.7:5000", 200),
        ("192.168.1.7", "https://192.168.1.7:8443", 200),
        ("192.168.1.7", "http://192.168.1.8", 403),
        ("192.168.1.7", "192.168.1.7", 403),
    ):
        sent = _request("POST", f"{API}experiments/search", body, host=host, origin=origin)
        assert _send(server, sent).status == status, (host, origin)


@pytest.mark.parametrize(
    "query",
    ["run_id=%00", "run_id=%ff%fe", "run_id=" + "x" * 20000, "run_id=..%2f..", "run_id=%27OR%201"],
)
def test_queries(server: MilepostServer, run_id: str, query: str) -> None:
    reply = _send(server, _request("GET", f"{API}runs/get?{query}"))
    assert reply.status in (400, 404)
    reply.error()


def test_one_mistake_alone_on_every_database(
    store_uri: str, milepost_server: StartMilepost
) -> None:
    """Alone in its group commit, so that nothing is left to be written."""
    with httpx.Client(base_url=milepost_server(store_uri).url + API, trust_env=False) as client:
        made = client.post("runs/create", json={"experiment_id": "0"}).json()
        run = {"run_id": made["run"]["info"]["run_id"]}
        point = {"key": "k?", "value": 1, "timestamp": 1}
        for path, body in (
            ("runs/log-metric", {**run, **point}),
            ("runs/log-parameter", {**run, "key": "k" * 251, "value": "v"}),
            ("runs/set-tag", {**run, "key": "a//b", "value": "v"}),
            ("runs/log-batch", {**run, "metrics": [point]}),
            ("runs/log-batch", {**run, "params": [{"key": "p", "value": "v"}] * 2}),
            ("runs/log-inputs", {**run, "datasets": [{"dataset": {"name": "n" * 501}}]}),
            ("runs/create", {"experiment_id": "0", "tags": [{"key": "k" * 251, "value": "v"}]}),
            ("experiments/create", {"name": "n" * 501}),
            ("registered-models/create", {"name": "a/b"}),
            ("logged-models", {"experiment_id": "0", "name": "a.b"}),
        ):
            reply = client.post(path, json=body)
            assert reply.status_code == 400, (path, body, reply.text)
            assert reply.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_a_pattern_of_wildcards_on_every_database(
    store_uri: str, milepost_server: StartMilepost
) -> None:
    """Some database gives up on it; that is no reason for clients to try again."""
    with httpx.Client(base_url=milepost_server(store_uri).url + API, trust_env=False) as client:
        tags = [{"key": "t", "value": "v" * 8000}]
        client.post("runs/create", json={"experiment_id": "0", "tags": tags})
        filter_ = f"tags.t LIKE '{'%v' * 2500}x'"
        reply = client.post("runs/search", json={"experiment_ids": ["0"], "filter": filter_})
        assert reply.status_code in (200, 400), reply.text
        assert reply.json().get("runs", []) == []


def test_text_that_no_store_can_keep(store_uri: str, milepost_server: StartMilepost) -> None:
    """Refused alike on every database; what only looks like it is kept."""
    with httpx.Client(base_url=milepost_server(store_uri).url + API, trust_env=False) as client:
        made = client.post("runs/create", json={"experiment_id": "0", "run_name": "r"}).json()
        run = made["run"]["info"]["run_id"]
        tag = {"key": "k", "value": "a\0b"}
        for path, body in (
            ("experiments/create", {"name": "a\0b"}),
            ("experiments/create", {"name": "ok", "tags": [tag]}),
            ("runs/create", {"experiment_id": "0", "run_name": "a\0b"}),
            ("runs/create", {"experiment_id": "0", "user_id": "a\0b"}),
            ("runs/log-parameter", {"run_id": run, "key": "p", "value": "a\0b"}),
            ("runs/log-parameter", {"run_id": run, "key": "p\0", "value": "a"}),
            ("runs/log-parameter", {"run_id": run + "\0", "key": "p", "value": "a"}),
            ("runs/log-batch", {"run_id": run, "tags": [{"key": "ok", "value": "v"}, tag]}),
            ("runs/search", {"experiment_ids": ["0"], "filter": "params.p = 'a\0b'"}),
        ):
            reply = client.post(path, json=body)
            assert reply.status_code == 400, (path, body, reply.text)
            assert reply.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        kept = client.post("runs/set-tag", json={"run_id": run, "key": "k", "value": "a\\u0000b"})
        assert kept.status_code == 200
        tags = client.get("runs/get", params={"run_id": run}).json()["run"]["data"]["tags"]
        assert {t["key"]: t["value"] for t in tags} == {"k": "a\\u0000b", "mlflow.runName": "r"}
