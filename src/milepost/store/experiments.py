"""Experiments in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from milepost.domain.tracking import Experiment, Lifecycle, Tag
from milepost.store import keys
from milepost.store.changes import experiment_topic, run_topic
from milepost.store.conditions import Sql
from milepost.store.runs import GOING
from milepost.store.tx import Tx, marks

_INSERTED = ("name", "artifact_location", "lifecycle", "created", "updated")
_COLUMNS = "id, name, artifact_location, lifecycle, created, updated"


def add(tx: Tx, name: str, location: str, now: int) -> int:
    """Insert an experiment and return its id."""
    number = tx.insert_id("experiments", _INSERTED, (name, location, Lifecycle.active, now, now))
    tx.topics.add(experiment_topic(number))
    return number


def add_first(tx: Tx, name: str, location: str, now: int) -> None:
    """Insert experiment 0, unless another server was faster."""
    row = (0, name, location, Lifecycle.active, now, now)
    tx.insert("experiments", ("id", *_INSERTED), [row], on_conflict="ignore")


class Parent(NamedTuple):
    """What a new run must know of its experiment."""

    location: str
    lifecycle: int


def parents(tx: Tx, numbers: Collection[int]) -> dict[int, Parent]:
    """Those of these experiments that exist."""
    wanted = sorted(numbers)
    rows = tx.rows(
        f"SELECT id, artifact_location, lifecycle FROM experiments WHERE id IN ({marks(wanted)})",
        wanted,
    )
    return {row[0]: Parent(row[1], row[2]) for row in rows}


def get(tx: Tx, number: int) -> Experiment | None:
    """The experiment with this id, deleted or not."""
    return _one(tx, "id = ?", number)


def get_by_name(tx: Tx, name: str) -> Experiment | None:
    """The experiment with this name, deleted or not."""
    return _one(tx, "name = ?", name)


def _one(tx: Tx, condition: str, value: object) -> Experiment | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM experiments WHERE {condition}", (value,))
    return with_tags(tx, [row])[0] if row else None


def with_tags(tx: Tx, rows: Sequence[Sequence[object]]) -> list[Experiment]:
    """Experiments from rows of `_COLUMNS`, each with its tags."""
    numbers = [row[0] for row in rows]
    tags: dict[object, list[Tag]] = {number: [] for number in numbers}
    if numbers:
        for number, key, value in tx.rows(
            "SELECT t.experiment_id, n.name, t.value FROM experiment_tags t"
            f" JOIN names n ON n.id = t.key_id WHERE t.experiment_id IN ({marks(numbers)})"
            " ORDER BY t.experiment_id, n.name",
            numbers,
        ):
            tags[number].append(Tag(key, value))
    return [
        Experiment(int(str(r[0])), str(r[1]), str(r[2]), Lifecycle(r[3]), r[4], r[5], tags[r[0]])  # type: ignore[arg-type]
        for r in rows
    ]


def move(tx: Tx, number: int, location: str) -> None:
    """Set where the experiment's artifacts live."""
    tx.run("UPDATE experiments SET artifact_location = ? WHERE id = ?", (location, number))


def rename(tx: Tx, number: int, name: str, now: int) -> None:
    """Give the experiment another name."""
    tx.topics.add(experiment_topic(number))
    tx.run("UPDATE experiments SET name = ?, updated = ? WHERE id = ?", (name, now, number))


def set_lifecycle(tx: Tx, number: int, stage: Lifecycle, now: int) -> None:
    """Move the experiment and all its runs to `stage`."""
    tx.topics.update((experiment_topic(number), run_topic(number, "*")))
    tx.run("UPDATE experiments SET lifecycle = ?, updated = ? WHERE id = ?", (stage, now, number))
    tx.run(
        "UPDATE runs SET lifecycle = ?, deleted = ? WHERE experiment_id = ? AND lifecycle <> ?"
        " AND COALESCE(deleted, 0) <> ?",
        (stage, now if stage is Lifecycle.deleted else None, number, stage, GOING),
    )


def set_tag(tx: Tx, number: int, tag: Tag) -> None:
    """Set or replace a tag."""
    tx.topics.add(experiment_topic(number))
    key = keys.ensure(tx, [tag.key])[tag.key]
    tx.insert(
        "experiment_tags",
        ("experiment_id", "key_id", "value"),
        [(number, key, tag.value)],
        keys=("experiment_id", "key_id"),
        on_conflict="update",
    )


def delete_tag(tx: Tx, number: int, name: str) -> bool:
    """Remove a tag; whether it was there."""
    tx.topics.add(experiment_topic(number))
    key = keys.find(tx, [name]).get(name)
    if key is None:
        return False
    return bool(
        tx.run("DELETE FROM experiment_tags WHERE experiment_id = ? AND key_id = ?", (number, key))
    )


def search(
    tx: Tx,
    where: Sql,
    stages: Sequence[Lifecycle],
    order: Sequence[str],
    limit: int,
    offset: int,
) -> list[Experiment]:
    """A page of experiments; `order` are ORDER BY terms over the alias `e`."""
    columns = ", ".join(f"e.{c}" for c in _COLUMNS.split(", "))
    rows = tx.rows(
        f"SELECT {columns} FROM experiments e WHERE e.lifecycle IN ({marks(stages)})"
        f" AND ({where.text}) ORDER BY {', '.join(order)} LIMIT ? OFFSET ?",
        (*stages, *where.parameters, limit, offset),
    )
    return with_tags(tx, rows)
