"""Several servers on one database: numbers are given once, webhooks are told once, nothing is
lost when a server is killed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.parts.milepost import MilepostServer, StartMilepost
from tests.parts.receiver import Receiver, hang, reply

PRIVATE = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
HTTP = httpx.Client(timeout=60, trust_env=False)
EVENTS = [{"entity": "MODEL_VERSION", "action": "CREATED"}]


def call(server: MilepostServer, method: str, path: str, body: Any = None) -> Any:
    url = f"{server.url}/api/2.0/mlflow/{path}"
    reply = HTTP.request(method, url, json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def register(server: MilepostServer, name: str = "net") -> int:
    body = {"name": name, "source": "s3://b/p"}
    return int(call(server, "POST", "model-versions/create", body)["model_version"]["version"])


def test_two_servers_give_each_number_once(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    uri = postgres_uri()
    servers = [milepost_server(uri), milepost_server(uri)]
    call(servers[0], "POST", "registered-models/create", {"name": "net"})
    with ThreadPoolExecutor(16) as clients:
        numbers = list(clients.map(lambda i: register(servers[i % 2]), range(200)))
    assert sorted(numbers) == list(range(1, 201))
    found = call(servers[1], "GET", "model-versions/search?filter=name%3D'net'&max_results=300")
    assert {int(v["version"]) for v in found["model_versions"]} == set(range(1, 201))


def test_one_of_two_that_create_the_same_model_is_told_it_exists(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    uri = postgres_uri()
    servers = [milepost_server(uri), milepost_server(uri)]

    def create(i: int) -> str:
        url = f"{servers[i % 2].url}/api/2.0/mlflow/registered-models/create"
        reply = HTTP.post(url, json={"name": f"net {i // 8}"})
        return "made" if reply.status_code == 200 else str(reply.json()["error_code"])

    with ThreadPoolExecutor(8) as clients:
        outcomes = list(clients.map(create, range(160)))
    for i in range(0, 160, 8):
        assert sorted(outcomes[i : i + 8]) == ["RESOURCE_ALREADY_EXISTS"] * 7 + ["made"]


def test_two_servers_archive_and_promote_without_losing_each_other(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    uri = postgres_uri()
    servers = [milepost_server(uri), milepost_server(uri)]
    call(servers[0], "POST", "registered-models/create", {"name": "net"})
    for _ in range(10):
        register(servers[0])

    def promote(i: int) -> None:
        body = {"name": "net", "version": str(i % 10 + 1), "stage": "Production",
                "archive_existing_versions": True}  # fmt: skip
        call(servers[i % 2], "POST", "model-versions/transition-stage", body)

    with ThreadPoolExecutor(8) as clients:
        list(clients.map(promote, range(60)))
    found = call(servers[1], "GET", "model-versions/search?filter=name%3D'net'")["model_versions"]
    stages = [v["current_stage"] for v in found]
    assert stages.count("Production") == 1
    assert stages.count("Archived") == 9


def test_two_servers_tell_a_webhook_once(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost, receiver: Receiver
) -> None:
    uri = postgres_uri()
    servers = [milepost_server(uri, env=PRIVATE), milepost_server(uri, env=PRIVATE)]
    hook = {"name": "hook", "url": receiver.url, "events": EVENTS, "secret": "s3cret"}
    made = call(servers[0], "POST", "webhooks", hook)["webhook"]
    call(servers[0], "POST", "registered-models/create", {"name": "net"})
    for i in range(20):
        register(servers[i % 2])
    received = receiver.wait(20)
    assert sorted(int(r.data["version"]) for r in received) == list(range(1, 21))
    assert all(r.is_signed_with("s3cret") for r in received)
    assert "s3cret" not in str(made) + servers[0].log + servers[1].log


def test_no_message_is_lost_when_the_server_is_killed(
    milepost_server: StartMilepost, receiver: Receiver
) -> None:
    """The receiver took the message and never answered; nobody knows whether it counts."""
    server = milepost_server(env=PRIVATE)
    hook = {"name": "hook", "url": receiver.url, "events": EVENTS}
    made = call(server, "POST", "webhooks", hook)["webhook"]
    call(server, "POST", "registered-models/create", {"name": "net"})
    receiver.answer = hang(receiver)
    register(server)
    register(server)
    receiver.wait(1)
    server.kill()
    receiver.answer = lambda handler: reply(handler, 200, b"ok")
    server.start()
    received = receiver.wait(3)
    assert [r.data["version"] for r in received] == ["1", "1", "2"]
    assert received[0].id == received[1].id
    url = f"/api/3.0/milepost/webhooks/{made['webhook_id']}/deliveries"
    listed = HTTP.get(server.url + url).json()["deliveries"]
    assert [d["delivery_id"] for d in listed] == [received[2].id, received[0].id]
