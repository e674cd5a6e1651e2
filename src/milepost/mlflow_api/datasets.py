"""MLflow's wire for the data sets of experiments."""

from __future__ import annotations

from typing import Any

from milepost.domain.access import Action
from milepost.domain.tracking import DatasetSummary
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call, Endpoint, body
from milepost.mlflow_api.experiments import experiment_id
from milepost.mlflow_api.wire import Message, present

MOST_EXPERIMENTS = 20


class Search(Message):
    """experiments/search-datasets"""

    experiment_ids: list[str] = []


_search_body = body(Search)


def _search(call: Call) -> list[int]:
    ids = _search_body(call).experiment_ids
    if not ids:
        raise Invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(ids) > MOST_EXPERIMENTS:
        raise Invalid(
            f"SearchDatasets request cannot specify more than {MOST_EXPERIMENTS} experiment_ids."
            f" Received {len(ids)} experiment_ids."
        )
    return [experiment_id(text) for text in ids]


def _dump(found: list[DatasetSummary]) -> dict[str, Any]:
    return present(
        dataset_summaries=[
            present(
                experiment_id=str(s.experiment_id), name=s.name, digest=s.digest, context=s.context
            )
            for s in found
        ]
    )


ENDPOINTS = [
    Endpoint(
        "POST", "mlflow/experiments/search-datasets", Action.READ_EXPERIMENT, "read", _search,
        lambda app, tx, x: app.search.datasets(tx, x),
        _dump,
    ),
]  # fmt: skip
