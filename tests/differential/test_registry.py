"""The registry, logged models and webhooks answer as in MLflow 3.17.2, but for what is intended."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.differential import logged_models, registry, registry_search, webhooks
from tests.differential.pair import Answer, Call, Side
from tests.differential.registry_intended import INTENDED

AREAS = {
    "registry": {**registry.CASES, **registry_search.CASES},
    "logged models": logged_models.CASES,
    "webhooks": webhooks.CASES,
}
CASES = {f"{area}: {name}": calls for area, cases in AREAS.items() for name, calls in cases.items()}

Clients = tuple[httpx.Client, httpx.Client]


@pytest.fixture(scope="module")
def clients(mlflow_server: str, milepost_url: str) -> Iterator[Clients]:
    with (
        httpx.Client(base_url=mlflow_server, timeout=60, trust_env=False) as mlflow,
        httpx.Client(base_url=milepost_url, timeout=60, trust_env=False) as milepost,
    ):
        yield mlflow, milepost


@pytest.mark.parametrize("name", CASES)
def test_same_answers(name: str, clients: Clients) -> None:
    calls, unique = CASES[name], {"unique": uuid4().hex}
    theirs, ours = (Side(client, unique).play(calls) for client in clients)
    different = [i for i in range(len(calls)) if ours[i] != theirs[i]]
    seen = {i: _outcome(ours[i]) for i in different}
    assert seen == INTENDED.get(name, {}), "\n".join(
        _shown(i, calls[i], theirs[i], ours[i]) for i in different
    )


def test_intended_differences_name_cases() -> None:
    assert set(INTENDED) <= set(CASES)


def _outcome(answer: Answer) -> int | tuple[int, object]:
    """What an intended difference states: the status, for an error with its code."""
    return answer.status if answer.status == 200 else (answer.status, answer.body)


def _shown(i: int, call: Call, theirs: Answer, ours: Answer) -> str:
    asked = f"{call.method} {call.path} {str(call.body)[:300]} {str(call.query)[:300]}"
    return (
        f"call {i}: {asked}\n"
        f"  MLflow   {theirs.status} {str(theirs.body)[:1500]} {theirs.message[:300]}\n"
        f"  Milepost {ours.status} {str(ours.body)[:1500]} {ours.message[:300]}"
    )
