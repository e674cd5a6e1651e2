"""The gateway over HTTP: requests for models, forwarded to their model servers.

A route answers as `/gateway/NAME/invocations`, which is what MLflow's clients of a gateway and
people with curl ask for, and as `/endpoints/NAME/invocations`, for MLflow's deployments client.
What is asked and answered is the wire of MLflow's scoring server. MLflow 3's gateway to language
models is something else and has other URLs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from milepost.app import App
from milepost.domain.access import Action
from milepost.errors import TooLarge, Unavailable
from milepost.http import meta
from milepost.http.api import guarded
from milepost.http.asgi import (
    JSON,
    DisconnectedError,
    Handler,
    Receive,
    Scope,
    Send,
    header,
    respond,
)
from milepost.http.forward import Answered, Asked, Connection, CutError, Exchange, connected
from milepost.http.gate import Gate
from milepost.http.router import Route, Router
from milepost.http.telemetry import LIMIT
from milepost.http.transfer import Body
from milepost.services.serving import Route as ModelRoute

log = logging.getLogger(__name__)

_DOWN = (502, 503, 504)
"""Statuses with which a model server, or what stands before it, says that it cannot answer."""

_Describe = Callable[[ModelRoute], dict[str, Any]]


class Gateway:
    """Handlers that forward."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._settings = app.settings

    def forwarding(self, method: str, path: str) -> Handler:
        """A handler that asks the model server of the route in the URL for `path`."""

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            route = self._app.serving.route(scope["path_params"]["name"])
            # The client's part has its limit, and the model's comes on top.
            scope[LIMIT] = self._settings.request_timeout + route.timeout
            limit = self._settings.max_body_bytes
            if int(header(scope, b"content-length") or 0) > limit:
                raise TooLarge(f"The request body is larger than the limit of {limit} bytes.")
            body = Body(receive, self._settings.body_timeout, limit)
            await self._forward(route, Asked.of(scope, method, path, body), receive, send)

        return guarded(handle)

    async def _forward(self, route: ModelRoute, asked: Asked, receive: Receive, send: Send) -> None:
        route.breaker.check()
        exchange = Exchange(asked, route.address, route.timeout)
        try:
            connection = await self._connected(route)
            answered = await exchange.run(connection, receive, send)
        except FileNotFoundError:
            self._count(route, 503)
            raise route.absent() from None
        except Unavailable as problem:
            route.breaker.failed(problem.message)
            self._count(route, 503)
            raise Unavailable(
                f"The model server of the gateway route {route.name} {problem.message}."
            ) from None
        except CutError as error:
            route.breaker.failed(str(error))
            self._count(route, 503)
            log.warning("gateway route %s: an answer %s", route.name, error)
            raise DisconnectedError from None
        if answered.status in _DOWN:
            route.breaker.failed(f"answered with {answered.status}")
        else:
            route.breaker.ok()
        self._measure(route, asked, answered)

    async def _connected(self, route: ModelRoute) -> Connection:
        seconds = min(route.timeout, self._settings.client_connect_timeout)
        try:
            return await connected(route.address, seconds)
        except FileNotFoundError:
            raise
        except TimeoutError:
            raise Unavailable(f"took no connection within {seconds:g} seconds") from None
        except OSError as error:
            raise Unavailable(f"cannot be reached: {error}") from None

    def _measure(self, route: ModelRoute, asked: Asked, answered: Answered) -> None:
        self._count(route, answered.status)
        if asked.method == "POST":
            self._app.meter.observe(
                "mlflow_model_inference_seconds", answered.seconds, route=route.name
            )

    def _count(self, route: ModelRoute, status: int) -> None:
        self._app.meter.count("mlflow_gateway_requests_total", route=route.name, status=str(status))

    def listing(self, noun: str, describe: _Describe) -> Handler:
        """A handler that describes all routes."""
        found = {noun: [describe(route) for route in self._app.serving.routes.values()]}
        body = msgspec.json.encode(found)

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            await respond(send, 200, JSON, body)

        return guarded(handle)

    def describing(self, describe: _Describe) -> Handler:
        """A handler that describes the route in the URL."""

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            route = self._app.serving.route(scope["path_params"]["name"])
            await respond(send, 200, JSON, msgspec.json.encode(describe(route)))

        return guarded(handle)


def _endpoint(route: ModelRoute) -> dict[str, Any]:
    """A route as MLflow's deployments client knows it."""
    return {
        "name": route.name,
        "endpoint_type": "custom",
        "model": {"name": route.model_uri, "provider": "mlflow-model-serving"},
        "endpoint_url": f"/gateway/{route.name}/invocations",
        "limit": None,
    }


def _gateway_route(route: ModelRoute) -> dict[str, Any]:
    """A route as MLflow 2's gateway client knows it."""
    return {
        "name": route.name,
        "route_type": "custom",
        "model": {"name": route.model_uri, "provider": "mlflow-model-serving"},
        "route_url": f"/gateway/{route.name}/invocations",
    }


def routes(app: App) -> Iterator[Route]:
    """Every route of the gateway; none where it is off."""
    if not app.serving.routes:
        return
    gateway, ask, look = Gateway(app), Action.QUERY_MODEL, Action.READ_SERVER
    invoke = gateway.forwarding("POST", "/invocations")
    yield Route("POST", "/gateway/{name}/invocations", ask, invoke)
    yield Route("POST", "/endpoints/{name}/invocations", ask, invoke)
    for path in ("/ping", "/version"):
        yield Route("GET", f"/gateway/{{name}}{path}", ask, gateway.forwarding("GET", path))
    for base, noun, describe in (
        ("/api/2.0/endpoints/", "endpoints", _endpoint),
        ("/api/2.0/gateway/routes/", "routes", _gateway_route),
    ):
        yield Route("GET", base, look, gateway.listing(noun, describe))
        yield Route("GET", f"{base}{{name}}", look, gateway.describing(describe))


def on_its_port(app: App, main: Handler, gate: Gate | None) -> Handler:
    """`main`, but on the gateway's own port only the gateway, below the path of its URI."""
    port = app.settings.gateway_port
    if not port:
        return main
    router = Router(urlsplit(app.settings.gateway_uri).path.rstrip("/"), gate)
    router.add(Route("GET", "/health", Action.OPEN, meta.health))
    for route in routes(app):
        router.add(route)

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = router if (scope["server"] or (None, 0))[1] == port else main
        await chosen(scope, receive, send)

    return choose
