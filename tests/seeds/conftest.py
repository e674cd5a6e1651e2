from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port
from tests.parts.milepost import COMMAND
from tests.parts.postgres import Postgres
from tests.parts.s3 import S3

Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(text, *flags, prefix="", **env)`: a server with that settings.yaml; its URL."""
    daemons: list[Daemon] = []

    def run(text: str, *flags: str, prefix: str = "", **env: str) -> str:
        (tmp_path / "settings.yaml").write_text(text)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [str(COMMAND), "server", "--config", "settings.yaml", f"--port={port}", *flags]
        ready = answers(f"{url}{prefix}/health/ready")
        daemons.append(Daemon(command, tmp_path / "log", ready, env=env, cwd=tmp_path))
        daemons[-1].start()
        return url + prefix

    yield run
    for daemon in daemons:
        assert daemon.stop() == 0


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    """HOST:PORT of a PostgreSQL with the databases and users that the guides name."""
    users, names = ("mlflow", "mlflow_user", "user"), ("mlflow", "mlflow_db")
    for name in names:
        postgres.create(name)
    with psycopg.connect(postgres.uri("postgres"), autocommit=True) as connection:
        for user in users:
            connection.execute(f'CREATE ROLE "{user}" LOGIN SUPERUSER'.encode())
    yield f"127.0.0.1:{postgres.port}"
    for name in names:
        postgres.drop(name)
    with psycopg.connect(postgres.uri("postgres"), autocommit=True) as connection:
        for user in users:
            connection.execute(f'DROP ROLE "{user}"'.encode())


@pytest.fixture
def aws(s3: S3) -> Callable[..., str]:
    """`aws s3 ... --endpoint-url URL`: what it prints."""
    program = str(need.environment("awscli") / "aws")

    def run(*words: str) -> str:
        done = subprocess.run(
            [program, "s3", *words, "--endpoint-url", s3.endpoint],
            check=True, capture_output=True, text=True, env={**os.environ, **s3.environment},
        )  # fmt: skip
        return done.stdout

    return run
