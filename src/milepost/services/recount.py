"""Counts artifacts afresh: what was written past this server, or before it was there."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.domain.artifacts import Owner, OwnerKind
from milepost.services.artifacts import Artifacts
from milepost.store import artifacts
from milepost.store.artifacts import File
from milepost.store.db import Store
from milepost.store.tx import Tx


class Recount:
    """Walks through the artifact store and replaces what was counted."""

    def __init__(self, artifacts: Artifacts, store: Store) -> None:
        self._artifacts = artifacts
        self._store = store

    def one(self, owner: Owner) -> None:
        """Count the artifacts of a run or logged model, or of an experiment with all in it."""
        inner = self._store.read(_inner, owner)
        roots = {self._artifacts.of_owner(o, "").path: o for o in inner}
        for each in inner:
            self._replace(each, list(self._files(each, {})))
        self._replace(owner, list(self._files(owner, roots)))

    def _files(self, owner: Owner, others: dict[str, Owner]) -> Iterator[File]:
        """The files of an owner, without those below the roots of others."""
        place = self._artifacts.of_owner(owner, "")
        skip = len(place.path) + 1 if place.path else 0
        for entry in place.store.walk(place.path):
            if not any(above in others for above in _folders(entry.path)):
                yield File(owner, entry.path[skip:], entry.size)

    def _replace(self, owner: Owner, files: list[File]) -> None:
        def verb(tx: Tx, _: None) -> None:
            artifacts.remove(tx, owner, "")
            artifacts.put(tx, files)

        self._store.write(verb, None)


def _inner(tx: Tx, owner: Owner) -> list[Owner]:
    if owner.kind is not OwnerKind.experiment:
        return []
    return artifacts.owners_in(tx, owner.number)


def _folders(path: str) -> Iterator[str]:
    """The folders above a file."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
