"""Registered models in the trash: see migration 5 for how they are kept."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from milepost.store.tx import Tx, marks

_COLUMNS = (
    "id, name, user_id, description, created, updated, last_version, is_prompt, needs_approval"
)
_PARTS = ("registered_model_aliases", "registered_model_tags", "transition_requests",
          "model_versions")  # fmt: skip


class DeletedModel(Struct, frozen=True):
    """A model in the trash."""

    id: int
    name: str
    user: str
    deleted: int
    versions: int


def put(tx: Tx, number: int, now: int) -> None:
    """Move a locked model to the trash."""
    tx.run(
        f"INSERT INTO deleted_models ({_COLUMNS}, deleted)"
        f" SELECT {_COLUMNS}, {int(now)} FROM registered_models WHERE id = ?",
        (number,),
    )
    tx.run("DELETE FROM registered_models WHERE id = ?", (number,))


def newest(tx: Tx, limit: int) -> list[DeletedModel]:
    """What is in the trash, the last deleted first."""
    rows = tx.rows(
        "SELECT d.id, d.name, d.user_id, d.deleted,"
        " (SELECT COUNT(*) FROM model_versions v WHERE v.model_id = d.id)"
        " FROM deleted_models d ORDER BY d.deleted DESC, d.id DESC LIMIT ?",
        (limit,),
    )
    return [DeletedModel(*row) for row in rows]


def lock(tx: Tx, number: int) -> str | None:
    """The name of a model in the trash, held until the transaction ends."""
    row = tx.row(f"SELECT name FROM deleted_models WHERE id = ?{tx.dialect.for_update}", (number,))
    return row[0] if row else None


def restore(tx: Tx, number: int) -> None:
    """Move a locked model back; its name must be free."""
    tx.run(
        f"INSERT INTO registered_models ({_COLUMNS})"
        f" SELECT {_COLUMNS} FROM deleted_models WHERE id = ?",
        (number,),
    )
    tx.run("DELETE FROM deleted_models WHERE id = ?", (number,))


def before(tx: Tx, time: int, numbers: Sequence[int]) -> list[int]:
    """Models that went to the trash before a time, optionally only some."""
    where = f" AND id IN ({marks(numbers)})" if numbers else ""
    rows = tx.rows(
        f"SELECT id FROM deleted_models WHERE deleted <= ?{where} ORDER BY id", (time, *numbers)
    )
    return [row[0] for row in rows]


def remove(tx: Tx, number: int) -> None:
    """Remove a locked model in the trash with all that hangs on it, but not its history."""
    tx.run(
        "DELETE FROM model_version_tags WHERE version_id IN"
        " (SELECT id FROM model_versions WHERE model_id = ?)",
        (number,),
    )
    for table in _PARTS:
        tx.run(f"DELETE FROM {table} WHERE model_id = ?", (number,))
    tx.run("DELETE FROM deleted_models WHERE id = ?", (number,))
