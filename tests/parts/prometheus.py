"""The real Prometheus and its promtool, from Debian's package."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port

PACKAGES = ["prometheus"]


@pytest.fixture(scope="session")
def promtool() -> Callable[..., str]:
    """`promtool(*arguments, text="")`: what it prints; complaints raise AssertionError."""
    program = need.program("promtool", PACKAGES)

    def run(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [program, *arguments], check=False, input=text, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """`prometheus(scrape_configs)` starts one that does so each second: its URL."""
    program = need.program("prometheus", PACKAGES)
    daemons: list[Daemon] = []

    def start(jobs: str) -> str:
        home, port = tmp_path / "prometheus", free_port()
        home.mkdir()
        config = home / "prometheus.yml"
        config.write_text(f"global: {{scrape_interval: 1s}}\n{jobs}")
        url = f"http://127.0.0.1:{port}"
        command = [
            str(program),
            f"--config.file={config}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        daemon = Daemon(command, home / "log", answers(f"{url}/-/ready"), cwd=home)
        daemon.start()
        daemons.append(daemon)
        return url

    yield start
    for daemon in daemons:
        daemon.stop()
