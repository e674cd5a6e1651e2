"""`milepost server` itself, as a user starts it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import pytest

from tests.parts.daemon import Daemon, answers, free_port

COMMAND = Path(sys.executable).with_name("milepost")


@dataclass(frozen=True)
class MilepostServer:
    """A running server; `kill()` and `start()` are a crash and a restart on the same data."""

    daemon: Daemon
    url: str
    data: Path

    @property
    def process(self) -> Popen[bytes]:
        return self.daemon.process

    @property
    def log(self) -> str:
        return self.daemon.log.read_text(errors="replace")

    def start(self) -> None:
        self.daemon.start()

    def kill(self) -> None:
        """SIGKILL for the server and all its worker processes."""
        self.daemon.kill()

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C and service managers do; it must drain and say 0."""
        code = self.daemon.stop()
        assert code == 0, f"milepost server ended with {code}:\n{self.daemon.tail()}"


@pytest.fixture(scope="session")
def milepost_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of one server on SQLite. Tests share it: name things uniquely."""
    data = tmp_path_factory.mktemp("milepost")
    server = new_server(data)
    server.start()
    yield server.url
    server.stop()


StartMilepost = Callable[..., MilepostServer]


@pytest.fixture
def milepost_server(tmp_path: Path) -> Iterator[StartMilepost]:
    """`milepost_server(uri=None, *flags, env=None)` starts one more server, if no URI on SQLite."""
    servers: list[MilepostServer] = []

    def start(
        uri: str | None = None, *flags: str, env: Mapping[str, str] | None = None
    ) -> MilepostServer:
        data = tmp_path / f"milepost-{len(servers)}"
        data.mkdir()
        server = new_server(data, uri, flags, env or {})
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def new_server(
    data: Path,
    uri: str | None = None,
    flags: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
) -> MilepostServer:
    """A server that has not been started, if no URI is given on SQLite in its data folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(COMMAND),
        "server",
        f"--data-dir={data}",
        *([f"--backend-store-uri={uri}"] if uri else []),
        "--host=127.0.0.1",
        f"--port={port}",
        *flags,
    ]
    prefix = next((f.partition("=")[2] for f in flags if f.startswith("--static-prefix=")), "")
    daemon = Daemon(command, data / "log", answers(f"{url}{prefix}/health"), env=env or {})
    return MilepostServer(daemon, url, data)
