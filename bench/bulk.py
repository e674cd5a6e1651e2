"""Fills Milepost with very many runs as `milepost import` does: half a million through the API
would take as long as all of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from bench.seed import Run
from bench.servers import Server
from milepost.domain.tracking import Lifecycle, Param, RunStatus, Tag
from milepost.domain.tracking import Run as StoredRun
from milepost.store import transfer
from milepost.store.db import Store, open_dialect
from milepost.store.points import History
from milepost.store.transfer import RunRecord

_PAGE = 2000


def runs(server: Server, experiment: str, count: int) -> None:
    """Fill an experiment with runs 0 to `count` - 1."""
    store = Store(open_dialect(server.uri))
    try:
        for start in range(0, count, _PAGE):
            numbers = range(start, min(count, start + _PAGE))
            page: Sequence[RunRecord] = [_record(int(experiment), Run(n)) for n in numbers]
            store.write(transfer.add_runs, page)
    finally:
        store.close()


def _record(experiment: int, run: Run) -> RunRecord:
    id = uuid4().hex
    stored = StoredRun(
        id, experiment, run.name, "", RunStatus.RUNNING, run.start, None,
        f"mlflow-artifacts:/{experiment}/{id}/artifacts", Lifecycle.active,
        params=[Param(*pair) for pair in run.params],
        tags=[Tag(*pair) for pair in (*run.tags, ("mlflow.runName", run.name))],
    )  # fmt: skip
    record = RunRecord(stored, None)
    for key, value in run.metrics:
        record.histories[key] = history = History()
        history.extend_rows([(0, run.start, value, 0)])
    return record
