"""The ASGI application: rows of the endpoint table become routes; everything else is 404."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from milepost.app import App, build
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.exporters.prometheus import CONTENT_TYPE
from milepost.http import artifacts, health, logs, meta, modes, ui
from milepost.http.api import Api, guarded
from milepost.http.asgi import HTML, Handler, Receive, Scope, Send, respond
from milepost.http.background import Background
from milepost.http.live import Live
from milepost.http.security import Guard
from milepost.http.telemetry import ROUTE, Requests, label, metrics
from milepost.mlflow_api import table
from milepost.services.telemetry import Telemetry

_VARIABLE = re.compile(r"\{(\w+)\}")
# A 404 that is not JSON tells an MLflow client that this server lacks the route, and lets it
# fall back to an older one; a JSON body would be taken for an answer.
_NOT_FOUND = (
    b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    b"<p>The requested URL was not found on the server.</p>\n"
)
_NOT_ALLOWED = (
    b"<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n"
    b"<h1>Method Not Allowed</h1>\n<p>The method is not allowed for the requested URL.</p>\n"
)


_Route = tuple[str, Handler]
"""The name of a route in metrics, and its handler."""


class _Pattern(NamedTuple):
    """Routes whose URL has variable parts: what it begins with, and its handler by method."""

    head: str
    regex: re.Pattern[str]
    routes: dict[str, _Route]


class Router:
    """Finds the handler of a path: exact ones by one dictionary look-up, then patterns in order."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._exact: dict[str, dict[str, _Route]] = {}
        self._patterns: dict[str, _Pattern] = {}

    def add(self, method: str, pattern: str, handler: Handler, *, prefixed: bool = True) -> None:
        """Route `method` on `pattern`, in which `{name}` stands for one part of the path."""
        url = self._prefix + pattern if prefixed else pattern
        if "{" not in url:
            self._exact.setdefault(url, {})[method] = (label(pattern), handler)
            return
        known = self._patterns.setdefault(url, _Pattern(url.partition("{")[0], _regex(url), {}))
        known.routes.setdefault(method, (label(pattern), handler))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch one request."""
        methods = self._exact.get(scope["path"]) or self._matching(scope)
        route = methods.get(scope["method"])
        if route is None and scope["method"] == "HEAD":
            route = methods.get("GET")
        if route is not None:
            scope[ROUTE], handler = route
            await handler(scope, receive, send)
        elif methods:
            allow = [(b"allow", ", ".join(methods).encode())]
            await respond(send, 405, HTML, _NOT_ALLOWED, allow)
        else:
            await respond(send, 404, HTML, _NOT_FOUND)

    def _matching(self, scope: Scope) -> dict[str, _Route]:
        path: str = scope["path"]
        found: dict[str, _Route] = {}
        for head, regex, routes in self._patterns.values():
            # Most patterns are none of the path's business, and this says so sooner.
            if path.startswith(head) and (match := regex.fullmatch(path)):
                if routes.keys() - found.keys():
                    scope.setdefault("path_params", {}).update(match.groupdict())
                found = routes | found
        return found


def _regex(url: str) -> re.Pattern[str]:
    text = _VARIABLE.sub(lambda m: f"(?P<{m[1]}>{'.+' if m[1] == 'file' else '[^/]+'})", url)
    return re.compile(text, re.DOTALL)


class Server:
    """The ASGI callable of one process. The App opens with the lifespan, unless it was opened
    before, and closes with it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = Guard(settings)
        self._app: App | None = None
        self._api: Api | None = None
        self._telemetry: Telemetry | None = None
        self._requests: Requests | None = None
        self._background: Background | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._handler: Handler = self._guard.wrap(Router(settings.static_prefix))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "http":
            await self._handler(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._app is None:
                    self.open()
                if self._requests is not None:
                    self._sweeping = asyncio.create_task(self._requests.sweep())
                await send({"type": "lifespan.startup.complete"})
            else:
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def open(self) -> None:
        """Build the App and its routes."""
        logs.set_up(self._settings)
        self._telemetry = Telemetry(self._settings)
        self._app = build(self._settings, self._telemetry.meter)
        self._api = Api(self._app)
        self._requests = Requests(self._settings, self._telemetry.meter)
        self._background = Background(self._app, self._telemetry)
        if self._settings.registry_enabled:
            self._app.deliverer.start()
        for job in self._app.jobs:
            job.start()
        router = _router(self._app, self._api)
        if self._settings.serves_metrics:
            text = metrics(self._requests, self._telemetry.text, CONTENT_TYPE)
            router.add("GET", "/metrics", text)
        self._handler = self._requests.wrap(self._guard.wrap(router))

    def close(self) -> None:
        """Answer what is under way, then release everything."""
        if self._requests is not None:
            self._requests.flush()
        for part in (self._sweeping, self._background, self._api, self._app, self._telemetry):
            if isinstance(part, asyncio.Task):
                part.cancel()
            elif part is not None:
                part.close()


def _router(app: App, api: Api) -> Router:
    settings = app.settings
    router = Router(settings.static_prefix)
    for method, pattern, handler in _routes(app):
        router.add(method, pattern, handler)
    for method, pattern, handler in _api_routes(app, api):
        router.add(method, pattern, modes.served(handler, pattern, settings))
    if settings.static_prefix:
        for method, pattern, handler in artifacts.unprefixed(app, api):
            router.add(method, pattern, modes.served(handler, pattern, settings), prefixed=False)
    return router


def _routes(app: App) -> Iterable[tuple[str, str, Handler]]:
    yield "GET", "/health", meta.health
    yield "GET", "/health/ready", health.ready(app.health)
    yield "GET", "/health/details", health.details(app.health, app.breakers)
    yield "GET", "/version", meta.version(app.settings)
    info = guarded(meta.server_info(app))
    for base in ("/api/3.0/", "/ajax-api/3.0/"):
        yield "GET", f"{base}mlflow/server-info", info
    for method in ("GET", "POST"):
        yield method, "/ajax-api/3.0/mlflow/ui-telemetry", guarded(meta.ui_telemetry)
    yield from ui.routes(app.settings)
    if not app.settings.artifacts_only:
        live = Live(app)
        for base in ("/api/3.0/", "/ajax-api/3.0/"):
            yield "GET", f"{base}milepost/live", live


def _api_routes(app: App, api: Api) -> Iterable[tuple[str, str, Handler]]:
    """What a mode of the server may switch off."""
    for method, pattern, endpoint in table.routes():
        yield method, pattern, api.handler(endpoint)
    yield from artifacts.routes(app, api)


def describe(settings: Settings) -> str:
    """What is served and where its data is, for the terminal; without passwords."""
    store = masked_uri(settings.store_uri)
    where = f"http://{settings.host}:{settings.port}{settings.static_prefix}"
    artifacts = settings.artifacts_uri
    if "://" not in artifacts:
        artifacts = str(Path(artifacts).absolute())
    return f"Milepost  {where}\n  database   {store}\n  artifacts  {artifacts}"
