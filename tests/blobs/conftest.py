"""One test on every kind of artifact store: a folder, a real S3 server, and emulators of the two
stores that cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import Options, Stores
from tests.parts.azure import AzureEmulator
from tests.parts.gcs import GcsEmulator
from tests.parts.s3 import S3


@pytest.fixture(params=["local", "s3", "gcs_emulator", "azure_emulator"])
def blobs(request: pytest.FixtureRequest) -> BlobStore:
    """A fresh, empty store; the test runs once for each kind."""
    opened: BlobStore = request.getfixturevalue(f"{request.param}_blobs")
    return opened


@pytest.fixture
def local_blobs(tmp_path: Path) -> BlobStore:
    folder = tmp_path / "store"
    return Stores(Options([str(folder)])).at(str(folder)).store


@pytest.fixture
def s3_blobs(s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    return _remote(f"s3://{s3_bucket}", s3.environment, monkeypatch)


@pytest.fixture
def gcs_emulator_blobs(gcs_emulator: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    bucket = gcs_emulator.create_bucket()
    return _remote(f"gs://{bucket}", gcs_emulator.environment, monkeypatch)


@pytest.fixture
def azure_emulator_blobs(
    azure_emulator: AzureEmulator, monkeypatch: pytest.MonkeyPatch
) -> BlobStore:
    container = azure_emulator.create_container()
    return _remote(f"azure://{container}", azure_emulator.environment, monkeypatch)


def _remote(uri: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Stores(Options()).at(uri).store
