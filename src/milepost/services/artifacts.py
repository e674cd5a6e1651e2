"""The verbs of artifacts: find out where they are (in a transaction), then read and write there.

What touches an artifact store takes long and may fail, so it never happens inside a transaction.
"""

from __future__ import annotations

from typing import NamedTuple

from milepost.blobs.base import BlobStore, Entry
from milepost.blobs.stores import Stores
from milepost.domain.artifacts import Owner, checked_file_path, checked_path
from milepost.errors import NotFound
from milepost.services.locations import Locations
from milepost.store import artifacts
from milepost.store.tx import Tx


class Place(NamedTuple):
    """Where an artifact is or will be."""

    store: BlobStore
    path: str
    root_uri: str
    """The artifact root it was asked for under, as clients know it."""

    root: str
    """That root, as a path of the store."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class Artifacts:
    """Artifacts of runs and models, and those served by path."""

    def __init__(self, locations: Locations, stores: Stores) -> None:
        self._locations = locations
        self._stores = stores

    def served(self, tx: Tx, path: str) -> Place:
        """The place of what this server serves at `path`; "" is all of it."""
        return self._place("mlflow-artifacts:/", self._locations.served(""), checked_path(path))

    def served_file(self, tx: Tx, path: str) -> Place:
        """As `served`, for a file."""
        return self.served(tx, checked_file_path(path))

    def of_run(self, tx: Tx, run_id: str, path: str) -> Place:
        """The place of an artifact of a run, deleted or not; "" is its root."""
        owner = artifacts.run(tx, run_id)
        if owner is None:
            raise NotFound(f"Run with id={run_id} not found")
        return self._of(owner, path)

    def file_of_run(self, tx: Tx, run_id: str, path: str) -> Place:
        """As `of_run`, for a file."""
        return self.of_run(tx, run_id, checked_file_path(path))

    def _of(self, owner: Owner, path: str) -> Place:
        return self._place(owner.root, self._locations.resolved(owner.root), checked_path(path))

    def _place(self, root_uri: str, resolved: str, path: str) -> Place:
        store, root = self._stores.at(resolved)
        return Place(store, "/".join(filter(None, (root, path))), root_uri, root)

    def list(self, place: Place) -> list[Entry]:
        """What is directly in a folder."""
        return place.store.entries(place.path)

    def delete(self, place: Place) -> None:
        """Remove a file, or a folder with all in it; nothing there is fine."""
        place.store.delete(place.path)
