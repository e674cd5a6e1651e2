"""Webhooks hear from Milepost what they hear from MLflow 3.17.2: the same events, the same data,
signed alike; and the same examples when tested."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from tests.differential.pair import Call, post
from tests.differential.registry import MODELS, PROMPT, VERSIONS, delete, model, tag, version
from tests.parts import mlflow
from tests.parts.milepost import new_server
from tests.parts.receiver import Received, Receiver, running

pytestmark = pytest.mark.xdist_group("mlflow_server")

OPEN = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
EVENTS = [
    {"entity": entity, "action": action}
    for entity, actions in {
        "REGISTERED_MODEL": ["CREATED"],
        "MODEL_VERSION": ["CREATED"],
        "MODEL_VERSION_TAG": ["SET", "DELETED"],
        "MODEL_VERSION_ALIAS": ["CREATED", "DELETED"],
        "PROMPT": ["CREATED"],
        "PROMPT_VERSION": ["CREATED"],
        "PROMPT_TAG": ["SET", "DELETED"],
        "PROMPT_VERSION_TAG": ["SET", "DELETED"],
        "PROMPT_ALIAS": ["CREATED", "DELETED"],
    }.items()
    for action in actions
]


def _changes(name: str) -> list[Call]:
    """All that webhooks can hear of, twice what could be told once, and what they never hear of."""
    named, first = {"name": name}, {"name": name, "version": "1"}
    alias = {**first, "alias": "best"}
    return [
        post(f"{MODELS}set-tag", {**named, **tag("k", "v")}),
        delete(f"{MODELS}delete-tag", {**named, "key": "k"}),
        post(f"{VERSIONS}set-tag", {**first, **tag("k", "v")}),
        post(f"{VERSIONS}set-tag", {**first, **tag("k", "v")}),
        delete(f"{VERSIONS}delete-tag", {**first, "key": "k"}),
        post(f"{MODELS}alias", alias),
        post(f"{MODELS}alias", alias),
        delete(f"{MODELS}alias", {**named, "alias": "best"}),
        post(f"{VERSIONS}transition-stage", {**first, "stage": "Staging"}),
        post(f"{MODELS}alias", alias),
        delete(f"{VERSIONS}delete", first),
        post(f"{MODELS}rename", {**named, "new_name": f"{name} renamed"}),
        delete(f"{MODELS}delete", {"name": f"{name} renamed"}),
    ]


_TEXT = tag("mlflow.prompt.text", "hi {{x}}")
_TYPE = tag("_mlflow_prompt_type", "text")
MODEL = [
    model("net"),
    model("other net", description="d", tags=[tag("a", "b"), {"key": "c"}]),
    version("net"),
    version("net", run_id="r", description="d", tags=[tag("t", "1")], run_link="http://x"),
    *_changes("net"),
]
ASK = [
    model("ask", tags=[PROMPT, tag("a", "b"), _TYPE]),
    model("other ask", description="d", tags=[PROMPT]),
    version("ask", "dummy-source", tags=[PROMPT, _TEXT, _TYPE, tag("z", "1")]),
    version("ask", "dummy-source", tags=[PROMPT], description="d"),
    *_changes("ask"),
]


class Told:
    """A server with a webhook for everything it can tell."""

    def __init__(self, url: str, receiver: Receiver) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/2.0/mlflow/", timeout=60, trust_env=False)
        self._receiver = receiver
        hook = {"name": "all", "url": receiver.url, "secret": "s3cret", "events": EVENTS}
        self._hook = self._call(post("webhooks", hook))["webhook"]["webhook_id"]

    def _call(self, call: Call) -> Any:
        reply = self._http.request(call.method, call.path, json=call.body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def hears(self, calls: Sequence[Call], messages: int) -> list[str]:
        """What comes of the calls, in an order that does not depend on who sends first."""
        before = len(self._receiver.received)
        for call in calls:
            self._call(call)
        return sorted(map(_plain, self._receiver.wait(before + messages)[before:]))

    def example(self, event: dict[str, str]) -> tuple[Any, list[str]]:
        """What a test of the webhook says, and what comes of it."""
        before = len(self._receiver.received)
        said = self._call(post(f"webhooks/{self._hook}/test", {"event": event}))
        return said, [_plain(received) for received in self._receiver.received[before:]]


def _plain(received: Received) -> str:
    assert received.is_signed_with("s3cret")
    message = json.loads(received.body)
    assert message.pop("timestamp").endswith("+00:00")
    ours = sorted(name for name in received.headers if name.startswith(("X-", "Content-Type")))
    return json.dumps([message, ours, received.headers["Content-Type"]])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Told, Told]]:
    """MLflow and Milepost."""
    theirs, ours = (tmp_path_factory.mktemp(name) for name in ("mlflow", "milepost"))
    milepost = new_server(ours, env=OPEN)
    with mlflow.serving(theirs, **OPEN) as url, running() as one, running() as other:
        milepost.start()
        yield Told(url, one), Told(milepost.url, other)
        milepost.stop()


# What hangs on the registered model itself is told of prompts only.
@pytest.mark.parametrize(("calls", "messages"), [(MODEL, 11), (ASK, 13)], ids=["model", "prompt"])
def test_the_same_messages(pair: tuple[Told, Told], calls: list[Call], messages: int) -> None:
    theirs, ours = (told.hears(calls, messages) for told in pair)
    assert ours == theirs
    assert len(ours) == messages


@pytest.mark.parametrize(
    "event",
    [*EVENTS, {"entity": "BUDGET_POLICY", "action": "EXCEEDED"}],
    ids=lambda event: f"{event['entity']}.{event['action']}",
)
def test_the_same_examples(pair: tuple[Told, Told], event: dict[str, str]) -> None:
    theirs, ours = (told.example(event) for told in pair)
    assert ours == theirs
    assert len(ours[1]) == 1
