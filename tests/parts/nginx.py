"""The real nginx, from Debian's package, with a certificate and one user."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, free_port

# Everything it writes goes below its own folder, which nobody else can enter.
_MAIN = """
{user}
pid {home}/pid;
error_log {home}/error.log;
events {{}}
http {{
    access_log {home}/access.log;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {home}/server.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    home: Path
    port: int
    certificate: Path
    """Of mlflow.example.com and of 127.0.0.1; clients are told to trust it."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def configure(self, text: str) -> None:
        """Put a server block in place; nginx itself has to find it right."""
        (self.home / "server.conf").write_text(text)
        self.run("-t")

    def run(self, *flags: str) -> None:
        subprocess.run([*self.command, *flags], check=True, capture_output=True)

    @property
    def command(self) -> list[str]:
        program = str(need.program("nginx", ["nginx-light"]))
        return [program, "-p", str(self.home), "-e", "stderr", "-c", str(self.home / "nginx.conf")]


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[Callable[[Nginx], str]], Nginx]]:
    """`nginx(block)` starts one whose server block is what `block(nginx)` returns."""
    daemons: list[Daemon] = []

    def start(block: Callable[[Nginx], str]) -> Nginx:
        home = tmp_path / "nginx"
        home.mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(_MAIN.format(home=home, user=user))
        made = Nginx(home, free_port(), home / "mlflow.crt")
        _certify(made)
        made.configure(block(made))
        command = [*made.command, "-g", "daemon off;"]
        daemons.append(Daemon(command, home / "log", lambda: _listens(made.port)))
        daemons[-1].start()
        return made

    yield start
    for daemon in daemons:
        daemon.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _certify(made: Nginx) -> None:
    """mlflow.crt and mlflow.key, and ann with the password secret in .htpasswd."""
    openssl = str(need.program("openssl", ["openssl"]))
    names = "subjectAltName=DNS:mlflow.example.com,IP:127.0.0.1"
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(made.home / "mlflow.key")]
    out = ["-out", str(made.certificate), "-subj", "/CN=mlflow.example.com", "-addext", names]
    subprocess.run([openssl, "req", "-x509", *key, *out], check=True, capture_output=True)
    hashed = subprocess.run(
        [openssl, "passwd", "-apr1", "secret"], check=True, capture_output=True, text=True
    )
    (made.home / ".htpasswd").write_text(f"ann:{hashed.stdout}")
