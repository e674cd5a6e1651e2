"""Requests for stage transitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from milepost.domain.registry import RequestState, Stage, TransitionRequest
from milepost.store.tx import Tx

_SELECT = (
    "SELECT r.id, r.model_id, m.name, r.version, r.stage, r.archive_existing, r.state,"
    " r.requested_by, r.requested, r.request_note, r.decided_by, r.decided, r.decision_note"
    " FROM transition_requests r JOIN registered_models m ON m.id = r.model_id"
)


def add(tx: Tx, request: TransitionRequest) -> int:
    """Insert a request; returns its id."""
    return tx.insert_id(
        "transition_requests",
        ("model_id", "version", "stage", "archive_existing", "state", "requested_by", "requested",
         "request_note", "decided_by", "decision_note"),
        (request.model_id, request.version, request.stage, int(request.archive_existing),
         request.state, request.requested_by, request.requested, request.request_note, "", ""),
    )  # fmt: skip


def get(tx: Tx, number: int) -> TransitionRequest | None:
    """A request by id."""
    row = tx.row(f"{_SELECT} WHERE r.id = ?", (number,))
    return _request(row) if row else None


def pending(tx: Tx, model: int, version: int, stage: Stage) -> int | None:
    """The id of an undecided request for the same transition."""
    row = tx.row(
        "SELECT id FROM transition_requests WHERE model_id = ? AND version = ? AND stage = ?"
        " AND state = ?",
        (model, version, stage, RequestState.PENDING),
    )
    return row[0] if row else None


def of(
    tx: Tx,
    model: int,
    version: int | None,
    state: RequestState | None,
    before: int,
    limit: int,
) -> list[TransitionRequest]:
    """Requests of a model with ids below `before`, newest first."""
    tests, parameters = ["r.model_id = ?", "r.id < ?"], [model, before]
    for column, value in (("r.version", version), ("r.state", state)):
        if value is not None:
            tests.append(f"{column} = ?")
            parameters.append(value)
    rows = tx.rows(
        f"{_SELECT} WHERE {' AND '.join(tests)} ORDER BY r.id DESC LIMIT ?", (*parameters, limit)
    )
    return [_request(row) for row in rows]


def decide(tx: Tx, number: int, state: RequestState, by: str, now: int, note: str) -> None:
    """Record the decision."""
    tx.run(
        "UPDATE transition_requests SET state = ?, decided_by = ?, decided = ?, decision_note = ?"
        " WHERE id = ?",
        (state, by, now, note, number),
    )


def _request(row: Sequence[Any]) -> TransitionRequest:
    cells = [*row[:4], Stage(row[4]), bool(row[5]), RequestState(row[6]), *row[7:]]
    return TransitionRequest(*cells)
