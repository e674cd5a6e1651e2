"""An open, empty store of each kind with the services of tracking on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from milepost.app import build
from milepost.config import Settings
from milepost.domain.tracking import Batch, NewRun, Run
from milepost.services.metrics import Metrics
from milepost.services.search import Search
from milepost.services.tracking import Tracking
from milepost.store.db import Store


@dataclass(frozen=True)
class Opened:
    """A store and its verbs, called as the server calls them."""

    store: Store
    tracking: Tracking
    metrics: Metrics
    search: Search

    def create_experiment(self, name: str) -> int:
        return self.store.write(lambda tx, _: self.tracking.create_experiment(tx, name), None)

    def create_run(self, experiment: int, start_time: int = 0, name: str = "run") -> str:
        run: Run = self.store.write(
            lambda tx, _: self.tracking.create_run(
                tx, NewRun(experiment, "user", name, start_time)
            ),
            None,
        )
        return run.id

    def get_run(self, run_id: str) -> Run:
        return self.store.read(lambda tx, _: self.tracking.get_run(tx, run_id), None)

    def log(self, *batches: Batch) -> list[Any]:
        """Log all at once, so that they meet in one group commit: for each None or its Problem."""

        async def all_at_once() -> list[Any]:
            waiting = [
                self.store.submit(self.tracking.log_batch, batch, self.tracking.log_batches)
                for batch in batches
            ]
            return await asyncio.gather(*waiting, return_exceptions=True)

        # In a thread of its own, as the browser's driver keeps a loop running in ours.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, all_at_once()).result()


def opened(uri: str) -> Opened:
    app = build(Settings(backend_store_uri=uri, artifacts_destination="unused"))
    return Opened(app.store, app.tracking, app.metrics, app.search)


@pytest.fixture
def on(store_uri: str) -> Iterator[Opened]:
    found = opened(store_uri)
    yield found
    found.store.close()
