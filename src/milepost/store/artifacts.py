"""Whose artifacts are where, and what they take up."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from milepost.domain.artifacts import Owner, OwnerKind, Usage
from milepost.store.tx import Tx, marks

_PART = 2000
_LOOKUP = {
    OwnerKind.run: "SELECT id, uuid, experiment_id, lifecycle, artifact_uri FROM runs",
    OwnerKind.model: "SELECT id, uuid, experiment_id, lifecycle, artifact_uri FROM logged_models",
}


_Key = tuple[int, int, str]


class File(NamedTuple):
    """A file of an owner, at a path below the owner's root."""

    owner: Owner
    path: str
    size: int


class Pending(NamedTuple):
    """A file that a client may be uploading to the store itself, until a time in milliseconds."""

    owner: Owner
    path: str
    until: int


def owners(tx: Tx, kind: OwnerKind, ids: Sequence[str]) -> list[Owner]:
    """Those runs or logged models that exist, deleted or not."""
    if not ids:
        return []
    rows = tx.rows(f"{_LOOKUP[kind]} WHERE uuid IN ({marks(ids)})", ids)
    return [Owner(kind, *row) for row in rows]


def owners_in(tx: Tx, experiment: int) -> list[Owner]:
    """All runs and logged models of an experiment."""
    return [
        Owner(kind, *row)
        for kind, select in _LOOKUP.items()
        for row in tx.rows(f"{select} WHERE experiment_id = ?", (experiment,))
    ]


def experiment(tx: Tx, number: int) -> Owner | None:
    """An experiment as an owner of artifacts."""
    row = tx.row("SELECT lifecycle, artifact_location FROM experiments WHERE id = ?", (number,))
    return _experiment(number, *row) if row else None


def experiments(tx: Tx) -> list[Owner]:
    """All experiments as owners of artifacts."""
    rows = tx.rows("SELECT id, lifecycle, artifact_location FROM experiments ORDER BY id")
    return [_experiment(*row) for row in rows]


def _experiment(number: int, lifecycle: int, location: str) -> Owner:
    return Owner(OwnerKind.experiment, number, str(number), number, lifecycle, location)


def version_location(tx: Tx, name: str, version: int) -> str | None:
    """Where the files of a model version are."""
    row = tx.row(
        "SELECT v.location FROM model_versions v JOIN registered_models m ON m.id = v.model_id"
        " WHERE m.name = ? AND v.version = ?",
        (name, version),
    )
    return row[0] if row else None


def version_locations(tx: Tx, name: str) -> list[str] | None:
    """Where the files of all versions of a model are; None if there is no such model."""
    row = tx.row("SELECT id FROM registered_models WHERE name = ?", (name,))
    if row is None:
        return None
    rows = tx.rows("SELECT DISTINCT location FROM model_versions WHERE model_id = ?", row)
    return [location for (location,) in rows]


def usage(tx: Tx, owner: Owner, folder: str = "") -> Usage:
    """What the artifacts of an owner take up, or those in one of its folders."""
    if not folder:
        row = tx.row(
            "SELECT bytes, files FROM artifact_usage WHERE kind = ? AND owner = ?",
            (owner.kind, owner.number),
        )
        return Usage(*row) if row else Usage(0, 0)
    sizes = [size for _, path, size in _files(tx, owner) if _is_within(path, folder)]
    return Usage(sum(sizes), len(sizes))


def put(tx: Tx, files: Sequence[File]) -> None:
    """Count files; one that is counted already changes, the last of several for a path wins."""
    found = {(f.owner.kind, f.owner.number, _key(f.path)): f for f in files}
    owners = [f.owner for f in found.values()]
    _lock(tx, owners)
    before = _sizes(tx, list(found))
    tx.insert(
        "artifact_files",
        ("kind", "owner", "path_key", "path", "size"),
        [(*key, f.path, f.size) for key, f in found.items()],
        keys=("kind", "owner", "path_key"),
        on_conflict="update",
    )
    more = _Sums()
    for key, f in found.items():
        more.add(f.owner, f.size - before.get(key, 0), key not in before)
    more.save(tx)


def remove(tx: Tx, owner: Owner, folder: str) -> None:
    """Count the file or folder no longer; "" is everything."""
    _lock(tx, [owner])
    gone = [(key, size) for key, path, size in _files(tx, owner) if _is_within(path, folder)]
    for start in range(0, len(gone), _PART):
        part = [key for key, _ in gone[start : start + _PART]]
        tx.run(
            "DELETE FROM artifact_files WHERE kind = ? AND owner = ?"
            f" AND path_key IN ({marks(part)})",
            (owner.kind, owner.number, *part),
        )
    less = _Sums()
    less.add(owner, -sum(size for _, size in gone), -len(gone))
    less.save(tx)


class _Sums:
    """Changes to the sums of owners and of their experiments."""

    def __init__(self) -> None:
        self._more: dict[tuple[OwnerKind, int], list[int]] = {}

    def add(self, owner: Owner, size: int, files: int) -> None:
        """Add bytes and files to what an owner has."""
        for place in _places(owner):
            sums = self._more.setdefault(place, [0, 0])
            sums[0] += size
            sums[1] += files

    def save(self, tx: Tx) -> None:
        """Write the new sums."""
        for place, (size, files) in sorted(self._more.items()):
            if size or files:
                tx.run(
                    "UPDATE artifact_usage SET bytes = bytes + ?, files = files + ?"
                    " WHERE kind = ? AND owner = ?",
                    (size, files, *place),
                )


def _places(owner: Owner) -> set[tuple[OwnerKind, int]]:
    """The rows of sums that an owner's files count in."""
    return {(OwnerKind.experiment, owner.experiment_id), (owner.kind, owner.number)}


def _lock(tx: Tx, owners: Sequence[Owner]) -> None:
    """Hold the sums of owners and experiments until the transaction ends, always in one order,
    so that nobody waits in a ring; those that are missing are made."""
    places = {place: owner.experiment_id for owner in owners for place in _places(owner)}
    for kind in OwnerKind:
        numbers = sorted(number for k, number in places if k is kind)
        for start in range(0, len(numbers), _PART):
            part = numbers[start : start + _PART]
            held = _held(tx, kind, part)
            missing = [(kind, n, places[kind, n], 0, 0) for n in part if n not in held]
            if missing:
                columns = ("kind", "owner", "experiment_id", "bytes", "files")
                tx.insert("artifact_usage", columns, missing, on_conflict="ignore")
                _held(tx, kind, part)


def _held(tx: Tx, kind: OwnerKind, numbers: Sequence[int]) -> set[int]:
    rows = tx.rows(
        f"SELECT owner FROM artifact_usage WHERE kind = ? AND owner IN ({marks(numbers)})"
        f" ORDER BY owner{tx.dialect.for_update}",
        (kind, *numbers),
    )
    return {number for (number,) in rows}


def _sizes(tx: Tx, keys: Sequence[_Key]) -> dict[_Key, int]:
    by_owner: dict[tuple[int, int], list[str]] = {}
    for kind, owner, key in keys:
        by_owner.setdefault((kind, owner), []).append(key)
    found: dict[_Key, int] = {}
    for place, wanted in by_owner.items():
        for start in range(0, len(wanted), _PART):
            part = wanted[start : start + _PART]
            rows = tx.rows(
                "SELECT path_key, size FROM artifact_files WHERE kind = ? AND owner = ?"
                f" AND path_key IN ({marks(part)})",
                (*place, *part),
            )
            found |= {(*place, key): size for key, size in rows}
    return found


def _files(tx: Tx, owner: Owner) -> Sequence[tuple[str, str, int]]:
    return [
        (key, path, size)
        for key, path, size in tx.rows(
            "SELECT path_key, path, size FROM artifact_files WHERE kind = ? AND owner = ?",
            (owner.kind, owner.number),
        )
    ]


def _is_within(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _key(path: str) -> str:
    return blake2b(path.encode(), digest_size=16).hexdigest()


def expect(tx: Tx, pending: Pending) -> None:
    """Remember that a client may be uploading a file to the store itself."""
    owner, path, until = pending
    tx.insert(
        "artifact_pending",
        ("kind", "owner", "path_key", "experiment_id", "path", "until"),
        [(owner.kind, owner.number, _key(path), owner.experiment_id, path, until)],
        keys=("kind", "owner", "path_key"),
        on_conflict="update",
    )


def expected(tx: Tx, most: int) -> list[Pending]:
    """What clients may be uploading to runs and logged models; first what should be there first."""
    rows = tx.rows(
        "SELECT kind, owner, path, until FROM artifact_pending ORDER BY until LIMIT ?", (most,)
    )
    known = {
        (kind, owner.number): owner
        for kind in _LOOKUP
        for owner in _numbered(tx, kind, sorted({number for k, number, *_ in rows if k == kind}))
    }
    return [
        Pending(known[OwnerKind(kind), number], path, until)
        for kind, number, path, until in rows
        if (OwnerKind(kind), number) in known
    ]


def _numbered(tx: Tx, kind: OwnerKind, numbers: Sequence[int]) -> list[Owner]:
    if not numbers:
        return []
    rows = tx.rows(f"{_LOOKUP[kind]} WHERE id IN ({marks(numbers)})", numbers)
    return [Owner(kind, *row) for row in rows]


def settle(tx: Tx, pending: Pending) -> None:
    """Expect an upload no longer."""
    tx.run(
        "DELETE FROM artifact_pending WHERE kind = ? AND owner = ? AND path_key = ?",
        (pending.owner.kind, pending.owner.number, _key(pending.path)),
    )
