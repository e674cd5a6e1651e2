"""A server process of a test: started, waited for, stopped, with its log at hand."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> Callable[[], bool]:
    """A readiness check: does a GET of the URL say 200?"""

    def check() -> bool:
        try:
            return httpx.get(url, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    return check


def rights_of(user: str | None) -> dict[str, Any]:
    """How `subprocess` is told to run something as that user and with no group but its own."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def run(command: Sequence[str], user: str | None = None) -> None:
    """Run to the end; a command that fails raises AssertionError with its output."""
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A place that any user may be in.
        cwd="/",
        **rights_of(user),
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"


@dataclass
class Daemon:
    """One command in a process group of its own, so that its children go with it."""

    command: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    cwd: Path | None = None
    patience_s: float = 120
    _process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> None:
        """Start and return when ready; a process that ends or never gets ready is an error."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                start_new_session=True,
                **rights_of(self.user),
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + self.patience_s
        while not self.ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > give_up:
                raise RuntimeError(f"not ready after {self.patience_s:g} s:\n{self.tail()}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, wait, and return its exit code; a process already gone is fine."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=self.patience_s)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL for the process and all its children, at once."""
        # Nobody may be left in the group; macOS says so with a permission error.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=self.patience_s)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]
