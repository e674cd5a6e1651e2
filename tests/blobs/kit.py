"""Short words for what the tests do with a store."""

from __future__ import annotations

import os
from collections.abc import Sequence

from milepost.blobs.base import BlobStore, Span


def put(store: BlobStore, path: str, content: bytes, piece: int = 2 << 20) -> None:
    """Write a file, in pieces as the server would."""
    upload = store.create(path)
    for start in range(0, max(len(content), 1), piece):
        upload.write(_parts(content[start : start + piece]))
    upload.commit()


def _parts(content: bytes, size: int = 65536) -> Sequence[bytes]:
    return [content[i : i + size] for i in range(0, len(content), size)] or [b""]


def get(store: BlobStore, path: str, span: Span | None = None) -> bytes:
    """Read a file, or a part of it, and see that the reader says how much that is."""
    reader = store.open(path, span)
    try:
        pieces = []
        while piece := reader.read():
            pieces.append(piece)
    finally:
        reader.close()
    content = b"".join(pieces)
    assert len(content) == reader.length
    return content


def names(store: BlobStore, path: str) -> list[str]:
    """What is in a folder; folders end with a slash."""
    return [entry.path + "/" * entry.is_dir for entry in store.entries(path)]


def noise(size: int) -> bytes:
    return os.urandom(size)
