"""Passwords as an operator meets them: at the start of a server, and with `milepost auth`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.session import Session
from tests.parts.milepost import MilepostServer, StartMilepost, new_server

ON = {"MLFLOW_AUTH_ENABLED": "true"}


def status(server: MilepostServer, password: str, name: str = "admin") -> int:
    with httpx.Client(auth=(name, password), trust_env=False, timeout=60) as client:
        return client.get(f"{server.url}/health/details").status_code


def passwords(server: MilepostServer) -> list[str]:
    """Those that it has printed."""
    return re.findall(r"user       admin, password (\S+)", server.log)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MilepostServer]:
    """Of two workers, that starts as users of MLflow start theirs."""
    server = new_server(tmp_path, flags=("--app-name=basic-auth", "--workers=2"))
    server.start()
    yield server
    server.stop()


def test_a_password_nobody_gave(server: MilepostServer, session: Session) -> None:
    (first,) = passwords(server)
    # Each from a connection of its own, so that both workers are met.
    assert {status(server, first) for _ in range(10)} == {200}
    assert {status(server, "wrong") for _ in range(2)} == {401}

    server.stop()
    server.start()
    assert passwords(server) == [first]
    assert status(server, first) == 200

    session.env = {"MILEPOST_DATA_DIR": str(server.data)}
    commands_ask(session, server, first)
    second = session.json("milepost auth reset")["password"]
    assert second != first
    assert status(server, second) == 200
    assert session.text("milepost auth reset").startswith("user admin, password ")
    assert second not in server.log


def commands_ask(session: Session, server: MilepostServer, password: str) -> None:
    """They take what MLflow's clients take, and say so where it is missing."""
    port = server.url.rpartition(":")[2]
    asked = session.json(f"milepost status --url {server.url}")["server"]
    assert (asked["running"], asked["version"]) == (True, "unknown")
    assert "asks for a password: set MLFLOW_TRACKING_USERNAME and" in asked["problem"]
    assert "asks for a password" in session.text(f"milepost doctor --port {port}")
    experiments = f"milepost experiments --url {server.url}"
    data, user = session.env, {"MLFLOW_TRACKING_USERNAME": "admin"}
    session.env = {**data, **user, "MLFLOW_TRACKING_PASSWORD": "wrong"}
    assert "does not accept" in session.refusal(experiments)
    session.env = {**data, **user, "MLFLOW_TRACKING_PASSWORD": password}
    assert [e["name"] for e in session.json(experiments)] == ["Default"]
    session.run(f"milepost import {server.url} --data-dir taken-over")
    session.env = data


def test_the_settings_are_the_truth_from_the_next_start(session: Session) -> None:
    env = {**ON, "MLFLOW_AUTH_USERNAME": "ml-team", "MLFLOW_AUTH_PASSWORD": "staging-password"}
    before = new_server(session.folder, env=env)
    before.start()
    assert status(before, "staging-password", "ml-team") == 200
    before.stop()
    session.env = {**env, "MLFLOW_AUTH_PASSWORD": "strong-production-password"}
    after = new_server(session.folder, env=session.env)
    after.start()
    assert "user       ml-team, with a new password" in after.log
    assert status(after, "staging-password", "ml-team") == 401
    assert status(after, "strong-production-password", "ml-team") == 200
    refusal = session.refusal("milepost auth reset")
    assert refusal.startswith("Error: The password is given by MLFLOW_AUTH_PASSWORD: change it")
    after.stop()
    for secret in ("staging-password", "strong-production-password"):
        assert secret not in after.log
        assert secret not in session.text("milepost config show")
    assert "MLFLOW_TRACKING_USERNAME=ml-team" in session.text("milepost info")


def test_users_in_a_database_of_their_own(milepost_server: StartMilepost, store_uri: str) -> None:
    server = milepost_server(env={**ON, "MLFLOW_AUTH_DATABASE_URI": store_uri})
    (password,) = passwords(server)
    found = httpx.get(
        f"{server.url}/health/details",
        auth=("admin", password),
        trust_env=False,
        timeout=60,
    )
    assert found.json()["parts"]["users"]["ok"]


def test_there_is_nobody_yet(session: Session) -> None:
    assert "There is no database at" in session.refusal("milepost auth reset")


def test_what_a_start_warns_of(session: Session) -> None:
    env = {**ON, "MLFLOW_AUTH_CONFIG_PATH": "basic_auth.ini"}
    server = new_server(session.folder, flags=("--host=0.0.0.0",), env=env)
    server.start()
    server.stop()
    assert "passwords travel in the clear" in server.log
    assert "MLFLOW_AUTH_CONFIG_PATH has no effect" in server.log
