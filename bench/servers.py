"""The servers under comparison, each started as its users would by default."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench import processes
from bench.client import Client

ENVIRONMENTS = Path(__file__).parents[1] / ".envs"
_STEERING = ("MLFLOW_", "_MLFLOW_", "MILEPOST_", "FML_", "PYTHON", "VIRTUAL_ENV", "MAKE")
_PATIENCE_S = 300


@dataclass(frozen=True)
class Kind:
    """A server program. `command(uri, home, port)` is its command line."""

    name: str
    title: str
    command: Callable[[str, Path, int], Sequence[str]]
    sqlite: str
    """Scheme and slashes before the absolute path of a SQLite file."""
    postgres: str
    """URI with `{}` for user, host, port and database."""
    environment: str = ""
    """Folder of `.envs` with its programs; empty: our own."""
    env: Mapping[str, str] = field(default_factory=dict)


def _milepost(uri: str, home: Path, port: int) -> Sequence[str]:
    workers = ["--workers", "2"] if uri.startswith("postgresql") else []
    program = str(Path(sys.executable).with_name("milepost"))
    return [program, *_mlflow_flags(uri, home, port), *workers]


def _mlflow(uri: str, home: Path, port: int) -> Sequence[str]:
    program = str(ENVIRONMENTS / "mlflow-3.17.2" / "bin" / "mlflow")
    return [program, *_mlflow_flags(uri, home, port)]


def _mlflow_flags(uri: str, home: Path, port: int) -> Sequence[str]:
    stores = ["--backend-store-uri", uri, "--artifacts-destination", str(home / "artifacts")]
    return ["server", *stores, "--host", "127.0.0.1", "--port", str(port)]


def _fasttrackml(uri: str, home: Path, port: int) -> Sequence[str]:
    program = str(ENVIRONMENTS / "fasttrackml" / "bin" / "fml")
    root = str(home / "artifacts")
    return [
        program,
        "server",
        "-a",
        f"127.0.0.1:{port}",
        "-d",
        uri,
        "--default-artifact-root",
        root,
    ]


MILEPOST = Kind("milepost", "Milepost", _milepost, "sqlite:///", "postgresql://{}")
MLFLOW = Kind(
    "mlflow",
    "MLflow",
    _mlflow,
    "sqlite:///",
    "postgresql+psycopg2://{}",
    "mlflow-3.17.2",
    {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
)
FASTTRACKML = Kind(
    "fasttrackml",
    "FastTrackML",
    _fasttrackml,
    "sqlite://",
    "postgres://{}?sslmode=disable",
    "fasttrackml",
)
KINDS = {kind.name: kind for kind in (MILEPOST, MLFLOW, FASTTRACKML)}


class Server:
    """One instance with its own folder and database; start and stop it as often as you like."""

    def __init__(self, kind: Kind, home: Path, database: str = "") -> None:
        """`database` is a PostgreSQL address as of `Postgres.create`; empty: SQLite in `home`."""
        home.mkdir(parents=True)
        self.kind = kind
        self.home = home
        self.port = processes.free_port()
        self.file = home / "tracking.db"
        self.uri = kind.postgres.format(database) if database else f"{kind.sqlite}{self.file}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Client:
        """A new connection."""
        return Client(self.port)

    def start(self) -> float:
        """Start; returns the seconds from exec to the first 200 of /health."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(_STEERING)}
        with (self.home / "log").open("ab") as log:
            begin = time.perf_counter()
            self._process = subprocess.Popen(
                self.kind.command(self.uri, self.home, self.port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**plain, **self.kind.env},
                cwd=self.home,
                start_new_session=True,
            )
        while not self._healthy():
            elapsed = time.perf_counter() - begin
            if self._process.poll() is not None or elapsed > _PATIENCE_S:
                self.stop()
                raise RuntimeError(f"{self.kind.title} did not start:\n{self.log()[-3000:]}")
            time.sleep(0.005)
        return time.perf_counter() - begin

    def _healthy(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        with suppress(OSError, HTTPException):
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        return False

    def stop(self) -> None:
        """Ask it to stop, wait for all its processes, kill what stays. Fine if not running."""
        if self._process is not None:
            processes.end(self._process.pid)
            self._process.wait()
            self._process = None

    def memory_mb(self) -> float:
        """Proportional set size of all its processes, MiB."""
        assert self._process is not None, "not started"
        return processes.memory_mb(self._process.pid)

    def disk_bytes(self) -> int:
        """Size of the SQLite database once its write-ahead log is folded in."""
        with sqlite3.connect(self.file) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return sum(file.stat().st_size for file in self.home.glob(f"{self.file.name}*"))

    def log(self) -> str:
        """What it printed."""
        return (self.home / "log").read_text(errors="replace")
