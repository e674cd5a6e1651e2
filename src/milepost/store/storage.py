"""What experiments take up: runs, points of metrics and artifacts."""

from __future__ import annotations

from typing import NamedTuple

from milepost.domain.artifacts import OwnerKind
from milepost.store.tx import Tx


class Storage(NamedTuple):
    """What one experiment takes up, trash included."""

    experiment: int
    name: str
    runs: int
    deleted_runs: int
    bytes: int
    files: int


def by_experiment(tx: Tx, limit: int) -> list[Storage]:
    """The experiments with the most bytes of artifacts, then the most runs."""
    rows = tx.rows(
        "SELECT e.id, e.name, COALESCE(r.runs, 0), COALESCE(r.deleted, 0), COALESCE(u.bytes, 0),"
        " COALESCE(u.files, 0) FROM experiments e"
        " LEFT JOIN (SELECT experiment_id, COUNT(*) AS runs,"
        " SUM(CASE WHEN deleted IS NULL THEN 0 ELSE 1 END) AS deleted"
        " FROM runs GROUP BY experiment_id) r ON r.experiment_id = e.id"
        " LEFT JOIN artifact_usage u ON u.kind = ? AND u.owner = e.id"
        " ORDER BY COALESCE(u.bytes, 0) DESC, COALESCE(r.runs, 0) DESC, e.id LIMIT ?",
        (int(OwnerKind.experiment), limit),
    )
    return [Storage(r[0], r[1], int(r[2]), int(r[3]), int(r[4]), int(r[5])) for r in rows]
