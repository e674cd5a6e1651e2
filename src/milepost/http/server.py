"""The ASGI application: rows of the endpoint table become routes; everything else is 404."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from milepost.app import App, build, open_access
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.domain.access import Action
from milepost.exporters.prometheus import CONTENT_TYPE
from milepost.http import artifacts, gateway, health, logs, meta, modes, ui
from milepost.http.api import Api, guarded
from milepost.http.asgi import Handler, Receive, Scope, Send
from milepost.http.background import Background
from milepost.http.gate import Gate
from milepost.http.live import Live
from milepost.http.router import Route, Router
from milepost.http.security import Guard
from milepost.http.telemetry import Requests, metrics
from milepost.mlflow_api import table
from milepost.services.telemetry import Telemetry


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
        self._gate: Gate | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._handler: Handler = self._guard.wrap(Router(settings.static_prefix, None))

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

    @property
    def app(self) -> App:
        """The App, once it is open."""
        assert self._app is not None
        return self._app

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
        if self._settings.auth_enabled:
            users = open_access(self._settings, self._app.breakers, self._telemetry.meter)
            self._gate = Gate(users)
        router = _router(self._app, self._api, self._gate)
        if self._settings.serves_metrics:
            text = metrics(self._requests, self._telemetry.text, CONTENT_TYPE)
            router.add(Route("GET", "/metrics", Action.READ_SERVER, text))
        both = gateway.on_its_port(self._app, router, self._gate)
        self._handler = self._requests.wrap(self._guard.wrap(both))

    def close(self) -> None:
        """Answer what is under way, then release everything."""
        if self._requests is not None:
            self._requests.flush()
        parts = (self._sweeping, self._background, self._gate, self._api, self._app)
        for part in (*parts, self._telemetry):
            if isinstance(part, asyncio.Task):
                part.cancel()
            elif part is not None:
                part.close()


def _router(app: App, api: Api, gate: Gate | None) -> Router:
    settings = app.settings
    router = Router(settings.static_prefix, gate)
    for route in _routes(app):
        router.add(route)
    for route in _api_routes(app, api):
        router.add(modes.served(route, settings))
    if settings.static_prefix:
        for route in artifacts.unprefixed(app, api):
            router.add(modes.served(route, settings), prefixed=False)
    return router


def _routes(app: App) -> Iterable[Route]:
    yield Route("GET", "/health", Action.OPEN, meta.health)
    yield Route("GET", "/health/ready", Action.OPEN, health.ready(app.health))
    look = Action.READ_SERVER
    yield Route(
        "GET", "/health/details", look, health.details(app.health, app.breakers, app.serving)
    )
    yield Route("GET", "/version", look, meta.version(app.settings))
    info = guarded(meta.server_info(app))
    for base in ("/api/3.0/", "/ajax-api/3.0/"):
        yield Route("GET", f"{base}mlflow/server-info", look, info)
    for method in ("GET", "POST"):
        telemetry = guarded(meta.ui_telemetry)
        yield Route(method, "/ajax-api/3.0/mlflow/ui-telemetry", look, telemetry)
    for method, pattern, page in ui.routes(app.settings):
        yield Route(method, pattern, look, page)
    if not app.settings.artifacts_only:
        live = Live(app)
        for base in ("/api/3.0/", "/ajax-api/3.0/"):
            yield Route("GET", f"{base}milepost/live", look, live)


def _api_routes(app: App, api: Api) -> Iterable[Route]:
    """What a mode of the server may switch off."""
    for method, pattern, endpoint in table.routes():
        yield Route(method, pattern, endpoint.action, api.handler(endpoint))
    yield from artifacts.routes(app, api)
    yield from gateway.routes(app)


def describe(settings: Settings) -> str:
    """What is served and where its data is, for the terminal; without passwords."""
    store = masked_uri(settings.store_uri)
    where = f"http://{settings.host}:{settings.port}{settings.static_prefix}"
    found = f"Milepost  {where}\n  database   {store}\n  artifacts  {_artifacts(settings)}"
    if not settings.gateway_enabled:
        return found
    names = ", ".join(route.name for route in settings.gateway_routes)
    return f"{found}\n  gateway    {settings.gateway_address}/gateway/  {names}"


def _artifacts(settings: Settings) -> str:
    """Where the artifacts of new runs go."""
    if not settings.artifact_root.startswith("mlflow-artifacts:"):
        return f"{masked_uri(settings.artifact_root)} (clients go there themselves)"
    place = settings.artifacts_uri
    return masked_uri(place) if "://" in place else str(Path(place).absolute())
