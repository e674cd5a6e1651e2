"""The pages of a server that asks for a password: the browser asks its user, once."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.parts.milepost import StartMilepost
from tests.ui.conftest import Visit

NAME, PASSWORD = "ml-team", "sécure pass:word"
AUTH = {
    "MLFLOW_AUTH_ENABLED": "true",
    "MLFLOW_AUTH_USERNAME": NAME,
    "MLFLOW_AUTH_PASSWORD": PASSWORD,
}


def test_who_signs_in_sees_everything_live(
    milepost_server: StartMilepost, visit: Visit, shoot: Callable[[Page, str], None]
) -> None:
    server = milepost_server(env=AUTH)
    stranger = visit(server.url)
    answer = stranger.page.goto(server.url)
    assert answer is not None
    assert answer.status == 401
    expect(stranger.page.get_by_text("You are not authenticated")).to_be_visible()
    assert stranger.asked("/assets/") == 0

    visitor = visit(server.url, http_credentials={"username": NAME, "password": PASSWORD})
    page = visitor.go("experiments")
    expect(page.get_by_role("row", name="Default")).to_be_visible()
    expect(page.locator(".live")).to_have_text("Live")
    made = httpx.post(
        f"{server.url}/api/2.0/mlflow/experiments/create",
        json={"name": "made elsewhere"},
        auth=(NAME, PASSWORD),
        trust_env=False,
    )
    assert made.status_code == 200
    expect(page.get_by_role("row", name="made elsewhere")).to_be_visible()
    shoot(page, "signed in")
    page = visitor.go("operations")
    expect(page.get_by_role("row", name="auth.admin_password")).to_contain_text("***")
    shoot(page, "operations of a server with a password")
