"""The Python side's HTTP client: one kept connection, no parsing unless asked for."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

API = "/api/2.0/mlflow/"
_HEADERS = {"Content-Type": "application/json"}


class Refused(Exception):
    """An answer other than 200."""


class Client:
    """Calls of the tracking API on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=600)

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of the answer; raises Refused unless it is a 200."""
        try:
            self._connection.request(method, API + path, body, _HEADERS)
            reply = self._connection.getresponse()
        except (HTTPException, OSError):
            # Idle for too long: the server hung up. Once is fair, twice is a failure.
            self._connection.close()
            self._connection.request(method, API + path, body, _HEADERS)
            reply = self._connection.getresponse()
        answer = reply.read()
        if reply.status != 200:
            raise Refused(f"{method} {path}: {reply.status} {answer[:500]!r}")
        return answer

    def post(self, path: str, message: object) -> Any:
        """The answer to a JSON message, parsed."""
        return json.loads(self.send("POST", path, json.dumps(message).encode()))

    def experiment(self, name: str) -> str:
        """Create an experiment; returns its id."""
        return str(self.post("experiments/create", {"name": name})["experiment_id"])

    def run(self, experiment: str) -> str:
        """Create a run; returns its id."""
        message = {"experiment_id": experiment, "start_time": 1700000000000}
        return str(self.post("runs/create", message)["run"]["info"]["run_id"])


def query(path: str, **values: object) -> str:
    """A path with query arguments; a list stands for a repeated one."""
    return f"{path}?{urlencode(values, doseq=True)}"
