"""`milepost server` as a command: what it prints, what it refuses, how it starts beside others."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from milepost.store.db import open_dialect
from tests.parts.daemon import free_port
from tests.parts.milepost import COMMAND, StartMilepost, new_server


def _run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A server that is expected to end by itself."""
    return subprocess.run(
        [COMMAND, "server", *args],
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _refusal(*args: str, cwd: Path) -> str:
    """The one line on stderr with which the command ends."""
    done = _run(*args, cwd=cwd)
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


def test_it_says_what_it_serves_and_where_its_data_is(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    assert server.url in server.log
    assert f"sqlite:///{server.data}/milepost.db" in server.log
    assert f"{server.data}/artifacts" in server.log


def test_a_password_is_not_printed(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    server = milepost_server(postgres_uri().replace("postgres@", "postgres:hidden-word@"))
    assert "postgresql://postgres:***@" in server.log
    assert "hidden-word" not in server.log


def test_a_taken_port(milepost_server: StartMilepost, tmp_path: Path) -> None:
    port = milepost_server().url.rpartition(":")[2]
    assert "--port" in _refusal(f"--port={port}", cwd=tmp_path)


def test_the_short_flags_of_mlflow(milepost_server: StartMilepost, tmp_path: Path) -> None:
    port = milepost_server().url.rpartition(":")[2]
    flags = ("-h", "127.0.0.1", "-p", port, "-w", "1")
    assert f"127.0.0.1:{port}" in _refusal(*flags, cwd=tmp_path)


def test_a_registry_elsewhere(tmp_path: Path) -> None:
    """MLflow's flag is understood; that the registry lives with the runs is said."""
    uri = f"sqlite:///{tmp_path / 'registry.db'}"
    assert "backend store" in _refusal(f"--registry-store-uri={uri}", cwd=tmp_path)


def test_flags_for_the_servers_that_mlflow_runs_on(
    milepost_server: StartMilepost, tmp_path: Path
) -> None:
    """They do not keep a start script from starting, and are not ignored in silence."""
    port = milepost_server().url.rpartition(":")[2]
    done = _run("--gunicorn-opts=--timeout 180", f"--port={port}", cwd=tmp_path)
    warning, refusal = done.stderr.splitlines()
    assert warning.startswith("Warning: --gunicorn-opts has no effect")
    assert "--port" in refusal  # nothing else was wrong


def test_a_plug_in_that_guards_is_not_left_away(tmp_path: Path) -> None:
    assert "a proxy in front" in _refusal("--app-name=my-guard", cwd=tmp_path)
    both = ("--app-name=basic-auth", "--no-auth-enabled")
    assert "contradict" in _refusal(*both, cwd=tmp_path)


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://nobody@127.0.0.1:{port}/none",
        "mysql+pymysql://nobody@127.0.0.1:{port}/none",
        "sqlite:////proc/none/milepost.db",
        "sqlite://",
        "mongodb://127.0.0.1/none",
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_store_that_cannot_be_used(uri: str, workers: int, tmp_path: Path) -> None:
    args = (f"--backend-store-uri={uri.format(port=free_port())}", f"--workers={workers}")
    _refusal(*args, f"--port={free_port()}", cwd=tmp_path)


def test_a_database_of_a_newer_release(milepost_server: StartMilepost, store_uri: str) -> None:
    server = milepost_server(store_uri)
    server.stop()
    _note_newer_migration(store_uri)
    with pytest.raises(RuntimeError, match="start a newer Milepost"):
        server.start()


def _note_newer_migration(uri: str) -> None:
    connection = open_dialect(uri).connect(False)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO milepost_schema (migration, statement) VALUES (999, 0)")
    connection.close()


def test_servers_start_at_once_on_an_empty_database(store_uri: str, tmp_path: Path) -> None:
    servers = []
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        servers.append(new_server(tmp_path / name, store_uri))
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda server: server.start(), servers))
    for server in servers:
        body = {"name": f"of {server.data.name}"}
        made = httpx.post(f"{server.url}/api/2.0/mlflow/experiments/create", json=body)
        assert made.status_code == 200
    for server in servers:
        search = f"{server.url}/api/2.0/mlflow/experiments/search"
        reply = httpx.post(search, json={"max_results": 10}).json()
        names = {experiment["name"] for experiment in reply["experiments"]}
        assert names == {"Default", "of one", "of two", "of three"}
    for server in servers:
        server.stop()
        assert "Traceback" not in server.log


def test_clients_of_several_servers_race_for_a_name(
    milepost_server: StartMilepost, postgres_uri: Callable[[], str]
) -> None:
    uri = postgres_uri()
    servers = [milepost_server(uri) for _ in range(2)]

    def create(i: int) -> tuple[int, str, str]:
        url = f"{servers[i % 2].url}/api/2.0/mlflow/experiments/create"
        name = f"name {i // 4}"
        reply = httpx.post(url, json={"name": name})
        return reply.status_code, reply.json().get("error_code", "created"), name

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(create, range(80)))
    created = [name for status, _, name in answers if status == 200]
    assert sorted(created) == sorted({name for *_, name in answers})
    others = {(status, code) for status, code, _ in answers if status != 200}
    assert others == {(400, "RESOURCE_ALREADY_EXISTS")}


def test_mlflow_names_of_settings(milepost_server: StartMilepost, tmp_path: Path) -> None:
    server = milepost_server(
        None,
        "--static-prefix=/team",
        env={
            "MLFLOW_DEFAULT_ARTIFACT_ROOT": f"{tmp_path}/root",
            "MLFLOW_SERVER_ALLOWED_HOSTS": "tracking.example",
        },
    )
    host = {"host": "tracking.example"}
    path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
    reply = httpx.get(f"{server.url}/team{path}", headers=host)
    assert reply.json()["experiment"]["artifact_location"] == f"{tmp_path}/root/0"
    assert httpx.get(f"{server.url}{path}", headers=host).status_code == 404
    assert httpx.get(f"{server.url}/health", headers=host).status_code == 404
    assert httpx.get(f"{server.url}/team/health", headers=host).text == "OK"
    assert httpx.get(f"{server.url}/team{path}").status_code == 403
