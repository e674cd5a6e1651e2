"""Artifacts by the URI of their owner's root, in whatever store that names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import Stores
from milepost.services.transfer.source import File, Root


class Files:
    """Reads and writes artifacts below the roots of runs and models.

    `resolve` turns a root as clients know it into the URI of the store behind it.
    """

    def __init__(self, stores: Stores, resolve: Callable[[str], str]) -> None:
        self._stores = stores
        self._resolve = resolve

    def files(self, root: Root) -> Iterator[File]:
        """Every artifact below the root."""
        store, top = self._at(root)
        for entry in store.walk(top):
            path = entry.path[len(top) :].strip("/")
            yield File(path or entry.path.rpartition("/")[2], entry.size)

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of one artifact."""
        store, top = self._at(root)
        reader = store.open("/".join(filter(None, (top, path))))
        try:
            while piece := reader.read():
                yield piece
        finally:
            reader.close()

    def write(self, root: Root, path: str, pieces: Iterable[bytes]) -> str:
        """Write one artifact, visible when complete; returns the SHA-256 of what was written."""
        store, top = self._at(root)
        digest = hashlib.sha256()
        upload = store.create("/".join(filter(None, (top, path))))
        try:
            for piece in pieces:
                digest.update(piece)
                upload.write([piece])
            upload.commit()
        except BaseException:
            upload.abort()
            raise
        return digest.hexdigest()

    def _at(self, root: Root) -> tuple[BlobStore, str]:
        store, top = self._stores.at(self._resolve(root.uri))
        return store, top
