"""Runs the ASGI application with uvicorn until it is told to stop."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import uvicorn
from uvicorn.supervisors import Multiprocess

from milepost.config import Settings
from milepost.errors import Unavailable
from milepost.http.asgi import Handler
from milepost.http.server import Server

_BACKLOG = 2048


@dataclass(frozen=True)
class _Factory:
    """Makes the application inside a worker process; picklable, unlike the application."""

    settings: Settings

    def __call__(self) -> Handler:
        return Server(self.settings)


def serve(settings: Settings) -> None:
    """Listen and serve; returns after an orderly stop (Ctrl-C or SIGTERM, requests drained)."""
    listening = _listen(settings)
    config = uvicorn.Config(
        _Factory(settings),
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        timeout_graceful_shutdown=int(settings.shutdown_timeout),
    )
    server = uvicorn.Server(config)
    if settings.workers == 1:
        server.run(sockets=[listening])
    else:
        Multiprocess(config, [listening]).run()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
            " Stop what is using the port, or choose another with --port."
        ) from None
    listening.listen(_BACKLOG)
    listening.set_inheritable(True)
    return listening
