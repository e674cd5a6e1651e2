"""wrk with one of our loads."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.servers import Server

LOADS = Path(__file__).with_name("loads")
_STATELESS = ("log_metric",)
"""Loads whose connections need not know who they are; the others get a thread for each."""


@dataclass(frozen=True)
class Load:
    """What wrk saw. `refused` answers were no 2xx or 3xx, `broken` are socket errors."""

    requests: int
    seconds: float
    refused: int
    broken: int
    flows: int
    p50_ms: float
    p95_ms: float
    cores: float
    """Share of one core that wrk itself used."""

    @property
    def acknowledged(self) -> int:
        """Requests answered well."""
        return self.requests - self.refused


def load(server: Server, script: str, connections: int, seconds: int, *args: str) -> Load:
    """Run `loads/SCRIPT.lua` against the server."""
    used, begin = _children_cpu(), time.perf_counter()
    done = subprocess.run(
        _command(server, script, connections, seconds, *args),
        cwd=LOADS,
        check=False,
        text=True,
        capture_output=True,
    )
    cores = (_children_cpu() - used) / (time.perf_counter() - begin)
    return Load(**_result(done.stdout, done.stderr), cores=cores)


def seed(server: Server, folder: Path, connections: int) -> None:
    """Send the prepared runs of `folder` (see `loads/seed.lua`) and return when all are there."""
    command = _command(server, "seed", connections, 24 * 3600, str(folder))
    pipes = subprocess.PIPE
    with subprocess.Popen(command, cwd=LOADS, text=True, stdout=pipes, stderr=pipes) as wrk:
        assert wrk.stdout
        finished = 0
        for line in wrk.stdout:
            if line.startswith("failed"):
                wrk.kill()
                raise RuntimeError(f"seeding {server.kind.title}: {line}")
            finished += line.startswith("finished")
            if finished == connections:
                break
        # wrk would sleep until its time is over.
        wrk.send_signal(signal.SIGINT)
        wrk.communicate()


def _command(server: Server, script: str, connections: int, seconds: int, *args: str) -> list[str]:
    # A thread is what has a state, but many of them would take cores from the server.
    threads = 1 if script in _STATELESS else connections
    size = [f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout=60s"]
    return ["wrk", *size, "-s", f"{script}.lua", server.url, "--", *args]


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _result(out: str, err: str) -> dict[str, Any]:
    for line in out.splitlines():
        if line.startswith("{"):
            result: dict[str, Any] = json.loads(line)
            return result
    raise RuntimeError(f"wrk said nothing:\n{out}{err}")
