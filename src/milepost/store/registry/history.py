"""The registry's history. Nothing here changes or removes what was once written."""

from __future__ import annotations

from collections.abc import Sequence

from milepost.domain.registry import Change
from milepost.store.changes import MODELS
from milepost.store.tx import Tx

_COLUMNS = "id, model_name, version, at, actor, action, subject, old_value, new_value, note"


def add(tx: Tx, model: int, entries: Sequence[Change]) -> None:
    """Append entries of one model; their ids are given by the database."""
    tx.topics.add(MODELS)
    tx.insert(
        "registry_history",
        ("model_id", "model_name", "version", "at", "actor", "action", "subject", "old_value",
         "new_value", "note"),
        [(model, e.model, e.version, e.at, e.actor, e.action, e.subject, e.old, e.new, e.note)
         for e in entries],
    )  # fmt: skip


def of(
    tx: Tx, name: str, model: int | None, version: int | None, before: int, limit: int
) -> list[Change]:
    """Newest first, entries with ids below `before`: all of the model with this number, and all
    that was recorded under the name, as of a model that was deleted or renamed."""
    of_version = "" if version is None else " AND version = ?"
    more = () if version is None else (version,)
    parts, parameters = [], []
    for column, value in (("model_id", model), ("model_name", name)):
        if value is not None:
            parts.append(
                f"SELECT * FROM (SELECT {_COLUMNS} FROM registry_history WHERE {column} = ?"
                f"{of_version} AND id < ? ORDER BY id DESC LIMIT ?) {column}s"
            )
            parameters += [value, *more, before, limit]
    rows = tx.rows(f"{' UNION '.join(parts)} ORDER BY id DESC LIMIT ?", (*parameters, limit))
    return [Change(*row) for row in rows]


def deleted(tx: Tx, name: str) -> int | None:
    """The number of the model that was deleted last under a name."""
    row = tx.row(
        "SELECT model_id FROM registry_history WHERE model_name = ? AND action = 'model.deleted'"
        " ORDER BY id DESC LIMIT 1",
        (name,),
    )
    return row[0] if row else None
