"""Stores with many runs, made fast: the same runs for the same numbers, by bulk insert."""

from __future__ import annotations

from functools import partial

from milepost.domain.tracking import (
    Dataset,
    DatasetInput,
    Experiment,
    Lifecycle,
    Param,
    Run,
    RunStatus,
    Tag,
)
from milepost.store import transfer
from milepost.store.db import Store, ensure_schema, open_dialect
from milepost.store.points import History
from milepost.store.transfer import RunRecord
from milepost.store.tx import Tx

START = 1_700_000_000_000
DAY = 24 * 3600 * 1000
_PAGE = 1000


def run_id(experiment: int, i: int) -> str:
    return f"{experiment:08x}{i:024x}"


def record(experiment: int, i: int, root: str, points: int = 3) -> RunRecord:
    """Run `i`: every tenth is in the trash, every hundredth has a NaN and a data set."""
    deleted = START + i if i % 10 == 9 else None
    uuid = run_id(experiment, i)
    run = Run(
        uuid, experiment, f"run-{i}", f"user{i % 7}", RunStatus.FINISHED, START + i,
        START + i + 1000, f"{root}/{experiment}/{uuid}/artifacts",
        Lifecycle.active if deleted is None else Lifecycle.deleted,
        params=[Param("lr", str(i / 1000)), Param("depth", str(i % 12))],
        tags=[Tag("mlflow.runName", f"run-{i}"), Tag("team", f"t{i % 5}")],
        datasets=[DatasetInput(Dataset("d", f"{i % 3}"), [Tag("context", "train")])]
        if i % 100 == 0
        else [],
    )  # fmt: skip
    made = RunRecord(run, deleted)
    for key in ("loss", "acc"):
        history = History()
        history.extend_rows([(s, START + i + s, float(i % 97) / (s + 1), 0) for s in range(points)])
        if i % 100 == 0:
            history.extend_rows([(points, START + i + points, 0.0, 1)])
        made.histories[key] = history
    return made


def fill(uri: str, runs: int, *, experiment: int = 1, name: str = "big", points: int = 3) -> None:
    """Make a store, or add to it, an experiment with `runs` runs."""
    dialect = open_dialect(uri)
    ensure_schema(dialect)
    store = Store(dialect)
    try:
        store.write(partial(_make, name), experiment)
        for start in range(0, runs, _PAGE):
            page = [
                record(experiment, i, "mlflow-artifacts:", points)
                for i in range(start, min(runs, start + _PAGE))
            ]
            store.write(transfer.add_runs, page)
    finally:
        store.close()


def _make(name: str, tx: Tx, experiment: int) -> None:
    transfer.add_experiment(
        tx,
        Experiment(
            experiment, name, f"mlflow-artifacts:/{experiment}", Lifecycle.active, START, START,
            [Tag("owner", "ops")],
        ),
    )  # fmt: skip
