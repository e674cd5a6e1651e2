"""Runs the ASGI application with uvicorn until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from milepost.app import build
from milepost.config import Settings
from milepost.errors import Problem, Unavailable
from milepost.http import logs
from milepost.http.asgi import Handler
from milepost.http.protocol import Protocol
from milepost.http.server import Server
from milepost.services.serving import gateway_folder, own
from milepost.services.telemetry import metrics_folder
from milepost.store.db import open_dialect, probe

log = logging.getLogger(__name__)

_BACKLOG = 2048
_PAUSE_SECONDS = 1.0
# A worker that is starved for less must not be killed with its requests; one that dies just as the
# supervisor asks it is only missed after so long.
_WORKER_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75  # longer than load balancers keep theirs, so that they hang up first


@dataclass(frozen=True)
class _Factory:
    """Makes the application inside a worker process; picklable, unlike the application."""

    settings: Settings

    def __call__(self) -> Handler:
        logs.set_up(self.settings)
        _wait_for_database(self.settings)
        server = Server(self.settings)
        try:
            server.open()
        except Unavailable as problem:
            log.warning("a worker starts anew: %s", problem.message)
            os._exit(1)  # the supervisor starts another
        except Problem as problem:
            log.error("a worker cannot start: %s", problem.message)
            os._exit(STARTUP_FAILURE)
        return server


def _wait_for_database(settings: Settings) -> None:
    """Return when the database answers. It did when the server began, so it comes back; a worker
    that takes the place of another must not end the server because of it."""
    dialect = open_dialect(settings.store_uri, connect_seconds=settings.client_connect_timeout)
    # Not uvicorn's handler, which only makes a note for a loop that does not run yet.
    before = signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    told = False
    while True:
        try:
            probe(dialect)
            break
        except Unavailable as problem:
            if not told:
                log.warning("a worker waits for the database: %s", problem.message)
            told = True
            time.sleep(_PAUSE_SECONDS)
    signal.signal(signal.SIGTERM, before)


def serve(settings: Settings) -> None:
    """Listen and serve; returns after an orderly stop (Ctrl-C or SIGTERM, requests drained).

    Raises a Problem when the port is taken or the store cannot be opened.
    """
    listening = [_listen(settings.host, settings.port, "choose another with --port")]
    if settings.gateway_port:
        other = "choose another in gateway.uri"
        listening.append(_listen(settings.host, settings.gateway_port, other))
    with metrics_folder(settings) as settings, gateway_folder(settings) as settings:
        _serve(settings, listening)


def _serve(settings: Settings, listening: list[socket.socket]) -> None:
    app = _opened(settings)
    config = uvicorn.Config(
        app,
        factory=isinstance(app, _Factory),
        workers=settings.workers,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.shutdown_timeout),
        timeout_worker_healthcheck=_WORKER_SECONDS,
    )
    server = uvicorn.Server(config)
    if settings.workers == 1:
        # After an orderly stop uvicorn raises the signal once more, for whoever handled it before;
        # with nobody there this function returns and the command ends with 0.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.run(sockets=listening)
    else:
        workers = Multiprocess(config, listening)
        with _keeping(settings):
            workers.run()
        if any(worker.exitcode == STARTUP_FAILURE for worker in workers.processes):
            raise Unavailable("A worker process could not start; its log line says why.")


def _opened(settings: Settings) -> Server | _Factory:
    """What uvicorn runs. The store is opened here in any case, so that what is wrong with it is
    one line for whoever started the server, and not a trace from each worker."""
    if settings.workers > 1:
        build(settings).close()
        return _Factory(settings)
    server = Server(settings)
    server.open()
    server.app.keeper.start()
    return server


@contextmanager
def _keeping(settings: Settings) -> Iterator[None]:
    """Keep the model servers here, so that there is one for each route and not one for each worker,
    and none ends with a worker."""
    if not own(settings):
        yield
        return
    logs.set_up(settings)
    with closing(build(settings)) as app:
        app.keeper.start()
        yield


def _listen(host: str, port: int, other: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {host}:{port}: {error.strerror}."
            f" Stop what is using the port, or {other}."
        ) from None
    listening.listen(_BACKLOG)
    listening.set_inheritable(True)
    return listening
