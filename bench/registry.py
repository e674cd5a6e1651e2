"""python -m bench.registry: how long the registry's answers take when it is large.

Fills an empty SQLite store with 10,000 models, of which one has 100,000 versions, starts a server
on it, and prints the median of many requests over one connection.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench import processes
from milepost.app import build
from milepost.config import Settings
from milepost.store import keys
from milepost.store.tx import Tx

MODELS, VERSIONS, TIMES = 10_000, 100_000, 200
_API = "/api/2.0/mlflow"
_START = 1_700_000_000_000

_MODEL = "registered-models"
_VERSION = "model-versions"
_BIG = {"name": "big"}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "latest version of each stage": ("GET", f"{_MODEL}/get-latest-versions", _BIG),
    "model with its latest versions": ("GET", f"{_MODEL}/get", _BIG),
    "version by alias": ("GET", f"{_MODEL}/alias", {**_BIG, "alias": "a77"}),
    "version by number": ("GET", f"{_VERSION}/get", {**_BIG, "version": 77_777}),
    "download URI": ("GET", f"{_VERSION}/get-download-uri", {**_BIG, "version": 77_777}),
    "models, first 10": ("GET", f"{_MODEL}/search", {"max_results": 10}),
    "models, newest 10": ("GET", f"{_MODEL}/search",
                          {"max_results": 10, "order_by": "timestamp DESC"}),
    "models by name prefix, 10": ("GET", f"{_MODEL}/search",
                                  {"max_results": 10, "filter": "name LIKE 'model-07%'"}),
    "models by tag (200 have it), 10": ("GET", f"{_MODEL}/search",
                                        {"max_results": 10, "filter": "tags.team = 'team7'"}),
    "models by tag (4 have it), 10": ("GET", f"{_MODEL}/search",
                                      {"max_results": 10, "filter": "tags.rare = 'yes'"}),
    "versions of the big model, newest 10": ("GET", f"{_VERSION}/search",
                                             {"max_results": 10, "filter": "name = 'big'"}),
    "versions by tag (1 has it)": ("GET", f"{_VERSION}/search", {"filter": "tags.hash = 'h5'"}),
    "versions by tag (half have it), 10": ("GET", f"{_VERSION}/search",
                                           {"max_results": 10, "filter": "tags.half = '1'"}),
    "versions of a run": ("GET", f"{_VERSION}/search", {"filter": "run_id = 'run77'"}),
    "register a version": ("POST", f"{_VERSION}/create", {**_BIG, "source": "s3://b/p"}),
}  # fmt: skip


def main() -> int:
    """Print a table: request, median milliseconds."""
    with tempfile.TemporaryDirectory(prefix="milepost-registry-") as folder:
        app = build(Settings(data_dir=folder))
        app.store.write(_fill, None)
        app.close()
        port = processes.free_port()
        command = [str(Path(sys.executable).with_name("milepost")), "server"]
        server = subprocess.Popen(
            [*command, f"--data-dir={folder}", f"--port={port}"], stdout=subprocess.DEVNULL
        )
        try:
            _print(_measured(_connected(port)))
        finally:
            server.terminate()
            server.wait()
    return 0


def _fill(tx: Tx, _: None) -> None:
    ids = keys.ensure(tx, ["team", "rare", "hash", "half"])
    tx.insert(
        "registered_models",
        ("id", "name", "user_id", "description", "created", "updated", "last_version",
         "is_prompt", "needs_approval"),
        [(i + 1, f"model-{i:05}" if i else "big", "", "", _START + i, _START + i,
          3 if i else VERSIONS, 0, 0) for i in range(MODELS)],
    )  # fmt: skip
    tx.insert(
        "registered_model_tags",
        ("model_id", "key_id", "value"),
        [(i + 1, ids["team"], f"team{i % 50}") for i in range(MODELS)]
        + [(i + 1, ids["rare"], "yes") for i in range(0, MODELS, MODELS // 4)],
    )
    tx.insert(
        "model_versions",
        ("model_id", "version", "user_id", "stage", "created", "updated", "source", "location",
         "run_id", "run_link", "logged_model", "status", "is_prompt"),
        [(model, version, "", stage, _START + version, _START + version, "s3://b/p", "s3://b/p",
          f"run{version % 1000}", "", "", 3, 0) for model, version, stage in _versions()],
    )  # fmt: skip
    tx.insert(
        "model_version_tags",
        ("version_id", "key_id", "value"),
        [(v, ids["hash"], f"h{v}") for v in range(1, VERSIONS + 1)]
        + [(v, ids["half"], str(v % 2)) for v in range(1, VERSIONS + 1)],
    )
    tx.insert(
        "registered_model_aliases",
        ("model_id", "alias", "version"),
        [(1, f"a{i}", i * 900 + 1) for i in range(100)],
    )


def _versions() -> Iterator[tuple[int, int, int]]:
    """(model, version, stage): of the big one most are archived, and few in Production."""
    for version in range(1, VERSIONS + 1):
        yield 1, version, 2 if version in (500, 70_000) else 3 if version % 3 else 0
    for model in range(2, MODELS + 1):
        for version in (1, 2, 3):
            yield model, version, version


def _connected(port: int) -> HTTPConnection:
    give_up = time.monotonic() + 30
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port)
            connection.connect()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return connection


def _measured(connection: HTTPConnection) -> Iterator[tuple[str, float]]:
    for name, (method, route, arguments) in REQUESTS.items():
        url, body = f"{_API}/{route}", None
        if method == "GET":
            url += f"?{urlencode(arguments)}"
        else:
            body = json.dumps(arguments)
        took = []
        for _ in range(TIMES):
            started = time.perf_counter()
            connection.request(method, url, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            took.append(time.perf_counter() - started)
            assert answer.status == 200, text
        yield name, median(took) * 1000


def _print(rows: Iterator[tuple[str, float]]) -> None:
    print("| request | median, ms |\n|---|---:|")
    for name, milliseconds in rows:
        print(f"| {name} | {milliseconds:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
