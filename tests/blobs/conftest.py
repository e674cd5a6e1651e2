"""One test on every kind of artifact store."""

from __future__ import annotations

from pathlib import Path

import pytest

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import Options, Stores
from tests.parts.s3 import S3


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """A fresh, empty store; the test runs once for each kind."""
    opened: BlobStore = request.getfixturevalue(f"{request.param}_blobs")
    return opened


@pytest.fixture
def local_blobs(tmp_path: Path) -> BlobStore:
    folder = tmp_path / "store"
    return Stores(Options([str(folder)])).at(str(folder)).store


@pytest.fixture
def s3_blobs(s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return Stores(Options()).at(f"s3://{s3_bucket}").store
