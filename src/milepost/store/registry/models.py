"""Registered models and their aliases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from milepost.domain.registry import Alias, RegisteredModel
from milepost.domain.tracking import Tag
from milepost.store.registry import versions
from milepost.store.registry.tags import MODEL_TAGS
from milepost.store.tx import Tx, marks

COLUMNS = (
    "m.id, m.name, m.user_id, m.description, m.created, m.updated, m.last_version, m.is_prompt,"
    " m.needs_approval"
)


def add(tx: Tx, name: str, user: str, description: str, now: int, *, is_prompt: bool) -> int:
    """Insert a model; returns its number."""
    return tx.insert_id(
        "registered_models",
        ("name", "user_id", "description", "created", "updated", "last_version", "is_prompt",
         "needs_approval"),
        (name, user, description, now, now, 0, int(is_prompt), 0),
    )  # fmt: skip


def find(tx: Tx, name: str) -> RegisteredModel | None:
    """A model without what hangs on it, for reading."""
    return _one(tx, "m.name = ?", name)


def lock(tx: Tx, name: str) -> RegisteredModel | None:
    """As `find`, and hold it until the transaction ends: whoever else changes it, one of its
    versions or its aliases waits."""
    return _one(tx, f"m.name = ?{tx.dialect.for_update}", name)


def lock_number(tx: Tx, number: int) -> RegisteredModel | None:
    """As `lock`, by the model's number."""
    return _one(tx, f"m.id = ?{tx.dialect.for_update}", number)


def _one(tx: Tx, condition: str, value: object) -> RegisteredModel | None:
    row = tx.row(f"SELECT {COLUMNS} FROM registered_models m WHERE {condition}", (value,))
    return _model(row) if row else None


def _model(row: Sequence[Any]) -> RegisteredModel:
    cells = [*row[:7], bool(row[7]), bool(row[8])]
    return RegisteredModel(*cells)


def whole(tx: Tx, rows: Sequence[Sequence[Any]]) -> list[RegisteredModel]:
    """Models from rows of COLUMNS with tags, aliases and the latest version of each stage."""
    return filled(tx, [_model(row) for row in rows])


def filled(tx: Tx, models: Sequence[RegisteredModel]) -> list[RegisteredModel]:
    """The models with their tags, aliases and latest versions."""
    by_number = {model.id: model for model in models}
    numbers = list(by_number)
    for number, texts in MODEL_TAGS.all(tx, numbers).items():
        by_number[number].tags = [Tag(*text) for text in texts]
    for number, alias, version in _aliases(tx, numbers):
        by_number[number].aliases.append(Alias(alias, version))
    for latest in versions.latest(tx, numbers):
        by_number[latest.model_id].latest.append(latest)
    return list(by_number.values())


def _aliases(tx: Tx, numbers: Sequence[int]) -> Sequence[Sequence[Any]]:
    if not numbers:
        return []
    return tx.rows(
        "SELECT model_id, alias, version FROM registered_model_aliases"
        f" WHERE model_id IN ({marks(numbers)}) ORDER BY model_id, alias",
        numbers,
    )


def next_version(tx: Tx, model: RegisteredModel, now: int) -> int:
    """Give out the next version number of a locked model."""
    number = model.last_version + 1
    tx.run(
        "UPDATE registered_models SET last_version = ?, updated = ? WHERE id = ?",
        (number, now, model.id),
    )
    return number


def touch(tx: Tx, number: int, now: int) -> None:
    """Note that the model changed."""
    tx.run("UPDATE registered_models SET updated = ? WHERE id = ?", (now, number))


def describe(tx: Tx, number: int, description: str, now: int) -> None:
    """Set the description."""
    tx.run(
        "UPDATE registered_models SET description = ?, updated = ? WHERE id = ?",
        (description, now, number),
    )


def rename(tx: Tx, number: int, name: str, now: int) -> None:
    """Set the name."""
    tx.run("UPDATE registered_models SET name = ?, updated = ? WHERE id = ?", (name, now, number))


def set_prompt(tx: Tx, number: int, *, is_prompt: bool) -> None:
    """Set whether the model is a prompt."""
    tx.run("UPDATE registered_models SET is_prompt = ? WHERE id = ?", (int(is_prompt), number))


def set_needs_approval(tx: Tx, number: int, *, needed: bool) -> None:
    """Set whether Production needs an approval."""
    tx.run("UPDATE registered_models SET needs_approval = ? WHERE id = ?", (int(needed), number))


def aliased(tx: Tx, number: int, alias: str) -> int | None:
    """The version an alias points to."""
    row = tx.row(
        "SELECT version FROM registered_model_aliases WHERE model_id = ? AND alias = ?",
        (number, alias),
    )
    return row[0] if row else None


def set_alias(tx: Tx, number: int, alias: str, version: int) -> None:
    """Point an alias to a version."""
    tx.insert(
        "registered_model_aliases",
        ("model_id", "alias", "version"),
        [(number, alias, version)],
        keys=("model_id", "alias"),
        on_conflict="update",
    )


def delete_alias(tx: Tx, number: int, alias: str) -> None:
    """Remove an alias, if it is there."""
    tx.run("DELETE FROM registered_model_aliases WHERE model_id = ? AND alias = ?", (number, alias))
