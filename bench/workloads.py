"""The table of workloads: what is measured, in which unit, and what Milepost is to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from bench import artifacts, reads, wire, writes
from bench.reads import Read
from bench.stores import LARGE_MB
from bench.writes import Write

ITSELF = "itself"
"""The contender that is a disk or store without a server."""


@dataclass(frozen=True)
class Row:
    """One line of the report."""

    name: str
    title: str
    unit: str
    what: str
    """The exact definition."""
    more_is_better: bool = False
    times: Mapping[str, float] = field(default_factory=dict)
    """How many times better than each contender Milepost is to be."""
    limit: float | None = None
    """What Milepost is to stay under, in the unit."""


@dataclass(frozen=True)
class WriteRow(Row):
    """A workload that loads a server with wrk."""

    measure: Write = writes.log_metric_latency


@dataclass(frozen=True)
class ReadRow(Row):
    """A workload on a filled store."""

    measure: Read = reads.long_history
    skipped: str = ""
    """A contender that has no such endpoint."""


@dataclass(frozen=True)
class ArtifactRow(Row):
    """A workload on the artifacts that a server serves."""

    measure: artifacts.Measure = artifacts.put_large
    itself: Literal["", "put", "get", "put_small"] = ""
    """What the disk or store does without a server. For a large file, 80 % of it is enough."""
    memory: str = ""
    """The row of the server's memory meanwhile."""
    skipped: str = ""
    """A contender for which it takes too long."""


def _times(mlflow: float, fasttrackml: float) -> dict[str, float]:
    return {"mlflow": mlflow, "fasttrackml": fasttrackml}


_BATCHES = (
    "Batches of 1000 metrics: 100 keys at 10 new steps, random values; one run per connection."
)
SQLITE_WRITES = [
    WriteRow(
        "sqlite/log-metric-16",
        "log-metric, 16 connections to 16 runs",
        "requests/s",
        "One point a request, to 16 runs in turn, each at a new step and time.",
        more_is_better=True,
        times=_times(80, 8),
        measure=writes.log_metric(16),
    ),
    WriteRow(
        "sqlite/log-metric-1",
        "log-metric, 1 connection, p50",
        "ms",
        "One connection, one point a request; median latency.",
        times={"fasttrackml": 2},
        limit=0.5,
        measure=writes.log_metric_latency,
    ),
    WriteRow(
        "sqlite/log-batch-1",
        "log-batch of 1000, 1 connection",
        "points/s",
        _BATCHES,
        more_is_better=True,
        times=_times(40, 4),
        measure=writes.log_batch(1),
    ),
    WriteRow(
        "sqlite/log-batch-8",
        "log-batch of 1000, 8 connections",
        "points/s",
        _BATCHES,
        more_is_better=True,
        times=_times(40, 4),
        measure=writes.log_batch(8),
    ),
    WriteRow(
        "sqlite/flow-8",
        "create + log-batch + finish, 8 connections",
        "runs/s",
        "Three requests a run: runs/create; log-batch of 20 params, 20 metrics and 10 tags;"
        " runs/update to FINISHED.",
        more_is_better=True,
        times=_times(60, 6),
        measure=writes.flows(8),
    ),
]
POSTGRES_WRITES = [
    replace(
        row,
        name=row.name.replace("sqlite", "postgres"),
        title=f"{row.title}, PostgreSQL",
        times=_times(20, 4),
        limit=None,
    )
    for row in SQLITE_WRITES
]

_SEARCH = _times(15, 3)
SEARCHES = [
    ReadRow(
        "sqlite/search-newest",
        "search, newest first",
        "ms",
        "runs/search, 100 runs, order_by attributes.start_time DESC.",
        times=_SEARCH,
        measure=reads.search(order_by=["attributes.start_time DESC"]),
    ),
    ReadRow(
        "sqlite/search-metric",
        "search, metric and param filter, ordered by a metric",
        "ms",
        "runs/search, 100 runs of the 2.5 % that match metrics.metric_0 > 0.5 and"
        " params.param_4 = 'v7', order_by metrics.metric_1 DESC.",
        times=_SEARCH,
        measure=reads.search(
            filter="metrics.metric_0 > 0.5 and params.param_4 = 'v7'",
            order_by=["metrics.metric_1 DESC"],
        ),
    ),
    ReadRow(
        "sqlite/search-like",
        "search, tag LIKE",
        "ms",
        "runs/search, 100 runs of the 2 % that match tags.tag_2 LIKE '%note-7'.",
        times=_SEARCH,
        measure=reads.search(filter="tags.tag_2 LIKE '%note-7'"),
    ),
    ReadRow(
        "sqlite/search-page-10",
        "search, page 10",
        "ms",
        "runs/search, 100 runs, newest first, the tenth page by its page token.",
        times=_SEARCH,
        measure=reads.search(page=10, order_by=["attributes.start_time DESC"]),
    ),
]
READS = [
    ReadRow(
        "sqlite/history",
        "read a 100,000-point history",
        "s",
        "metrics/get-history, all pages at 25,000 points a page (FastTrackML sends all at once).",
        times=_times(30, 4),
        measure=reads.long_history,
    ),
    *(
        ReadRow(
            f"sqlite/bulk-interval-{points}",
            f"get-history-bulk-interval, max_results {points}",
            "s",
            f"10 runs with 100,000 points each, sampled to {points} a run (FastTrackML lacks it).",
            times={"mlflow": 30},
            measure=reads.bulk_interval(points),
            skipped="fasttrackml",
        )
        for points in (320, 2500)
    ),
    *SEARCHES,
]
LARGE = [
    replace(row, name=row.name.replace("sqlite", "large"), times={}, limit=2) for row in SEARCHES
]
"""The searches again, on Milepost alone: many runs against few, at most twice the time."""

START = Row(
    "sqlite/start",
    "start to /health, empty store",
    "s",
    "From exec to the first 200 of /health; creates the schema.",
    limit=0.7,
)
RESTART = Row(
    "sqlite/restart",
    "start to /health, filled store",
    "s",
    "The same on the store that the bytes per point were measured on.",
    limit=0.7,
)
IDLE = Row(
    "sqlite/memory-idle",
    "memory, idle",
    "MiB",
    "Proportional set size of the whole process tree, 10 s after the start, before any request.",
    limit=70,
)
LOADED = Row(
    "sqlite/memory-writes",
    "memory, after the write load",
    "MiB",
    "The same after each of the write workloads: the largest.",
    limit=120,
)
READING = Row(
    "sqlite/memory-reads",
    "memory, after the reads",
    "MiB",
    "The same after each of the read workloads, in another process: the largest.",
    limit=120,
)
DISK = Row(
    "sqlite/disk",
    "disk per metric point",
    "bytes",
    "Growth of the database file (write-ahead log folded in, server stopped) by log-batch of"
    " 100 keys with random values in one run, divided by the points.",
    times={"mlflow": 6},
    limit=40,
)
POSTGRES_MEMORY = Row(
    "postgres/memory-writes",
    "memory, after the write load, PostgreSQL",
    "MiB",
    "As for SQLite, without PostgreSQL's own processes.",
)


def _artifact_rows(store: str, where: str) -> list[ArtifactRow]:
    large = (
        f"A file of {LARGE_MB} MB over one connection, {where}. Twice MLflow's speed, or 80 % of"
        " what the disk or the store gives by itself."
    )
    many = (
        f"{wire.SMALL} files of {wire.SMALL_BYTES // 1000} kB over"
        f" {wire.CONNECTIONS} connections, {where}; the median of {wire.TIMES} times."
    )
    row = partial(ArtifactRow, unit="files/s", what=many, more_is_better=True, times={"mlflow": 3})
    title, name = f"artifacts, {where}", f"artifacts/{store}"
    moved = partial(row, unit="MB/s", what=large, times={"mlflow": 2}, memory=f"{name}-memory")
    up = partial(moved, measure=artifacts.put_large, itself="put")
    down = partial(moved, measure=artifacts.get_large, itself="get")
    return [
        up(f"{name}-put-large", f"{title}: put large"),
        down(f"{name}-get-large", f"{title}: get large"),
        row(
            f"{name}-put-small",
            f"{title}: put small",
            measure=artifacts.small("PUT"),
            itself="put_small",
        ),
        row(f"{name}-get-small", f"{title}: get small", measure=artifacts.small("GET")),
    ]


def _artifact_memory(store: str, where: str) -> Row:
    return Row(
        f"artifacts/{store}-memory",
        f"artifacts, {where}: memory beside a large file",
        "MiB",
        f"By how much the server grows while a file of {LARGE_MB} MB goes up or down: the largest.",
        limit=128,
    )


LOCAL_ARTIFACTS = _artifact_rows("local", "local disk")
LOCAL_ARTIFACT_MEMORY = _artifact_memory("local", "local disk")
MEANWHILE = ArtifactRow(
    "artifacts/log-metric-meanwhile",
    f"log-metric p95 while {artifacts.UPLOADS} large files go up",
    "times idle",
    f"One connection logs points; {artifacts.UPLOADS} others upload {LARGE_MB} MB each.",
    limit=3,
    measure=artifacts.metrics_meanwhile,
    skipped="mlflow",
)
S3_ARTIFACTS = _artifact_rows("s3", "S3 server")
S3_ARTIFACT_MEMORY = _artifact_memory("s3", "S3 server")

ON_DISK = [*LOCAL_ARTIFACTS, LOCAL_ARTIFACT_MEMORY, MEANWHILE]
ON_S3 = [*S3_ARTIFACTS, S3_ARTIFACT_MEMORY]

ROWS: list[Row] = [
    *SQLITE_WRITES,
    *READS,
    DISK,
    START,
    RESTART,
    IDLE,
    LOADED,
    READING,
    *POSTGRES_WRITES,
    POSTGRES_MEMORY,
    *ON_DISK,
    *ON_S3,
]
