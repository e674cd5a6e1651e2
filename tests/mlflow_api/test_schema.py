"""What the server says of its routes is what they do: golden requests and real replies fit it."""

from __future__ import annotations

from typing import get_args
from uuid import uuid4

import httpx
import msgspec
import pytest

from milepost.domain.tracking import Lifecycle, RunStatus
from milepost.mlflow_api import replies
from milepost.mlflow_api.schema import ROUTES
from tests.differential.pair import Side
from tests.mlflow_api.golden import GOLDEN


@pytest.mark.parametrize("row", ROUTES)
def test_golden_requests_and_their_replies_fit(row: str, milepost_url: str) -> None:
    seen: list[bytes] = []
    hooks = {"response": [lambda reply: seen.append(reply.read())]}
    calls, route = GOLDEN[row], ROUTES[row]
    with httpx.Client(base_url=milepost_url, trust_env=False, event_hooks=hooks) as client:
        answer = Side(client, {"unique": uuid4().hex}).play(calls)[-1]
    assert answer.status == 200, answer.message
    assert isinstance(msgspec.json.decode(seen[-1], type=route.gives), route.gives)
    sent = dict(calls[-1].query) if calls[-1].method == "GET" else calls[-1].body or {}
    assert set(sent) <= set(route.takes.__struct_fields__)


def test_what_is_not_described_does_not_fit() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.json.decode(b'{"key": "a", "value": "b", "colour": 1}', type=replies.KeyValue)


def test_states_have_the_names_of_the_domain() -> None:
    assert list(get_args(replies.StatusName)) == [status.name for status in RunStatus]
    assert list(get_args(replies.LifecycleName)) == [stage.name for stage in Lifecycle]
