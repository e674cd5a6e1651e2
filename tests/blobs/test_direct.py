"""Signed URLs of every store that clients can be sent to: a real S3 server, Azure's emulator; and
Google's, whose emulator knows none, by the requests that are made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud import storage
from google.oauth2 import service_account

from milepost.blobs.base import BlobStore, Direct, Part, Signed
from milepost.blobs.gcs import GcsStore
from milepost.blobs.stores import Options, Stores
from milepost.errors import NotFound, Problem, Unsupported
from tests.blobs.kit import get, noise, put
from tests.parts.gcs import GcsEmulator

MB = 1 << 20


@pytest.fixture(params=["s3", "azure_emulator"])
def blobs(request: pytest.FixtureRequest) -> BlobStore:
    """A fresh store that checks signatures."""
    opened: BlobStore = request.getfixturevalue(f"{request.param}_blobs")
    return opened


def direct_of(store: BlobStore) -> Direct:
    assert store.direct is not None
    return store.direct


def send(signed: Signed, content: bytes) -> httpx.Response:
    return httpx.put(signed.url, content=content, headers=signed.headers, trust_env=False)


def test_a_file_in_parts(blobs: BlobStore) -> None:
    direct, content = direct_of(blobs), [noise(5 * MB), noise(5 * MB), noise(100)]
    put(blobs, "a/f", b"old")
    upload_id, urls = direct.begin("a/f", len(content), 60)
    parts = []
    for number, (signed, part) in enumerate(zip(urls, content, strict=True), 1):
        sent = send(signed, part)
        assert sent.is_success, sent.text
        parts.append(Part(number, sent.headers.get("etag", "")))
    assert get(blobs, "a/f") == b"old"
    direct.complete("a/f", upload_id, parts)
    assert get(blobs, "a/f") == b"".join(content)


def test_parts_that_are_given_up(blobs: BlobStore) -> None:
    direct = direct_of(blobs)
    upload_id, (signed,) = direct.begin("f", 1, 60)
    assert send(signed, b"x").is_success
    direct.abandon("f", upload_id)
    direct.abandon("f", upload_id)
    with pytest.raises(NotFound):
        blobs.stat("f")


def test_parts_that_never_came(blobs: BlobStore) -> None:
    direct = direct_of(blobs)
    upload_id, _ = direct.begin("f", 2, 60)
    with pytest.raises(Problem):
        direct.complete("f", upload_id, [Part(1, '"none"')])
    with pytest.raises(NotFound):
        blobs.stat("f")


def test_a_whole_file_up_and_down(blobs: BlobStore) -> None:
    direct = direct_of(blobs)
    assert send(direct.upload_url("a/ä b.bin", 60), b"0123456789").is_success
    assert get(blobs, "a/ä b.bin") == b"0123456789"
    signed = direct.download_url("a/ä b.bin", 60)
    assert httpx.get(signed.url, headers=signed.headers).content == b"0123456789"
    part = httpx.get(signed.url, headers={**signed.headers, "range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")


def test_a_url_is_for_one_thing_with_one_file(blobs: BlobStore) -> None:
    direct = direct_of(blobs)
    for name in ("mine", "other"):
        put(blobs, name, name.encode())
    up, down = direct.upload_url("mine", 60), direct.download_url("mine", 60)
    _, (part,) = direct.begin("mine", 1, 60)
    for given in (up, part):
        elsewhere = Signed(given.url.replace("/mine?", "/other?"), given.headers)
        assert elsewhere.url != given.url
        assert send(elsewhere, b"x").status_code == 403
        assert httpx.delete(given.url).status_code == 403
    assert httpx.get(down.url.replace("/mine?", "/other?")).status_code == 403
    assert send(Signed(down.url, up.headers), b"x").status_code == 403
    assert httpx.delete(down.url).status_code == 403
    assert [get(blobs, name) for name in ("mine", "other")] == [b"mine", b"other"]


class Recorder:
    """Answers Google's calls for multipart uploads, and keeps them."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                recorder.seen.append((self.command, self.path, body))
                text = b""
                if self.path.endswith("?uploads"):
                    text = (
                        b"<R xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
                        b"<UploadId>id/1</UploadId></R>"
                    )
                if self.path == "/token":
                    text = json.dumps({"access_token": "t", "expires_in": 3600}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def google() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()


@pytest.fixture
def gcs(google: Recorder) -> Direct:
    """A bucket, with a service account's key."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "p",
        "client_email": "server@p.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "private_key_id": "1",
        "token_uri": f"{google.url}/token",
    }
    kind: Any = service_account.Credentials
    client = storage.Client(
        project="p",
        credentials=kind.from_service_account_info(
            account, scopes=["https://www.googleapis.com/auth/devstorage.read_write"]
        ),
        client_options={"api_endpoint": google.url},
    )
    return direct_of(GcsStore("bucket", client, 20))


def test_googles_parts(gcs: Direct, google: Recorder) -> None:
    upload_id, urls = gcs.begin("a/ä", 2, 60)
    assert upload_id == "id/1"
    for number, signed in enumerate(urls, 1):
        query = parse_qs(urlsplit(signed.url).query)
        assert query["partNumber"] == [str(number)]
        assert query["uploadId"] == ["id/1"]
        assert query["X-Goog-Expires"] == ["60"]
        assert "X-Goog-Signature" in query
        assert send(signed, b"x").is_success
    gcs.complete("a/ä", upload_id, [Part(1, '"e1"'), Part(2, '"e2"')])
    gcs.abandon("a/ä", upload_id)
    calls = [call for call in google.seen if call[1] != "/token"]
    place = "/bucket/a/%C3%A4"
    assert [(method, path.partition("&X-Goog")[0]) for method, path, _ in calls] == [
        ("POST", f"{place}?uploads"),
        ("PUT", calls[1][1].partition("&X-Goog")[0]),
        ("PUT", calls[2][1].partition("&X-Goog")[0]),
        ("POST", f"{place}?uploadId=id%2F1"),
        ("DELETE", f"{place}?uploadId=id%2F1"),
    ]
    assert all(path.startswith(f"{place}?") for _, path, _ in calls)
    assert calls[3][2] == (
        b"<CompleteMultipartUpload>"
        b'<Part><PartNumber>1</PartNumber><ETag>"e1"</ETag></Part>'
        b'<Part><PartNumber>2</PartNumber><ETag>"e2"</ETag></Part>'
        b"</CompleteMultipartUpload>"
    )


def test_googles_whole_files(gcs: Direct, google: Recorder) -> None:
    for signed in (gcs.upload_url("a/f", 90), gcs.download_url("a/f", 90)):
        parts = urlsplit(signed.url)
        assert signed.url.startswith(google.url)
        assert parts.path == "/bucket/a/f"
        assert parse_qs(parts.query)["X-Goog-Expires"] == ["90"]
    assert gcs.upload_url("a/f", 90).url != gcs.download_url("a/f", 90).url


def test_google_without_credentials_that_can_sign(
    gcs_emulator: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in gcs_emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    direct = direct_of(Stores(Options()).at(f"gs://{gcs_emulator.create_bucket()}").store)
    with pytest.raises(Unsupported, match="Multipart upload is not supported"):
        direct.upload_url("f", 60)
