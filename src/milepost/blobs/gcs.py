"""Artifacts in Google Cloud Storage.

Credentials are Google's default ones (GOOGLE_APPLICATION_CREDENTIALS, the machine's own identity);
signed URLs need ones that can sign, such as a service account's key.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

from milepost.blobs.base import (
    WHOLE,
    Content,
    Direct,
    Entry,
    Part,
    Reader,
    Signed,
    Span,
    Stat,
    is_folder,
    no_root_delete,
    no_sdk,
    no_such,
)
from milepost.errors import Denied, Full, Invalid, NotFound, TooLarge, Unavailable, Unsupported

_PIECE = 8 << 20
_CONNECT_SECONDS = 5.0


def connect(bucket: str, timeout: float) -> GcsStore:
    """The bucket of that name."""
    try:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage
    except ImportError:
        raise no_sdk("gs://", "gcs") from None
    if os.environ.get("STORAGE_EMULATOR_HOST") and not os.environ.get(
        "GOOGLE_APPLICATION_CREDENTIALS"
    ):
        client = storage.Client(project="emulator", credentials=AnonymousCredentials())
    else:
        client = storage.Client()
    return GcsStore(bucket, client, timeout)


class GcsStore:
    """A bucket."""

    uri = ""

    def __init__(self, bucket: str, client: Any, timeout: float) -> None:
        self.name = f"gs://{bucket}"
        self._client = client
        self._bucket = client.bucket(bucket)
        self._timeout = (min(_CONNECT_SECONDS, timeout), timeout)

    @property
    def direct(self) -> Direct:
        """Clients can be sent to it."""
        return self

    def stat(self, path: str) -> Stat:
        """What is known of the object at `path`."""
        return _stat(self._found(path))

    def _found(self, path: str) -> Any:
        with self.problems(path):
            found = self._bucket.get_blob(path, timeout=self._timeout)
        if found is None:
            raise is_folder(path) if self._is_folder(path) else no_such(path)
        return found

    def open(self, path: str, span: Span | None = None) -> Reader:
        """Read the object at `path`, or a part of it."""
        return _Reader(self, path, self._found(path), span)

    def piece(self, path: str, blob: Any, start: int, length: int) -> bytes:
        """A part of the content, as long as it is still the one that was found."""
        with self.problems(path):
            piece: bytes = blob.download_as_bytes(
                start=start,
                end=start + length - 1,
                raw_download=True,
                if_generation_match=blob.generation,
                checksum=None,
                timeout=self._timeout,
            )
        return piece

    def create(self, path: str) -> _Upload:
        """Begin to write an object."""
        return _Upload(self, path, self._bucket.blob(path), self._timeout)

    def entries(self, path: str) -> list[Entry]:
        """What is directly in the folder, by path."""
        with self.problems(path):
            pages = self._client.list_blobs(
                self._bucket, prefix=_prefix(path), delimiter="/", timeout=self._timeout
            )
            found = _files(pages)
            found += [Entry(name.rstrip("/"), True, 0) for name in pages.prefixes]
        return sorted(found)

    def walk(self, path: str) -> Iterator[Entry]:
        """Every object at or below `path`."""
        if path:
            with suppress(NotFound, Invalid):
                yield Entry(path, False, self.stat(path).size)
        with self.problems(path):
            yield from _files(
                self._client.list_blobs(self._bucket, prefix=_prefix(path), timeout=self._timeout)
            )

    def delete(self, path: str) -> None:
        """Remove the object, and all below."""
        if not path:
            raise no_root_delete()
        names = [path, *(entry.path for entry in self.walk(path))]
        for name in dict.fromkeys(names):
            with suppress(NotFound, Invalid), self.problems(name):
                self._bucket.blob(name).delete(timeout=self._timeout)

    # Direct transfers

    def begin(self, path: str, count: int, seconds: int) -> tuple[str, list[Signed]]:
        """Begin a multipart upload whose parts the client sends."""
        reply = self._multipart("POST", path, "uploads")
        found = _named(ET.fromstring(reply.content), "UploadId")  # noqa: S314 - Google's own
        upload_id = found.text or ""
        urls = [
            self._signed(path, "PUT", seconds, partNumber=str(number), uploadId=upload_id)
            for number in range(1, count + 1)
        ]
        return upload_id, urls

    def complete(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the object of its parts."""
        root = ET.Element("CompleteMultipartUpload")
        for part in parts:
            node = ET.SubElement(root, "Part")
            ET.SubElement(node, "PartNumber").text = str(part.number)
            ET.SubElement(node, "ETag").text = part.etag
        self._multipart("POST", path, f"uploadId={_quoted(upload_id)}", ET.tostring(root))

    def abandon(self, path: str, upload_id: str) -> None:
        """Forget the parts."""
        with suppress(NotFound):
            self._multipart("DELETE", path, f"uploadId={_quoted(upload_id)}")

    def _multipart(self, method: str, path: str, query: str, body: bytes = b"") -> Any:
        from google.api_core.exceptions import from_http_response
        from google.auth.transport.requests import AuthorizedSession

        url = f"{self._client.api_endpoint}/{self._bucket.name}/{urllib.parse.quote(path)}?{query}"
        with self.problems(path):
            session = AuthorizedSession(self._client._credentials)
            reply = session.request(method, url, data=body, timeout=self._timeout)
            if reply.status_code >= 300:
                raise from_http_response(reply)
        return reply

    def upload_url(self, path: str, seconds: int) -> Signed:
        """Where the object can be PUT."""
        return self._signed(path, "PUT", seconds)

    def download_url(self, path: str, seconds: int) -> Signed:
        """Where the object can be read."""
        return self._signed(path, "GET", seconds)

    def _signed(self, path: str, method: str, seconds: int, **query: str) -> Signed:
        try:
            url = self._bucket.blob(path).generate_signed_url(
                version="v4",
                method=method,
                expiration=timedelta(seconds=seconds),
                query_parameters=query,
                api_access_endpoint=self._client.api_endpoint,
            )
        except AttributeError as error:
            raise Unsupported(
                "Multipart upload is not supported for the current artifact repository: this"
                " server's Google credentials cannot sign URLs."
            ) from error
        return Signed(url, {})

    @contextmanager
    def problems(self, path: str) -> Iterator[None]:
        """What the SDK raises inside, as Problems."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        try:
            yield
        except GoogleAPICallError as error:
            raise self._refusal(path, error) from error
        except GoogleAuthError as error:
            raise Denied(
                f"The server has no valid credentials for the artifact store {self.name}."
            ) from error
        except (RetryError, RequestException, OSError) as error:
            raise Unavailable(
                f"The artifact store {self.name} cannot be reached ({type(error).__name__})."
            ) from error

    def _refusal(self, path: str, error: Any) -> Exception:
        status = int(error.code or 0)
        if status == 404:
            return no_such(path)
        if status in (401, 403):
            return Denied(f"The artifact store {self.name} refuses this server ({status}).")
        if status == 412:
            return Unavailable(f"The artifact '{path}' was replaced while it was read.")
        if status == 507:
            return Full(f"The artifact store {self.name} has no room left.")
        if status == 413:
            return TooLarge(f"The artifact store {self.name} takes no file of this size.")
        if 400 <= status < 500 and status not in (408, 429):
            return Invalid(f"The artifact store {self.name} refuses the request ({status}).")
        return Unavailable(f"The artifact store {self.name} failed ({status}).")

    def _is_folder(self, path: str) -> bool:
        with self.problems(path):
            found = self._client.list_blobs(
                self._bucket, prefix=_prefix(path), max_results=1, timeout=self._timeout
            )
            return any(True for _ in found)


class _Upload:
    """A resumable upload: the object appears when it is finished."""

    def __init__(self, store: GcsStore, path: str, blob: Any, timeout: Any) -> None:
        self._store = store
        self._path = path
        self._writer = blob.open("wb", chunk_size=_PIECE, ignore_flush=True, timeout=timeout)

    def write(self, parts: Content) -> None:
        """Append."""
        with self._store.problems(self._path):
            for part in parts:
                self._writer.write(part)

    def commit(self) -> None:
        """Finish."""
        with self._store.problems(self._path):
            self._writer.close()

    def abort(self) -> None:
        """Give up what was sent."""
        if not self._writer.closed:
            with self._store.problems(self._path):
                self._writer.terminate()


class _Reader:
    """An object that is read in requests of 8 MB, all of the same generation."""

    def __init__(self, store: GcsStore, path: str, blob: Any, span: Span | None) -> None:
        self._store, self._path, self._blob = store, path, blob
        self.stat = _stat(blob)
        if span is None and self.stat.size == 0:
            self.start, self.length = 0, 0
        else:
            self.start, self.length = (span or WHOLE).within(self.stat.size)
        self._given = 0

    def read(self) -> bytes:
        """The next piece."""
        wanted = min(_PIECE, self.length - self._given)
        if wanted == 0:
            return b""
        piece = self._store.piece(self._path, self._blob, self.start + self._given, wanted)
        self._given += len(piece)
        return piece

    def close(self) -> None:
        """Nothing is open between pieces."""


def _prefix(path: str) -> str:
    return f"{path}/" if path else ""


def _files(pages: Any) -> list[Entry]:
    """The objects of a listing, without those that stand for folders."""
    return [Entry(blob.name, False, blob.size) for blob in pages if not blob.name.endswith("/")]


def _stat(blob: Any) -> Stat:
    return Stat(blob.size, f'"{blob.generation}"', blob.updated.timestamp())


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _named(root: ET.Element, name: str) -> ET.Element:
    """The element of that name, whatever its namespace."""
    for node in root.iter():
        if node.tag.rpartition("}")[2] == name:
            return node
    raise Unavailable("The artifact store gave an answer that is not understood.")
