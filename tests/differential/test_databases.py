"""Milepost gives the same answers on PostgreSQL and MariaDB as on SQLite, to everything it is
compared with MLflow by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest

from tests.differential import search
from tests.differential import test_differential as tracking
from tests.differential import test_registry as registry
from tests.differential.pair import Side
from tests.parts.milepost import new_server

CASES = {**tracking.CASES, **registry.CASES}


@pytest.fixture(scope="module", params=["postgres", "mariadb"])
def clients(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[httpx.Client]]:
    """Of a server on SQLite and one on the other database, both new: some cases name things."""
    uri: Callable[[], str] = request.getfixturevalue(f"{request.param}_uri")
    servers = [new_server(tmp_path_factory.mktemp("milepost"), where) for where in (None, uri())]
    with ExitStack() as stack:
        for server in servers:
            server.start()
            stack.callback(server.stop)
        yield [
            stack.enter_context(httpx.Client(base_url=server.url, timeout=60, trust_env=False))
            for server in servers
        ]


@pytest.fixture(scope="module")
def search_data(clients: list[httpx.Client]) -> list[dict[str, str]]:
    sides = [Side(client, {"unique": uuid4().hex}) for client in clients]
    for side in sides:
        side.play(search.SETUP)
    return [dict(side.values) for side in sides]


@pytest.mark.parametrize("name", CASES)
def test_same_answers(
    name: str, clients: list[httpx.Client], search_data: list[dict[str, str]]
) -> None:
    unique = {"unique": uuid4().hex}
    known = search_data if name.startswith("search") else [{}, {}]
    sqlite, other = (
        Side(client, {**values, **unique}).play(CASES[name])
        for client, values in zip(clients, known, strict=True)
    )
    for i, call in enumerate(CASES[name]):
        assert other[i] == sqlite[i], f"call {i}: {call.method} {call.path}: {other[i].message}"
