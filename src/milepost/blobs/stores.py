"""Stores: the artifact store behind a URI. A new kind of store is one file and one line here."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from milepost.blobs import azure, gcs, s3
from milepost.blobs.base import BlobStore
from milepost.blobs.local import LocalStore
from milepost.errors import Denied, Invalid


@dataclass(frozen=True, slots=True)
class Options:
    """What stores are told by the server's settings."""

    local_roots: Sequence[str] = ()
    """Folders of this machine in which artifacts may be. What a client calls the location of its
    experiment is not enough to have the server read /etc."""

    timeout: float = 60.0
    """Seconds a remote store may take to answer."""


class Spot(NamedTuple):
    """A path in a store."""

    store: BlobStore
    path: str


class Stores:
    """Opens stores by URI, each once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._roots = sorted((os.path.realpath(r) for r in options.local_roots), key=len)
        self._opened: dict[str, BlobStore] = {}
        self._lock = threading.Lock()

    def at(self, uri: str) -> Spot:
        """Where `uri` points to. Raises Invalid for a scheme that no store is known for, Denied for
        a local folder outside the allowed ones."""
        local = local_path(uri)
        if local is not None:
            return self._local(local)
        parts = urlsplit(uri)
        opener = SCHEMES.get(parts.scheme.lower())
        if opener is None or not parts.netloc:
            raise Invalid(f"This server cannot reach artifacts at '{uri}'.")
        name = f"{parts.scheme.lower()}://{parts.netloc}"
        store = self._once(name, partial(opener, parts.netloc, self._options))
        return Spot(store, unquote(parts.path).strip("/"))

    def _local(self, path: str) -> Spot:
        place = os.path.realpath(path)
        for root in self._roots:
            if place == root or place.startswith(root.rstrip("/") + "/"):
                store = self._once(Path(root).as_uri(), partial(_open_local, root))
                return Spot(store, place[len(root) :].strip("/"))
        raise Denied(
            f"Artifacts in the folder '{path}' are not served: it lies outside the folders of this"
            " server. Name it in --local-artifact-roots to allow it."
        )

    def _once(self, uri: str, make: Callable[[], BlobStore]) -> BlobStore:
        with self._lock:
            if uri not in self._opened:
                self._opened[uri] = make()
                self._opened[uri].uri = uri
            return self._opened[uri]


def local_path(uri: str) -> str | None:
    """The absolute folder that a path or `file:` URI names; None for other URIs."""
    scheme, colon, _ = uri.partition(":")
    if not colon or not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.\-]+", scheme):
        return os.path.abspath(uri)
    if scheme.lower() != "file":
        return None
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise Invalid(f"'{uri}' names another machine; write file:///FOLDER.")
    return os.path.abspath(unquote(parts.path))


def _open_local(root: str) -> BlobStore:
    store = LocalStore(root)
    store.clean()
    return store


SCHEMES: dict[str, Callable[[str, Options], BlobStore]] = {
    "s3": lambda bucket, options: s3.connect(bucket, options.timeout),
    "gs": lambda bucket, options: gcs.connect(bucket, options.timeout),
    "azure": lambda container, options: azure.connect(container, options.timeout),
    "wasbs": lambda container, options: azure.connect(container, options.timeout),
    "abfss": lambda container, options: azure.connect(container, options.timeout),
}
"""Remote kinds: a function of the URI's host part (a bucket) and the options."""
