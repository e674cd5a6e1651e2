"""A store that is down, slow, full, refusing or breaking off: what it looks like from here."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from milepost.blobs.base import BlobStore, Reader, Span, Upload
from milepost.blobs.local import UPLOADS, LocalStore
from milepost.blobs.stores import Options, Stores
from milepost.errors import Denied, Full, Problem, Unavailable
from tests.blobs.kit import get, noise, put
from tests.parts.daemon import free_port
from tests.parts.proxy import Proxy, proxy_to
from tests.parts.s3 import S3


@pytest.fixture
def proxy(s3: S3) -> Iterator[Proxy]:
    with proxy_to(urlsplit(s3.endpoint).port or 0) as opened:
        yield opened


@pytest.fixture
def through(s3: S3, s3_bucket: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    """A bucket behind the proxy."""
    return _opened(s3_bucket, {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": proxy.url}, monkeypatch)


def _opened(
    bucket: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, timeout: float = 60
) -> BlobStore:
    """Patient, as a busy machine is slow without anything being wrong."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Stores(Options(timeout=timeout)).at(f"s3://{bucket}").store


def test_a_download_that_breaks_is_resumed(through: BlobStore, proxy: Proxy) -> None:
    content = noise(5 * 2**20)
    put(through, "f", content)
    proxy.cut_after, proxy.cuts = 1_500_000, 2
    assert get(through, "f") == content
    assert proxy.cuts == 0
    proxy.cuts = 1
    assert get(through, "f", Span(100, 4_000_000)) == content[100:4_000_001]


def test_a_download_that_always_breaks_is_given_up(through: BlobStore, proxy: Proxy) -> None:
    put(through, "f", noise(5 * 2**20))
    reader = through.open("f")
    proxy.cuts = 1000
    with pytest.raises(Unavailable):
        _read_all(reader)
    reader.close()


def test_a_file_replaced_while_it_is_resumed_is_not_mixed(through: BlobStore, proxy: Proxy) -> None:
    put(through, "f", b"1" * 5_000_000)
    proxy.cut_after, proxy.cuts = 1_500_000, 1
    reader = through.open("f")
    assert set(reader.read()) == set(b"1")
    put(through, "f", b"2" * 5_000_000)
    with pytest.raises(Unavailable, match="replaced"):
        _read_all(reader)
    reader.close()


def _read_all(reader: Reader) -> None:
    while reader.read():
        pass


def test_an_upload_whose_connection_breaks_is_tried_again(through: BlobStore, proxy: Proxy) -> None:
    proxy.cut_after, proxy.cuts = 0, 1
    put(through, "f", b"hello")
    assert get(through, "f") == b"hello"


@pytest.mark.parametrize("size", [5, 9 * 2**20])
def test_a_store_that_hangs(
    s3: S3, s3_bucket: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    env = {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": proxy.url}
    store = _opened(s3_bucket, env, monkeypatch, timeout=0.5)
    proxy.hang = True
    with pytest.raises(Unavailable, match="cannot be reached"):
        put(store, "f", b"x" * size)
    for touch in (store.open, store.stat, store.entries, store.delete):
        with pytest.raises(Unavailable, match="cannot be reached"):
            touch("f")


def test_a_store_that_is_down(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    store = _opened("b", {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": nowhere}, monkeypatch)
    for touch in (store.open, store.stat, store.entries):
        with pytest.raises(Unavailable, match="cannot be reached"):
            touch("f")


def test_a_store_that_refuses(s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**s3.environment, "AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    store = _opened(s3_bucket, wrong, monkeypatch)
    for touch in (store.open, store.entries, store.delete):
        with pytest.raises(Denied, match="refuses this server") as raised:
            touch("f")
        assert "not-the-secret" not in raised.value.message
        assert s3.access_key not in raised.value.message
    with pytest.raises(Denied):
        put(store, "f", b"x")


def test_no_credentials_at_all(s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {k: v for k, v in s3.environment.items() if not k.startswith("AWS_") or "FILE" in k}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    env |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    store = _opened(s3_bucket, env, monkeypatch)
    with pytest.raises(Denied, match="no credentials"):
        store.stat("f")


def test_a_bucket_that_does_not_exist(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    store = _opened("no-such-bucket", s3.environment, monkeypatch)
    with pytest.raises(Denied, match=r"s3://no-such-bucket does not exist"):
        store.entries("")


@pytest.mark.parametrize(
    ("status", "code", "problem"),
    [
        (507, "InsufficientStorage", Full),
        (400, "QuotaExceeded", Full),
        (503, "SlowDown", Unavailable),
        (500, "InternalError", Unavailable),
        (403, "AccessDenied", Denied),
    ],
)
def test_what_an_answer_means(
    s3: S3, monkeypatch: pytest.MonkeyPatch, status: int, code: str, problem: type[Problem]
) -> None:
    with _answering(status, code) as url:
        store = _opened("b", {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": url}, monkeypatch)
        with pytest.raises(problem, match=code):
            put(store, "f", b"x")


class _answering:  # noqa: N801 - reads as a word
    """A server with one answer to everything."""

    def __init__(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.ENOSPC, Full),
        (errno.EDQUOT, Full),
        (errno.EACCES, Denied),
        (errno.EROFS, Denied),
        (errno.EIO, Unavailable),
    ],
)
def test_a_local_disk_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, problem: type[Problem]
) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "f", b"old")

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    for name in ("pwritev", "fsync", "rename"):
        upload = store.create("f")
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(problem):
                _finish(upload)
        upload.abort()
    assert get(store, "f") == b"old"
    assert list((tmp_path / UPLOADS).iterdir()) == []


def _finish(upload: Upload) -> None:
    upload.write([b"new"])
    upload.commit()


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("boto3", "google.cloud", "google.cloud.storage", "azure.storage.blob"):
        monkeypatch.setitem(sys.modules, module, None)
    for uri, extra in (("s3://b", "s3"), ("gs://b", "gcs"), ("abfss://c@a.dfs.x", "azure")):
        with pytest.raises(Problem, match=rf"pip install 'milepost\[{extra}\]'"):
            Stores(Options()).at(uri)
