"""Where artifacts of runs are, and what they take up."""

from __future__ import annotations

from milepost.domain.artifacts import Owner, OwnerKind
from milepost.store.tx import Tx


def run(tx: Tx, run_id: str) -> Owner | None:
    """A run as an owner of artifacts; its root is the artifact URI as stored."""
    row = tx.row("SELECT experiment_id, artifact_uri FROM runs WHERE uuid = ?", (run_id,))
    return Owner(OwnerKind.run, run_id, row[0], row[1]) if row else None
