"""Every row of the endpoint table says who may call it and answers its golden request as recorded;
every route of MLflow is served or stands in the list of those that are not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from milepost.domain.access import Action
from milepost.mlflow_api import table
from milepost.mlflow_api.not_served import NOT_SERVED
from tests.differential.pair import Side
from tests.mlflow_api.golden import GOLDEN

HERE = Path(__file__).parent
ANSWERS = HERE / "golden.json"
RECORD = os.environ.get("MILEPOST_RECORD") == "1"
RECORDED: dict[str, Any] = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
ROUTES = [tuple(line.split()) for line in (HERE / "routes.txt").read_text().splitlines()]
ROWS = sorted({f"{endpoint.method} {endpoint.path}" for _, _, endpoint in table.routes()})


@pytest.fixture(scope="module")
def client(milepost_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=milepost_url, timeout=60, trust_env=False) as opened:
        yield opened


def test_every_row_says_who_may_call_it() -> None:
    for method, url, endpoint in table.routes():
        assert isinstance(endpoint.action, Action), (method, url)
        assert endpoint.action is not Action.OPEN, (method, url)


def test_every_row_has_a_golden_request() -> None:
    assert sorted(GOLDEN) == ROWS
    assert sorted(RECORDED) == ROWS or RECORD


@pytest.mark.parametrize("row", GOLDEN)
def test_golden(row: str, client: httpx.Client) -> None:
    calls = GOLDEN[row]
    *before, answer = Side(client, {"unique": uuid4().hex}).play(calls)
    assert all(earlier.status == 200 for earlier in before), before
    seen = {"status": answer.status, "reply": answer.body}
    if RECORD:
        RECORDED[row] = seen
        text = json.dumps({key: RECORDED[key] for key in sorted(RECORDED)}, indent=1)
        ANSWERS.write_text(text + "\n")
    assert seen == RECORDED[row], answer.message


@pytest.mark.parametrize("area", sorted({area for area, _, _ in ROUTES}))
def test_every_route_of_mlflow_is_served_or_listed(area: str, client: httpx.Client) -> None:
    for _, method, path in (route for route in ROUTES if route[0] == area):
        reasons = [r for (m, prefix), r in NOT_SERVED.items() if _covers(m, prefix, method, path)]
        if _is_served(client, method, path):
            assert reasons == [], f"{method} {path} is served: take it off the list"
        else:
            assert len(reasons) == 1, f"{method} {path} is neither served nor listed once"


def _covers(listed_method: str, prefix: str, method: str, path: str) -> bool:
    plain = path.removeprefix("/ajax-api").removeprefix("/api")
    return listed_method in ("*", method) and f"{plain}/".startswith(prefix)


def _is_served(client: httpx.Client, method: str, path: str) -> bool:
    """Whether anybody is at home: what is not served is a 404 or 405 that is no JSON."""
    url = path.replace("{", "").replace("}", "")
    reply = client.request(method, url)
    is_json = reply.headers.get("content-type", "").startswith("application/json")
    return is_json or reply.status_code not in (404, 405)
