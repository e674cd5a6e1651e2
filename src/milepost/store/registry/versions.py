"""Versions of registered models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from milepost.domain.registry import ModelVersion, Stage, VersionStatus
from milepost.domain.tracking import Tag
from milepost.store.registry.tags import VERSION_TAGS
from milepost.store.tx import Tx, marks

COLUMNS = (
    "v.id, v.model_id, m.name, v.version, v.user_id, v.stage, v.description, v.created, v.updated,"
    " v.source, v.location, v.run_id, v.run_link, v.logged_model, v.status, v.status_message,"
    " v.is_prompt"
)
SOURCE = "model_versions v JOIN registered_models m ON m.id = v.model_id"
_PART = 2000


def add(tx: Tx, version: ModelVersion) -> int:
    """Insert a version (without tags); returns its own number, not the version's."""
    return tx.insert_id(
        "model_versions",
        ("model_id", "version", "user_id", "stage", "description", "created", "updated", "source",
         "location", "run_id", "run_link", "logged_model", "status", "status_message",
         "is_prompt"),
        (version.model_id, version.version, version.user_id, version.stage, version.description,
         version.created, version.updated, version.source, version.location, version.run_id,
         version.run_link, version.logged_model, version.status, version.status_message,
         int(version.is_prompt)),
    )  # fmt: skip


def find(tx: Tx, name: str, version: int) -> ModelVersion | None:
    """One version without tags and aliases."""
    found = tx.row(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE m.name = ? AND v.version = ?", (name, version)
    )
    return _version(found) if found else None


def of(tx: Tx, model: int) -> list[ModelVersion]:
    """All versions of a model without tags and aliases, by number."""
    rows = tx.rows(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE v.model_id = ? ORDER BY v.version", (model,)
    )
    return [_version(row) for row in rows]


def highest(tx: Tx, model: int) -> int | None:
    """The highest number among the versions a model has."""
    row = tx.row("SELECT MAX(version) FROM model_versions WHERE model_id = ?", (model,))
    return row[0] if row else None


def latest(
    tx: Tx, models: Sequence[int], stages: Sequence[Stage] = tuple(Stage)
) -> list[ModelVersion]:
    """For each model and stage the highest version in it, with tags but without aliases; by
    version. Its cost does not depend on how many versions there are."""
    if not models or not stages:
        return []
    one = (
        "(SELECT v.id FROM model_versions v WHERE v.model_id = m.id AND v.stage = {}"
        " ORDER BY v.version DESC LIMIT 1)"
    )
    columns = ", ".join(one.format(int(stage)) for stage in stages)
    rows = tx.rows(
        f"SELECT {columns} FROM registered_models m WHERE m.id IN ({marks(models)})", models
    )
    numbers = [number for row in rows for number in row if number is not None]
    return sorted(_by_number(tx, numbers), key=lambda v: v.version)


def _by_number(tx: Tx, numbers: Sequence[int]) -> list[ModelVersion]:
    found: list[ModelVersion] = []
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        found += whole(
            tx, tx.rows(f"SELECT {COLUMNS} FROM {SOURCE} WHERE v.id IN ({marks(part)})", part)
        )
    return found


def _version(row: Sequence[Any]) -> ModelVersion:
    cells = [*row[:5], Stage(row[5]), *row[6:14], VersionStatus(row[14]), row[15], bool(row[16])]
    return ModelVersion(*cells)


def whole(tx: Tx, rows: Sequence[Sequence[Any]]) -> list[ModelVersion]:
    """Versions from rows of COLUMNS, with their tags."""
    return tagged(tx, [_version(row) for row in rows])


def tagged(tx: Tx, found: Sequence[ModelVersion]) -> list[ModelVersion]:
    """The versions with their tags."""
    tags = VERSION_TAGS.all(tx, [version.id for version in found])
    for version in found:
        version.tags = [Tag(*text) for text in tags.get(version.id, ())]
    return list(found)


def aliased(tx: Tx, found: Sequence[ModelVersion]) -> list[ModelVersion]:
    """The versions with their aliases."""
    for version in found:
        version.aliases = aliases(tx, version.model_id, version.version)
    return list(found)


def aliases(tx: Tx, model: int, version: int) -> list[str]:
    """The aliases that point to a version."""
    rows = tx.rows(
        "SELECT alias FROM registered_model_aliases WHERE model_id = ? AND version = ?"
        " ORDER BY alias",
        (model, version),
    )
    return [row[0] for row in rows]


def describe(tx: Tx, number: int, description: str | None, now: int) -> None:
    """Set the description."""
    tx.run(
        "UPDATE model_versions SET description = ?, updated = ? WHERE id = ?",
        (description, now, number),
    )


def set_stage(tx: Tx, numbers: Sequence[int], stage: Stage, now: int) -> None:
    """Bring versions to a stage."""
    for start in range(0, len(numbers), _PART):
        part = numbers[start : start + _PART]
        tx.run(
            f"UPDATE model_versions SET stage = ?, updated = ? WHERE id IN ({marks(part)})",
            (stage, now, *part),
        )


def others_in(tx: Tx, version: ModelVersion, stage: Stage) -> Sequence[Sequence[int]]:
    """(number, version) of the model's other versions in a stage."""
    return tx.rows(
        "SELECT id, version FROM model_versions WHERE model_id = ? AND stage = ? AND id <> ?"
        " ORDER BY version",
        (version.model_id, stage, version.id),
    )


def set_prompt(tx: Tx, number: int, *, is_prompt: bool) -> None:
    """Set whether the version is one of a prompt."""
    tx.run("UPDATE model_versions SET is_prompt = ? WHERE id = ?", (int(is_prompt), number))


def delete(tx: Tx, version: ModelVersion) -> None:
    """Remove a version with all that hangs on it, but not its history."""
    tx.run("DELETE FROM model_version_tags WHERE version_id = ?", (version.id,))
    for table in ("registered_model_aliases", "transition_requests"):
        tx.run(
            f"DELETE FROM {table} WHERE model_id = ? AND version = ?",
            (version.model_id, version.version),
        )
    tx.run("DELETE FROM model_versions WHERE id = ?", (version.id,))
