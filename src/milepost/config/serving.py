"""The gateway: models that are served, and how."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from milepost.config.blocks import GatewayRoute
from milepost.config.field import setting, web_address
from milepost.config.model_uri import is_registered

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - names, no bind


@dataclass(frozen=True)
class Gateway:
    """What the gateway serves. It forwards requests to model servers: its own, or ones that run
    already."""

    gateway_enabled: bool = setting(
        False, "Serve models.", env="MILEPOST_GATEWAY_ENABLED", file="gateway.enabled"
    )
    gateway_uri: str = setting(
        "", env="MLFLOW_GATEWAY_URI", file="gateway.uri", rule=web_address,
        help="Where the gateway is reached. If it names this machine and another port than the"
        " server's, the gateway answers on that port too.",
    )  # fmt: skip
    gateway_routes: tuple[GatewayRoute, ...] = setting(
        (), "Models behind the gateway.", file="gateway.routes"
    )
    gateway_timeout: float = setting(
        60.0, env="MILEPOST_GATEWAY_TIMEOUT", file="gateway.timeout", duration=True, least=0.001,
        help="Time a model may take to answer, from the last byte of the request.",
    )  # fmt: skip
    gateway_python: str = setting(
        "", env="MILEPOST_GATEWAY_PYTHON", file="gateway.python",
        help="The Python that runs model servers: one with mlflow and with what the models import."
        " Default: the one that runs Milepost.",
    )  # fmt: skip
    gateway_load_timeout: float = setting(
        600.0, env="MILEPOST_GATEWAY_LOAD_TIMEOUT", file="gateway.load_timeout", duration=True,
        least=1, help="Time a model server may take to load its model.",
    )  # fmt: skip
    gateway_refresh: float = setting(
        5.0, env="MILEPOST_GATEWAY_REFRESH", file="gateway.refresh", duration=True, least=0.05,
        help="Time between two looks at which version a stage or alias means.",
    )  # fmt: skip
    gateway_folder: str = setting(
        "", env="MILEPOST_GATEWAY_FOLDER", file="gateway.folder",
        help="Folder for the sockets of the model servers, for the server alone."
        " Default: a temporary folder.",
    )  # fmt: skip


def extra_port(uri: str, host: str, port: int) -> int:
    """The port to open for the gateway besides the server's own; 0 for none."""
    if not uri:
        return 0
    parts = urlsplit(uri)
    here = parts.hostname in _THIS_MACHINE | {host, socket.gethostname().lower()}
    wanted = parts.port or 0
    return wanted if here and parts.scheme == "http" and wanted != port else 0


def gateway_faults(
    settings: Gateway, *, artifacts_only: bool, registry: bool
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(fields, what is wrong) where the gateway is switched on and cannot work."""
    names = [route.name for route in settings.gateway_routes]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield ("gateway_routes",), f"there are two routes named '{name}'"
    if not settings.gateway_enabled:
        return
    if artifacts_only:
        yield ("gateway_enabled", "artifacts_only"), "a server of artifacts only has no gateway"
    if not names:
        yield ("gateway_enabled", "gateway_routes"), "name at least one route under gateway.routes"
    for route in settings.gateway_routes:
        if not registry and not route.server and is_registered(route.model_uri):
            both = ("gateway_routes", "registry_enabled")
            yield both, f"{route.model_uri} is in the registry, which is switched off"
