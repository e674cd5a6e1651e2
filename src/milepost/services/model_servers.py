"""Keeps the gateway's own model servers: one for each route, whatever happens to it. One process of
a server does this for all; how the others find them is in services/serving.py."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from milepost.config import Settings
from milepost.config.blocks import GatewayRoute
from milepost.config.field import meta
from milepost.domain.serving import Target
from milepost.errors import Problem, Unavailable
from milepost.services.kept_route import KeptRoute, Patience, Server
from milepost.services.model_files import ModelFiles
from milepost.services.rounds import Round
from milepost.services.serving import link_of, note_of, own, python_of
from milepost.store.db import Store
from milepost.upstreams.scoring import ModelServer

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.2
_STOP_SECONDS = 5.0
_OURS = ("MILEPOST_", "PYTHONHOME")


class Keeper:
    """The model servers of one machine; started by the server, not by a command."""

    def __init__(self, settings: Settings, store: Store, files: ModelFiles) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._kept: list[tuple[str, KeptRoute]] = []
        self._rounds: list[Round] = []

    def start(self) -> None:
        """Begin to keep the servers of the settings."""
        routes = own(self._settings)
        if not routes:
            return
        for number, route in routes:
            folder = Path(self._settings.gateway_folder)
            link, note = link_of(folder, number), note_of(folder, number)
            link.unlink(missing_ok=True)
            patience = Patience(
                self._settings.gateway_load_timeout,
                route.timeout or self._settings.gateway_timeout,
                self._settings.slow_model_load,
            )
            launch = partial(self._launch, route, number)
            self._kept.append((route.model_uri, KeptRoute(route, link, note, launch, patience)))
        self._rounds = [
            Round("gateway", self._settings.gateway_refresh, self._look),
            Round("model-servers", _TICK_SECONDS, self._tick),
        ]

    def _look(self) -> None:
        """Find out what each route means now. While the database is away, all stays as it is."""
        for uri, kept in self._kept:
            try:
                target = self._store.read(self._files.target, uri)
            except Unavailable:
                raise
            except Problem as problem:
                kept.want(None, problem.message)
            else:
                kept.want(target)

    def _tick(self) -> None:
        for _, kept in self._kept:
            kept.tick()

    def _launch(self, route: GatewayRoute, number: int, target: Target, start: int) -> Server:
        folder = Path(self._settings.gateway_folder)
        files = folder / f"{number}-{start}.files"
        try:
            model = self._files.fetch(target, files)
            return ModelServer(
                python_of(self._settings), model, folder / f"{number}-{start}", files,
                environment(self._settings, route), _logging(route.name),
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(files, ignore_errors=True)
            raise

    def close(self) -> None:
        """End every model server. Done before, or never started, is done."""
        for each in self._rounds:
            each.close()
        servers = [server for _, kept in self._kept for server in kept.close()]
        self._kept, self._rounds = [], []
        for server in servers:
            server.leave()
        give_up = monotonic() + _STOP_SECONDS
        while monotonic() < give_up and not all(server.ended() for server in servers):
            sleep(0.05)
        for server in servers:
            server.kill()


def environment(
    settings: Settings, route: GatewayRoute, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The variables of a model server: those of this process, but nothing that is for Milepost
    alone, such as the password of its database. A model is a program that somebody logged."""
    ours = {name for item in fields(Settings) for name in meta(item).env}
    kept = {n: v for n, v in environ.items() if n not in ours and not n.startswith(_OURS)}
    # MLflow's own limit counts the body in as well: ours is to come first.
    timeout = (route.timeout or settings.gateway_timeout) + settings.request_timeout
    return {
        **kept,
        "MLFLOW_TRACKING_URI": settings.tracking_uri or settings.local_url,
        "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": f"{max(1, round(timeout))}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONUNBUFFERED": "1",
    }


def _logging(route: str) -> Callable[[str], None]:
    return partial(log.info, "gateway route %s: model server: %s", route)
