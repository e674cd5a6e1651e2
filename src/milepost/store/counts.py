"""How much the store holds."""

from __future__ import annotations

from typing import NamedTuple

from milepost.domain.artifacts import OwnerKind
from milepost.domain.tracking import Lifecycle
from milepost.store.tx import Tx


class Counts(NamedTuple):
    """Numbers of things that are not deleted, and of artifact files."""

    experiments: int
    runs: int
    artifacts: int


def counts(tx: Tx, _: None = None) -> Counts:
    """What is in the store right now."""
    active = "SELECT COUNT(*) FROM {} WHERE lifecycle = ?"
    files = "SELECT COALESCE(SUM(files), 0) FROM artifact_usage WHERE kind = ?"
    return Counts(
        _number(tx, active.format("experiments"), Lifecycle.active),
        _number(tx, active.format("runs"), Lifecycle.active),
        _number(tx, files, OwnerKind.experiment),
    )


def _number(tx: Tx, sql: str, parameter: int) -> int:
    row = tx.row(sql, (int(parameter),))
    assert row is not None
    return int(row[0])
