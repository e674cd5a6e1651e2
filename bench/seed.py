"""Fills stores for the read workloads.

Milepost is filled through its API. MLflow would take half an hour that way, so its tables (and
FastTrackML's, which are nearly the same) get the rows that its API would have written.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bench import generator
from bench.servers import FASTTRACKML, MILEPOST, Server

T0 = 1_700_000_000_000
CONNECTIONS = 16
POINTS = 100_000
"""Points of each long history."""

Row = Sequence[Any]
_FIXED = ("UNKNOWN", "", "", "", "", "RUNNING", "active")


@dataclass(frozen=True)
class Run:
    """The `number`-th run of the search workloads: 10 params, 10 metrics, 5 tags."""

    number: int

    @property
    def name(self) -> str:
        return f"run-{self.number}"

    @property
    def start(self) -> int:
        return T0 + self.number * 1000

    @property
    def params(self) -> list[tuple[str, str]]:
        """param_J has 4 (J + 1) different values."""
        return [
            (f"param_{j}", f"v{(self.number * 31 + j * 17) % (4 * (j + 1))}") for j in range(10)
        ]

    @property
    def metrics(self) -> list[tuple[str, float]]:
        """Spread evenly over [0, 1)."""
        n = self.number
        return [(f"metric_{j}", (n * 7919 + j * 104_729) % 100_003 / 100_003) for j in range(10)]

    @property
    def tags(self) -> list[tuple[str, str]]:
        """Up to fifty different notes in each tag."""
        n = self.number
        return [(f"tag_{j}", f"team-{(n + j) % 7}-note-{n * (j + 1) % 50}") for j in range(5)]


def runs(server: Server, experiment: str, count: int) -> None:
    """Fill an experiment with runs 0 to `count` - 1."""
    if server.kind is MILEPOST:
        _runs_by_api(server, experiment, count)
    else:
        with closing(sqlite3.connect(server.file, timeout=60)) as database, database:
            _Tables(database, server).runs(experiment, count)


def histories(server: Server, experiment: str, count: int) -> list[str]:
    """Create runs with a metric `loss` of 100,000 points; returns their ids."""
    client = server.client()
    ids = [client.run(experiment) for _ in range(count)]
    if server.kind is MILEPOST:
        for run in ids:
            for first in range(0, POINTS, 1000):
                client.send(
                    "POST", "runs/log-batch", batch(run, ["loss"], range(first, first + 1000))
                )
    else:
        with closing(sqlite3.connect(server.file, timeout=60)) as database, database:
            for run in ids:
                _Tables(database, server).history(run)
    return ids


def curves(server: Server, experiment: str, count: int, keys: Sequence[str], steps: int) -> None:
    """Create runs with random values of some metrics at each of `steps` steps."""
    client = server.client()
    ids = [client.run(experiment) for _ in range(count)]
    if server.kind is MILEPOST:
        for run in ids:
            client.send("POST", "runs/log-batch", batch(run, keys, range(steps)))
        return
    with closing(sqlite3.connect(server.file, timeout=60)) as database, database:
        for run in ids:
            for key in keys:
                _Tables(database, server).history(run, key, steps)


def batch(run: str, keys: Sequence[str], steps: Sequence[int]) -> bytes:
    """The body of a log-batch with a random value for each key at each step."""
    items = (
        f'{{"key": "{key}", "value": {random.random()!r},'
        f' "timestamp": {T0 + step}, "step": {step}}}'
        for step in steps
        for key in keys
    )
    return f'{{"run_id": "{run}", "metrics": [{", ".join(items)}]}}'.encode()


def _runs_by_api(server: Server, experiment: str, count: int) -> None:
    folder = server.home / "seed"
    folder.mkdir()
    with ExitStack() as stack:
        names = [folder / str(i + 1) for i in range(CONNECTIONS)]
        files = [stack.enter_context(name.open("w")) for name in names]
        for number in range(count):
            files[number % CONNECTIONS].writelines(_bodies(experiment, Run(number)))
    generator.seed(server, folder, CONNECTIONS)
    shutil.rmtree(folder)


def _bodies(experiment: str, run: Run) -> Iterator[str]:
    """A line with the body of runs/create, and one with that of runs/log-batch."""
    tags = ", ".join(f'{{"key": "{k}", "value": "{v}"}}' for k, v in run.tags)
    params = ", ".join(f'{{"key": "{k}", "value": "{v}"}}' for k, v in run.params)
    metrics = ", ".join(
        f'{{"key": "{k}", "value": {v!r}, "timestamp": {run.start}, "step": 0}}'
        for k, v in run.metrics
    )
    yield (
        f'{{"experiment_id": "{experiment}", "run_name": "{run.name}",'
        f' "start_time": {run.start}, "tags": [{tags}]}}\n'
    )
    yield f'{{"run_id": "RUN_ID", "params": [{params}], "metrics": [{metrics}]}}\n'


class _Tables:
    """Writes rows in the schema that MLflow and FastTrackML share, give or take some columns."""

    def __init__(self, database: sqlite3.Connection, server: Server) -> None:
        self._database = database
        self._fasttrackml = server.kind is FASTTRACKML

    def runs(self, experiment: str, count: int) -> None:
        """Runs 0 to `count` - 1 with all that belongs to them."""
        ids = [uuid4().hex for _ in range(count)]
        places = f"mlflow-artifacts:/{experiment}"
        self._insert(
            "runs",
            "run_uuid, experiment_id, name, start_time, artifact_uri, source_type, source_name,"
            " entry_point_name, user_id, source_version, status, lifecycle_stage",
            (
                (id, int(experiment), run.name, run.start, f"{places}/{id}/artifacts", *_FIXED)
                for id, run in _numbered(ids)
            ),
        )
        if self._fasttrackml:
            numbers = enumerate(ids, self._count("runs") - count)
            self._database.executemany("UPDATE runs SET row_num = ? WHERE run_uuid = ?", numbers)
        text = "value_str" if self._fasttrackml else "value"
        params = ((id, *pair) for id, run in _numbered(ids) for pair in run.params)
        self._insert("params", f"run_uuid, key, {text}", params)
        tags = ((id, *pair) for id, run in _numbered(ids) for pair in self._tags(run))
        self._insert("tags", "run_uuid, key, value", tags)
        for table in ("metrics", "latest_metrics"):
            points = (
                (id, key, value, run.start, 0, 1)
                for id, run in _numbered(ids)
                for key, value in run.metrics
            )
            self._points(table, points)

    def _tags(self, run: Run) -> list[tuple[str, str]]:
        name = [] if self._fasttrackml else [("mlflow.runName", run.name)]
        return [*run.tags, *name]

    def history(self, run: str, key: str = "loss", size: int = POINTS) -> None:
        """A metric of a run."""
        points = [(run, key, random.random(), T0 + i, i, i + 1) for i in range(size)]
        self._points("metrics", points)
        self._points("latest_metrics", points[-1:])

    def _points(self, table: str, points: Iterator[Row] | Sequence[Row]) -> None:
        """Points are (run, key, value, timestamp, step, how many before it and itself)."""
        columns = "run_uuid, key, value, timestamp, step, is_nan"
        if not self._fasttrackml:
            self._insert(table, columns, ((*point[:5], 0) for point in points))
            return
        # Its default context, which it makes at the first start, is number 1.
        counter = "iter" if table == "metrics" else "last_iter"
        rows = ((*point[:5], 0, point[5], 1) for point in points)
        self._insert(table, f"{columns}, {counter}, context_id", rows)

    def _insert(self, table: str, columns: str, rows: Iterator[Row]) -> None:
        marks = ", ".join("?" * len(columns.split(",")))
        self._database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def _count(self, table: str) -> int:
        (count,) = self._database.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)


def _numbered(ids: Sequence[str]) -> Iterator[tuple[str, Run]]:
    return ((id, Run(number)) for number, id in enumerate(ids))
