"""Scripted sessions: commands as typed in a terminal, and what they print and leave behind."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.parts.milepost import COMMAND

# What a machine that runs the tests may have set for other servers.
_FOREIGN = ("MLFLOW_", "_MLFLOW_", "MILEPOST_", "AWS_", "ENVIRONMENT")


@dataclass
class Session:
    """A terminal in a folder of its own."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def command(self, line: str) -> tuple[list[str], dict[str, str]]:
        """The words and variables of a command line; `milepost` is the one under test."""
        words = shlex.split(line)
        assert words[0] == "milepost", line
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        return [str(COMMAND), *words[1:]], {**kept, **self.env}

    def run(self, line: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command line to the end; another exit code, unless any will do (None), raises
        AssertionError."""
        words, env = self.command(line)
        done = subprocess.run(
            words,
            check=False,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert code in (None, done.returncode), f"$ {line}\n{done.stdout}{done.stderr}"
        return done

    def text(self, line: str, code: int = 0) -> str:
        """What a command prints."""
        return self.run(line, code).stdout

    def json(self, line: str, code: int = 0) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.text(f"{line} --json", code))

    def refusal(self, line: str, code: int = 1) -> str:
        """The reason with which a command ends, on standard error."""
        done = self.run(line, code)
        assert "Traceback" not in done.stderr
        return done.stderr

    def killed(self, line: str, when: Callable[[], bool]) -> None:
        """Run a command and kill it (-9) as soon as something is so."""
        words, env = self.command(line)
        process = subprocess.Popen(
            words, cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        while process.poll() is None and not when():
            time.sleep(0.002)
        ended = process.poll() is not None
        process.kill()
        said, _ = process.communicate()
        assert not ended, f"$ {line} ended before it could be killed\n{said.decode()}"
