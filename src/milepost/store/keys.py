"""Metric, param and tag keys and the integer ids they are stored under."""

from __future__ import annotations

from collections.abc import Collection

from milepost.store.tx import Tx, marks

_PART = 5000


def find(tx: Tx, wanted: Collection[str]) -> dict[str, int]:
    """The ids of those names that exist."""
    ids = tx.names.known(wanted)
    missing = sorted(set(wanted) - ids.keys())
    if missing:
        found = _select(tx, missing)
        tx.after_commit(lambda: tx.names.remember(found))
        ids |= found
    return ids


def ensure(tx: Tx, wanted: Collection[str]) -> dict[str, int]:
    """The ids of all names; those that do not exist yet are made."""
    ids = find(tx, wanted)
    missing = sorted(set(wanted) - ids.keys())
    if missing:
        # Sorted, so that two servers making the same names do not wait for each other in a ring.
        tx.insert("names", ("name",), [(n,) for n in missing], on_conflict="ignore")
        made = _select(tx, missing)
        tx.after_commit(lambda: tx.names.remember(made))
        ids |= made
    return ids


def texts(tx: Tx, wanted: Collection[int]) -> dict[int, str]:
    """The names behind ids."""
    known = tx.names.texts(wanted)
    missing = sorted(set(wanted) - known.keys())
    for start in range(0, len(missing), _PART):
        part = missing[start : start + _PART]
        rows = tx.rows(f"SELECT id, name FROM names WHERE id IN ({marks(part)})", part)
        known |= dict(rows)
    if missing:
        tx.after_commit(lambda: tx.names.remember({known[i]: i for i in missing}))
    return known


def _select(tx: Tx, wanted: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        found |= dict(tx.rows(f"SELECT name, id FROM names WHERE name IN ({marks(part)})", part))
    return found
