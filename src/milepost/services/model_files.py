"""The files of a model that is to be served: which they are now, and a copy of them at hand.

Model servers need no way to Milepost or to its artifact stores, and no credentials for either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import SCHEMES, Spot, Stores, local_path
from milepost.config.model_uri import is_registered
from milepost.domain.serving import Target
from milepost.errors import Invalid, NotFound
from milepost.services.locations import Locations, join
from milepost.services.registry.sources import registered
from milepost.store import logged_models
from milepost.store.registry import lineage
from milepost.store.tx import Tx

_IN_RUN = re.compile(r"runs:/+([^/]+)/?(.*)")
_LOGGED = re.compile(r"models:/+(m-[0-9a-zA-Z_-]+)/?")


class ModelFiles:
    """Finds and fetches the files of models."""

    def __init__(self, locations: Locations, stores: Stores) -> None:
        self._locations = locations
        self._stores = stores

    def target(self, tx: Tx, uri: str) -> Target:
        """What a model URI means now. Raises Invalid or NotFound where that is nothing."""
        if is_registered(uri):
            version = registered(tx, uri)
            location = self._location(tx, version.location)
            return Target(f"models:/{version.name}/{version.version}", location)
        return Target(uri, self._location(tx, uri))

    def _location(self, tx: Tx, uri: str) -> str:
        if found := _IN_RUN.fullmatch(uri):
            root = lineage.artifact_root(tx, found[1])
            if root is None:
                raise NotFound(f"Run with id={found[1]} not found")
            return join(root, found[2].strip("/"))
        if found := _LOGGED.fullmatch(uri):
            model = logged_models.get(tx, found[1])
            if model is None:
                raise NotFound(f"Logged model with ID '{found[1]}' not found")
            return model.artifact_uri
        return uri

    def fetch(self, target: Target, folder: Path) -> str:
        """What a model server is to load: a folder of this machine, with a copy of the files in
        `folder` where they are elsewhere; the URI itself where only MLflow can read it. Raises a
        Problem; Denied for a local folder that clients chose outside those of this server."""
        uri = self._locations.resolved(target.location)
        local = local_path(uri)
        if local is not None:
            if target.uri != target.location:
                self._stores.at(uri)
            return local
        if uri.partition(":")[0].lower() not in SCHEMES:
            return uri
        _copy(self._stores.at(uri), folder)
        return str(folder)


def _copy(spot: Spot, folder: Path) -> None:
    top = spot.path.strip("/")
    found = False
    for entry in spot.store.walk(top):
        inner = entry.path[len(top) :].strip("/")
        if ".." in inner.split("/") or not inner:
            raise Invalid(f"'{entry.path}' is no file of a model's folder")
        found = True
        _copy_file(spot.store, entry.path, folder / inner)
    if not found:
        raise NotFound(f"There are no files at {spot.store.name}/{top}")


def _copy_file(store: BlobStore, path: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    reader = store.open(path)
    try:
        with to.open("wb") as file:
            _pour(reader.read, file.write)
    finally:
        reader.close()


def _pour(read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    while piece := read():
        write(piece)
