"""Runs MLflow's scoring server on a Unix socket: `python scoring_program.py SOCKET`.

The Python that runs this has mlflow, and need not have Milepost: nothing of it is imported here.
Whoever starts it holds the other end of its standard input. When that closes, however the holder
ended, this process and all that the model started go too.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from importlib.util import find_spec

_OLD = ("--worker-class=gthread", "--threads=16", "--timeout=0", "--log-level=warning")


def _end_with_the_holder() -> None:
    while os.read(0, 1):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _command(socket: str) -> list[str]:
    """What `mlflow models serve` would run, but for the socket. A variable names the model."""
    app = "mlflow.pyfunc.scoring_server"
    if find_spec(f"{app}.app") is not None:
        return [
            "uvicorn",
            "--uds",
            socket,
            "--log-level=warning",
            "--no-access-log",
            f"{app}.app:app",
        ]
    return ["gunicorn", f"--bind=unix:{socket}", *_OLD, f"{app}.wsgi:app"]  # MLflow before 3


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_holder, daemon=True).start()
    sys.path.pop(0)  # this file's folder, whose names would hide the model's modules
    sys.argv = _command(sys.argv[1])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
