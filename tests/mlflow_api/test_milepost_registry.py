"""History, approvals and Milepost's own webhook events over HTTP, and what is refused there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

MLFLOW, OWN = "/api/2.0/mlflow/", "/api/3.0/milepost/"
REQUESTS = f"{OWN}registered-models/transition-requests"


@pytest.fixture(scope="module")
def client(milepost_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=milepost_url, timeout=60, trust_env=False) as opened:
        yield opened


@pytest.fixture
def name(client: httpx.Client) -> str:
    """A model with one version."""
    made = f"net {uuid4().hex}"
    post(client, f"{MLFLOW}registered-models/create", {"name": made})
    post(client, f"{MLFLOW}model-versions/create", {"name": made, "source": "s3://b/p"})
    return made


def post(client: httpx.Client, url: str, body: Any) -> Any:
    reply = client.post(url, json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def refused(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error_code"]


def move(client: httpx.Client, name: str, stage: str, **more: Any) -> httpx.Response:
    body = {"name": name, "version": "1", "stage": stage, **more}
    return client.post(f"{MLFLOW}model-versions/transition-stage", json=body)


def test_a_comment_goes_to_the_history(client: httpx.Client, name: str) -> None:
    assert move(client, name, "Staging", comment="why not").status_code == 200
    body = {"name": name, "version": "1", "comment": "never"}
    assert client.request("DELETE", f"{MLFLOW}model-versions/delete", json=body).is_success
    url = f"{OWN}registered-models/history"
    changes = client.get(url, params={"name": name}).json()["changes"]
    assert [(c["action"], c.get("comment")) for c in changes] == [
        ("version.deleted", "never"),
        ("stage.changed", "why not"),
        ("version.created", None),
        ("model.created", None),
    ]


def test_a_model_can_demand_an_approval(client: httpx.Client, name: str) -> None:
    policy = {"name": name, "production_needs_approval": True}
    assert post(client, f"{OWN}registered-models/policy", policy) == policy
    assert refused(move(client, name, "Production")) == (403, "PERMISSION_DENIED")
    asked = post(client, REQUESTS, {"name": name, "version": "1", "stage": "Production"})
    number = asked["transition_request"]["id"]
    done = post(client, f"{REQUESTS}/{number}/approve", {"comment": "fine"})["transition_request"]
    assert (done["state"], done["decision_comment"]) == ("APPROVED", "fine")
    found = client.get(f"{MLFLOW}model-versions/get", params={"name": name, "version": 1}).json()
    assert found["model_version"]["current_stage"] == "Production"
    again = client.post(f"{REQUESTS}/{number}/reject", json={})
    assert refused(again) == (400, "INVALID_STATE")


def test_nothing_leads_to_production_but_an_approval(client: httpx.Client, name: str) -> None:
    def moved(number: int, stage: str) -> None:
        body = {"name": name, "version": str(number), "stage": stage}
        post(client, f"{MLFLOW}model-versions/transition-stage", body)

    moved(1, "Production")
    post(
        client, f"{OWN}registered-models/policy", {"name": name, "production_needs_approval": True}
    )
    copied = {"name": name, "source": f"models:/{name}/1"}
    staged = {"stage": "Production", "current_stage": "Production"}
    for source in (copied, {"name": name, "source": "s3://b/p"}):
        made = post(client, f"{MLFLOW}model-versions/create", {**source, **staged})
        assert made["model_version"]["current_stage"] == "None"
    update = {"name": name, "version": "2", "description": "d", **staged}
    client.patch(f"{MLFLOW}model-versions/update", json=update)
    moved(2, "Staging")
    for spelling in ("Production", "production", "PRODUCTION"):
        for archive in (False, True):
            body = {"version": "2", "archive_existing_versions": archive}
            assert refused(move(client, name, spelling, **body)) == (403, "PERMISSION_DENIED")
    renamed = f"{name} renamed"
    post(client, f"{MLFLOW}registered-models/rename", {"name": name, "new_name": renamed})
    assert refused(move(client, renamed, "Production", version="2")) == (403, "PERMISSION_DENIED")
    asked = {"name": renamed, "stages": ["Production"]}
    found = post(client, f"{MLFLOW}registered-models/get-latest-versions", asked)
    assert [v["version"] for v in found["model_versions"]] == ["1"]


def test_who_asked_cannot_approve_by_any_name(client: httpx.Client, name: str) -> None:
    def decided(number: str, verb: str, user: str) -> httpx.Response:
        auth = httpx.BasicAuth(user, "x") if user else httpx.USE_CLIENT_DEFAULT
        return client.post(f"{REQUESTS}/{number}/{verb}", json={}, auth=auth)

    body = {"name": name, "version": "1", "stage": "Production"}
    asked = client.post(REQUESTS, json=body, auth=("ann", "x")).json()["transition_request"]
    assert asked["requested_by"] == "ann"
    for user in ("ann", ""):
        assert refused(decided(asked["id"], "approve", user)) == (403, "PERMISSION_DENIED")
    assert (
        decided(asked["id"], "approve", "bob").json()["transition_request"]["decided_by"] == "bob"
    )
    changes = client.get(f"{OWN}registered-models/history", params={"name": name}).json()["changes"]
    assert [(c["actor"], c["action"]) for c in changes[:3]] == [
        ("bob", "stage.changed"),
        ("bob", "stage.approved"),
        ("ann", "stage.requested"),
    ]


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (REQUESTS, {"version": "1", "stage": "Staging"}),
        (REQUESTS, {"name": "$name", "version": "x", "stage": "Staging"}),
        (REQUESTS, {"name": "$name", "version": "1", "stage": "Heaven"}),
        (f"{REQUESTS}/abc/approve", {}),
        (f"{REQUESTS}/{'9' * 30}/approve", {}),
        (f"{OWN}registered-models/policy", {"name": "$name"}),
        (f"{OWN}registered-models/policy", {"name": "$name", "production_needs_approval": "so"}),
        (
            f"{MLFLOW}registered-models/set-tag",
            {"name": "$name", "key": "k", "value": "v", "comment": "c" * 10_001},
        ),
        (f"{MLFLOW}registered-models/set-tag", {"name": "$name", "key": "k", "comment": 5}),
    ],
)
def test_bad_changes(client: httpx.Client, name: str, url: str, body: dict[str, Any]) -> None:
    filled = {key: name if value == "$name" else value for key, value in body.items()}
    assert refused(client.post(url, json=filled)) == (400, "INVALID_PARAMETER_VALUE")
    history = client.get(f"{OWN}registered-models/history", params={"name": name}).json()
    assert len(history["changes"]) == 2


@pytest.mark.parametrize(
    ("route", "query", "answer"),
    [
        ("registered-models/history", {}, (400, "INVALID_PARAMETER_VALUE")),
        ("registered-models/history", {"name": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("registered-models/history", {"max_results": 0}, (400, "INVALID_PARAMETER_VALUE")),
        ("registered-models/history", {"version": "x"}, (400, "INVALID_PARAMETER_VALUE")),
        ("registered-models/history", {"page_token": "x"}, (400, "INVALID_PARAMETER_VALUE")),
        ("registered-models/transition-requests", {"state": "x"}, (400, "INVALID_PARAMETER_VALUE")),
        (
            "registered-models/transition-requests",
            {"name": "none"},
            (404, "RESOURCE_DOES_NOT_EXIST"),
        ),
        ("registered-models/policy", {"name": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("lineage/model-version", {"version": "9"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("lineage/run", {"run_id": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("lineage/dataset", {"digest": "d"}, (400, "INVALID_PARAMETER_VALUE")),
        ("lineage/commit", {}, (400, "INVALID_PARAMETER_VALUE")),
        ("webhooks/none/deliveries", {}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ],
)
def test_bad_questions(
    client: httpx.Client, name: str, route: str, query: dict[str, Any], answer: tuple[int, str]
) -> None:
    named = {"name": name} if query and "digest" not in query else {}
    assert refused(client.get(f"{OWN}{route}", params={**named, **query})) == answer


def test_mlflow_clients_do_not_see_events_they_cannot_read(client: httpx.Client) -> None:
    stages = [{"entity": "MODEL_VERSION_STAGE", "action": "CHANGED"}]
    body = {"name": "hook", "url": "https://93.184.215.14/", "secret": "s", "events": stages}
    made = post(client, f"{MLFLOW}webhooks", body)["webhook"]
    assert "events" not in made
    assert made["milepost_events"] == stages
    assert "secret" not in made
    urls = {f"{MLFLOW}webhooks": False, f"{OWN}webhooks": True}
    for url, shown in urls.items():
        listed = client.get(url, params={"max_results": 1000}).json().get("webhooks", [])
        assert (made["webhook_id"] in [w["webhook_id"] for w in listed]) is shown
