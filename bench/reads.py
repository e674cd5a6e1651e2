"""The read workloads: one client, one request after the other, milliseconds or seconds each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.client import Client, query
from bench.results import Sample
from bench.writes import history

PAGE = 100
"""Runs asked for at once."""


@dataclass(frozen=True)
class Seeded:
    """A connection to a filled store, and what to look for there."""

    client: Client
    experiment: str
    """Holds the runs to search."""
    histories: list[str]
    """Runs with a long history each."""


Read = Callable[[Seeded, float], Sample]
"""Reads for about so many seconds, once at least."""


def long_history(store: Seeded, seconds: float) -> Sample:
    """Seconds to fetch all pages of a history of 100,000 points."""
    elapsed, pages = _timed(lambda: history(store.client, store.histories[0], "loss"), seconds)
    points = [point for page in pages for point in json.loads(page)["metrics"]]
    return Sample(elapsed, answer=[point["step"] for point in points])


def bulk_interval(points: int) -> Read:
    """Seconds of get-history-bulk-interval over all long histories."""

    def measure(store: Seeded, seconds: float) -> Sample:
        path = query(
            "metrics/get-history-bulk-interval",
            run_ids=store.histories,
            metric_key="loss",
            max_results=points,
        )
        elapsed, body = _timed(lambda: store.client.send("GET", path), seconds)
        return Sample(elapsed, answer=[point["step"] for point in json.loads(body)["metrics"]])

    return measure


def search(page: int = 1, **message: Any) -> Read:
    """Milliseconds to fetch one page of a search, the `page`-th."""

    def measure(store: Seeded, seconds: float) -> Sample:
        ask = {"experiment_ids": [store.experiment], "max_results": PAGE, **message}
        for _ in range(page - 1):
            ask["page_token"] = store.client.post("runs/search", ask)["next_page_token"]
        body = json.dumps(ask).encode()
        elapsed, answer = _timed(lambda: store.client.send("POST", "runs/search", body), seconds)
        names = [run["info"]["run_name"] for run in json.loads(answer).get("runs", [])]
        faults = () if len(names) == PAGE else (f"a page of {len(names)} runs",)
        return Sample(elapsed * 1000, answer=names, faults=faults)

    return measure


def _timed(read: Callable[[], Any], seconds: float) -> tuple[float, Any]:
    """The median time of a read repeated for about so long, and its last answer."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begin = time.perf_counter()
        answer = read()
        times.append(time.perf_counter() - begin)
    return median(times), answer
