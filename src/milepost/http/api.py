"""One generic function for every row of the endpoint table."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from milepost.app import App
from milepost.errors import Invalid, Problem
from milepost.http.asgi import (
    JSON,
    DisconnectedError,
    Handler,
    Receive,
    Scope,
    Send,
    header,
    read_body,
    respond,
)
from milepost.http.caller import caller
from milepost.http.lanes import Lanes
from milepost.http.scribe import Scribes
from milepost.mlflow_api.endpoint import Call, Endpoint
from milepost.mlflow_api.errors import render
from milepost.store.tx import Tx

log = logging.getLogger(__name__)

R = TypeVar("R")
_encode = msgspec.json.Encoder().encode
_INTERNAL = {"error_code": "INTERNAL_ERROR", "message": "Internal error; see the server's log."}


def failure(error: Exception, scope: Scope) -> tuple[int, bytes]:
    """Status and body for an exception; what is not a Problem is our fault and goes to the log."""
    if isinstance(error, Problem):
        status, message = render(error)
        return status, _encode(message)
    log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
    return 500, _encode(_INTERNAL)


def guarded(handler: Handler) -> Handler:
    """`handler` with its exceptions turned into responses in MLflow's shape."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await handler(scope, receive, send)
        except DisconnectedError:
            return
        except Exception as error:  # noqa: BLE001 - every failure is somebody's answer
            status, body = failure(error, scope)
            await respond(send, status, JSON, body)

    return guard


class Api:
    """Turns endpoints into ASGI handlers of one App."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._limit = app.settings.max_body_bytes
        self._seconds = app.settings.body_timeout
        self._caller = caller(app.settings)
        self._readers = ThreadPoolExecutor(
            app.store.dialect.max_readers, thread_name_prefix="milepost-reader"
        )
        self.lanes = Lanes(app.settings.artifact_step_timeout, app.breakers)
        self.scribes = Scribes(app.settings.artifact_step_timeout, app.settings.body_timeout)
        self._merges: dict[Any, Callable[[Any, Sequence[Any]], Sequence[Any]]] = {}

    def handler(self, endpoint: Endpoint) -> Handler:
        """The ASGI handler of one endpoint."""
        answer = self._answer(endpoint)
        needs_json = endpoint.method == "POST"

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            body = await read_body(receive, self._limit, self._seconds)
            if needs_json:
                _check_content_type(scope)
            path = scope.get("path_params", {})
            request = endpoint.parse(Call(query(scope), body, path, self._caller(scope)))
            await respond(send, endpoint.status, JSON, await answer(request))

        return guarded(handle)

    def _answer(self, endpoint: Endpoint) -> Callable[[Any], Any]:
        if endpoint.after is not None:
            return self._storing(endpoint)
        return self._writing(endpoint) if endpoint.mode == "write" else self._reading(endpoint)

    def _writing(self, endpoint: Endpoint) -> Callable[[Any], Any]:
        verb = partial(endpoint.call, self._app)
        merge = self._merge(endpoint)

        async def answer(request: Any) -> bytes:
            result = await self._app.store.submit(verb, request, merge)
            return _encode(endpoint.dump(result))

        return answer

    def _merge(self, endpoint: Endpoint) -> Any:
        """Endpoints with the same merge function get the same object, so that the writer applies
        their requests together."""
        if endpoint.merge is None:
            return None
        return self._merges.setdefault(endpoint.merge, partial(endpoint.merge, self._app))

    def _reading(self, endpoint: Endpoint) -> Callable[[Any], Any]:
        verb = partial(endpoint.call, self._app)

        def read(request: Any) -> bytes:
            return _encode(endpoint.dump(self._app.store.read(verb, request)))

        async def answer(request: Any) -> bytes:
            loop = asyncio.get_running_loop()
            # With the context goes the request's id, for what is logged in the thread.
            here = copy_context()
            return await loop.run_in_executor(self._readers, here.run, read, request)

        return answer

    def _storing(self, endpoint: Endpoint) -> Callable[[Any], Any]:
        assert endpoint.after is not None
        after = partial(endpoint.after, self._app)

        async def answer(request: Any) -> bytes:
            place = await self.reading(endpoint.call, request)
            lane = endpoint.lane or place.store.name
            result = await self.lanes.errand(lane).run(after, place)
            return _encode(endpoint.dump(result))

        return answer

    async def reading(self, verb: Callable[[App, Tx, Any], R], argument: Any) -> R:
        """The result of a verb that only reads, run in a thread."""
        bound: Callable[[Tx, Any], R] = partial(verb, self._app)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._app.store.read, bound, argument)

    def close(self) -> None:
        """Stop the threads and what else works for this."""
        self.scribes.close()
        self.lanes.close()
        self._readers.shutdown(cancel_futures=True)


def query(scope: Scope) -> Mapping[str, list[str]]:
    """The query arguments."""
    text = scope["query_string"]
    return parse_qs(text.decode("latin-1"), keep_blank_values=True) if text else {}


def _check_content_type(scope: Scope) -> None:
    value = header(scope, b"content-type")
    if value is None:
        raise Invalid("Bad Request. Content-Type header is missing.")
    if value.partition(";")[0].strip().lower() != "application/json":
        raise Invalid("Bad Request. Content-Type must be one of ['application/json'].")
