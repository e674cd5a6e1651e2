"""A real MariaDB, from Debian's packages or whatever the machine has."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from getpass import getuser
from itertools import count
from pathlib import Path

import pymysql
import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, free_port, run

# The server without the service that the package mariadb-server would start.
PACKAGES = ["mariadb-server-core", "mariadb-client-core"]


@dataclass(frozen=True)
class MariaDB:
    daemon: Daemon
    port: int

    def create(self, database: str) -> str:
        self._run(f"CREATE DATABASE `{database}`")
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}"

    def drop(self, database: str) -> None:
        self._run(f"DROP DATABASE `{database}`")

    def _run(self, statement: str) -> None:
        with _connect(self.port) as connection, connection.cursor() as cursor:
            cursor.execute(statement)


def _connect(port: int) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=5)


def _is_up(port: int) -> bool:
    try:
        _connect(port).close()
    except pymysql.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    # Directly under the system's temporary folder, as the path of a socket may not be long.
    home = Path(tempfile.mkdtemp(prefix="milepost-my-"))
    try:
        server = _prepare(home)
        server.daemon.start()
        try:
            yield server
        finally:
            server.daemon.stop()
    finally:
        shutil.rmtree(home)


def _prepare(home: Path) -> MariaDB:
    port, data = free_port(), home / "data"
    common = ["--no-defaults", f"--datadir={data}", f"--user={getuser()}"]
    # Named first, as it makes sure that the packages are there.
    mariadbd = str(need.program("mariadbd", PACKAGES))
    install = str(need.program("mariadb-install-db", PACKAGES))
    run([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
    network = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]
    files = [f"--socket={home / 'socket'}", f"--pid-file={home / 'pid'}"]
    command = [mariadbd, *common, *network, *files]
    return MariaDB(Daemon(command, home / "log", lambda: _is_up(port)), port)


@pytest.fixture(scope="session")
def mariadb_uri(mariadb: MariaDB) -> Callable[[], str]:
    """Makes a fresh, empty database at each call and returns its URI."""
    numbers = count(1)
    return lambda: mariadb.create(f"fresh_{next(numbers)}")
