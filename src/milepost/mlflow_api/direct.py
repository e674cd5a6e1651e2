"""MLflow's wire for transfers between clients and the artifact store itself, and Milepost's own
routes for what artifacts take up."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from milepost.app import App
from milepost.blobs.base import BlobStore, Part, Signed
from milepost.domain.access import Action
from milepost.domain.artifacts import Owner, Usage
from milepost.errors import Invalid, Unsupported
from milepost.mlflow_api.endpoint import Call, Endpoint, body, empty, query
from milepost.mlflow_api.experiments import experiment_id
from milepost.mlflow_api.wire import Int64, Message, Required
from milepost.services.artifacts import Place
from milepost.services.direct import NO_UPLOAD
from milepost.store.tx import Tx

_UPLOAD_SECONDS = 900


class Begin(Message):
    """mpu/create"""

    path: Required
    num_parts: Int64 = 1


class SentPart(Struct):
    """A part that the client has sent to the store."""

    part_number: Int64 = 0
    etag: str = ""
    url: str = ""


class Complete(Message):
    """mpu/complete"""

    path: Required
    upload_id: str = ""
    parts: list[SentPart] = []


class Abandon(Message):
    """mpu/abort"""

    path: Required
    upload_id: str = ""


class UploadUrl(Message):
    """artifacts/presigned-upload-url"""

    path: Required
    run_id: str = ""
    model_id: str = ""
    expiration: Int64 = _UPLOAD_SECONDS


class DownloadUrl(Message):
    """artifacts/presigned-download-url"""

    run_id: Required
    path: Required
    expiration: Int64 | UnsetType = UNSET


class Whose(Message):
    """artifacts/usage and artifacts/recount: exactly one of these."""

    run_id: str = ""
    model_id: str = ""
    experiment_id: str = ""


class Job(NamedTuple):
    """A place and what to do there."""

    place: Place
    request: Any

    @property
    def store(self) -> BlobStore:
        """The store it is to be done at."""
        return self.place.store


class OwnerJob(NamedTuple):
    """An owner, and the store of its artifacts."""

    owner: Owner
    store: BlobStore


_begin, _complete, _abandon = body(Begin), body(Complete), body(Abandon)
_upload_url = body(UploadUrl)


def _file(call: Call, local: str) -> str:
    """The path of an upload: the folder in the URL, the name of the client's file."""
    name = re.split(r"[/\\]", local)[-1]
    return f"{call.path['file']}/{name}"


def _parse_nowhere(call: Call) -> None:
    """What client 2.9.2 sends for a file at the top of a run's artifacts: no path at all."""
    raise Unsupported(NO_UPLOAD)


def _parse_begin(call: Call) -> tuple[str, Begin]:
    request = _begin(call)
    return _file(call, request.path), request


def _parse_complete(call: Call) -> tuple[str, Complete]:
    request = _complete(call)
    return _file(call, request.path), request


def _parse_abandon(call: Call) -> tuple[str, Abandon]:
    request = _abandon(call)
    return _file(call, request.path), request


def _parse_upload_url(call: Call) -> UploadUrl:
    request = _upload_url(call)
    if bool(request.run_id) == bool(request.model_id):
        raise Invalid("Exactly one of run_id and model_id must be provided.")
    return request


def _writable(app: App, tx: Tx, x: tuple[str, Any]) -> Job:
    path, request = x
    return Job(app.direct.writable(tx, path), request)


def _do_complete(app: App, job: Job) -> None:
    parts = [Part(part.part_number, part.etag) for part in job.request.parts]
    app.direct.complete(job.place, job.request.upload_id, parts)


def _dump_begun(result: tuple[str, list[Signed]]) -> dict[str, Any]:
    upload_id, urls = result
    credentials = [
        {"url": signed.url, "part_number": number, "headers": signed.headers}
        for number, signed in enumerate(urls, 1)
    ]
    return {"upload_id": upload_id, "credentials": credentials}


def _seconds(app: App, request: DownloadUrl) -> int:
    if request.expiration is UNSET:
        return app.settings.signed_download_seconds
    return request.expiration


def _dump_download(result: tuple[Signed, int], name: str) -> dict[str, Any]:
    signed, size = result
    return {name: signed.url, "headers": signed.headers, "file_size": size}


def _owner(app: App, tx: Tx, x: Whose) -> Owner:
    given = [text for text in (x.run_id, x.model_id, x.experiment_id) if text]
    if len(given) != 1:
        raise Invalid("Exactly one of run_id, model_id and experiment_id must be provided.")
    if x.run_id:
        return app.artifacts.run(tx, x.run_id)
    if x.model_id:
        return app.artifacts.model(tx, x.model_id)
    return app.artifacts.experiment(tx, experiment_id(x.experiment_id))


def _owner_job(app: App, tx: Tx, x: Whose) -> OwnerJob:
    owner = _owner(app, tx, x)
    return OwnerJob(owner, app.artifacts.of_owner(owner, "").store)


def _recount(app: App, job: OwnerJob) -> Usage:
    app.recount.one(job.owner)
    return app.store.read(app.artifacts.usage, job.owner)


def _dump_usage(usage: Usage) -> dict[str, Any]:
    return {"bytes": usage.bytes, "files": usage.files}


ENDPOINTS = [
    Endpoint(
        "POST", "mlflow-artifacts/mpu/create", Action.EDIT_ARTIFACT, "read", _parse_nowhere,
        lambda app, tx, x: None,
        empty,
    ),
    Endpoint(
        "POST", "mlflow-artifacts/mpu/create/{file}", Action.EDIT_ARTIFACT, "read", _parse_begin,
        _writable,
        _dump_begun,
        after=lambda app, job: app.direct.begin(job.place, job.request.num_parts),
    ),
    Endpoint(
        "POST", "mlflow-artifacts/mpu/complete/{file}", Action.EDIT_ARTIFACT, "read",
        _parse_complete,
        _writable,
        empty,
        after=_do_complete,
    ),
    Endpoint(
        "POST", "mlflow-artifacts/mpu/abort/{file}", Action.EDIT_ARTIFACT, "read", _parse_abandon,
        _writable,
        empty,
        after=lambda app, job: app.direct.abandon(job.place, job.request.upload_id),
    ),
    Endpoint(
        "GET", "mlflow-artifacts/presigned/{file}", Action.READ_ARTIFACT, "read",
        lambda call: call.path["file"],
        lambda app, tx, path: app.direct.readable(tx, path),
        lambda result: _dump_download(result, "url"),
        after=lambda app, place: app.direct.served_download_url(
            place, app.settings.signed_download_seconds
        ),
    ),
    Endpoint(
        "POST", "mlflow/artifacts/presigned-upload-url", Action.EDIT_ARTIFACT, "read",
        _parse_upload_url,
        lambda app, tx, x: Job(app.direct.upload_place(tx, x.run_id, x.model_id, x.path), x),
        lambda signed: {"presigned_url": signed.url, "headers": signed.headers},
        after=lambda app, job: app.direct.upload_url(job.place, job.request.expiration),
    ),
    Endpoint(
        "POST", "mlflow/artifacts/presigned-download-url", Action.READ_ARTIFACT, "read",
        body(DownloadUrl),
        lambda app, tx, x: Job(app.artifacts.file_of_run(tx, x.run_id, x.path), x),
        lambda result: _dump_download(result, "presigned_url"),
        after=lambda app, job: app.direct.download_url(job.place, _seconds(app, job.request)),
    ),
    Endpoint(
        "GET", "milepost/artifacts/usage", Action.READ_ARTIFACT, "read", query(Whose),
        lambda app, tx, x: app.artifacts.usage(tx, _owner(app, tx, x)),
        _dump_usage,
    ),
    Endpoint(
        "POST", "milepost/artifacts/recount", Action.EDIT_ARTIFACT, "read", body(Whose),
        _owner_job,
        _dump_usage,
        after=_recount,
    ),
]  # fmt: skip
