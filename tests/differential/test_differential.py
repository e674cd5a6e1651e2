"""Milepost answers as MLflow 3.17.2 does, but for the differences in `intended.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import uuid4

import httpx
import pytest

from tests.differential import artifacts, encoding, experiments, metrics, runs, search, server
from tests.differential.intended import INTENDED
from tests.differential.pair import Answer, Call, Side

AREAS = {
    "experiments": experiments.CASES,
    "runs": runs.CASES,
    "metrics": metrics.CASES,
    "artifacts": artifacts.CASES,
    "search": search.CASES,
    "encoding": encoding.CASES,
    "server": server.CASES,
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


@pytest.fixture(scope="module")
def search_data(clients: Clients) -> list[Mapping[str, str]]:
    """The variables of the data set to search, on each server."""
    sides = [Side(client, {"unique": uuid4().hex}) for client in clients]
    theirs, ours = (side.play(search.SETUP) for side in sides)
    assert theirs == ours
    return [side.values for side in sides]


@pytest.mark.parametrize("name", CASES)
def test_same_answers(name: str, clients: Clients, search_data: list[Mapping[str, str]]) -> None:
    calls, unique = CASES[name], {"unique": uuid4().hex}
    known = search_data if name.startswith("search") else [{}, {}]
    theirs, ours = (
        Side(client, {**values, **unique}).play(calls)
        for client, values in zip(clients, known, strict=True)
    )
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
