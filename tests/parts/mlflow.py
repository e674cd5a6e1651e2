"""The real MLflow: its clients 1.30.1, 2.9.2 and 3.17.2, and the 3.17.2 server to compare with."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port

CLIENTS = ("2.9.2", "3.17.2")
SERVER = "3.17.2"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True)
class MlflowClient:
    """A Python with one release of the client, and a folder to run scripts in."""

    version: str
    programs: Path
    folder: Path

    def run(self, script: Path, url: str, *args: str, **env: str) -> Any:
        """Run a script with the server at `url` as its tracking server.

        Returns what the script printed on its last line, read as JSON.
        """
        return json.loads(self.output(script, url, *args, **env).splitlines()[-1])

    def output(self, script: Path, url: str, *args: str, **env: str) -> str:
        """What a script prints; one that fails raises AssertionError with its output."""
        done = subprocess.run(
            [self.programs / "python", script, *args],
            check=False,
            env={**_environment(), "MLFLOW_TRACKING_URI": url, **env},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            timeout=900,
        )
        assert done.returncode == 0, f"{script.name} on {self.version}:\n{done.stdout}{done.stderr}"
        return done.stdout


def _environment() -> dict[str, str]:
    """Ours without what would steer MLflow, or show it our own packages."""
    steering = ("MLFLOW_", "_MLFLOW_", "PYTHON", "VIRTUAL_ENV")
    return {k: v for k, v in os.environ.items() if not k.startswith(steering)} | QUIET


@pytest.fixture
def mlflow_client_of(tmp_path: Path) -> Callable[[str], MlflowClient]:
    """`mlflow_client_of("1.30.1")`: the client of that version."""

    def client(version: str) -> MlflowClient:
        folder = tmp_path / f"mlflow-{version}"
        folder.mkdir(exist_ok=True)
        return MlflowClient(version, need.environment(f"mlflow-{version}"), folder)

    return client


@pytest.fixture(params=CLIENTS)
def mlflow_client(
    request: pytest.FixtureRequest, mlflow_client_of: Callable[[str], MlflowClient]
) -> MlflowClient:
    """A real client; the test runs once with each version."""
    return mlflow_client_of(request.param)


@contextmanager
def serving(home: Path, **env: str) -> Iterator[str]:
    """A real MLflow server with its data in `home`; its base URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(need.environment(f"mlflow-{SERVER}") / "mlflow"),
        "server",
        f"--backend-store-uri=sqlite:///{home / 'mlflow.db'}",
        f"--artifacts-destination={home / 'artifacts'}",
        "--host=127.0.0.1",
        f"--port={port}",
        "--workers=1",
    ]
    server = Daemon(command, home / "log", answers(f"{url}/health"), env=QUIET | env, cwd=home)
    server.start()
    try:
        yield url
    finally:
        # It takes long to leave and nothing depends on how it does.
        server.kill()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a real MLflow server on SQLite. All tests share it: name things uniquely."""
    with serving(tmp_path_factory.mktemp("mlflow-server")) as url:
        yield url
