"""A server whose artifact store is in trouble: clear answers, and nobody else is held up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.http.kit import LARGE, begin_process, children, target
from tests.parts.milepost import MilepostServer, new_server
from tests.parts.proxy import Proxy, proxy_to
from tests.parts.s3 import S3

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def proxy(s3: S3) -> Iterator[Proxy]:
    with proxy_to(urlsplit(s3.endpoint).port or 0) as opened:
        yield opened


@pytest.fixture
def server(s3: S3, s3_bucket: str, proxy: Proxy, tmp_path: Path) -> Iterator[MilepostServer]:
    """A server that reaches its bucket through the proxy and waits three seconds for it."""
    running = new_server(
        tmp_path,
        None,
        (f"--artifacts-destination=s3://{s3_bucket}",),
        {
            **s3.environment,
            "MLFLOW_S3_ENDPOINT_URL": proxy.url,
            "MILEPOST_ARTIFACT_STEP_TIMEOUT": "3",
        },
    )
    running.start()
    yield running
    running.stop()


def all_refused_while_others_log(
    waiting: Sequence[Future[httpx.Response]], client: httpx.Client, run_id: str
) -> None:
    logged = 0
    while not all(one.done() for one in waiting):
        metric = {"run_id": run_id, "key": "m", "value": 1.0, "timestamp": 1, "step": logged}
        assert client.post(f"{API}/runs/log-metric", json=metric).status_code == 200
        logged += 1
    assert logged > 10
    for one in waiting:
        reply = one.result()
        assert (reply.status_code, reply.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert "artifact store" in reply.json()["message"]


def test_a_store_that_hangs_holds_up_nobody_else(
    client: httpx.Client, run_id: str, proxy: Proxy, server: MilepostServer
) -> None:
    url = f"{PROXY}/0/{run_id}/artifacts/f"
    assert client.put(url, content=b"hello").status_code == 200
    proxy.hang = True

    def ask(_: int) -> httpx.Response:
        return httpx.get(server.url + url, timeout=60, trust_env=False)

    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(ask, n) for n in range(40)]
        all_refused_while_others_log(waiting, client, run_id)
    upload = client.put(url, content=b"x" * 3_000_000)
    assert upload.status_code == 503
    listed = client.get(f"{API}/artifacts/list", params={"run_id": run_id})
    assert listed.status_code == 503


def test_uploads_through_a_process_whose_store_hangs(
    client: httpx.Client, run_id: str, proxy: Proxy, server: MilepostServer
) -> None:
    begin_process(server)
    bodies = [b"small"] * 20 + [bytes(LARGE)] * 4
    urls = [f"{server.url}{target(run_id, str(number))}" for number in range(len(bodies))]
    assert client.put(urls[0], content=bodies[0]).status_code == 200
    assert client.put(urls[-1], content=bodies[-1]).status_code == 200
    proxy.hang = True

    def put(url: str, body: bytes) -> httpx.Response:
        return httpx.put(url, content=body, timeout=60, trust_env=False)

    with ThreadPoolExecutor(len(urls)) as pool:
        waiting = [pool.submit(put, url, body) for url, body in zip(urls, bodies, strict=True)]
        all_refused_while_others_log(waiting, client, run_id)
    # Nobody waits for a store that is known to hang.
    begin = time.monotonic()
    for url, body in ((urls[0], bodies[0]), (urls[-1], bodies[-1])):
        assert "is not answering" in client.put(url, content=body).json()["message"]
    assert time.monotonic() - begin < 3
    assert len(children(server.process.pid)) == 1
    assert "Traceback" not in server.log


def test_a_download_that_breaks_on_its_way_here_arrives_whole(
    client: httpx.Client, run_id: str, proxy: Proxy
) -> None:
    url = f"{PROXY}/0/{run_id}/artifacts/f"
    content = bytes(range(256)) * 40_000
    assert client.put(url, content=content).status_code == 200
    proxy.cut_after, proxy.cuts = 2_000_000, 3
    assert client.get(url).content == content


def test_a_refusal_is_clear_and_keeps_secrets(
    s3: S3, s3_bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = "not-the-right-secret"
    server = new_server(
        tmp_path_factory.mktemp("refused"),
        None,
        (f"--artifacts-destination=s3://{s3_bucket}",),
        {**s3.environment, "AWS_SECRET_ACCESS_KEY": secret},
    )
    server.start()
    for method in ("GET", "PUT", "DELETE"):
        reply = httpx.request(method, f"{server.url}{PROXY}/f", content=b"x", trust_env=False)
        assert (reply.status_code, reply.json()["error_code"]) == (403, "PERMISSION_DENIED")
        assert f"s3://{s3_bucket}" in reply.json()["message"]
        assert secret not in reply.text
        assert s3.access_key not in reply.text
    server.stop()
    assert secret not in server.log
    assert s3.access_key not in server.log
