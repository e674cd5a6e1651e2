"""Artifacts in Azure: wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH,
abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH, azure://CONTAINER/PATH.

Credentials as MLflow's clients take them: AZURE_STORAGE_CONNECTION_STRING or
AZURE_STORAGE_ACCESS_KEY, else whatever identity the machine has. azure:// names no account: it is
the one of the connection string, or AZURE_STORAGE_ACCOUNT.
"""

from __future__ import annotations

import os
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from milepost.blobs.base import (
    WHOLE,
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
from milepost.blobs.parts import PartedUpload, Senders
from milepost.blobs.resume import Resuming
from milepost.errors import Denied, Full, Invalid, NotFound, TooLarge, Unavailable

_PIECE = 4 << 20
_CONNECT_SECONDS = 5.0
_CLOCKS_DIFFER = timedelta(minutes=5)


def connect(address: str, timeout: float) -> AzureStore:
    """The container that the host part of a URI names."""
    try:
        from azure.storage.blob import BlobServiceClient
    except ImportError:
        raise no_sdk("azure://, wasbs:// and abfss://", "azure") from None
    container, _, host = address.rpartition("@") if "@" in address else (address, "", "")
    options: dict[str, Any] = {
        "connection_timeout": min(_CONNECT_SECONDS, timeout),
        "read_timeout": timeout,
        "retry_total": 2,
        "max_single_get_size": _PIECE,
        "max_chunk_get_size": _PIECE,
    }
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if text:
        service = BlobServiceClient.from_connection_string(text, **options)
    else:
        service = BlobServiceClient(_account_url(host), credential=_credential(), **options)
    return AzureStore(f"azure://{address}", service.get_container_client(container), service)


def _account_url(host: str) -> str:
    account = host.partition(".")[0] or os.environ.get("AZURE_STORAGE_ACCOUNT", "")
    if not account:
        raise Invalid(
            "azure:// names no account: set AZURE_STORAGE_ACCOUNT or"
            " AZURE_STORAGE_CONNECTION_STRING."
        )
    # Accounts with folders (abfss) answer the same protocol at their other address.
    domain = host.partition(".")[2].replace("dfs.", "blob.", 1) or "blob.core.windows.net"
    return f"https://{account}.{domain}"


def _credential() -> Any:
    key = os.environ.get("AZURE_STORAGE_ACCESS_KEY") or os.environ.get("AZURE_STORAGE_KEY")
    if key:
        return key
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


class AzureStore:
    """A container."""

    uri = ""

    def __init__(self, name: str, container: Any, service: Any) -> None:
        self.name = name
        self._container = container
        self._service = service
        self._senders = Senders()

    @property
    def direct(self) -> Direct:
        """Clients can be sent to it."""
        return self

    def stat(self, path: str) -> Stat:
        """What is known of the blob at `path`."""
        with self.problems(path):
            found = self._container.get_blob_client(path).get_blob_properties()
            if _stands_for_folder(found.metadata):
                raise is_folder(path)
            return _stat(found)

    def open(self, path: str, span: Span | None = None) -> Reader:
        """Read the blob at `path`, or a part of it."""
        return Resuming(lambda part: self._open(path, part), span)

    def _open(self, path: str, span: Span | None) -> _Reader:
        stat = self.stat(path)
        if span is None and stat.size == 0:
            return _Reader(self, path, stat, 0, 0)
        start, length = (span or WHOLE).within(stat.size)
        return _Reader(self, path, stat, start, length)

    def pieces(self, path: str, stat: Stat, start: int, length: int) -> Iterator[bytes]:
        """The content from `start`, as long as it is still that of `stat`."""
        from azure.core import MatchConditions

        with self.problems(path):
            loader = self._container.get_blob_client(path).download_blob(
                offset=start,
                length=length,
                etag=stat.etag,
                match_condition=MatchConditions.IfNotModified,
            )
            yield from loader.chunks()

    def create(self, path: str) -> PartedUpload:
        """Begin to write a blob."""
        return PartedUpload(_File(self, path, self._container.get_blob_client(path)), self._senders)

    def entries(self, path: str) -> list[Entry]:
        """What is directly in the folder, by path."""
        from azure.storage.blob import BlobPrefix

        with self.problems(path):
            found = [
                Entry(item.name.rstrip("/"), True, 0)
                if isinstance(item, BlobPrefix) or _stands_for_folder(item.metadata)
                else Entry(item.name, False, item.size)
                for item in self._container.walk_blobs(_prefix(path), include=["metadata"])
                if item.name != _prefix(path)
            ]
        # An account with folders lists each of them twice.
        return sorted(set(found))

    def walk(self, path: str) -> Iterator[Entry]:
        """Every blob at or below `path`."""
        if path:
            with suppress(NotFound, Invalid):
                yield Entry(path, False, self.stat(path).size)
        with self.problems(path):
            for item in self._container.list_blobs(_prefix(path), include=["metadata"]):
                if not _stands_for_folder(item.metadata) and not item.name.endswith("/"):
                    yield Entry(item.name, False, item.size)

    def delete(self, path: str) -> None:
        """Remove the blob, and all below."""
        if not path:
            raise no_root_delete()
        with self.problems(path):
            inner = [item.name for item in self._container.list_blobs(_prefix(path))]
        # Deepest first: a folder must be empty.
        for name in [*sorted(inner, key=len, reverse=True), path]:
            with suppress(NotFound, Invalid), self.problems(name):
                self._container.delete_blob(name)

    # Direct transfers

    def begin(self, path: str, count: int, seconds: int) -> tuple[str, list[Signed]]:
        """Let a client send the blocks of a blob."""
        upload_id = uuid4().hex
        url = self._sas(path, seconds, write=True)
        return upload_id, [
            Signed(f"{url}&comp=block&blockid={_sent(_block(upload_id, n))}", {})
            for n in range(1, count + 1)
        ]

    def complete(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the blob of its blocks."""
        with self.problems(path):
            self._container.get_blob_client(path).commit_block_list(
                [_block(upload_id, part.number) for part in parts]
            )

    def abandon(self, path: str, upload_id: str) -> None:
        """Nothing to do: Azure forgets blocks that are not committed within a week."""

    def upload_url(self, path: str, seconds: int) -> Signed:
        """Where the blob can be PUT."""
        return Signed(self._sas(path, seconds, write=True), {"x-ms-blob-type": "BlockBlob"})

    def download_url(self, path: str, seconds: int) -> Signed:
        """Where the blob can be read."""
        return Signed(self._sas(path, seconds, write=False), {})

    def _sas(self, path: str, seconds: int, *, write: bool) -> str:
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        start = datetime.now(UTC)
        end = start + timedelta(seconds=seconds)
        account_key = getattr(self._service.credential, "account_key", None)
        with self.problems(path):
            secret = (
                {"account_key": account_key}
                if account_key
                else {
                    "user_delegation_key": self._service.get_user_delegation_key(
                        start - _CLOCKS_DIFFER, end
                    )
                }
            )
            token = generate_blob_sas(
                account_name=self._service.account_name,
                container_name=self._container.container_name,
                blob_name=path,
                permission=BlobSasPermissions(read=not write, write=write, create=write),
                expiry=end,
                **secret,
            )
        return f"{self._container.get_blob_client(path).url.partition('?')[0]}?{token}"

    @contextmanager
    def problems(self, path: str) -> Iterator[None]:
        """What the SDK raises inside, as Problems."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        try:
            yield
        except ClientAuthenticationError as error:
            raise self._refused(error) from error
        except HttpResponseError as error:
            raise self._refusal(path, error) from error
        except AzureError as error:
            raise Unavailable(
                f"The artifact store {self.name} cannot be reached ({type(error).__name__})."
            ) from error

    def _refused(self, error: Any) -> Denied:
        code = getattr(error, "error_code", None) or "authentication failed"
        return Denied(f"The artifact store {self.name} refuses this server ({code}).")

    def _refusal(self, path: str, error: Any) -> Exception:
        status, code = error.status_code, str(getattr(error, "error_code", "") or "")
        if code == "ContainerNotFound":
            return Denied(f"The artifact store {self.name} does not exist.")
        if status == 404:
            return is_folder(path) if self._is_folder(path) else no_such(path)
        if status in (401, 403):
            return self._refused(error)
        if status == 412:
            return Unavailable(f"The artifact '{path}' was replaced while it was read.")
        if status == 507 or code == "AccountLimitExceeded":
            return Full(f"The artifact store {self.name} has no room left ({code}).")
        if status == 413:
            return TooLarge(f"The artifact store {self.name} takes no file of this size.")
        if status is not None and 400 <= status < 500 and status not in (408, 429):
            return Invalid(f"The artifact store {self.name} refuses the request ({code}).")
        return Unavailable(f"The artifact store {self.name} failed ({code or status}).")

    def _is_folder(self, path: str) -> bool:
        with self.problems(path):
            return any(True for _ in self._container.list_blobs(_prefix(path)))


class _File:
    """A blob that is being written."""

    def __init__(self, store: AzureStore, path: str, client: Any) -> None:
        self._store = store
        self._path = path
        self._client = client
        self._upload_id = uuid4().hex
        self._parts: list[Part] = []

    def put(self, content: bytes) -> None:
        """Store the whole blob at once."""
        with self._store.problems(self._path):
            self._client.upload_blob(content, overwrite=True)

    def begin(self) -> None:
        """Nothing to do: blocks need no beginning."""

    def part(self, number: int, content: bytearray) -> None:
        """Store a block."""
        with self._store.problems(self._path):
            self._client.stage_block(_block(self._upload_id, number), bytes(content))
        self._parts.append(Part(number, ""))

    def finish(self) -> None:
        """Make the blob of its blocks."""
        self._store.complete(self._path, self._upload_id, sorted(self._parts))

    def forget(self) -> None:
        """Give the blocks up."""
        self._store.abandon(self._path, self._upload_id)


class _Reader:
    """A blob on its way here."""

    def __init__(self, store: AzureStore, path: str, stat: Stat, start: int, length: int) -> None:
        self.stat, self.start, self.length = stat, start, length
        self._pieces = store.pieces(path, stat, start, length) if length else iter(())

    def read(self) -> bytes:
        """The next piece."""
        return next(self._pieces, b"")

    def close(self) -> None:
        """Let go of the connection."""
        self._pieces = iter(())


def _prefix(path: str) -> str:
    return f"{path}/" if path else ""


def _block(upload_id: str, number: int) -> str:
    """The name of a block, as the library takes it; all of a blob must be of one length."""
    return f"{upload_id}-{number:05d}"


def _sent(block: str) -> str:
    """A block's name as it is sent in a URL, which is what the library makes of it."""
    return urllib.parse.quote(b64encode(block.encode()).decode(), safe="")


def _stands_for_folder(metadata: Any) -> bool:
    return bool(metadata) and metadata.get("hdi_isfolder") == "true"


def _stat(found: Any) -> Stat:
    etag = found.etag if found.etag.startswith('"') else f'"{found.etag}"'
    return Stat(found.size, etag, found.last_modified.timestamp())
