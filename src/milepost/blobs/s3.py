"""Artifacts in S3, or in anything that speaks its protocol (MinIO, Ceph, SeaweedFS, R2, ...).

Configured as MLflow's clients are: the AWS variables and files, MLFLOW_S3_ENDPOINT_URL,
MLFLOW_S3_IGNORE_TLS, MLFLOW_S3_UPLOAD_EXTRA_ARGS, MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE;
AWS_CA_BUNDLE names a certificate authority of one's own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from milepost.blobs.base import (
    PIECE,
    Direct,
    Entry,
    OutsideError,
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
from milepost.blobs.s3_quick import Quick, quick
from milepost.errors import Denied, Full, Invalid, NotFound, TooLarge, Unavailable

_CONNECT_SECONDS = 5.0
_CONNECTIONS = 64
_DELETE_AT_ONCE = 1000

_MISSING = {"NoSuchKey", "404", "NotFound"}
_REFUSED = {
    "AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "ExpiredToken", "InvalidToken", "AllAccessDisabled", "AccountProblem",
}  # fmt: skip
_NO_ROOM = {
    "QuotaExceeded",
    "XMinioStorageFull",
    "InsufficientStorage",
    "507",
    "ServiceQuotaExceeded",
}


def connect(bucket: str, timeout: float) -> S3Store:
    """The bucket of that name, with a client as the environment configures it."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise no_sdk("s3://", "s3") from None
    style = os.environ.get("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "auto")
    ignore_tls = os.environ.get("MLFLOW_S3_IGNORE_TLS", "").lower() in ("true", "1")
    config = Config(
        signature_version="s3v4",
        connect_timeout=min(_CONNECT_SECONDS, timeout),
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=_CONNECTIONS,
        s3={"addressing_style": style},
        # The newer checksums are unknown to many other servers that speak S3.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session()
    client = session.client(
        "s3",
        endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL") or None,
        verify=False if ignore_tls else None,
        config=config,
    )
    return S3Store(bucket, client, quick(client, bucket, session.get_credentials()))


class S3Store:
    """A bucket."""

    uri = ""

    def __init__(self, bucket: str, client: Any, quick: Quick | None) -> None:
        self.name = f"s3://{bucket}"
        self._bucket = bucket
        self._client = client
        self._senders = Senders()
        self._extra: dict[str, Any] = json.loads(
            os.environ.get("MLFLOW_S3_UPLOAD_EXTRA_ARGS") or "{}"
        )
        self.quick = None if self._extra else quick

    @property
    def direct(self) -> Direct:
        """Clients can be sent to it."""
        return self

    def stat(self, path: str) -> Stat:
        """What is known of the object at `path`."""
        with self.problems(path):
            found = self._client.head_object(Bucket=self._bucket, Key=path)
            return _stat(found, found["ContentLength"])

    def open(self, path: str, span: Span | None = None) -> Reader:
        """Read the object at `path`, or a part of it, in one request."""
        return Resuming(lambda part: self._open(path, part), span)

    def _open(self, path: str, span: Span | None) -> _Reader:
        wanted = {} if span is None else {"Range": _range(span)}
        try:
            with self.problems(path):
                found = self._client.get_object(Bucket=self._bucket, Key=path, **wanted)
        except _OutsideKeyError:
            raise OutsideError(self.stat(path).size) from None
        return _Reader(found)

    def create(self, path: str) -> PartedUpload:
        """Begin to write an object."""
        return PartedUpload(
            _File(self, self._bucket, path, self._client, self._extra), self._senders
        )

    def entries(self, path: str) -> list[Entry]:
        """What is directly in the folder, by path."""
        found: list[Entry] = []
        for page in self._pages(path, Delimiter="/"):
            found += _folders(page) + _files(page)
        return sorted(found)

    def walk(self, path: str) -> Iterator[Entry]:
        """Every object at or below `path`."""
        if path:
            with suppress(NotFound, Invalid):
                yield Entry(path, False, self.stat(path).size)
        for page in self._pages(path):
            yield from _files(page)

    def _pages(self, path: str, **more: str) -> Iterator[Any]:
        prefix = f"{path}/" if path else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, **more
        )
        with self.problems(path):
            yield from pages

    def delete(self, path: str) -> None:
        """Remove the object, and all below."""
        if not path:
            raise no_root_delete()
        with self.problems(path):
            self._client.delete_object(Bucket=self._bucket, Key=path)
            for page in self._pages(path):
                keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
                for start in range(0, len(keys), _DELETE_AT_ONCE):
                    some = {"Objects": keys[start : start + _DELETE_AT_ONCE], "Quiet": True}
                    done = self._client.delete_objects(Bucket=self._bucket, Delete=some)
                    _check_deleted(self.name, done.get("Errors", ()))

    # Direct transfers

    def begin(self, path: str, count: int, seconds: int) -> tuple[str, list[Signed]]:
        """Begin a multipart upload whose parts the client sends."""
        with self.problems(path):
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=path, **self._extra
            )
        upload_id: str = begun["UploadId"]
        urls = [
            self._signed("upload_part", path, seconds, UploadId=upload_id, PartNumber=number)
            for number in range(1, count + 1)
        ]
        return upload_id, urls

    def complete(self, path: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the object of its parts."""
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        with self.problems(path):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=path,
                UploadId=upload_id,
                MultipartUpload={"Parts": listed},
            )

    def abandon(self, path: str, upload_id: str) -> None:
        """Forget the parts."""
        with self.problems(path):
            try:
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=path, UploadId=upload_id
                )
            except self._client.exceptions.NoSuchUpload:
                return

    def upload_url(self, path: str, seconds: int) -> Signed:
        """Where the object can be PUT."""
        return self._signed("put_object", path, seconds)

    def download_url(self, path: str, seconds: int) -> Signed:
        """Where the object can be read."""
        return self._signed("get_object", path, seconds)

    def _signed(self, method: str, path: str, seconds: int, **more: Any) -> Signed:
        with self.problems(path):
            url = self._client.generate_presigned_url(
                method, Params={"Bucket": self._bucket, "Key": path, **more}, ExpiresIn=seconds
            )
        return Signed(url, {})

    @contextmanager
    def problems(self, path: str) -> Iterator[None]:
        """What the SDK raises inside, as Problems."""
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            CredentialRetrievalError,
            NoCredentialsError,
            PartialCredentialsError,
        )

        try:
            yield
        except ClientError as error:
            raise self._refusal(path, error.response) from error
        except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
            raise Denied(
                f"The server has no credentials for the artifact store {self.name}."
            ) from error
        except (BotoCoreError, OSError) as error:
            raise Unavailable(
                f"The artifact store {self.name} cannot be reached ({type(error).__name__})."
            ) from error

    def _refusal(self, path: str, response: Any) -> Exception:
        code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "NoSuchBucket":
            return Denied(f"The artifact store {self.name} does not exist.")
        if code in _MISSING:
            return is_folder(path) if self._is_folder(path) else no_such(path)
        if code in ("InvalidRange", "416"):
            return _OutsideKeyError()
        if code in _REFUSED:
            return Denied(f"The artifact store {self.name} refuses this server ({code}).")
        if code in _NO_ROOM or status == 507:
            return Full(f"The artifact store {self.name} has no room left ({code}).")
        if code == "EntityTooLarge":
            return TooLarge(f"The artifact store {self.name} takes no file of this size.")
        if 400 <= status < 500 and status not in (408, 429):
            return Invalid(f"The artifact store {self.name} refuses the request ({code}).")
        return Unavailable(f"The artifact store {self.name} failed ({code or status}).")

    def _is_folder(self, path: str) -> bool:
        with self.problems(path):
            found = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=f"{path}/" if path else "", MaxKeys=1
            )
        return bool(found.get("KeyCount") or found.get("Contents"))


class _OutsideKeyError(Exception):
    """The store says that a range holds no byte of the object."""


class _File:
    """An object that is being written."""

    def __init__(self, store: S3Store, bucket: str, path: str, client: Any, extra: Any) -> None:
        self._store = store
        self._target = {"Bucket": bucket, "Key": path}
        self._path = path
        self._client = client
        self._extra = extra
        self._upload_id = ""
        self._parts: list[Part] = []

    def put(self, content: bytes) -> None:
        """Store the whole object at once."""
        quick = self._store.quick
        with self._store.problems(self._path):
            if quick is not None and quick.put(self._path, content):
                return
            self._client.put_object(**self._target, Body=content, **self._extra)

    def begin(self) -> None:
        """Begin a multipart upload."""
        with self._store.problems(self._path):
            begun = self._client.create_multipart_upload(**self._target, **self._extra)
        self._upload_id = begun["UploadId"]

    def part(self, number: int, content: bytearray) -> None:
        """Store a part."""
        with self._store.problems(self._path):
            done = self._client.upload_part(
                **self._target, UploadId=self._upload_id, PartNumber=number, Body=content
            )
        self._parts.append(Part(number, done["ETag"]))

    def finish(self) -> None:
        """Make the object of its parts."""
        self._store.complete(self._path, self._upload_id, sorted(self._parts))

    def forget(self) -> None:
        """Give the parts up."""
        if self._upload_id:
            self._store.abandon(self._path, self._upload_id)


class _Reader:
    """An object on its way here."""

    def __init__(self, found: Any) -> None:
        self._body = found["Body"]
        self.length: int = found["ContentLength"]
        self.start, size = 0, self.length
        if "ContentRange" in found:
            place, _, total = found["ContentRange"].removeprefix("bytes ").partition("/")
            self.start, size = int(place.partition("-")[0]), int(total)
        self.stat = _stat(found, size)

    def read(self) -> bytes:
        """The next piece."""
        from botocore.exceptions import BotoCoreError

        try:
            piece: bytes = self._body.read(PIECE)
        except (BotoCoreError, OSError) as error:
            raise Unavailable("The artifact store broke off a file.") from error
        return piece

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()


def _range(span: Span) -> str:
    if span.start < 0:
        return f"bytes={span.start}"
    return f"bytes={span.start}-{'' if span.end is None else span.end}"


def _stat(found: Any, size: int) -> Stat:
    return Stat(size, found["ETag"], found["LastModified"].timestamp())


def _folders(page: Any) -> list[Entry]:
    return [
        Entry(folder["Prefix"].rstrip("/"), True, 0) for folder in page.get("CommonPrefixes", ())
    ]


def _files(page: Any) -> list[Entry]:
    """The objects of a listing, without those that stand for folders."""
    return [
        Entry(item["Key"], False, item["Size"])
        for item in page.get("Contents", ())
        if not item["Key"].endswith("/")
    ]


def _check_deleted(name: str, errors: Sequence[Any]) -> None:
    if errors:
        code = errors[0].get("Code", "")
        raise Unavailable(f"The artifact store {name} kept {len(errors)} files ({code}).")
