"""Small files: many at once on a disk, and the short way into S3."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from milepost.blobs import local_upload
from milepost.blobs.base import BlobStore, NewFile
from milepost.blobs.local import UPLOADS, LocalStore
from milepost.blobs.s3 import S3Store
from milepost.blobs.stores import Options, Stores
from milepost.errors import Denied, Full, Invalid, Unavailable
from tests.blobs.kit import get, noise, put
from tests.parts.daemon import free_port
from tests.parts.proxy import proxy_to
from tests.parts.s3 import S3


def left_over(folder: Path) -> list[str]:
    return os.listdir(folder / UPLOADS)


def test_files_stored_together_are_all_there(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    content = {f"folder-{n % 3}/deeper/{n}": noise(n * 1000) for n in range(20)}
    assert store.put_all([NewFile(path, [some]) for path, some in content.items()]) == [None] * 20
    assert {path: get(store, path) for path in content} == content
    assert left_over(tmp_path) == []


def test_of_two_files_of_one_name_the_last_stays(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    assert store.put_all([NewFile("f", [b"1"]), NewFile("f", [b"2"])]) == [None, None]
    assert get(store, "f") == b"2"


def test_what_is_wrong_with_one_file_is_not_the_others(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "file", b"x")
    put(store, "folder/file", b"x")
    paths = ["a", "folder", "file/below", f"{UPLOADS}/x", "b"]
    outcomes = store.put_all([NewFile(path, [b"new"]) for path in paths])
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [type(None), Invalid, Invalid, Invalid, type(None)]
    assert (get(store, "a"), get(store, "b"), get(store, "file")) == (b"new", b"new", b"x")
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("call", ["pwritev", "fsync", "rename"])
def test_a_disk_that_fails_one_file_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "first", b"old")
    real: Callable[..., Any] = getattr(os, call)
    calls: list[object] = []

    def fail_once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "full")
        return real(*arguments)

    monkeypatch.setattr(os, call, fail_once)
    outcomes = store.put_all([NewFile("first", [b"new"]), NewFile("second", [b"new"])])
    assert [type(outcome) for outcome in outcomes] == [Full, type(None)]
    assert (get(store, "first"), get(store, "second")) == (b"old", b"new")
    assert left_over(tmp_path) == []


def test_a_bug_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(local_upload, "_write_all", broken)
    with pytest.raises(ZeroDivisionError):
        LocalStore(str(tmp_path)).put_all([NewFile("f", [b"x"])])
    assert left_over(tmp_path) == []


# S3


def quick_of(store: BlobStore) -> Any:
    assert isinstance(store, S3Store)
    return store.quick


@pytest.fixture
def watched(s3_blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What came of each try to go the short way."""
    outcomes: list[bool] = []
    real = quick_of(s3_blobs).put

    def put(key: str, content: bytes) -> bool:
        outcomes.append(real(key, content))
        return outcomes[-1]

    monkeypatch.setattr(quick_of(s3_blobs), "put", put)
    return outcomes


@pytest.mark.parametrize("path", ["plain", "a b/c+d&e=f?g#h", "ü/☃", "%41", "~-._!*'()"])
def test_every_name_goes_the_short_way(s3_blobs: BlobStore, watched: list[bool], path: str) -> None:
    put(s3_blobs, path, b"content")
    assert watched == [True]
    assert get(s3_blobs, path) == b"content"
    assert [entry.path for entry in s3_blobs.walk("")] == [path]


def test_a_large_file_does_not(s3_blobs: BlobStore, watched: list[bool]) -> None:
    put(s3_blobs, "large", bytes(9 * 2**20))
    assert watched == []


def test_what_is_refused_is_told_by_the_sdk_and_not_tried_again(
    s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**s3.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}.items():
        monkeypatch.setenv(name, value)
    store = Stores(Options()).at(f"s3://{s3_bucket}").store
    assert quick_of(store)._is_understood
    for _ in range(2):
        with pytest.raises(Denied):
            put(store, "f", b"x")
        assert not quick_of(store)._is_understood


def test_a_dead_connection_does_not_lose_the_file(
    s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy_to(urlsplit(s3.endpoint).port or 0) as proxy:
        for name, value in {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": proxy.url}.items():
            monkeypatch.setenv(name, value)
        store = Stores(Options()).at(f"s3://{s3_bucket}").store
        put(store, "f", b"1")
        proxy.cut_after, proxy.cuts = 0, 1
        put(store, "f", b"2")
        assert proxy.cuts == 0
        assert get(store, "f") == b"2"


def test_a_store_that_is_down_is_unavailable(monkeypatch: pytest.MonkeyPatch, s3: S3) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for name, value in {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": nobody}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable):
        put(Stores(Options()).at("s3://bucket").store, "f", b"x")


def test_extra_arguments_go_the_long_way(
    s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"MLFLOW_S3_UPLOAD_EXTRA_ARGS": '{"Metadata": {"owner": "me"}}'}
    for name, value in {**s3.environment, **extra}.items():
        monkeypatch.setenv(name, value)
    store = Stores(Options()).at(f"s3://{s3_bucket}").store
    put(store, "f", b"x")
    assert quick_of(store) is None
    assert isinstance(store, S3Store)
    assert store._client.head_object(Bucket=s3_bucket, Key="f")["Metadata"] == {"owner": "me"}
