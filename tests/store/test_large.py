"""More in one go than a database takes in one statement (MariaDB: 16 MiB, older MySQL: 4 MiB)."""

from __future__ import annotations

from array import array

import pytest

from milepost.domain.tracking import (
    DATASET_LIMITS,
    MAX_PARAM_VALUE,
    Batch,
    Dataset,
    DatasetInput,
    Experiment,
    Lifecycle,
    Param,
)
from milepost.errors import TooLarge
from milepost.store import transfer
from milepost.store.points import History
from tests.parts.bulk import record, run_id
from tests.store.conftest import Opened


def test_many_large_batches_that_meet(on: Opened) -> None:
    run = on.create_run(on.create_experiment("large"))
    value = "😀" * MAX_PARAM_VALUE  # of four bytes each
    batches = [Batch(run, params=[Param(f"{i}.{k}", value) for k in range(100)]) for i in range(8)]
    assert on.log(*batches) == [None] * 8
    assert len(on.get_run(run).params) == 800


def test_a_long_history_in_one_piece(on: Opened) -> None:
    size = 400_000
    made, history = record(1, 0, "mlflow-artifacts:"), History()
    history.steps, history.times = array("q", range(size)), array("q", range(size))
    history.values = array("d", [0.1 * i for i in range(size)])
    made.histories = {"m": history}
    parent = Experiment(1, "long", "mlflow-artifacts:/1", Lifecycle.active, 1, 1)
    on.store.write(transfer.add_experiment, parent)
    on.store.write(transfer.add_runs, [made])
    page = on.store.read(lambda tx, _: on.metrics.page(tx, run_id(1, 0), "m", size, ""), None)
    assert list(page.series.steps) == list(range(size))


def test_one_value_that_is_too_large(on: Opened) -> None:
    """It is stored or refused for what it is, and the store goes on."""
    run = on.create_run(on.create_experiment("large"))

    def use(length: int, digest: str) -> None:
        data = Dataset("d", digest, profile="p" * length)
        on.store.write(
            lambda tx, _: on.tracking.log_inputs(tx, run, [DatasetInput(data)], []), None
        )

    if on.store.dialect.name == "mysql":
        with pytest.raises(TooLarge, match="max_allowed_packet"):
            use(DATASET_LIMITS["profile"], "most")
    else:
        use(DATASET_LIMITS["profile"], "most")
    use(DATASET_LIMITS["profile"] // 2, "half")
    assert "half" in [item.dataset.digest for item in on.get_run(run).datasets]
