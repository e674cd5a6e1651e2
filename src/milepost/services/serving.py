"""The routes of the gateway, as each process that forwards requests sees them.

Model servers of our own are kept by one process (services/model_servers.py). It tells the others
through a folder: for the route number N a symbolic link `N` to the socket of the server that
answers now, and a note `N.json` on how it is doing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from milepost.breaker import Breaker, Breakers
from milepost.config import Settings
from milepost.config.blocks import GatewayRoute
from milepost.domain.serving import Served
from milepost.errors import Invalid, NotFound, Unavailable
from milepost.services.health import Part
from milepost.upstreams.base import Address, at_url, ping
from milepost.upstreams.scoring import check_python

_PREFIX = "milepost-gateway-"
_MOST_SOCKET_PATH = 100
"""Bytes that the path of a Unix socket may have everywhere, less some."""


class Absent(Unavailable):
    """A route has no model server now."""


@dataclass(frozen=True, slots=True)
class Route:
    """A name in the gateway's URLs, and the model server behind it."""

    name: str
    model_uri: str
    timeout: float
    """Seconds the model may take."""

    address: Address
    breaker: Breaker
    note: Path | None
    """Where its keeper says how it is doing; None where somebody else keeps it."""

    def served(self) -> Served:
        """How it is doing."""
        if self.note is None:
            return Served(self.name, self.model_uri, "external", self.model_uri)
        try:
            return msgspec.json.decode(self.note.read_bytes(), type=Served)
        except FileNotFoundError:
            return Served(self.name, self.model_uri, "waiting")

    def absent(self) -> Absent:
        """The Problem where there is nothing to connect to."""
        served = self.served()
        why = f": {served.problem}" if served.problem else ""
        return Absent(f"The gateway route {self.name} has no model server ({served.state}{why})")

    def probe(self, seconds: float) -> None:
        """Raises Unavailable unless its model server answers."""
        if self.address.socket and not os.path.exists(self.address.socket):
            raise self.absent()
        ping(self.address, seconds)


class Serving:
    """The routes of a server; none where the gateway is off."""

    def __init__(self, settings: Settings, breakers: Breakers) -> None:
        configured = settings.gateway_routes if settings.gateway_enabled else ()
        self.routes: dict[str, Route] = {}
        for number, route in enumerate(configured):
            note = None if route.server else note_of(Path(settings.gateway_folder), number)
            self.routes[route.name] = Route(
                route.name,
                route.model_uri,
                route.timeout or settings.gateway_timeout,
                _address(route, Path(settings.gateway_folder), number),
                breakers.of(f"gateway route {route.name}"),
                note,
            )

    def route(self, name: str) -> Route:
        """The route of that name. Raises NotFound."""
        found = self.routes.get(name)
        if found is None:
            raise NotFound(f"The gateway has no route '{name}'.")
        return found

    def parts(self, seconds: float) -> list[Part]:
        """What the health monitor looks at. A model server that answers a ping may still answer no
        request, so that this closes no breaker."""
        return [
            Part(
                route.breaker.name,
                partial(route.probe, seconds),
                route.breaker,
                needed=False,
                proves=False,
            )
            for route in self.routes.values()
        ]


def _address(route: GatewayRoute, folder: Path, number: int) -> Address:
    return at_url(route.server) if route.server else Address(str(link_of(folder, number)))


def link_of(folder: Path, number: int) -> Path:
    """The socket of a route's model server."""
    return folder / str(number)


def note_of(folder: Path, number: int) -> Path:
    """The note about a route's model server."""
    return folder / f"{number}.json"


def own(settings: Settings) -> Sequence[tuple[int, GatewayRoute]]:
    """(number, route) for the routes whose model servers are ours to keep."""
    routes = settings.gateway_routes if settings.gateway_enabled else ()
    return [(number, route) for number, route in enumerate(routes) if not route.server]


def python_of(settings: Settings) -> str:
    """The Python that runs model servers."""
    return settings.gateway_python or sys.executable


@contextmanager
def gateway_folder(settings: Settings) -> Iterator[Settings]:
    """The settings with a folder for model servers, where they need one. Nobody else may look into
    it: whoever reaches a socket may ask the model. Raises Unavailable where no Python is there to
    run them with."""
    if not own(settings):
        yield settings
        return
    check_python(python_of(settings))
    _sweep(Path(tempfile.gettempdir()))
    folder = _made(settings.gateway_folder)
    claim = _claimed(folder)
    if claim is None:
        raise Unavailable(f"gateway.folder: another server uses {folder}; choose another.")
    try:
        _empty(folder)
        yield replace(settings, gateway_folder=str(folder))
    finally:
        _empty(folder)
        if not settings.gateway_folder:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(claim)


def _made(name: str) -> Path:
    parent = Path(name or tempfile.gettempdir()).absolute()
    longest = parent / ("" if name else f"{_PREFIX}12345678") / "999-99999"
    if len(os.fsencode(longest)) > _MOST_SOCKET_PATH:
        raise Invalid(f"gateway.folder: {parent} is too long a path for sockets; choose another.")
    if not name:
        return Path(tempfile.mkdtemp(prefix=_PREFIX))
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    parent.chmod(0o700)
    return parent


def _claimed(folder: Path) -> int | None:
    """The lock of a folder, which ends with its holder; None where another has it. What cleans up
    temporary files passes by a folder that is locked."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _empty(folder: Path) -> None:
    """Remove what a server that was killed left: sockets, notes, copies of models."""
    for path in folder.glob("[0-9]*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sweep(temporary: Path) -> None:
    """Remove the folders of servers that were killed: copies of models take up room."""
    for folder in temporary.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's
            claim = _claimed(folder)
            if claim is not None:
                # One without anything in it may have been made this moment.
                if any(folder.iterdir()):
                    shutil.rmtree(folder, ignore_errors=True)
                os.close(claim)
