"""The write workloads. After each load it is read back that what was acknowledged is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from bench.client import Client, query
from bench.generator import Load, load
from bench.results import Sample
from bench.servers import Server

PAGE = 25_000

Write = Callable[[Server, int], Sample]
"""Loads a server for so many seconds."""


def log_metric(connections: int) -> Write:
    """Requests a second."""

    def measure(server: Server, seconds: int) -> Sample:
        runs, seen = _logged(server, "log_metric", connections, seconds)
        stored = sum(points(server.client(), run, "loss") for run in runs)
        return _sample(seen, seen.acknowledged / seen.seconds, seen.acknowledged, stored)

    return measure


def log_metric_latency(server: Server, seconds: int) -> Sample:
    """Milliseconds a request, one at a time: the median."""
    runs, seen = _logged(server, "log_metric", 1, seconds)
    stored = points(server.client(), runs[0], "loss")
    return _sample(seen, seen.p50_ms, seen.acknowledged, stored)


def log_batch(connections: int) -> Write:
    """Points a second."""

    def measure(server: Server, seconds: int) -> Sample:
        runs, seen = _logged(server, "log_batch", connections, seconds)
        # A batch is 10 steps of 100 metrics; the first and the last metric stand for all.
        keys = ("metric_00", "metric_99")
        client = server.client()
        stored = min(sum(points(client, run, key) for run in runs) for key in keys)
        speed = seen.acknowledged * 1000 / seen.seconds
        return _sample(seen, speed, seen.acknowledged * 10, stored)

    return measure


def flows(connections: int) -> Write:
    """Whole runs a second: create, log-batch of 20 params, 20 metrics and 10 tags, finish."""

    def measure(server: Server, seconds: int) -> Sample:
        client = server.client()
        experiment = client.experiment(f"flows {uuid4()}")
        seen = load(server, "flow", connections, seconds, experiment)
        return _sample(seen, seen.flows / seen.seconds, seen.flows, _finished(client, experiment))

    return measure


def warm_up(server: Server) -> None:
    """Some unmeasured load: MLflow's workers open their store at the first request, in seconds."""
    for _ in range(10):
        if flows(8)(server, 2).value > 0:
            return


def points(client: Client, run: str, key: str) -> int:
    """How many points a history has."""
    return sum(len(json.loads(page).get("metrics", [])) for page in history(client, run, key))


def history(client: Client, run: str, key: str) -> list[bytes]:
    """All pages of a history, not parsed."""
    first = query("metrics/get-history", run_id=run, metric_key=key, max_results=PAGE)
    pages = [client.send("GET", first)]
    while token := _token(pages[-1]):
        pages.append(client.send("GET", f"{first}&page_token={quote(token)}"))
    return pages


def _token(page: bytes) -> str:
    # Looked for at the end only: parsing the page would cost more than some servers do.
    _, found, rest = page[-1000:].partition(b'"next_page_token"')
    return rest.split(b'"')[1].decode() if found else ""


def _logged(server: Server, script: str, connections: int, seconds: int) -> tuple[list[str], Load]:
    client = server.client()
    runs = [client.run("0") for _ in range(connections)]
    return runs, load(server, script, connections, seconds, *runs)


def _finished(client: Client, experiment: str) -> int:
    """Runs of an experiment that are finished and complete."""
    complete, token = 0, ""
    while True:
        message = {"experiment_ids": [experiment], "max_results": 1000, "page_token": token}
        page = client.post("runs/search", message)
        complete += sum(_is_complete(run) for run in page.get("runs", []))
        token = page.get("next_page_token", "")
        if not token:
            return complete


def _is_complete(run: dict[str, Any]) -> bool:
    data = run["data"]
    tags = [tag for tag in data.get("tags", []) if tag["key"].startswith("tag_")]
    sizes = (len(data.get("params", [])), len(data.get("metrics", [])), len(tags))
    return bool(run["info"]["status"] == "FINISHED" and sizes == (20, 20, 10))


def _sample(seen: Load, value: float, acknowledged: int, stored: int) -> Sample:
    faults = []
    if seen.refused or seen.broken:
        faults.append(f"{seen.refused} requests refused, {seen.broken} socket errors")
    if stored < acknowledged:
        faults.append(f"{acknowledged} acknowledged, only {stored} stored")
    details = {"p50_ms": seen.p50_ms, "p95_ms": seen.p95_ms, "cores": seen.cores}
    return Sample(value, details, faults=tuple(faults))
