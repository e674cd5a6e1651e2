"""MLflow's API for commands: of a running server, or in this process on the database itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import click
import msgspec

from milepost.app import App, build
from milepost.cli.options import existing
from milepost.errors import NotFound
from milepost.mlflow_api.endpoint import Call
from milepost.mlflow_api.table import ENDPOINTS
from milepost.upstreams.tracking import TrackingServer

_BASE = "/api/2.0/"


class Api(Protocol):
    """Calls of MLflow's API that read."""

    place: str
    """Whom is asked."""

    def call(self, method: str, path: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a call; `path` below /api/2.0/."""


class Remote:
    """A running server."""

    def __init__(self, url: str) -> None:
        self._server = TrackingServer(url)
        self.place = self._server.url

    def call(self, method: str, path: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the server."""
        answer: dict[str, Any] = self._server.call(method, _BASE + path, message)
        return answer


class Direct:
    """The same rows of the same table, without a server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.place = "the database"

    def call(self, method: str, path: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """Answer as the server would."""
        row = next((e for e in ENDPOINTS if (e.method, e.path) == (method, path)), None)
        if row is None or row.mode != "read":
            raise NotFound(f"{method} {path} cannot be answered without a server.")
        request = row.parse(Call({}, msgspec.json.encode(message), {}))
        result = self._app.store.read(partial(row.call, self._app), request)
        answer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(row.dump(result)))
        return answer


url_option = click.option(
    "--url", default=lambda: _server_of(os.environ.get("MLFLOW_TRACKING_URI", "")),
    help="Ask this running server instead of the database.  [env: MLFLOW_TRACKING_URI, if http]",
)  # fmt: skip


def _server_of(uri: str) -> str:
    return uri if is_web(uri) else ""


def is_web(uri: str) -> bool:
    """Whether a tracking URI is the address of a server."""
    return uri.startswith(("http://", "https://"))


@contextmanager
def api(url: str, flags: Mapping[str, Any]) -> Iterator[Api]:
    """The server at `url`, or without one the database of the settings."""
    if url:
        yield Remote(url)
        return
    app = build(existing(flags))
    try:
        yield Direct(app)
    finally:
        app.close()


def pages(
    ask: Callable[[Mapping[str, Any]], dict[str, Any]],
    message: Mapping[str, Any],
    items: str,
    limit: int,
) -> list[dict[str, Any]]:
    """Up to `limit` items over as many pages as it takes."""
    found: list[dict[str, Any]] = []
    token = ""
    while len(found) < limit:
        more = {"page_token": token} if token else {}
        answer = ask({**message, **more, "max_results": min(1000, limit - len(found))})
        found += answer.get(items, [])
        token = answer.get("next_page_token", "")
        if not token:
            break
    return found
