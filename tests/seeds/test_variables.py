"""The guides' .env files and what they do with them: found by grep, taken by the server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.session import Session
from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port
from tests.parts.milepost import COMMAND
from tests.seeds import guides

BASIC = guides.block("nself, Basic Setup: bash")
REFERENCE = guides.block("nself, Complete Configuration Reference: bash")
DEVELOPMENT = guides.block("nself, Development: bash")
TRAINER = guides.block("nself, Using MLflow with nself Custom Services: bash")
MINIO = "MINIO_ROOT_USER=minioadmin\nMINIO_ROOT_PASSWORD=hush\n"
"""Nothing in the guides shows these two, which one of their lines looks for."""


@pytest.mark.parametrize(
    "line",
    [
        line for block in guides.read() if block.language == "bash"
        for line in guides.commands(block.text) if line.startswith("grep ")
    ],
)  # fmt: skip
def test_what_grep_finds_is_what_counts(line: str, tmp_path: Path) -> None:
    """Each variable of Milepost's that `grep NAME .env` shows is the source of a setting."""
    (tmp_path / ".env").write_text(REFERENCE + MINIO)
    done = subprocess.run(
        ["/bin/sh", "-c", line], check=True, cwd=tmp_path, capture_output=True, text=True
    )
    found = guides.variables(done.stdout)
    assert found
    shown = Session(tmp_path, guides.variables(REFERENCE)).json("milepost config show")
    sources = {setting["source"] for setting in shown.values()}
    given = {name for name, value in found.items() if value and name.startswith("MLFLOW_")}
    assert given <= sources


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    """A server in an empty folder, started with the variables of an .env file and nothing else."""
    port = free_port()
    env = {**guides.variables(request.param), "MLFLOW_PORT": str(port)}
    daemon = Daemon(
        [str(COMMAND), "server"], tmp_path / "log", answers(f"http://127.0.0.1:{port}/health"),
        env=env, cwd=tmp_path,
    )  # fmt: skip
    daemon.start()
    yield daemon
    assert daemon.stop() == 0


def url_of(server: Daemon) -> str:
    return f"http://127.0.0.1:{server.env['MLFLOW_PORT']}"


@pytest.mark.parametrize("server", [BASIC, DEVELOPMENT, TRAINER], indirect=True)
def test_a_small_env_file_is_enough(server: Daemon, tmp_path: Path) -> None:
    assert httpx.get(f"{url_of(server)}/health/ready", trust_env=False).text == "OK"
    assert (tmp_path / "milepost-data/milepost.db").exists()


@pytest.mark.parametrize("server", ["MLFLOW_WORKERS=4"], indirect=True)
def test_more_workers_and_what_they_take(server: Daemon) -> None:
    """`MLFLOW_WORKERS=4`, and in place of `docker stats` what the kernel says of the processes;
    `lsof -i :5000` names the one that has the port."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {child: Path(f"/proc/{child}/cmdline").read_text() for child in children}
    workers = [child for child, command in commands.items() if "spawn_main" in command]
    assert len(workers) == 4
    lsof = str(need.program("lsof", ["lsof"]))
    port = server.env["MLFLOW_PORT"]
    done = subprocess.run(
        [lsof, "-t", "-i", f":{port}"], check=True, capture_output=True, text=True
    )
    assert str(pid) in done.stdout.split()


@pytest.mark.parametrize("server", [BASIC], indirect=True)
def test_a_restart(server: Daemon) -> None:
    """`nself restart mlflow`: what was logged is still there."""
    base = f"{url_of(server)}/api/2.0/mlflow/experiments"
    httpx.post(f"{base}/create", json={"name": "kept"}, trust_env=False).raise_for_status()
    assert server.stop() == 0
    server.start()
    asked = {"experiment_name": "kept"}
    assert httpx.get(f"{base}/get-by-name", params=asked, trust_env=False).status_code == 200
