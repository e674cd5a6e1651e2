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
from milepost.errors import Problem, TooLarge, Unavailable
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
from milepost.http.telemetry import LEFT, LIMIT
from milepost.http.transfer import Body
from milepost.mlflow_api.errors import render
from milepost.services.serving import Absent
from milepost.services.serving import Route as ModelRoute

log = logging.getLogger(__name__)

_DOWN = (502, 503, 504)
"""Statuses with which a model server, or what stands before it, says that it cannot answer."""

_CUT = 502
"""What is counted where only a part of an answer came."""

_Describe = Callable[[ModelRoute], dict[str, Any]]


class Gateway:
    """Handlers that forward."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._settings = app.settings

    async def invoke(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST .../invocations: ask the model, by the rules of the route's breaker, and measure."""
        route, meter = self._route(scope), self._app.meter
        status = LEFT
        try:
            asked = self._asked(scope, receive, route, "/invocations")
            answered = await self._watched(route, asked, receive, send)
            status = answered.status
            seconds = answered.seconds
            meter.observe("mlflow_model_inference_seconds", seconds, route=route.name)
        except Problem as problem:
            status = render(problem)[0]
            raise
        except CutError as error:
            status = _CUT
            log.warning("gateway route %s: an answer %s", route.name, error)
            raise DisconnectedError from None
        finally:
            meter.count("mlflow_gateway_requests_total", route=route.name, status=str(status))

    def passing(self, path: str) -> Handler:
        """A handler that asks the model server for `path`. What it answers there says nothing
        about the model, so it is no matter of the breaker."""

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            route = self._route(scope)
            asked = self._asked(scope, receive, route, path)
            try:
                await self._answered(route, asked, receive, send)
            except Absent:
                raise
            except Unavailable as problem:
                raise _worded(route, problem) from None
            except CutError:
                raise DisconnectedError from None

        return handle

    def _route(self, scope: Scope) -> ModelRoute:
        return self._app.serving.route(scope["path_params"]["name"])

    def _asked(self, scope: Scope, receive: Receive, route: ModelRoute, path: str) -> Asked:
        # The client's part has its limit, and the model's comes on top.
        scope[LIMIT] = self._settings.request_timeout + route.timeout
        limit = self._settings.max_body_bytes
        if int(header(scope, b"content-length") or 0) > limit:
            raise TooLarge(f"The request body is larger than the limit of {limit} bytes.")
        return Asked.of(scope, path, Body(receive, self._settings.body_timeout, limit))

    async def _watched(
        self, route: ModelRoute, asked: Asked, receive: Receive, send: Send
    ) -> Answered:
        route.breaker.check()
        try:
            answered = await self._answered(route, asked, receive, send)
        except Absent:
            raise  # not a failure to learn from
        except Unavailable as problem:
            route.breaker.failed(problem.message)
            raise _worded(route, problem) from None
        except CutError as error:
            route.breaker.failed(str(error))
            raise
        if answered.status in _DOWN:
            route.breaker.failed(f"answered with {answered.status}")
        else:
            route.breaker.ok()
        return answered

    async def _answered(
        self, route: ModelRoute, asked: Asked, receive: Receive, send: Send
    ) -> Answered:
        connection = await self._connected(route)
        exchange = Exchange(asked, route.address, route.timeout)
        return await exchange.run(connection, receive, send)

    async def _connected(self, route: ModelRoute) -> Connection:
        seconds = min(route.timeout, self._settings.client_connect_timeout)
        try:
            return await connected(route.address, seconds)
        except FileNotFoundError:
            raise route.absent() from None
        except TimeoutError:
            raise Unavailable(f"took no connection within {seconds:g} seconds") from None
        except OSError as error:
            raise Unavailable(f"cannot be reached: {error}") from None

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


def _worded(route: ModelRoute, problem: Unavailable) -> Unavailable:
    return Unavailable(f"The model server of the gateway route {route.name} {problem.message}.")


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
    invoke = guarded(gateway.invoke)
    yield Route("POST", "/gateway/{name}/invocations", ask, invoke)
    yield Route("POST", "/endpoints/{name}/invocations", ask, invoke)
    for path in ("/ping", "/version"):
        yield Route("GET", f"/gateway/{{name}}{path}", ask, guarded(gateway.passing(path)))
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
