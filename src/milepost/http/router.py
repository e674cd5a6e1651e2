"""Finds what answers a request. Every route says who may call it; none can be left open by
forgetting to."""

from __future__ import annotations

import re
from typing import NamedTuple

from milepost.domain.access import Action
from milepost.http.asgi import HTML, Handler, Receive, Scope, Send, respond
from milepost.http.gate import Gate
from milepost.http.telemetry import ROUTE, label

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


class Route(NamedTuple):
    """What answers a method on the URLs of a pattern, and who may call it."""

    method: str
    pattern: str
    """`{name}` stands for one part of the path, `{file}` for all that is left."""

    action: Action
    handler: Handler


class _Found(NamedTuple):
    label: str
    handler: Handler
    action: Action


class _Pattern(NamedTuple):
    """Routes whose URL has variable parts: what it begins with, and what answers by method."""

    head: str
    regex: re.Pattern[str]
    routes: dict[str, _Found]


class Router:
    """Finds the handler of a path: exact ones by one dictionary look-up, then patterns in order.

    With a gate, whatever is not OPEN, and what is not there, is behind it."""

    def __init__(self, prefix: str, gate: Gate | None) -> None:
        self._prefix = prefix
        self._gate = gate
        self._exact: dict[str, dict[str, _Found]] = {}
        self._patterns: dict[str, _Pattern] = {}

    def add(self, route: Route, *, prefixed: bool = True) -> None:
        """Serve a route, below the prefix or not."""
        url = self._prefix + route.pattern if prefixed else route.pattern
        found = _Found(label(route.pattern), route.handler, route.action)
        if "{" not in url:
            self._exact.setdefault(url, {})[route.method] = found
            return
        known = self._patterns.setdefault(url, _Pattern(url.partition("{")[0], _regex(url), {}))
        known.routes.setdefault(route.method, found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch one request."""
        methods = self._exact.get(scope["path"]) or self._matching(scope)
        route = methods.get(scope["method"])
        if route is None and scope["method"] == "HEAD":
            route = methods.get("GET")
        if route is not None:
            scope[ROUTE] = route.label
        is_open = route is not None and route.action is Action.OPEN
        if self._gate is not None and not is_open and not await self._gate.admits(scope, send):
            return
        if route is not None:
            await route.handler(scope, receive, send)
        elif methods:
            allow = [(b"allow", ", ".join(methods).encode())]
            await respond(send, 405, HTML, _NOT_ALLOWED, allow)
        else:
            await respond(send, 404, HTML, _NOT_FOUND)

    def _matching(self, scope: Scope) -> dict[str, _Found]:
        path: str = scope["path"]
        found: dict[str, _Found] = {}
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
