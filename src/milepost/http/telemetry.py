"""What every request gets: an id, a place in the metrics, and an end if it takes too long."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from asyncio import Task
from collections import Counter
from collections.abc import Callable
from itertools import count
from time import perf_counter
from typing import Any

from milepost.config import Settings
from milepost.http.asgi import JSON, Handler, Headers, Receive, Scope, Send, header, respond
from milepost.http.logs import REQUEST_ID
from milepost.meter import Meter

log = logging.getLogger(__name__)

ROUTE = "milepost.route"
"""Key of the scope under which the router leaves the pattern that matched."""

LIMIT = "milepost.limit"
"""Key of the scope under which a handler may leave how many seconds its request may take."""

_LOOK_SECONDS = 0.5
_REQUEST_ID = re.compile(r"[\w.:\-]{1,128}")
_BASE = re.compile(r"^/(?:ajax-)?api/\d\.\d/")
_AGENT = re.compile(r"mlflow-python-client/([\w.]+)")
_VERSION = re.compile(r"\d[\w.]{0,20}")
_MOST_CLIENTS = 50
LEFT = 499
"""The status of a request whose client went away before the answer."""

_UPLOADS = ("PUT", "POST")
_TOO_LONG = (
    b'{"error_code":"TEMPORARILY_UNAVAILABLE","message":"The request took longer than its timeout'
    b' and was cancelled; what it was writing may or may not have been stored."}'
)


def label(pattern: str) -> str:
    """The name of a route in metrics: the same for all the URLs an endpoint answers on."""
    return _BASE.sub("", pattern)


class _Flight:
    """A request under way."""

    __slots__ = ("began", "cancelled", "headers", "scope", "status")

    def __init__(self, scope: Scope) -> None:
        self.began = perf_counter()
        self.scope = scope
        self.status = 0
        self.headers: Headers = []
        self.cancelled = False


class Requests:
    """Watches over the requests of one process."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._flights: dict[Task[Any], _Flight] = {}
        # Ids are unique over processes and restarts, and cost next to nothing.
        self._prefix = secrets.token_hex(6)
        self._numbers = count(1)
        self._timings: dict[tuple[str, str, int], list[float]] = {}
        self._clients: Counter[str] = Counter()

    def wrap(self, inner: Handler) -> Handler:
        """`inner`, watched."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            request = self._id(scope)
            REQUEST_ID.set(request)
            task = asyncio.current_task()
            assert task is not None
            flight = self._flights[task] = _Flight(scope)
            answer_id = (b"x-request-id", request.encode())

            async def sending(message: Any) -> None:
                if message["type"] == "http.response.start":
                    flight.status = message["status"]
                    flight.headers = headers = message["headers"]
                    headers.append(answer_id)
                await send(message)

            try:
                await inner(scope, receive, sending)
            except asyncio.CancelledError:
                if not flight.cancelled:
                    raise
                task.uncancel()
                if not flight.status:
                    await respond(sending, 503, JSON, _TOO_LONG)
            finally:
                del self._flights[task]
                self._measure(flight)

        return watched

    def _id(self, scope: Scope) -> str:
        given = header(scope, b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        return f"{self._prefix}-{next(self._numbers):x}"

    def _measure(self, flight: _Flight) -> None:
        took = perf_counter() - flight.began
        scope = flight.scope
        route = scope.get(ROUTE, "other")
        key = (scope["method"], route, flight.status or LEFT)
        timings = self._timings.get(key)
        if timings is None:
            self._timings[key] = [took]
        else:
            timings.append(took)
        self._clients[self._client(scope)] += 1
        if "artifact" in route:
            self._measure_artifact(flight, took)

    def _client(self, scope: Scope) -> str:
        """The release of MLflow's client that asks; few are told apart, whatever clients say."""
        version = header(scope, b"x-mlflow-client-version") or ""
        if not version:
            agent = _AGENT.match(header(scope, b"user-agent") or "")
            version = agent[1] if agent else "other"
        known = version in self._clients or len(self._clients) < _MOST_CLIENTS
        return version if known and _VERSION.fullmatch(version) else "other"

    def flush(self) -> None:
        """Hand what was gathered to the meter: a request then costs it a fraction."""
        clients, self._clients = self._clients, Counter()
        for client, requests in clients.items():
            self._meter.count("mlflow_client_requests_total", requests, client=client)
        timings, self._timings = self._timings, {}
        for (method, route, status), seconds in timings.items():
            labels = {"method": method, "route": route, "status": str(status)}
            self._meter.count("mlflow_requests_total", len(seconds), **labels)
            self._meter.observe_all("mlflow_request_duration_seconds", seconds, **labels)
        self._meter.gauge("mlflow_requests_in_progress", len(self._flights))

    def _measure_artifact(self, flight: _Flight, took: float) -> None:
        method = flight.scope["method"]
        if flight.status >= 400 or "{file}" not in flight.scope[ROUTE]:
            return
        if method == "GET":
            self._meter.observe("mlflow_artifact_download_seconds", took)
        elif method in _UPLOADS:
            self._meter.observe("mlflow_artifact_upload_seconds", took)
            if took > self._settings.slow_artifact_upload:
                path = flight.scope["path"]
                size = header(flight.scope, b"content-length") or "unknown"
                log.warning("slow artifact upload: %.1f s, %s bytes: %s", took, size, path)

    async def sweep(self) -> None:
        """Cancel, for ever, what takes too long."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.flush()
            now = perf_counter()
            for task, flight in list(self._flights.items()):
                if not flight.cancelled and now - flight.began > self._limit(flight):
                    flight.cancelled = True
                    route = flight.scope.get(ROUTE, "other")
                    log.warning("%s %s took too long", flight.scope["method"], route)
                    self._meter.count("mlflow_requests_cancelled_total", route=route)
                    task.cancel()

    def _limit(self, flight: _Flight) -> float:
        if (b"content-type", b"text/event-stream") in flight.headers:
            return float("inf")
        if LIMIT in flight.scope:
            limit: float = flight.scope[LIMIT]
            return limit
        if "artifact" in flight.scope.get(ROUTE, ""):
            return self._settings.artifact_timeout
        return self._settings.request_timeout


def metrics(requests: Requests, text: Callable[[], str], content_type: bytes) -> Handler:
    """GET /metrics: `text` is called in a thread, as it reads files."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        requests.flush()
        body = await asyncio.to_thread(text)
        await respond(send, 200, content_type, body.encode())

    return handle
