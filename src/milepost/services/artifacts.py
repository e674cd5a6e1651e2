"""The verbs of artifacts: find out where they are (in a transaction), then read and write there.

What touches an artifact store takes long and may fail, so it never happens inside a transaction.
What was written or deleted is counted in a transaction of its own, before the client is answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from milepost.blobs.base import BlobStore, Entry
from milepost.blobs.stores import Spot, Stores, local_path
from milepost.domain.artifacts import Owner, OwnerKind, Usage, checked_file_path, checked_path
from milepost.errors import NotFound
from milepost.services.locations import PROXIED, Locations
from milepost.store import artifacts
from milepost.store.artifacts import File
from milepost.store.tx import Tx

_MOST_OWNERS = 10_000
_IN_RUN = re.compile(r"runs:/+(?P<run>[^/]+)/+(?P<path>.*/)?")
"""A location as clients write it that leave it to others to ask the run; with a "/" at its end."""


class Place(NamedTuple):
    """Where an artifact is or will be."""

    store: BlobStore
    path: str
    root_uri: str
    """The artifact root it was asked for under, as clients know it."""

    root: str
    """That root, as a path of the store."""

    owner: Owner | None
    """Whose it is; None where nobody's, or where it does not matter."""

    inner: str
    """The path below the owner's root."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class Stored(NamedTuple):
    """A file that has been written."""

    place: Place
    size: int


class Artifacts:
    """Artifacts of runs, logged models and model versions, and those served by path."""

    def __init__(self, locations: Locations, stores: Stores) -> None:
        self._locations = locations
        self._stores = stores
        self._owners: dict[str, Owner] = {}
        self._served: Spot | None = None

    def _spot(self) -> Spot:
        """Where all that this server serves is; found out once."""
        if self._served is None:
            self._served = self._stores.at(self._locations.served(""))
        return self._served

    # Where artifacts are

    def served(self, path: str) -> Place:
        """The place of what this server serves at `path`; "" is all of it."""
        store, root = self._spot()
        inner = checked_path(path)
        return Place(store, _below(root, inner), f"{PROXIED}:/", root, None, inner)

    def served_file(self, path: str) -> Place:
        """As `served`, for a file."""
        return self.served(checked_file_path(path))

    def owned(self, tx: Tx, path: str) -> Place:
        """As `served_file`, and whose it is."""
        place = self.served_file(path)
        owner = self._owner(tx, place.inner)
        if owner is None:
            return place
        if owner.kind is not OwnerKind.experiment:
            self._remember(owner)
        inner = _within(self._uri(place), self._root(owner))
        return place._replace(owner=owner, inner=inner or "")

    def remembered(self, path: str) -> Place | None:
        """As `owned`, without asking the database, if it was asked for the same run or logged
        model before. Where their artifacts are never changes."""
        place = self.served_file(path)
        for part in place.inner.split("/")[:-1]:
            owner = self._owners.get(part)
            if owner is not None:
                inner = _within(self._uri(place), self._root(owner))
                return None if inner is None else place._replace(owner=owner, inner=inner)
        return None

    def of_run(self, tx: Tx, run_id: str, path: str) -> Place:
        """The place of an artifact of a run, deleted or not; "" is its root."""
        return self.of_owner(self.run(tx, run_id), path)

    def file_of_run(self, tx: Tx, run_id: str, path: str) -> Place:
        """As `of_run`, for a file."""
        return self.of_run(tx, run_id, checked_file_path(path))

    def of_model(self, tx: Tx, model_id: str, path: str) -> Place:
        """The place of an artifact of a logged model; "" is its root."""
        return self.of_owner(self.model(tx, model_id), path)

    def file_of_model(self, tx: Tx, model_id: str, path: str) -> Place:
        """As `of_model`, for a file."""
        return self.of_model(tx, model_id, checked_file_path(path))

    def file_of_version(self, tx: Tx, name: str, version: int, path: str) -> Place:
        """The place of a file of a model version."""
        location = artifacts.version_location(tx, name, version)
        if location is None:
            raise NotFound(f"Model Version (name={name}, version={version}) not found")
        inner = checked_file_path(path)
        in_run = _IN_RUN.fullmatch(location.rstrip("/") + "/")
        if in_run is not None:
            return self.of_run(tx, in_run["run"], f"{in_run['path'] or ''}{inner}")
        return self._at(location, inner, None)

    def run(self, tx: Tx, run_id: str) -> Owner:
        """A run as an owner of artifacts."""
        found = artifacts.owners(tx, OwnerKind.run, [run_id])
        if not found:
            raise NotFound(f"Run with id={run_id} not found")
        return found[0]

    def model(self, tx: Tx, model_id: str) -> Owner:
        """A logged model as an owner of artifacts."""
        found = artifacts.owners(tx, OwnerKind.model, [model_id])
        if not found:
            raise NotFound(f"Logged model with ID '{model_id}' not found.")
        return found[0]

    def experiment(self, tx: Tx, number: int) -> Owner:
        """An experiment as an owner of artifacts."""
        found = artifacts.experiment(tx, number)
        if found is None:
            raise NotFound(f"No Experiment with id={number} exists")
        return found

    def of_owner(self, owner: Owner, path: str) -> Place:
        """The place of an artifact of an owner that is known."""
        return self._at(owner.root, checked_path(path), owner)

    def _at(self, uri: str, inner: str, owner: Owner | None) -> Place:
        store, root = self._stores.at(self._locations.resolved(uri))
        return Place(store, _below(root, inner), uri, root, owner, inner)

    def _owner(self, tx: Tx, path: str) -> Owner | None:
        """The run or logged model below whose root a served path lies, or else the experiment.
        Ids of runs and models are parts of the paths of their artifacts."""
        uri = _plain(self._locations.served(path))
        ids = path.split("/")[:-1]
        for kind in (OwnerKind.run, OwnerKind.model):
            for owner in artifacts.owners(tx, kind, ids):
                if _within(uri, self._root(owner)) is not None:
                    return owner
        holding = [e for e in artifacts.experiments(tx) if _within(uri, self._root(e)) is not None]
        return max(holding, key=lambda e: len(e.root), default=None)

    def _remember(self, owner: Owner) -> None:
        if len(self._owners) >= _MOST_OWNERS:
            self._owners = {}
        self._owners[owner.id] = owner

    def _root(self, owner: Owner) -> str:
        return _plain(self._locations.resolved(owner.root))

    def _uri(self, place: Place) -> str:
        return _plain(self._locations.served(_within(place.path, place.root) or ""))

    # What is there

    def entries(self, place: Place) -> list[Entry]:
        """What is directly in a folder."""
        return place.store.entries(place.path)

    def stored(self, tx: Tx, files: Sequence[Stored]) -> list[None]:
        """Count files that have been written."""
        artifacts.put(
            tx,
            [
                File(f.place.owner, f.place.inner, f.size)
                for f in files
                if f.place.owner is not None
            ],
        )
        return [None] * len(files)

    def deleted(self, tx: Tx, place: Place) -> None:
        """Count a served file, or a folder with all in it, no longer."""
        if place.owner is not None:
            artifacts.remove(tx, place.owner, place.inner)
        if place.owner is None or place.owner.kind is OwnerKind.experiment:
            for owner in self._inside(tx, self._uri(place)):
                artifacts.remove(tx, owner, "")

    def _inside(self, tx: Tx, uri: str) -> Iterator[Owner]:
        """The owners whose whole root lies in a folder."""
        for experiment in artifacts.experiments(tx):
            root = self._root(experiment)
            if _within(root, uri) is not None:
                yield experiment
            elif _within(uri, root) is None:
                continue
            for owner in artifacts.owners_in(tx, experiment.number):
                if _within(self._root(owner), uri) is not None:
                    yield owner

    def usage(self, tx: Tx, owner: Owner) -> Usage:
        """What the artifacts of an owner take up."""
        return artifacts.usage(tx, owner)


def _below(root: str, path: str) -> str:
    return "/".join(part for part in (root, path) if part)


def _plain(uri: str) -> str:
    """A resolved URI in the one form in which it can be compared."""
    return (local_path(uri) or uri).rstrip("/")


def _within(path: str, folder: str) -> str | None:
    """`path` below `folder`, "" for the folder itself, None if it is elsewhere."""
    if path == folder or not folder:
        return "" if path == folder else path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None
