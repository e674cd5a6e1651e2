"""Health over HTTP: alive, ready, and every part in detail."""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec
from msgspec import Struct

from milepost import __version__
from milepost.breaker import Breakers, State
from milepost.domain.serving import Served
from milepost.http.asgi import JSON, TEXT, Handler, Receive, Scope, Send, respond
from milepost.services.health import Health, Report
from milepost.services.serving import Serving


class HealthReply(Struct):
    """health/details: the parts by their names, the breakers of all that was talked to, and the
    routes of the gateway"""

    status: Literal["OK", "DEGRADED", "DOWN"]
    version: str
    parts: dict[str, Report]
    breakers: dict[str, State]
    gateway: dict[str, Served]


def ready(health: Health) -> Handler:
    """GET /health/ready: 200 if requests can be served, else 503 and why."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        missing = await asyncio.to_thread(health.ready)
        if missing:
            lines = "\n".join(f"{report.name}: {report.problem}" for report in missing)
            await respond(send, 503, TEXT, lines.encode())
        else:
            await respond(send, 200, TEXT, b"OK")

    return handle


def details(health: Health, breakers: Breakers, serving: Serving) -> Handler:
    """GET /health/details: each part, whether it answers and how fast, and its breaker; the
    breakers of all that this process has talked to, receivers of webhooks included; and which model
    each route of the gateway serves."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        reports = await asyncio.to_thread(health.reports)
        fine = all(report.ok for report in reports)
        usable = all(report.ok for report in reports if report.needed)
        answer = HealthReply(
            status="OK" if fine else "DEGRADED" if usable else "DOWN",
            version=__version__,
            parts={report.name: report for report in reports},
            breakers=breakers.states(),
            gateway={name: route.served() for name, route in serving.routes.items()},
        )
        await respond(send, 200 if usable else 503, JSON, msgspec.json.encode(answer))

    return handle
