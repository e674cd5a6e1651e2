"""Transfers in which clients talk to the artifact store themselves.

Milepost says yes or no, to one file under one run, logged model or experiment at a time, and hands
out URLs that allow just that for a while. The bytes do not pass through it, but are counted: a file
of parts when it is completed, another when it is found in the store, where `look` is called for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from uuid import uuid4

from milepost.blobs.base import MAX_PARTS, Direct, Part, Signed
from milepost.domain.artifacts import Owner, OwnerKind
from milepost.domain.tracking import Lifecycle
from milepost.errors import Denied, Invalid, NotFound, Unavailable, Unsupported
from milepost.services.artifacts import Artifacts, Place, Stored
from milepost.services.tracking import now as _now
from milepost.store import artifacts, leases
from milepost.store.artifacts import Pending
from milepost.store.db import Store
from milepost.store.tx import Tx

log = logging.getLogger(__name__)

PART_SECONDS = 6 * 3600
"""How long the parts of a file may be uploaded: the slowest line needs a while for the last one."""

MAX_SECONDS = 7 * 24 * 3600
"""Longest life of a signed URL that the stores accept."""

NO_UPLOAD = "Multipart upload is not supported for the current artifact repository"
_NO_DOWNLOAD = "Multipart download is not supported for the current artifact repository"
_LEASE, _LEASE_MS = "uploads", 60_000
_MOST_AWAITED = 500
_LAST_UPLOAD_MS = 3600 * 1000
_NAMES_AN_OWNER = re.compile(r"(^|/)(m-)?[0-9a-f]{32}/artifacts/")


class DirectTransfers:
    """What clients may do with a store that knows signed URLs."""

    def __init__(
        self, artifacts: Artifacts, store: Store, *, enabled: bool, owners: bool = True
    ) -> None:
        """`owners` says whether runs and models are known here at all."""
        self._artifacts = artifacts
        self._store = store
        self._enabled = enabled
        self._owners = owners
        self._holder = uuid4().hex

    def offered(self) -> bool:
        """Whether the store of the artifacts that this server serves takes part."""
        return self._enabled and self._artifacts.served("").store.direct is not None

    # In a transaction: who may

    def writable(self, tx: Tx, path: str) -> Place:
        """The place of a file of a run or logged model that may be uploaded in parts.

        Client 2.9.2 does not tell whose its file is. It is told that there is no such way, which
        makes it take the plain one, where it does. Where nobody's runs are known, a path that
        names one tells.
        """
        if not self._owners:
            place = self._artifacts.served_file(path)
            if not _NAMES_AN_OWNER.search(place.inner):
                raise _nobodys(path)
            return place
        place = self._artifacts.owned(tx, path)
        if place.owner is None or place.owner.kind is OwnerKind.experiment:
            raise _nobodys(path)
        _check_active(place.owner)
        return place

    def readable(self, tx: Tx, path: str) -> Place:
        """The place of a served file that may be downloaded."""
        place = self._artifacts.owned(tx, path)
        if self._owners and place.owner is None:
            raise NotFound(f"No such artifact: '{path}'")
        return place

    def upload_place(self, tx: Tx, run_id: str, model_id: str, path: str) -> Place:
        """The place of a file of a run or of a logged model that may be uploaded."""
        if run_id:
            place = self._artifacts.file_of_run(tx, run_id, path)
        else:
            place = self._artifacts.file_of_model(tx, model_id, path)
        if place.owner is not None:
            _check_active(place.owner)
        return place

    # At the store

    def begin(self, place: Place, count: int) -> tuple[str, list[Signed]]:
        """Begin a file of `count` parts: its id, and where to PUT each part."""
        if not 1 <= count <= MAX_PARTS:
            raise Invalid(f"num_parts must be between 1 and {MAX_PARTS}, got {count}.")
        return self._direct(place, NO_UPLOAD).begin(place.path, count, PART_SECONDS)

    def complete(self, place: Place, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the file of its parts, and count it."""
        ordered = sorted(parts)
        if not ordered or len({part.number for part in ordered}) < len(ordered):
            raise Invalid("parts must be given, each with a number of its own.")
        self._direct(place, NO_UPLOAD).complete(place.path, upload_id, ordered)
        self._count(place)

    def abandon(self, place: Place, upload_id: str) -> None:
        """Forget the parts."""
        self._direct(place, NO_UPLOAD).abandon(place.path, upload_id)

    def upload_url(self, place: Place, seconds: int) -> Signed:
        """Where a whole file can be PUT."""
        _check_seconds(seconds)
        direct = self._direct(place, None)
        assert place.owner is not None
        until = _now() + seconds * 1000
        self._store.write(artifacts.expect, Pending(place.owner, place.inner, until))
        return direct.upload_url(place.path, seconds)

    def download_url(
        self, place: Place, seconds: int, refusal: str | None = None
    ) -> tuple[Signed, int]:
        """Where the file can be read, and its size in bytes."""
        _check_seconds(seconds)
        direct = self._direct(place, refusal)
        size = place.store.stat(place.path).size
        return direct.download_url(place.path, seconds), size

    def served_download_url(self, place: Place, seconds: int) -> tuple[Signed, int]:
        """As `download_url`, with MLflow's words where the store cannot."""
        return self.download_url(place, seconds, _NO_DOWNLOAD)

    def _direct(self, place: Place, refusal: str | None) -> Direct:
        direct = place.store.direct if self._enabled else None
        if direct is not None:
            return direct
        if refusal is not None:
            raise Unsupported(refusal)
        raise Invalid(
            "Signed URLs are not supported for artifacts of this server: they need a store such as"
            f" S3, and may be switched off (artifact URI: {place.root_uri})."
        )

    # What was uploaded past this server

    def look(self) -> None:
        """Count files that clients were given URLs for and have uploaded; forget those that will
        not come any more. One server at a time does it."""
        awaited = self._store.read(artifacts.expected, _MOST_AWAITED)
        if not awaited or not self._store.write(self._take, _now()):
            return
        for pending in awaited:
            try:
                self._settle(pending)
            except (Unavailable, Denied) as problem:
                log.warning("Uploads past this server are counted later: %s", problem.message)
                return

    def _take(self, tx: Tx, at: int) -> bool:
        return leases.take(tx, _LEASE, self._holder, at, at + _LEASE_MS)

    def _settle(self, pending: Pending) -> None:
        until = pending.until
        try:
            self._count(self._artifacts.of_owner(pending.owner, pending.path))
        except (NotFound, Invalid):
            # The store checks a URL when an upload begins; the end may come long after.
            until += _LAST_UPLOAD_MS
        if until < _now():
            self._store.write(artifacts.settle, pending)

    def _count(self, place: Place) -> None:
        size = place.store.stat(place.path).size
        self._store.write(self._artifacts.stored, [Stored(place, size)])


def _nobodys(path: str) -> Unsupported:
    return Unsupported(f"{NO_UPLOAD}: '{path}' is not below a run or logged model")


def _check_active(owner: Owner) -> None:
    if owner.lifecycle != Lifecycle.active:
        raise Invalid(f"The {owner.kind.name} {owner.id} must be in the 'active' state.")


def _check_seconds(seconds: int) -> None:
    if not 1 <= seconds <= MAX_SECONDS:
        raise Invalid(f"expiration must be between 1 and {MAX_SECONDS} seconds (got {seconds}).")
