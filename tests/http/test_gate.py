"""A server that asks for passwords: who gets in, with what, and what the others are told."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest

from milepost.mlflow_api import table
from tests.parts.daemon import free_port
from tests.parts.milepost import MilepostServer, new_server

NAME, PASSWORD = "zoë", "pä:ss wörd ✓"
RIGHT = b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
EXPERIMENT = "/api/2.0/mlflow/experiments/get?experiment_id=0"

# What `mlflow server --app-name basic-auth` (3.17.2) answers.
ASKS = 'Basic realm="mlflow"'
UNKNOWN = (
    "You are not authenticated. Please see"
    " https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow"
    " on how to authenticate."
)


GATEWAY = """
gateway:
  enabled: true
  uri: http://127.0.0.1:{port}
  routes: [{{name: net, model_uri: models:/net/1, server: http://127.0.0.1:9}}]
"""


@pytest.fixture(scope="module")
def gateway() -> str:
    """Where the gateway answers besides."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, gateway: str) -> Iterator[MilepostServer]:
    folder = tmp_path_factory.mktemp("guarded")
    config = folder / "milepost.yaml"
    config.write_text(GATEWAY.format(port=gateway.rpartition(":")[2]))
    env = {"MLFLOW_AUTH_ENABLED": "true", "MLFLOW_AUTH_USERNAME": NAME}
    env |= {"MLFLOW_AUTH_PASSWORD": PASSWORD, "MILEPOST_CONFIG": str(config)}
    running = new_server(folder, env=env)
    running.start()
    yield running
    running.stop()


def sent(client: httpx.Client, authorization: str | bytes, path: str = EXPERIMENT) -> int:
    raw = authorization if isinstance(authorization, bytes) else authorization.encode()
    return client.get(path, headers={b"Authorization": raw}).status_code


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_liveness_is_told_to_anybody(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/preview", "/assets/x.js", "/version", "/metrics", "/health/details", "/health/x"),
        *("/get-artifact", "/nothing", "/api/2.0/mlflow-artifacts/artifacts/a/b"),
        *("/api/3.0/milepost/live", "/ajax-api/3.0/mlflow/server-info", "/signup"),
        *("/health/", "//health", "/health/ready/x", "/HEALTH"),
    ],
)
def test_everything_else_is_asked_for_as_mlflow_does(client: httpx.Client, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, ASKS)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text == ("" if method == "HEAD" else UNKNOWN)


def test_no_endpoint_is_left_open(client: httpx.Client) -> None:
    for endpoint in [*table.ENDPOINTS, *table.LEGACY]:
        path = "/api/2.0/" + endpoint.path.replace("{", "").replace("}", "")
        assert client.request(endpoint.method, path).status_code == 401, endpoint.path


def test_the_port_of_the_gateway_asks_too(client: httpx.Client, gateway: str) -> None:
    for base in ("", gateway):
        path = f"{base}/gateway/net/invocations"
        assert client.post(path, json={}).status_code == 401
        right = {"Authorization": f"Basic {RIGHT}"}
        assert client.post(path, json={}, headers=right).status_code in (502, 503)
    assert client.get(f"{gateway}/health").status_code == 200
    assert client.get(f"{gateway}/nothing").status_code == 401


def test_the_right_password_opens(client: httpx.Client) -> None:
    assert sent(client, f"Basic {RIGHT}") == 200
    assert sent(client, f"basic {RIGHT}") == 200
    latin = "zoë:pä".encode("latin-1")
    assert sent(client, f"Basic {b64encode(latin).decode()}") == 401
    for path, status in [("/", 200), ("/metrics", 200), ("/health/details", 200), ("/no", 404)]:
        assert sent(client, f"Basic {RIGHT}", path) == status


@pytest.mark.parametrize(
    "authorization",
    [
        "", "Basic", "Basic !!!", f"Basic{RIGHT}", RIGHT, f"Bearer {RIGHT}",
        f"Digest {RIGHT}", f"Basic {RIGHT}x", f"Basic {RIGHT[:-4]}", f"Basic {RIGHT} {RIGHT}",
        f"Basic {b64encode(NAME.encode()).decode()}",
        "Basic " + "A" * 20_000,
        b"Basic \xff\xfe\x00"[:-1],
        b"\xf0\x9f\x94\x91",
        f"Basic {b64encode(bytes(range(256)) * 4).decode()}",
        f"Basic {b64encode(f'{NAME}:'.encode()).decode()}",
        f"Basic {b64encode(f':{PASSWORD}'.encode()).decode()}",
    ],
)  # fmt: skip
def test_whatever_else_is_sent_does_not(client: httpx.Client, authorization: str | bytes) -> None:
    assert sent(client, authorization) == 401


def test_a_second_header_does_not_count(client: httpx.Client) -> None:
    both = [("Authorization", "Basic x"), ("Authorization", f"Basic {RIGHT}")]
    assert client.get(EXPERIMENT, headers=both).status_code == 401


def test_a_page_of_another_site_may_ask_beforehand(client: httpx.Client) -> None:
    """A browser sends no password with the question whether it may send one."""
    ask = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    ask["Access-Control-Request-Headers"] = "authorization"
    allowed = client.options("/api/2.0/mlflow/runs/create", headers=ask)
    assert (allowed.status_code, allowed.headers["access-control-allow-headers"]) == (
        200,
        "authorization",
    )


def test_a_large_upload_is_refused_before_it_is_taken(client: httpx.Client) -> None:
    path = "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/large"
    assert client.put(path, content=b"x" * (8 << 20)).status_code == 401
    assert sent(client, f"Basic {RIGHT}", path) == 404


def test_the_history_names_who_signed_in(client: httpx.Client) -> None:
    headers = {"Authorization": f"Basic {RIGHT}", "X-Forwarded-User": "eve"}
    made = client.post(
        "/api/2.0/mlflow/registered-models/create", json={"name": "net"}, headers=headers
    )
    assert made.json()["registered_model"]["user_id"] == NAME
    found = client.get(
        "/api/3.0/milepost/registered-models/history", params={"name": "net"}, headers=headers
    )
    assert [c["actor"] for c in found.json()["changes"]] == [NAME]


def test_users_are_not_made_here_and_mlflows_clients_are_told(client: httpx.Client) -> None:
    headers = {"Authorization": f"Basic {RIGHT}"}
    user = {"username": "bob", "password": "s3cret s3cret"}
    refused = client.post("/api/2.0/mlflow/users/create", json=user, headers=headers)
    assert (refused.status_code, refused.headers["content-type"]) == (
        404,
        "text/html; charset=utf-8",
    )


def test_no_password_is_written_down(server: MilepostServer, client: httpx.Client) -> None:
    """Neither the right one nor a wrong one, as people mistype theirs."""
    assert sent(client, f"Basic {b64encode(b'h4nd:sl1p').decode()}") == 401
    said = server.log
    assert "wrong password" in said
    for secret in ("h4nd", "sl1p", PASSWORD, RIGHT):
        assert secret not in said
    kept = b"".join(path.read_bytes() for path in server.data.iterdir() if path.is_file())
    assert PASSWORD.encode() not in kept
