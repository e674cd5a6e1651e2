"""Artifacts with the real clients: through the server, and past it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.parts.azure import AzureEmulator
from tests.parts.milepost import MilepostServer, StartMilepost
from tests.parts.mlflow import MlflowClient
from tests.parts.proxy import Proxy, proxy_to
from tests.parts.s3 import S3

SCRIPTS = Path(__file__).parent / "scripts"
SCRIPT = SCRIPTS / "artifact_stores.py"
SIZE = 12 << 20
MULTIPART = {
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 << 20),
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 << 20),
    "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": str(6 << 20),
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(5 << 20),
}


# What users of 2.9.2 set; 3.17.2 is told by the server.
TOLD = {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true"}


def check(done: dict[str, Any], server: MilepostServer) -> None:
    """What the script must have seen, with whatever store, and what the server has counted."""
    seen(done)
    assert usage(server, done["run_id"]) == {"bytes": SIZE + 10, "files": 3}


def seen(done: dict[str, Any]) -> None:
    """What the script must have seen."""
    assert done["same"]
    assert done["inner"] == sorted(f"{n}.txt" for n in range(20))
    assert done["text"] == "hello"
    assert done["listed"] == {
        "": [["big file.bin", False, SIZE], ["notes", True, None], ["some", True, None]],
        "some/where": [["some/where/größe.json", False, 2], ["some/where/inner", True, None]],
        "notes": [["notes/a.yaml", False, 5], ["notes/hello.txt", False, 5]],
        "notes/hello.txt": [],
        "none": [],
    }
    assert done["left"] == [[], done["listed"]["notes"]]
    assert done["emptied"] == []


def usage(server: MilepostServer, run_id: str) -> Any:
    whose = {"run_id": run_id}
    return httpx.get(f"{server.url}/api/3.0/milepost/artifacts/usage", params=whose).json()


def test_on_a_local_store(mlflow_client: MlflowClient, milepost_server: StartMilepost) -> None:
    server = milepost_server()
    check(mlflow_client.run(SCRIPT, server.url, str(SIZE)), server)


def test_without_the_server(mlflow_client: MlflowClient, milepost_server: StartMilepost) -> None:
    """Clients go to the folder themselves; the server shows what is there and counts when asked."""
    server = milepost_server(None, "--no-serve-artifacts")
    done = mlflow_client.run(SCRIPT, server.url, str(SIZE))
    seen(done)
    whose = {"run_id": done["run_id"]}
    listed = httpx.get(f"{server.url}/api/2.0/mlflow/artifacts/list", params=whose).json()
    assert [file["path"] for file in listed["files"]] == ["big file.bin", "notes"]
    counted = httpx.post(f"{server.url}/api/3.0/milepost/artifacts/recount", json=whose)
    assert counted.json() == {"bytes": SIZE + 10, "files": 3}


@pytest.fixture
def on_s3(s3: S3, s3_bucket: str, milepost_server: StartMilepost) -> StartMilepost:
    """Starts a server whose artifacts are in a fresh bucket."""

    def start(*flags: str) -> MilepostServer:
        where = f"--artifacts-destination=s3://{s3_bucket}/root"
        return milepost_server(None, where, *flags, env=s3.environment)

    return start


@pytest.fixture
def watched() -> Iterator[Any]:
    """Puts a server behind a proxy that counts bytes."""
    opened: list[Any] = []

    def watch(server: MilepostServer) -> Proxy:
        context = proxy_to(urlsplit(server.url).port or 0)
        opened.append(context)
        return context.__enter__()

    yield watch
    for context in opened:
        context.__exit__(None, None, None)


def test_on_s3_through_the_server(
    mlflow_client: MlflowClient, on_s3: StartMilepost, watched: Any
) -> None:
    server = on_s3("--no-direct-transfers")
    proxy = watched(server)
    check(mlflow_client.run(SCRIPT, proxy.url, str(SIZE), **MULTIPART), server)
    assert proxy.sent > SIZE
    assert proxy.received > SIZE


def test_on_s3_past_the_server(
    mlflow_client: MlflowClient, on_s3: StartMilepost, watched: Any
) -> None:
    """3.17.2 is told by server-info. 2.9.2, told by its user, does not say which run its parts are
    for, is sent back, and uploads the plain way to the right place."""
    server = on_s3()
    proxy = watched(server)
    env = MULTIPART if mlflow_client.version == "3.17.2" else MULTIPART | TOLD
    check(mlflow_client.run(SCRIPT, proxy.url, str(SIZE), **env), server)
    if mlflow_client.version == "3.17.2":
        assert proxy.sent < 1 << 20
        assert proxy.received < 1 << 20
    else:
        assert proxy.sent > SIZE


def test_on_azure_past_the_server(
    mlflow_client_of: Callable[[str], MlflowClient],
    azure_emulator: AzureEmulator,
    milepost_server: StartMilepost,
    watched: Any,
) -> None:
    where = f"--artifacts-destination=azure://{azure_emulator.create_container()}/root"
    server = milepost_server(None, where, env=azure_emulator.environment)
    proxy = watched(server)
    check(mlflow_client_of("3.17.2").run(SCRIPT, proxy.url, str(SIZE), **MULTIPART), server)
    assert proxy.sent < 1 << 20
    assert proxy.received < 1 << 20


def test_both_send_parts_past_the_server_where_they_say_whose_they_are(
    mlflow_client: MlflowClient, on_s3: StartMilepost, watched: Any
) -> None:
    server = on_s3()
    proxy = watched(server)
    done = mlflow_client.run(
        SCRIPTS / "artifact_parts.py", proxy.url, str(SIZE), **MULTIPART, **TOLD
    )
    assert done["same"]
    assert proxy.sent < 1 << 20
    assert usage(server, done["run_id"]) == {"bytes": SIZE, "files": 1}


def test_a_server_for_files_alone(
    mlflow_client: MlflowClient,
    on_s3: StartMilepost,
    s3: S3,
    s3_bucket: str,
    milepost_server: StartMilepost,
    watched: Any,
) -> None:
    """The tracking server names it in every location, and clients go there. It knows no runs, and
    must not put parts where client 2.9.2 does not say whose they are."""
    proxy = watched(on_s3("--artifacts-only"))
    tracking = milepost_server(
        None,
        "--no-serve-artifacts",
        f"--default-artifact-root=mlflow-artifacts://{urlsplit(proxy.url).netloc}/",
        f"--artifacts-destination=s3://{s3_bucket}/root",
        env=s3.environment,
    )
    done = mlflow_client.run(SCRIPT, tracking.url, str(SIZE), **MULTIPART, **TOLD)
    seen(done)
    assert (proxy.sent < 1 << 20) is (mlflow_client.version == "3.17.2")
    # The tracking server, told of the same store, shows and counts what is there.
    whose = {"run_id": done["run_id"]}
    listed = httpx.get(f"{tracking.url}/api/2.0/mlflow/artifacts/list", params=whose).json()
    assert {"path": "big file.bin", "is_dir": False, "file_size": SIZE} in listed["files"]
    counted = httpx.post(f"{tracking.url}/api/3.0/milepost/artifacts/recount", json=whose)
    assert counted.json() == {"bytes": SIZE + 10, "files": 3}
