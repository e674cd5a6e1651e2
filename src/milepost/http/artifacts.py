"""Stored files over HTTP: streamed both ways, never whole in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from milepost.app import App
from milepost.blobs.base import OutsideError, Reader, Span
from milepost.domain.access import Action
from milepost.errors import Invalid, Unavailable
from milepost.http import files
from milepost.http.api import Api, guarded, query
from milepost.http.asgi import JSON, TEXT, Handler, Receive, Scope, Send, respond
from milepost.http.lanes import Errand
from milepost.http.protocol import lendable, lent
from milepost.http.router import Route
from milepost.http.scribe import ENDED
from milepost.http.transfer import Body, download, upload
from milepost.services.artifacts import Place, Stored
from milepost.store.tx import Tx

_AJAX = "/ajax-api/2.0/mlflow/"
MAX_FORM_UPLOAD = 10 * 2**20
"""Bytes that MLflow takes on its page's upload route."""
_WORTH_WAITING = 64 << 20
"""Bytes of a body that is stored sooner by a process that has yet to begin."""
_MOST_DIGITS = 9

Find = Callable[[App, Tx, Any], Place]
Parse = Callable[[Scope], Any]
At = Callable[[Scope], Awaitable[Place]]


class Files:
    """Handlers that send and receive stored files."""

    def __init__(self, app: App, api: Api) -> None:
        self._app = app
        self._api = api

    def looked_up(self, parse: Parse, find: Find) -> At:
        """The place that `find` gives, in a transaction, for what `parse` reads in the request."""

        async def at(scope: Scope) -> Place:
            return await self._api.reading(find, parse(scope))

        return at

    async def served(self, scope: Scope) -> Place:
        """The place that the URL names; asks nobody whose it is."""
        return self._app.artifacts.served_file(_file(scope))

    async def owned(self, scope: Scope) -> Place:
        """The place that the URL names, and whose it is."""
        path = _file(scope)
        place = self._app.artifacts.remembered(path)
        return await self._api.reading(_owned, path) if place is None else place

    def sending(self, at: At) -> Handler:
        """GET and HEAD of a file."""

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            place = await at(scope)
            errand = self._api.lanes.errand(place.store.name)
            if scope["method"] == "HEAD":
                await self._send_head(place, scope, send, errand)
            else:
                await self._send_file(place, scope, receive, send, errand)

        return guarded(handle)

    async def _send_head(self, place: Place, scope: Scope, send: Send, errand: Errand) -> None:
        stat = await errand.run(place.store.stat, place.path)
        headers = files.head(place.name, stat)
        if files.is_known(scope, stat):
            await _end(send, 304, headers)
            return
        await _end(send, 200, [*headers, (b"content-length", str(stat.size).encode())])

    async def _send_file(
        self, place: Place, scope: Scope, receive: Receive, send: Send, errand: Errand
    ) -> None:
        try:
            reader, first, is_part = await _opened(place, scope, errand)
        except OutsideError as error:
            size = (b"content-range", f"bytes */{error.size}".encode())
            await respond(send, 416, TEXT, b"", [size])
            return
        try:
            headers = files.head(place.name, reader.stat)
            if files.is_known(scope, reader.stat):
                await _end(send, 304, headers)
                return
            headers.append((b"content-length", str(reader.length).encode()))
            if is_part:
                headers.append((b"content-range", _content_range(reader)))
            await _start(send, 206 if is_part else 200, headers)
            await download(reader, first, receive, send, errand)
        finally:
            if len(first) < reader.length:
                errand.afterwards(reader.close)

    def receiving(self, at: At, limit: int | None = None) -> Handler:
        """PUT or POST of a file. It is stored and counted before the client is told so."""
        app = self._app
        count_one = partial(_count_one, app)
        count_all = partial(_count_all, app)

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            place = await at(scope)
            size = await self._stored(place, scope, receive, limit)
            if place.owner is not None:
                await app.store.submit(count_one, Stored(place, size), count_all)
            await respond(send, 200, JSON, b"{}")

        return guarded(handle)

    async def _stored(self, place: Place, scope: Scope, receive: Receive, limit: int | None) -> int:
        """Store the body; how many bytes there were."""
        errand = self._api.lanes.errand(place.store.name)
        if limit is not None:
            # Not by a process: clients may name as many stores as they like for their own runs.
            body = Body(receive, self._app.settings.body_timeout, limit)
            await upload(body, place.store, place.path, errand)
            return body.size
        scribe = self._api.scribes.of(place.store)
        length = lendable(scope)
        if length and await scribe.ready(wait=length >= _WORTH_WAITING):
            errand.check()
            loan = lent(scope)
            if loan is not None:
                if not await errand.noted(scribe.receive(place.path, loan)):
                    raise Unavailable(ENDED)
                return length
        body = Body(receive, self._app.settings.body_timeout)
        await upload(body, place.store, place.path, errand, scribe.put)
        return body.size


def _owned(app: App, tx: Tx, path: str) -> Place:
    return app.artifacts.owned(tx, path)


def _count_one(app: App, tx: Tx, file: Stored) -> None:
    app.artifacts.stored(tx, [file])


def _count_all(app: App, tx: Tx, files: Sequence[Stored]) -> Sequence[None]:
    return app.artifacts.stored(tx, files)


async def _opened(place: Place, scope: Scope, errand: Errand) -> tuple[Reader, bytes, bool]:
    """The file and its first piece, and whether it is only the part that was asked for. What the
    client knows of the file comes before the part: whoever goes on with a file that has become
    shorter meanwhile gets all of the new one. Raises OutsideError."""
    span = files.wanted_span(scope)
    try:
        reader, first = await errand.run(_open, place, span)
    except OutsideError:
        stat = await errand.run(place.store.stat, place.path)
        if not (files.is_other(scope, stat) or files.is_known(scope, stat)):
            raise
    else:
        if span is None or not files.is_other(scope, reader.stat):
            return reader, first, span is not None
        errand.afterwards(reader.close)
    return *await errand.run(_open, place, None), False


def _open(place: Place, span: Span | None) -> tuple[Reader, bytes]:
    """The opened file and its first piece; a small file is done with after that."""
    reader = place.store.open(place.path, span)
    try:
        first = reader.read()
        if len(first) == reader.length:
            reader.close()
    except BaseException:
        reader.close()
        raise
    return reader, first


def _content_range(reader: Reader) -> bytes:
    last = reader.start + reader.length - 1
    return f"bytes {reader.start}-{last}/{reader.stat.size}".encode()


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _end(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await _start(send, status, headers)
    await send({"type": "http.response.body", "body": b""})


def _file(scope: Scope) -> str:
    path: str = scope["path_params"]["file"]
    return path


def _argument(scope: Scope, *names: str) -> str:
    """The first of several query arguments that is there, or ""."""
    given = query(scope)
    return next((given[name][-1] for name in names if given.get(name)), "")


def _run_file(scope: Scope) -> tuple[str, str]:
    path = _argument(scope, "path")
    if not path:
        raise Invalid("Request must specify path.")
    return _argument(scope, "run_id", "run_uuid"), path


def _form_upload(scope: Scope) -> tuple[str, str]:
    run_id = _argument(scope, "run_uuid")
    if not run_id:
        raise Invalid("Request must specify run_uuid.")
    return run_id, _run_file(scope)[1]


def _model_file(scope: Scope) -> tuple[str, str]:
    path = _argument(scope, "artifact_file_path")
    if not path:
        raise Invalid('Request must include the "artifact_file_path" query parameter.')
    return scope["path_params"]["model_id"], path


def _version_file(scope: Scope) -> tuple[str, int, str]:
    name, version = _argument(scope, "name"), _argument(scope, "version")
    if not name or not version:
        raise Invalid("Request must specify name and version.")
    if not (version.isascii() and version.isdecimal() and len(version) <= _MOST_DIGITS):
        raise Invalid(f"Not a version number: '{version}'")
    return name, int(version), _run_file(scope)[1]


SERVED = "/{api}/2.0/mlflow-artifacts/artifacts/{{file}}"


def unprefixed(app: App, api: Api) -> Iterator[Route]:
    """The routes that answer without the static prefix, too: clients of a server with a prefix
    ask there."""
    files = Files(app, api)
    get = files.sending(files.served)
    put = files.receiving(files.owned)
    for twin in ("api", "ajax-api"):
        yield Route("GET", SERVED.format(api=twin), Action.READ_ARTIFACT, get)
        yield Route("PUT", SERVED.format(api=twin), Action.EDIT_ARTIFACT, put)


def routes(app: App, api: Api) -> Iterator[Route]:
    """Every route that streams a file."""
    yield from unprefixed(app, api)
    files = Files(app, api)
    of_run = files.looked_up(_run_file, lambda app, tx, x: app.artifacts.file_of_run(tx, *x))
    of_version = files.looked_up(
        _version_file, lambda app, tx, x: app.artifacts.file_of_version(tx, *x)
    )
    of_model = files.looked_up(_model_file, lambda app, tx, x: app.artifacts.file_of_model(tx, *x))
    upload_to = files.looked_up(_form_upload, lambda app, tx, x: app.artifacts.file_of_run(tx, *x))
    read = Action.READ_ARTIFACT
    yield Route("GET", "/get-artifact", read, files.sending(of_run))
    yield Route("GET", "/model-versions/get-artifact", read, files.sending(of_version))
    yield Route(
        "GET", f"{_AJAX}logged-models/{{model_id}}/artifacts/files", read, files.sending(of_model)
    )
    uploading = files.receiving(upload_to, MAX_FORM_UPLOAD)
    yield Route("POST", f"{_AJAX}upload-artifact", Action.EDIT_ARTIFACT, uploading)
