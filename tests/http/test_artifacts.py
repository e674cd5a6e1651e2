"""Artifacts over plain HTTP, on a local store."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from milepost.blobs.local import UPLOADS
from tests.parts.milepost import MilepostServer, StartMilepost

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
LIST = "/api/2.0/mlflow/artifacts/list"


def put(client: httpx.Client, run_id: str, path: str, content: bytes | str) -> httpx.Response:
    return client.put(f"{PROXY}/0/{run_id}/artifacts/{path}", content=content)


def raw(server: MilepostServer, method: str, target: str, body: bytes | None = None) -> int:
    """Send a request target exactly as it stands; returns the status."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.putrequest(method, target, skip_accept_encoding=True)
    connection.putheader("content-length", str(len(body or b"")))
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_file_goes_up_and_comes_back(client: httpx.Client, run_id: str, folder: Path) -> None:
    assert put(client, run_id, "a/b.txt", b"hello").status_code == 200
    found = client.get(f"{PROXY}/0/{run_id}/artifacts/a/b.txt")
    assert (found.status_code, found.content) == (200, b"hello")
    assert found.headers["content-type"] == "text/plain"
    assert found.headers["content-disposition"] == 'attachment; filename="b.txt"'
    assert found.headers["content-length"] == "5"
    assert (folder / "0" / run_id / "artifacts/a/b.txt").read_bytes() == b"hello"
    again = client.get("/get-artifact", params={"run_id": run_id, "path": "a/b.txt"})
    assert again.content == b"hello"
    twin = client.get(f"/ajax-api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/a/b.txt")
    assert twin.content == b"hello"


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1, 9 * 2**20 + 7])
def test_files_of_any_size(client: httpx.Client, run_id: str, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)

    def chunks() -> Iterator[bytes]:
        for start in range(0, size, 100_000):
            yield content[start : start + 100_000]

    for body in (content, chunks()):
        url = f"{PROXY}/0/{run_id}/artifacts/f{size}"
        assert client.put(url, content=body).status_code == 200
        found = client.get(url)
        assert found.content == content
        assert int(found.headers["content-length"]) == size


def test_names_beyond_ascii(client: httpx.Client, run_id: str) -> None:
    name = "größe 日本 'x;y.json"
    url = f"{PROXY}/0/{run_id}/artifacts/{name}"
    assert client.put(url, content=b"{}").status_code == 200
    found = client.get(url)
    assert found.headers["content-disposition"] == (
        'attachment; filename="gr__e __ _x_y.json";'
        " filename*=UTF-8''gr%C3%B6%C3%9Fe%20%E6%97%A5%E6%9C%AC%20%27x%3By.json"
    )
    listed = client.get(LIST, params={"run_id": run_id}).json()
    assert listed["files"] == [{"path": name, "is_dir": False, "file_size": 2}]


def test_listings(client: httpx.Client, run_id: str) -> None:
    put(client, run_id, "a/b.txt", b"hello")
    put(client, run_id, "c", b"")
    root = f"0/{run_id}/artifacts"
    top = [{"path": "a", "is_dir": True}, {"path": "c", "is_dir": False, "file_size": 0}]
    whole = client.get(LIST, params={"run_id": run_id}).json()
    assert whole == {"root_uri": f"mlflow-artifacts:/{root}", "files": top}
    inner = client.get(LIST, params={"run_uuid": run_id, "path": "a/"}).json()
    assert inner["files"] == [{"path": "a/b.txt", "is_dir": False, "file_size": 5}]
    assert "files" not in client.get(LIST, params={"run_id": run_id, "path": "a/b.txt"}).json()
    assert client.get(PROXY, params={"path": root}).json() == {"files": top}
    assert client.get(PROXY, params={"path": f"{root}/a"}).json() == {
        "files": [{"path": "b.txt", "is_dir": False, "file_size": 5}]
    }
    for nothing in (f"{root}/a/b.txt", f"{root}/none"):
        assert client.get(PROXY, params={"path": nothing}).json() == {}
    assert {"path": "0", "is_dir": True} in client.get(PROXY).json()["files"]


def test_deleting(server: MilepostServer, client: httpx.Client, run_id: str) -> None:
    put(client, run_id, "a/b", b"x")
    put(client, run_id, "a/c", b"x")
    put(client, run_id, "d", b"x")
    for path in ("a/b", "a", "none"):
        gone = client.delete(f"{PROXY}/0/{run_id}/artifacts/{path}")
        assert (gone.status_code, gone.json()) == (200, {})
    files = client.get(LIST, params={"run_id": run_id}).json()["files"]
    assert [file["path"] for file in files] == ["d"]
    # Clients that mean all of a run's files end the path with a slash.
    assert client.delete(f"{PROXY}/0/{run_id}/artifacts/").status_code == 200
    assert "files" not in client.get(LIST, params={"run_id": run_id}).json()
    for everything in (".", "./", "%2e", "./%2e/"):
        assert raw(server, "DELETE", f"{PROXY}/{everything}") == 400


@pytest.mark.parametrize(
    "path",
    [
        "..%2fx",
        "%2e%2e/x",
        "%252e%252e%252fx",
        "a/../../x",
        "/etc/passwd",
        "%2fetc/passwd",
        "a%5c..%5cx",
        "C:/x",
        "a%00b",
        "a%0ab",
        "a%23b",
        f"{UPLOADS}/x",
        "x" * 300,
    ],
)
def test_no_path_leads_out_of_the_store(server: MilepostServer, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert raw(server, method, f"{PROXY}/{path}", b"x") == 400
    if "/" not in path[:1]:
        query = f"?path={path}"
        assert raw(server, "GET", PROXY + query) == 400


def test_no_path_leads_out_of_a_run(server: MilepostServer, client: httpx.Client) -> None:
    runs = [
        client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()["run"][
            "info"
        ]["run_id"]
        for _ in range(2)
    ]
    put(client, runs[0], "secret", b"x")
    climb = f"../../{runs[0]}/artifacts/secret"
    for path in (climb, climb.replace("..", "%2e%2e"), f"/{runs[0]}"):
        arguments = {"run_id": runs[1], "path": path}
        assert client.get("/get-artifact", params=arguments).status_code == 400
        assert client.get(LIST, params=arguments).status_code == 400
        upload = "/ajax-api/2.0/mlflow/upload-artifact"
        form = {"run_uuid": runs[1], "path": path}
        assert client.post(upload, params=form, content=b"y").status_code == 400
    assert client.get("/get-artifact", params={"run_id": runs[0], "path": "secret"}).text == "x"


def test_refusals_say_why_in_mlflows_shape(client: httpx.Client, run_id: str) -> None:
    put(client, run_id, "a/f", b"x")
    folder = f"{PROXY}/0/{run_id}/artifacts"
    cases = [
        (client.get(f"{folder}/none"), 404, "RESOURCE_DOES_NOT_EXIST", "No such artifact"),
        (client.get(f"{folder}/a"), 400, "INVALID_PARAMETER_VALUE", "refers to a directory"),
        (client.put(f"{folder}/a/"), 400, "INVALID_PARAMETER_VALUE", "must include a filename"),
        (client.put(f"{folder}/a", content=b"x"), 400, "INVALID_PARAMETER_VALUE", "a directory"),
        (client.put(f"{folder}/a/f/g", content=b"x"), 400, "INVALID_PARAMETER_VALUE", "is a file"),
        (client.get("/get-artifact", params={"path": "x"}), 404, "RESOURCE_DOES_NOT_EXIST", "Run"),
        (client.get("/get-artifact"), 400, "INVALID_PARAMETER_VALUE", "specify path"),
        (client.get(LIST, params={"run_id": "none"}), 404, "RESOURCE_DOES_NOT_EXIST", "id=none"),
    ]
    for reply, status, code, words in cases:
        assert reply.status_code == status, reply.text
        assert reply.json()["error_code"] == code
        assert words in reply.json()["message"]


def test_the_pages_upload_has_a_limit(client: httpx.Client, run_id: str) -> None:
    url = "/ajax-api/2.0/mlflow/upload-artifact"
    form = {"run_uuid": run_id, "path": "up/f"}
    assert client.post(url, params=form, content=b"x" * 10 * 2**20).status_code == 200
    assert client.post(url, params=form, content=b"y" * (10 * 2**20 + 1)).status_code == 413
    arguments = {"run_id": run_id, "path": "up/f"}
    assert client.get("/get-artifact", params=arguments).content[:2] == b"xx"
    for missing in ({"run_uuid": run_id}, {"path": "f"}):
        assert client.post(url, params=missing, content=b"x").status_code == 400


def test_a_broken_upload_leaves_the_old_file_or_none(
    server: MilepostServer, client: httpx.Client, run_id: str, folder: Path
) -> None:
    put(client, run_id, "old", b"old")
    for name in ("old", "new"):
        with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) as connection:
            target = f"{PROXY}/0/{run_id}/artifacts/{name}"
            head = f"PUT {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000000\r\n\r\n"
            connection.sendall(head.encode() + b"half" * 1_000_000)
    # The next upload is seen only after the server has dealt with the broken ones' data.
    while any((folder / UPLOADS).iterdir()):
        assert put(client, run_id, "after", b"x").status_code == 200
    files = client.get(LIST, params={"run_id": run_id}).json()["files"]
    assert {f["path"] for f in files} - {"after"} == {"old"}
    assert client.get(f"{PROXY}/0/{run_id}/artifacts/old").content == b"old"


def test_a_client_that_stops_sending_is_told_and_forgotten(
    milepost_server: StartMilepost,
) -> None:
    # Long enough for what is sent to be read: it would be thrown away with the connection's rest.
    server = milepost_server(None, "--body-timeout=3")
    port = urlsplit(server.url).port or 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"PUT {PROXY}/f HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000000\r\n\r\n"
        connection.sendall(head.encode() + b"half" * 500_000)
        reply = connection.recv(4096)
    assert reply.startswith(b"HTTP/1.1 400")
    assert httpx.get(f"{server.url}{PROXY}").json().get("files", []) == []


def test_a_location_outside_the_servers_folders_is_not_read(
    client: httpx.Client, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    made = client.post(
        "/api/2.0/mlflow/experiments/create",
        json={"name": "elsewhere", "artifact_location": str(tmp_path)},
    )
    run = client.post(
        "/api/2.0/mlflow/runs/create", json={"experiment_id": made.json()["experiment_id"]}
    ).json()["run"]["info"]["run_id"]
    for reply in (
        client.get(LIST, params={"run_id": run}),
        client.get("/get-artifact", params={"run_id": run, "path": "secret"}),
    ):
        assert reply.status_code == 403
        assert "--local-artifact-roots" in reply.json()["message"]


def test_a_named_root_is_read(milepost_server: StartMilepost, tmp_path: Path) -> None:
    server = milepost_server(None, f"--local-artifact-roots={tmp_path / 'shared'}")
    made = httpx.post(
        f"{server.url}/api/2.0/mlflow/experiments/create",
        json={"name": "shared", "artifact_location": f"file://{tmp_path / 'shared'}/x"},
    )
    info = httpx.post(
        f"{server.url}/api/2.0/mlflow/runs/create",
        json={"experiment_id": made.json()["experiment_id"]},
    ).json()["run"]["info"]
    place = Path(info["artifact_uri"].removeprefix("file://"))
    place.mkdir(parents=True)
    (place / "f").write_bytes(b"direct")
    arguments = {"run_id": info["run_id"], "path": "f"}
    assert httpx.get(f"{server.url}/get-artifact", params=arguments).content == b"direct"


def test_without_serving_artifacts(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, "--no-serve-artifacts")
    for method in ("GET", "PUT"):
        reply = httpx.request(method, f"{server.url}{PROXY}/f", content=b"x")
        assert reply.status_code == 503
        assert reply.json()["detail"].startswith("Artifact serving is disabled.")
    for reply in (httpx.get(f"{server.url}{PROXY}"), httpx.delete(f"{server.url}{PROXY}/f")):
        assert reply.status_code == 503
        assert reply.headers["content-type"].startswith("text/html")
        assert "`--no-serve-artifacts`" in reply.text
    run = httpx.post(f"{server.url}/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
    assert run["run"]["info"]["artifact_uri"].startswith(str(server.data / "artifacts"))
    listed = httpx.get(f"{server.url}{LIST}", params={"run_id": run["run"]["info"]["run_id"]})
    assert listed.status_code == 200


def test_artifacts_only(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, "--artifacts-only")
    assert httpx.put(f"{server.url}{PROXY}/a/f", content=b"x").status_code == 200
    assert httpx.get(f"{server.url}{PROXY}/a/f").content == b"x"
    assert httpx.get(f"{server.url}/health").text == "OK"
    info = httpx.get(f"{server.url}/api/3.0/mlflow/server-info").json()
    assert info["store_type"] is None
    for path in ("/api/2.0/mlflow/experiments/get", "/get-artifact"):
        reply = httpx.get(f"{server.url}{path}")
        assert reply.status_code == 503
        assert f"Endpoint: {path} disabled due to" in reply.text
        assert "`--artifacts-only`" in reply.text


def test_under_a_static_prefix(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, "--static-prefix=/pfx")
    assert httpx.put(f"{server.url}{PROXY}/a", content=b"1").status_code == 200
    assert httpx.get(f"{server.url}/pfx{PROXY}/a").content == b"1"
    assert httpx.put(f"{server.url}/pfx{PROXY}/b", content=b"2").status_code == 200
    assert httpx.get(f"{server.url}{PROXY}/b").content == b"2"
    assert httpx.get(f"{server.url}{PROXY}").status_code == 404
    assert httpx.delete(f"{server.url}{PROXY}/a").status_code in (404, 405)
    assert len(httpx.get(f"{server.url}/pfx{PROXY}").json()["files"]) == 2


def test_a_root_may_hold_variables(milepost_server: StartMilepost, tmp_path: Path) -> None:
    flag = f"--artifacts-destination={tmp_path}/${{TEAM}}/files"
    server = milepost_server(None, flag, env={"TEAM": "blue"})
    assert httpx.put(f"{server.url}{PROXY}/f", content=b"x").status_code == 200
    assert (tmp_path / "blue" / "files" / "f").read_bytes() == b"x"
