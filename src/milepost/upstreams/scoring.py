"""A model server of our own: MLflow's scoring server in a child process, on a Unix socket."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from milepost.errors import Unavailable
from milepost.upstreams.base import Address, ping

_PROGRAM = Path(__file__).with_name("scoring_program.py")
_PING_SECONDS = 0.5
_LONGEST_LINE = 2000
# A folder that happens to be called mlflow has no origin.
_HAS_MLFLOW = (
    "import sys, importlib.util as u; s = u.find_spec('mlflow'); sys.exit(not (s and s.origin))"
)
_SECRETS = re.compile(r"//[^/\s:@]*:[^/\s@]*@")


def check_python(python: str) -> None:
    """Raises Unavailable unless `python` is a Python with mlflow."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator chose it
            [python, "-c", _HAS_MLFLOW], check=False, capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"gateway.python: {python} cannot be run: {error}") from None
    if done.returncode != 0:
        raise Unavailable(
            f"gateway.python: {python} has no mlflow, which models are served with. Name a Python"
            " that has it and what the models import, or give each route a `server`."
        )


class ModelServer:
    """One child process that loads a model and then serves it on the socket `path`. What it prints
    goes to `say`, line by line; `files` is its own folder, which goes with it."""

    def __init__(
        self,
        python: str,
        model_uri: str,
        path: Path,
        files: Path,
        environ: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self.address = Address(str(path))
        self._path = path
        self._files = files
        self._say = say
        self._last: deque[str] = deque(maxlen=20)
        files.mkdir(exist_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 - the operator chose it
            [python, str(_PROGRAM), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environ, "__pyfunc_model_path__": model_uri},
            cwd=files,
            # Ctrl-C in a terminal is for the server, which lets requests end first.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="milepost-model", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ended(self) -> str:
        """How it ended, with the last that it said; "" while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        self._reader.join(timeout=1)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        said = next((line for line in reversed(self._last) if line.strip()), "")
        return f"it {how}: {said}" if said else f"it {how}"

    def ready(self) -> bool:
        """Whether it has loaded its model and answers."""
        try:
            ping(self.address, _PING_SECONDS)
        except Unavailable:
            return False
        return True

    def leave(self) -> None:
        """Ask it to end after the requests it works on."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and all it started, now."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(timeout=1)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._path.unlink(missing_ok=True)
        shutil.rmtree(self._files, ignore_errors=True)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while line := output.readline(_LONGEST_LINE):
                text = _SECRETS.sub("//***@", line.decode(errors="replace").rstrip())
                self._last.append(text)
                self._say(text)
