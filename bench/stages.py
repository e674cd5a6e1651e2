"""The stages of a session: which servers run, on which stores, and which rows they serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench import artifacts, bulk, seed, stores, workloads, writes
from bench.artifacts import Files
from bench.postgres import postgres
from bench.reads import Seeded
from bench.results import Results, Sample
from bench.servers import MILEPOST, Kind, Server
from bench.stores import Itself
from bench.workloads import ArtifactRow, Row, WriteRow

SMALL, LARGE = 20_000, 500_000
"""Runs to search."""
HISTORIES = 10
_IDLE_S = 10.0
_SETTLE_S = 2.0
MOST_ARTIFACT_ROUNDS = 3
ARTIFACT_ROW_S = 30.0
"""A row of artifacts is measured once more only if it has not taken longer than this so far."""
_Row = TypeVar("_Row", bound=Row)


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long."""

    kinds: Sequence[Kind]
    wanted: frozenset[str]
    """Names of rows."""
    rounds: int
    write_seconds: int
    read_seconds: float
    disk_points: Mapping[str, int]
    """Points that each contender logs to find their size on disk."""

    def of(self, rows: Sequence[_Row]) -> list[_Row]:
        """Those rows that are wanted."""
        return [row for row in rows if row.name in self.wanted]

    def loads(self, rows: Sequence[_Row], memory: Row) -> list[_Row]:
        """Those rows that are wanted; all of them if only the memory after them is."""
        return self.of(rows) or (list(rows) if self.of([memory]) else [])


class Session:
    """Runs the stages and collects what they measure. Stores are made under `scratch`."""

    def __init__(
        self, plan: Plan, scratch: Path, results: Results, kept: Callable[[], None]
    ) -> None:
        """`kept` is called when a stage is complete."""
        self._plan = plan
        self._scratch = scratch
        self.results = results
        self._kept = kept

    def run(self) -> None:
        """All stages that have something to measure."""
        for stage, rows in (
            (self._sqlite_writes, [*workloads.SQLITE_WRITES, workloads.IDLE, workloads.LOADED]),
            (self._reads, [*workloads.READS, workloads.READING]),
            (self._disk, [workloads.DISK, workloads.START, workloads.RESTART]),
            (self._postgres_writes, [*workloads.POSTGRES_WRITES, workloads.POSTGRES_MEMORY]),
            (self._large, workloads.LARGE),
            (self._local_artifacts, workloads.ON_DISK),
            (self._s3_artifacts, workloads.ON_S3),
        ):
            if self._plan.of(rows):
                stage()
                self._kept()

    def _sqlite_writes(self) -> None:
        rows = self._plan.loads(workloads.SQLITE_WRITES, workloads.LOADED)
        self._writes("sqlite", rows, workloads.LOADED, {})

    def _postgres_writes(self) -> None:
        with postgres(self._scratch) as database:
            addresses = {kind.name: database.create(kind.name) for kind in self._plan.kinds}
            rows = self._plan.loads(workloads.POSTGRES_WRITES, workloads.POSTGRES_MEMORY)
            self._writes("postgres", rows, workloads.POSTGRES_MEMORY, addresses)

    def _writes(
        self, stage: str, rows: Sequence[WriteRow], memory: Row, addresses: Mapping[str, str]
    ) -> None:
        with self._running(f"{stage}-writes", self._plan.kinds, addresses) as servers:
            # The first worker answers long before the last one is there.
            time.sleep(_IDLE_S)
            for server in servers:
                if not addresses:
                    self._weigh(workloads.IDLE, server)
                writes.warm_up(server)
            for row in rows:
                for server in servers * self._plan.rounds:
                    self._add(row, server.kind.name, row.measure(server, self._plan.write_seconds))
                    self._weigh(memory, server)

    def _reads(self) -> None:
        rows = self._plan.loads(workloads.READS, workloads.READING)
        long = any(row not in workloads.SEARCHES for row in rows)
        with self._running("sqlite-reads", self._plan.kinds) as servers:
            stores = [self._filled(server, SMALL, histories=long) for server in servers]
            for row in rows:
                for server, store in list(zip(servers, stores, strict=True)) * self._plan.rounds:
                    if server.kind.name != row.skipped:
                        sample = row.measure(store, self._plan.read_seconds)
                        self._add(row, server.kind.name, sample)
                        self._weigh(workloads.READING, server)

    def _disk(self) -> None:
        for kind in self._plan.kinds:
            with self._running("sqlite-disk", [kind]) as (server,):
                time.sleep(_SETTLE_S)
                before, points = server.disk_bytes(), self._plan.disk_points[kind.name]
                client = server.client()
                run = client.run("0")
                keys = [f"metric_{i:02}" for i in range(100)]
                for step in range(0, points // 100, 10):
                    body = seed.batch(run, keys, range(step, step + 10))
                    client.send("POST", "runs/log-batch", body)
                time.sleep(_SETTLE_S)
                server.stop()
                grown = server.disk_bytes() - before
                self._add(workloads.DISK, kind.name, Sample(grown / points))
                if self._plan.of([workloads.RESTART]):
                    self._add(workloads.RESTART, kind.name, Sample(server.start()))

    def _large(self) -> None:
        sizes = {"small": SMALL, "large": LARGE}
        with ExitStack() as stack:
            stores = {}
            for name, size in sizes.items():
                (server,) = stack.enter_context(self._running(f"runs-{size}", [MILEPOST]))
                stores[name] = self._filled(server, size, histories=False)
            for row in self._plan.of(workloads.LARGE):
                for name, store in list(stores.items()) * self._plan.rounds:
                    sample = row.measure(store, self._plan.read_seconds)
                    # Other runs match at another size, so the answers need not agree.
                    self._add(row, name, Sample(sample.value, faults=sample.faults))

    def _local_artifacts(self) -> None:
        rows = self._plan.loads(
            [*workloads.LOCAL_ARTIFACTS, workloads.MEANWHILE], workloads.LOCAL_ARTIFACT_MEMORY
        )
        itself = stores.disk(self._scratch / "disk")
        self._artifact_rows("artifacts-local", self._with_artifacts(), rows, itself)

    def _s3_artifacts(self) -> None:
        with stores.s3_server(self._scratch / "s3") as variables:
            there = [stores.on_s3(kind, variables) for kind in self._with_artifacts()]
            rows = self._plan.loads(workloads.S3_ARTIFACTS, workloads.S3_ARTIFACT_MEMORY)
            self._artifact_rows("artifacts-s3", there, rows, stores.s3(variables))

    def _with_artifacts(self) -> list[Kind]:
        """FastTrackML leaves artifacts to its clients."""
        return [kind for kind in self._plan.kinds if kind.name != "fasttrackml"]

    def _artifact_rows(
        self, stage: str, kinds: Sequence[Kind], rows: Sequence[ArtifactRow], itself: Itself
    ) -> None:
        with self._running(stage, kinds) as servers:
            all_files = [artifacts.Files(server) for server in servers]
            for files in all_files:
                artifacts.small("PUT")(files)
            for row in rows:
                begin = time.monotonic()
                for _ in range(min(self._plan.rounds, MOST_ARTIFACT_ROUNDS)):
                    self._artifact_round(row, all_files, itself)
                    if time.monotonic() - begin > ARTIFACT_ROW_S:
                        break

    def _artifact_round(self, row: ArtifactRow, all_files: Sequence[Files], itself: Itself) -> None:
        measure = getattr(itself, row.itself) if row.itself else None
        if measure is not None:
            self._add(row, workloads.ITSELF, Sample(measure()))
        for files in all_files:
            name = files.server.kind.name
            if name != row.skipped:
                sample = row.measure(files)
                self._add(row, name, sample)
                if row.memory:
                    self.results.add(row.memory, name, Sample(sample.details["growth_mb"]))

    def _filled(self, server: Server, count: int, *, histories: bool) -> Seeded:
        """A store with so many runs to search, and runs with long histories if asked for."""
        begin = time.perf_counter()
        client = server.client()
        search = client.experiment("search")
        (bulk.runs if count == LARGE else seed.runs)(server, search, count)
        runs: list[str] = []
        if histories:
            size = 1 if server.kind.name == "fasttrackml" else HISTORIES
            runs = seed.histories(server, client.experiment("histories"), size)
        print(f"{server.kind.title} filled in {time.perf_counter() - begin:.0f} s", flush=True)
        return Seeded(client, search, runs)

    @contextmanager
    def _running(
        self, stage: str, kinds: Sequence[Kind], addresses: Mapping[str, str] | None = None
    ) -> Iterator[list[Server]]:
        """Fresh servers on empty stores, started one after the other, stopped afterwards."""
        addresses = addresses or {}
        with ExitStack() as stack:
            servers = []
            for kind in kinds:
                server = Server(
                    kind, self._scratch / stage / kind.name, addresses.get(kind.name, "")
                )
                stack.callback(server.stop)
                seconds = server.start()
                if not addresses:
                    self._add(workloads.START, kind.name, Sample(seconds))
                servers.append(server)
            yield servers

    def _weigh(self, row: Row, server: Server) -> None:
        self.results.add(row.name, server.kind.name, Sample(server.memory_mb()))

    def _add(self, row: Row, contender: str, sample: Sample) -> None:
        self.results.add(row.name, contender, sample)
        faults = "".join(f"  !! {fault}" for fault in sample.faults)
        print(f"{row.title:58}{contender:14}{sample.value:12.4g} {row.unit}{faults}", flush=True)
