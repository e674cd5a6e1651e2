"""Clients that talk to the artifact store themselves, on a real S3 server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.parts.milepost import MilepostServer, StartMilepost, new_server
from tests.parts.s3 import S3

API = "/api/2.0/mlflow"
MPU = "/api/2.0/mlflow-artifacts/mpu"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
PRESIGNED = "/api/2.0/mlflow-artifacts/presigned"
PART = 5 * 2**20  # the least that S3 takes for a part that is not the last


@pytest.fixture(scope="module")
def server(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilepostServer]:
    running = new_server(
        tmp_path_factory.mktemp("direct"),
        None,
        (f"--artifacts-destination=s3://{s3.create_bucket()}/some/folder",),
        s3.environment,
    )
    running.start()
    yield running
    running.stop()


def begin(client: httpx.Client, folder: str, name: str = "/tmp/f.bin", parts: int = 2) -> Any:
    reply = client.post(f"{MPU}/create/{folder}", json={"path": name, "num_parts": parts})
    assert reply.status_code == 200, reply.text
    return reply.json()


def usage(client: httpx.Client, run_id: str) -> dict[str, int]:
    found: dict[str, int] = client.get(
        "/api/3.0/milepost/artifacts/usage", params={"run_id": run_id}
    ).json()
    return found


def recount(client: httpx.Client, run_id: str) -> dict[str, int]:
    """What is in the store: the server looks for uploads past it by itself only now and then."""
    found = client.post("/api/3.0/milepost/artifacts/recount", json={"run_id": run_id})
    assert found.json() == usage(client, run_id)
    return usage(client, run_id)


def test_server_info_says_so(client: httpx.Client) -> None:
    info = client.get("/api/3.0/mlflow/server-info").json()
    assert info["multipart_uploads_enabled"] is True
    assert info["multipart_downloads_enabled"] is True


def test_a_file_in_parts(client: httpx.Client, run_id: str, s3: S3) -> None:
    folder = f"0/{run_id}/artifacts/sub"
    content = [b"1" * PART, b"2" * 100]
    begun = begin(client, folder)
    assert [c["part_number"] for c in begun["credentials"]] == [1, 2]
    parts = []
    for credential, part in zip(begun["credentials"], content, strict=True):
        assert credential["url"].startswith(s3.endpoint)
        sent = httpx.put(credential["url"], content=part, headers=credential["headers"])
        assert sent.status_code == 200, sent.text
        parts.append(
            {
                "part_number": credential["part_number"],
                "etag": sent.headers["etag"],
                "url": credential["url"],
            }
        )
    assert usage(client, run_id) == {"bytes": 0, "files": 0}
    done = client.post(
        f"{MPU}/complete/{folder}",
        json={"path": "f.bin", "upload_id": begun["upload_id"], "parts": parts[::-1]},
    )
    assert (done.status_code, done.json()) == (200, {})
    assert client.get(f"{PROXY}/{folder}/f.bin").content == b"".join(content)
    assert usage(client, run_id) == {"bytes": PART + 100, "files": 1}


def test_an_upload_that_is_given_up(client: httpx.Client, run_id: str) -> None:
    folder = f"0/{run_id}/artifacts"
    begun = begin(client, folder)
    body = {"path": "f.bin", "upload_id": begun["upload_id"]}
    for _ in range(2):
        assert client.post(f"{MPU}/abort/{folder}", json=body).status_code == 200
    late = client.post(
        f"{MPU}/complete/{folder}", json={**body, "parts": [{"part_number": 1, "etag": "x"}]}
    )
    assert late.status_code == 400
    assert client.get(f"{PROXY}/{folder}/f.bin").status_code == 404


def test_a_download_url_is_for_one_file(client: httpx.Client, run_id: str, s3: S3) -> None:
    for name in ("mine", "other"):
        client.put(f"{PROXY}/0/{run_id}/artifacts/{name}", content=name.encode())
    given = client.get(f"{PRESIGNED}/0/{run_id}/artifacts/mine").json()
    assert given["file_size"] == 4
    assert given["headers"] == {}
    assert httpx.get(given["url"]).content == b"mine"
    assert httpx.get(given["url"], headers={"range": "bytes=1-2"}).content == b"in"
    assert httpx.get(given["url"].replace("/mine?", "/other?")).status_code == 403
    assert httpx.put(given["url"], content=b"x").status_code == 403
    assert s3.secret_key not in given["url"]
    (seconds,) = parse_qs(urlsplit(given["url"]).query)["X-Amz-Expires"]
    assert seconds == "300"


def test_an_upload_url_is_for_one_file_and_counts(client: httpx.Client, run_id: str) -> None:
    asked = {"run_id": run_id, "path": "a/f", "expiration": 60}
    given = client.post(f"{API}/artifacts/presigned-upload-url", json=asked).json()
    assert usage(client, run_id) == {"bytes": 0, "files": 0}
    assert httpx.put(given["presigned_url"], content=b"12345", headers=given["headers"]).is_success
    assert (
        httpx.put(given["presigned_url"].replace("/a/f?", "/a/g?"), content=b"x").status_code == 403
    )
    assert recount(client, run_id) == {"bytes": 5, "files": 1}
    assert httpx.put(given["presigned_url"], content=b"1").is_success
    assert recount(client, run_id) == {"bytes": 1, "files": 1}
    link = client.post(
        f"{API}/artifacts/presigned-download-url", json={"run_id": run_id, "path": "a/f"}
    ).json()
    assert link["file_size"] == 1
    assert httpx.get(link["presigned_url"]).content == b"1"


def test_a_server_finds_such_uploads_by_itself(
    s3: S3, s3_bucket: str, milepost_server: StartMilepost
) -> None:
    server = milepost_server(None, f"--artifacts-destination=s3://{s3_bucket}", env=s3.environment)
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        run = client.post(f"{API}/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]
        asked = {"run_id": run["run_id"], "path": "f"}
        given = client.post(f"{API}/artifacts/presigned-upload-url", json=asked).json()
    assert httpx.put(given["presigned_url"], content=b"12345").is_success
    server.stop()
    # It looks when it starts, and then every minute.
    server.start()
    give_up = time.monotonic() + 180
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        while usage(client, run["run_id"]) != {"bytes": 5, "files": 1}:
            assert time.monotonic() < give_up
            time.sleep(0.1)


def test_where_no_runs_are_known_a_path_must_name_one(
    s3: S3, s3_bucket: str, milepost_server: StartMilepost
) -> None:
    """Client 2.9.2 names no run; what it sends must not end up in the root of the store."""
    where = f"--artifacts-destination=s3://{s3_bucket}"
    server = milepost_server(None, where, "--artifacts-only", env=s3.environment)
    body = {"path": "f", "num_parts": 1}
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for folder in ("", "/model", "/0/1/artifacts", f"/{'0' * 32}", "/0/models"):
            refused = client.post(f"{MPU}/create{folder}", json=body)
            assert refused.status_code == 501
        for owner in ("0" * 32, f"models/m-{'0' * 32}"):
            assert begin(client, f"0/{owner}/artifacts/some")["upload_id"]


def test_nobody_gets_a_url_for_what_is_not_theirs(client: httpx.Client, run_id: str) -> None:
    body = {"path": "f", "num_parts": 1}
    for folder in ("", "/nowhere", "/99/artifacts", f"/{run_id}/artifacts", "/0/traces"):
        refused = client.post(f"{MPU}/create{folder}", json=body)
        assert refused.status_code == 501
        assert refused.json()["message"].startswith("Multipart upload is not supported for the")
    assert client.post(f"{MPU}/create/0/%2e%2e/x", json=body).status_code == 400
    assert client.get(f"{PRESIGNED}/nowhere/f").status_code == 404
    assert client.get(f"{PRESIGNED}/0/{run_id}/artifacts/none").status_code == 404
    assert client.get(f"{PRESIGNED}/0/..%2f..%2fx").status_code == 400
    climbing = {"path": "..", "num_parts": 1}
    assert client.post(f"{MPU}/create/0/{run_id}/artifacts", json=climbing).status_code == 400
    client.post(f"{API}/runs/delete", json={"run_id": run_id})
    gone = client.post(f"{MPU}/create/0/{run_id}/artifacts", json=body)
    assert gone.status_code == 400
    assert "'active' state" in gone.json()["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"path": "f"}, "Exactly one of run_id and model_id"),
        ({"path": "f", "run_id": "RUN", "model_id": "m-1"}, "Exactly one of run_id and model_id"),
        ({"run_id": "RUN"}, "'path'"),
        ({"path": "f", "run_id": "RUN", "expiration": 0}, "between 1 and 604800"),
        ({"path": "f", "run_id": "RUN", "expiration": 604801}, "between 1 and 604800"),
        ({"path": "../f", "run_id": "RUN"}, "Invalid path"),
        ({"path": "f/", "run_id": "RUN"}, "must include a filename"),
    ],
)
def test_bad_requests(client: httpx.Client, run_id: str, body: dict[str, Any], words: str) -> None:
    body = {key: run_id if value == "RUN" else value for key, value in body.items()}
    reply = client.post(f"{API}/artifacts/presigned-upload-url", json=body)
    assert reply.status_code == 400
    assert words in reply.json()["message"]


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_file_has_as_many_parts_as_the_store_takes(
    client: httpx.Client, run_id: str, count: int
) -> None:
    body = {"path": "f", "num_parts": count}
    assert client.post(f"{MPU}/create/0/{run_id}/artifacts", json=body).status_code == 400


def test_switched_off(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> None:
    server = new_server(
        tmp_path_factory.mktemp("indirect"),
        None,
        (f"--artifacts-destination=s3://{s3.create_bucket()}", "--no-direct-transfers"),
        s3.environment,
    )
    server.start()
    try:
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            run = client.post(f"{API}/runs/create", json={"experiment_id": "0"}).json()["run"]
            _refuses(client, run["info"]["run_id"])
    finally:
        server.stop()


def test_a_local_store_has_no_urls(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = new_server(tmp_path_factory.mktemp("local"))
    server.start()
    try:
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            run = client.post(f"{API}/runs/create", json={"experiment_id": "0"}).json()["run"]
            _refuses(client, run["info"]["run_id"])
    finally:
        server.stop()


def _refuses(client: httpx.Client, run_id: str) -> None:
    info = client.get("/api/3.0/mlflow/server-info").json()
    assert info["multipart_uploads_enabled"] is info["multipart_downloads_enabled"] is False
    folder = f"0/{run_id}/artifacts"
    assert client.put(f"{PROXY}/{folder}/f", content=b"x").status_code == 200
    upload = client.post(f"{MPU}/create/{folder}", json={"path": "f", "num_parts": 1})
    # The very words by which clients know to take the other way.
    assert upload.status_code == 501
    assert upload.json()["message"].startswith("Multipart upload is not supported for the current")
    download = client.get(f"{PRESIGNED}/{folder}/f")
    assert download.status_code == 501
    for kind in ("upload", "download"):
        body = {"run_id": run_id, "path": "f"}
        reply = client.post(f"{API}/artifacts/presigned-{kind}-url", json=body)
        assert reply.status_code == 400
