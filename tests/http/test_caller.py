"""The name that comes with a request, by a proxy's header or by HTTP Basic."""

from __future__ import annotations

from base64 import b64encode

import httpx
import pytest

from milepost.http.caller import naming
from tests.parts.milepost import StartMilepost


def named(user_header: str, *headers: tuple[str, str | bytes]) -> str:
    raw = [(k.encode(), v if isinstance(v, bytes) else v.encode()) for k, v in headers]
    return naming(user_header)({"headers": raw})


def basic(credentials: bytes) -> tuple[str, str]:
    return "authorization", f"Basic {b64encode(credentials).decode()}"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (basic(b"ann:secret"), "ann"),
        (basic(b"ann:se:cret"), "ann"),
        (basic(b"ann"), "ann"),
        (basic(b":secret"), ""),
        (basic("zoë:x".encode()), "zoë"),
        (basic("zoë:x".encode("latin-1")), "zoë"),
        (basic(b"a\0n\nn:x"), "ann"),
        (basic(b"a" * 300 + b":x"), "a" * 256),
        (("authorization", "basic " + b64encode(b"ann:x").decode()), "ann"),
        (("authorization", "Basic !"), ""),
        (("authorization", "Basic"), ""),
        (("authorization", "Bearer " + b64encode(b"ann:x").decode()), ""),
        (("x-forwarded-user", "ann"), ""),
    ],
)
def test_without_a_proxy_the_user_of_basic_counts(header: tuple[str, str], name: str) -> None:
    assert named("", header) == name


@pytest.mark.parametrize(
    ("value", "name"), [("ann@example.org", "ann@example.org"), ("  ", ""), ("zoë", "zoë")]
)
def test_with_a_proxy_its_header_counts(value: str, name: str) -> None:
    assert named("X-Forwarded-User", ("x-forwarded-user", value), basic(b"eve:x")) == name


def test_with_a_proxy_nobody_names_himself() -> None:
    assert named("X-Forwarded-User", basic(b"eve:x")) == ""


def test_the_history_names_who_the_proxy_names(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, "--user-header=X-Forwarded-User")
    with httpx.Client(base_url=server.url, auth=("eve", "x"), trust_env=False, timeout=60) as web:
        made = web.post(
            "/api/2.0/mlflow/registered-models/create",
            json={"name": "net"},
            headers={"X-Forwarded-User": "ann"},
        )
        assert made.json()["registered_model"]["user_id"] == "ann"
        found = web.get("/api/3.0/milepost/registered-models/history", params={"name": "net"})
        assert [c["actor"] for c in found.json()["changes"]] == ["ann"]
