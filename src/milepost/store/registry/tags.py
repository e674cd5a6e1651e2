"""Keyed texts of many things at once: tags and params, whose keys are stored once in `names`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from milepost.store import keys
from milepost.store.tx import Tx, marks

_PART = 2000


class Texts(NamedTuple):
    """A table of (owner, key, text)."""

    table: str
    owner: str

    def all(self, tx: Tx, owners: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
        """(key, text) of each owner that has any, by key."""
        found: dict[int, list[tuple[str, str]]] = {}
        for start in range(0, len(owners), _PART):
            part = owners[start : start + _PART]
            for owner, key, value in tx.rows(
                f"SELECT t.{self.owner}, n.name, t.value FROM {self.table} t"
                f" JOIN names n ON n.id = t.key_id WHERE t.{self.owner} IN ({marks(part)})",
                part,
            ):
                found.setdefault(owner, []).append((key, value))
        for texts in found.values():
            texts.sort()
        return found

    def get(self, tx: Tx, owner: int, key: str) -> str | None:
        """One text."""
        row = tx.row(
            f"SELECT t.value FROM {self.table} t JOIN names n ON n.id = t.key_id"
            f" WHERE t.{self.owner} = ? AND n.name = ?",
            (owner, key),
        )
        return row[0] if row else None

    def set(self, tx: Tx, owner: int, texts: Iterable[tuple[str, str]]) -> None:
        """Set or replace texts; the last of several with one key wins."""
        values = dict(texts)
        ids = keys.ensure(tx, values)
        tx.insert(
            self.table,
            (self.owner, "key_id", "value"),
            [(owner, ids[key], value) for key, value in values.items()],
            keys=(self.owner, "key_id"),
            on_conflict="update",
        )

    def delete(self, tx: Tx, owner: int, key: str) -> None:
        """Remove one text, if it is there."""
        ids = keys.find(tx, [key])
        if key in ids:
            tx.run(
                f"DELETE FROM {self.table} WHERE {self.owner} = ? AND key_id = ?",
                (owner, ids[key]),
            )


MODEL_TAGS = Texts("registered_model_tags", "model_id")
VERSION_TAGS = Texts("model_version_tags", "version_id")
LOGGED_PARAMS = Texts("logged_model_params", "model_id")
LOGGED_TAGS = Texts("logged_model_tags", "model_id")
