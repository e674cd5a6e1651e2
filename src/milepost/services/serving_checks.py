"""What the doctor looks at for the gateway: its port, the Python of its model servers, and those
that somebody else runs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from milepost.breaker import Breakers
from milepost.config import Settings
from milepost.errors import Problem, Unavailable
from milepost.services.machine import FAIL, OK, WARN, Finding
from milepost.services.serving import Serving, own, python_of
from milepost.upstreams.scoring import check_python

_SECONDS = 5.0


def findings(settings: Settings, reach: Callable[[str], object]) -> Iterator[Finding]:
    """Look at one thing after the other; at nothing where the gateway is off. `reach` raises a
    Problem where no server answers at a URL."""
    if settings.gateway_port:
        yield _port(settings, reach)
    if own(settings):
        yield _python(python_of(settings))
    for route in Serving(settings, Breakers()).routes.values():
        if route.note is None:
            what = f"gateway route {route.name}"
            try:
                route.probe(_SECONDS)
            except Unavailable as problem:
                fix = "Start it, or correct the route's `server`."
                yield Finding(what, WARN, problem.message, fix)
            else:
                yield Finding(what, OK, "its model server answers")


def _port(settings: Settings, reach: Callable[[str], object]) -> Finding:
    where = f"{settings.host}:{settings.gateway_port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.gateway_port))
        except OSError as error:
            found = f"{where} cannot be used: {error.strerror}"
        else:
            return Finding("gateway port", OK, f"{where} is free")
    try:
        reach(settings.gateway_uri)
    except Problem:
        fix = f"See who has it: lsof -i :{settings.gateway_port}; or choose another in gateway.uri."
        return Finding("gateway port", FAIL, found, fix)
    return Finding("gateway port", OK, f"a server answers on {where}")


def _python(python: str) -> Finding:
    try:
        check_python(python)
    except Unavailable as problem:
        fix = "pip install mlflow there, or name another Python in gateway.python."
        return Finding("model servers", FAIL, problem.message, fix)
    return Finding("model servers", OK, f"{python} has mlflow")
