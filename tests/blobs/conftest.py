"""One test on every kind of artifact store."""

from __future__ import annotations

from pathlib import Path

import pytest

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import Options, Stores


@pytest.fixture(params=["local"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """A fresh, empty store; the test runs once for each kind."""
    opened: BlobStore = request.getfixturevalue(f"{request.param}_blobs")
    return opened


@pytest.fixture
def local_blobs(tmp_path: Path) -> BlobStore:
    folder = tmp_path / "store"
    return Stores(Options([str(folder)])).at(str(folder)).store
