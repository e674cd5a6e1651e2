"""MLflow 2's scoring server on a socket. That of MLflow 3 runs in tests/e2e/test_gateway.py."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.upstreams.scoring import ModelServer
from tests.parts import need
from tests.parts.mlflow import QUIET
from tests.parts.pyfunc import write_model

CODE = """\
import subprocess, time, types
def _load_pyfunc(path):
    started = subprocess.Popen(["sleep", "1000"])
    def predict(frame, params=None):
        time.sleep(float(frame.iloc[0, 0]))
        return [started.pid]
    return types.SimpleNamespace(predict=predict)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A model that starts a process of its own; and room for a socket, whose name is short."""
    write_model(tmp_path / "model", CODE)
    with tempfile.TemporaryDirectory(prefix="mp-") as short:
        yield Path(short)


def predict(path: str, seconds: float) -> int:
    """The answer of a model server, which is a process that its model started."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"dataframe_split": {"columns": ["s"], "data": [[seconds]]}})
    connection.request("POST", "/invocations", body, headers)
    (found,) = json.loads(connection.getresponse().read())["predictions"]
    return int(found)


def until(check: object) -> None:
    give_up = time.monotonic() + 120
    while not check():  # type: ignore[operator]
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.02)


def test_it_serves_finishes_what_it_began_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    python = str(need.environment("mlflow-2.9.2") / "python")
    said: list[str] = []
    environ = {**os.environ, **QUIET}
    model = str(tmp_path / "model")

    def start(name: str) -> ModelServer:
        return ModelServer(
            python, model, folder / name, folder / f"{name}.files", environ, said.append
        )

    leaving, deserted = start("1"), start("2")
    for server in (leaving, deserted):
        until(lambda server=server: server.ready() or server.ended())
        assert server.ended() == "", said
    answers: list[int] = []
    path = leaving.address.socket
    asking = threading.Thread(target=lambda: answers.append(predict(path, 1)))
    asking.start()
    time.sleep(0.3)
    leaving.leave()
    asking.join()
    assert len(answers) == 1
    until(leaving.ended)
    leaving.kill()
    other = predict(deserted.address.socket, 0)
    # As it is when the server is killed: the pipe closes.
    assert deserted._process.stdin is not None
    deserted._process.stdin.close()
    until(deserted.ended)
    for process in (*answers, other):
        until(lambda process=process: not Path(f"/proc/{process}").exists())
    deserted.kill()
    assert list(folder.iterdir()) == []
