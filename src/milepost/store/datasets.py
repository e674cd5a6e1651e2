"""Data sets that runs used, seen from their experiments."""

from __future__ import annotations

from collections.abc import Sequence

from milepost.domain.tracking import DatasetSummary
from milepost.store.tx import Tx, marks


def summaries(tx: Tx, experiments: Sequence[int], limit: int) -> list[DatasetSummary]:
    """The distinct data sets and contexts in which runs of these experiments used them."""
    rows = tx.rows(
        "SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value FROM datasets d"
        " JOIN run_datasets l ON l.dataset_id = d.id"
        " LEFT JOIN run_dataset_tags t ON t.dataset_id = d.id AND t.run_id = l.run_id"
        " AND t.name = 'mlflow.data.context'"
        f" WHERE d.experiment_id IN ({marks(experiments)})"
        " ORDER BY d.experiment_id, d.name, d.digest, t.value LIMIT ?",
        (*experiments, limit),
    )
    return [DatasetSummary(*row) for row in rows]
