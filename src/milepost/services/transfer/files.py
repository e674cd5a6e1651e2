"""Artifacts by the URI of their owner's root, in whatever store that names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import Stores
from milepost.domain.artifacts import Owner
from milepost.services.transfer.source import File


class Files:
    """Reads and writes artifacts below the roots of runs and models.

    `resolve` turns a root as clients know it into the URI of the store behind it.
    """

    def __init__(self, stores: Stores, resolve: Callable[[str], str]) -> None:
        self._stores = stores
        self._resolve = resolve

    def files(self, owner: Owner) -> Iterator[File]:
        """Every artifact of the owner."""
        store, root = self._at(owner)
        for entry in store.walk(root):
            path = entry.path[len(root) :].strip("/")
            yield File(path or entry.path.rpartition("/")[2], entry.size)

    def read(self, owner: Owner, path: str) -> Iterator[bytes]:
        """The content of one artifact."""
        store, root = self._at(owner)
        reader = store.open("/".join(filter(None, (root, path))))
        try:
            while piece := reader.read():
                yield piece
        finally:
            reader.close()

    def write(self, owner: Owner, path: str, pieces: Iterable[bytes]) -> str:
        """Write one artifact, visible when complete; returns the SHA-256 of what was written."""
        store, root = self._at(owner)
        digest = hashlib.sha256()
        upload = store.create("/".join(filter(None, (root, path))))
        try:
            for piece in pieces:
                digest.update(piece)
                upload.write([piece])
            upload.commit()
        except BaseException:
            upload.abort()
            raise
        return digest.hexdigest()

    def _at(self, owner: Owner) -> tuple[BlobStore, str]:
        store, root = self._stores.at(self._resolve(owner.root))
        return store, root
