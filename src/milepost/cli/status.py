"""milepost status, info, open and logs: the server that is running, and how to reach it."""

from __future__ import annotations

import json
import shlex
import time
from collections import deque
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from milepost import __version__
from milepost.cli.api import is_web, url_option
from milepost.cli.options import loaded, setting_options
from milepost.cli.output import emit, json_option, not_well, pairs, size, when
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.errors import NotFound, Problem, Unauthenticated, Unavailable
from milepost.http.logs import as_object, log_path
from milepost.services import backup
from milepost.store import inspect
from milepost.store.db import open_dialect
from milepost.upstreams.tracking import TrackingServer

_PATIENCE_SECONDS = 5.0


def ask_server(url: str) -> dict[str, Any]:
    """What the server says of itself; `running` is False where none answers."""
    server = TrackingServer(url, timeout=_PATIENCE_SECONDS)
    try:
        alive, said = server.ask("/health")
        if alive != HTTPStatus.OK:
            raise Unavailable(f"{server.url}/health answers {alive}: {said[:200]}")
        found = _details(server)
    except Problem as problem:
        return {"url": server.url, "running": False, "problem": problem.message}
    return {"url": server.url, "running": True, "version": "unknown", **found}


def _details(server: TrackingServer) -> dict[str, Any]:
    """What is told to whoever may know it."""
    try:
        known, version = server.ask("/version")
        _, said = server.ask("/health/details")
    except Unauthenticated as problem:
        return {"problem": problem.message}
    found: dict[str, Any] = {"version": version} if known == HTTPStatus.OK else {}
    try:
        details = json.loads(said)
        found |= {name: details[name] for name in ("status", "parts", "breakers")}
        found["gateway"] = details.get("gateway", {})
    except (ValueError, KeyError, TypeError):
        pass  # MLflow itself has no details: it is alive, and more cannot be known
    return found


def _database(settings: Settings) -> dict[str, Any]:
    masked = masked_uri(settings.store_uri)
    if not inspect.is_there(settings.store_uri):
        return {"uri": masked, "reachable": False, "problem": "there is none yet"}
    try:
        patience = settings.health_check_timeout
        dialect = open_dialect(settings.store_uri, connect_seconds=patience)
        state = inspect.schema(dialect)
        counts = inspect.counts(dialect) if state.current == state.wanted else {}
        return {
            "uri": masked, "reachable": True, "schema": state.current, "wanted": state.wanted,
            "bytes": inspect.total_bytes(dialect), "counts": counts,
        }  # fmt: skip
    except Problem as problem:
        return {"uri": masked, "reachable": False, "problem": problem.message}


@click.command(short_help="Say whether the server is well, and what it holds.")
@url_option
@json_option
@setting_options
def status(url: str, as_json: bool, **flags: Any) -> None:
    """Say whether the server runs and is well, and what its database holds.

    Exit code 0 if it runs and is well, 3 if not.

    \b
    Examples:
      milepost status
      milepost status --url http://mlflow:5000 --json
    """
    settings = loaded(flags).settings
    server = ask_server(url or settings.local_url)
    data: dict[str, Any] = {"server": server}
    if not url:
        data["database"] = _database(settings)
        kept = [b for b in backup.found_in(Path(settings.data_dir) / "backups") if b.finished]
        data["last_backup"] = kept[-1] if kept else None
    emit(data, lambda: _text(data), as_json=as_json)
    if not server["running"] or server.get("status", "OK") == "DOWN":
        not_well()


def _text(data: dict[str, Any]) -> str:
    server = data["server"]
    rows = [("server", f"{server['url']}: {_state(server)}")]
    for name, part in server.get("parts", {}).items():
        found = f"ok, {part['seconds'] * 1000:.0f} ms" if part["ok"] else part["problem"]
        breaker = "" if part["breaker"] == "closed" else f", breaker {part['breaker']}"
        rows.append((f"  {name}", found + breaker + _served(server, name)))
    database = data.get("database")
    if database and not database["reachable"]:
        rows.append(("database", f"{database['uri']}: {database['problem']}"))
    elif database:
        found = f"{database['uri']}, schema {database['schema']}, {size(database['bytes'])}"
        rows.append(("database", found))
        rows += [(f"  {noun}", count) for noun, count in database["counts"].items()]
    if "last_backup" in data:
        last = data["last_backup"]
        rows.append(("last backup", f"{when(last.started)} UTC" if last else "none"))
    return pairs(rows)


def _served(server: dict[str, Any], part: str) -> str:
    """What a part that is a route of the gateway serves."""
    route = server.get("gateway", {}).get(part.removeprefix("gateway route "), {})
    model = route.get("serving")
    return f", serving {model}" if model and part.startswith("gateway route ") else ""


def _state(server: dict[str, Any]) -> str:
    if not server["running"]:
        return f"not running ({server['problem']})"
    if "problem" in server:
        return f"running, but tells no more: {server['problem']}"
    return f"running, version {server['version']}, {server.get('status', 'OK')}"


@click.command(short_help="Print how to connect, and where the data is.")
@url_option
@json_option
@setting_options
def info(url: str, as_json: bool, **flags: Any) -> None:
    """Print how to connect: addresses, the variables a training machine needs, where data is.

    \b
    Example:
      milepost info
    """
    settings = loaded(flags).settings
    address = masked_uri(url or settings.local_url)
    # What training machines are told; the address is how this one reaches it.
    told = is_web(settings.tracking_uri) and not url
    public = masked_uri(settings.tracking_uri) if told else address
    data: dict[str, Any] = {
        "version": __version__,
        "url": address,
        "tracking_uri": public,
        "environment": _environment(public, settings),
        "health": f"{address}/health",
        "metrics": f"{address}/metrics" if settings.serves_metrics else None,
    }
    if not url:
        data |= {
            "backend_store": masked_uri(settings.store_uri),
            "artifact_root": settings.artifact_root,
            "artifacts_destination": settings.artifacts_uri,
        }
        if settings.gateway_enabled:
            data["gateway"] = _addresses(settings)
    rows = [
        (n.replace("_", " "), v) for n, v in data.items() if n not in ("environment", "gateway")
    ]
    rows += [(f"gateway route {name}", where) for name, where in data.get("gateway", {}).items()]
    exports = "\n".join(f"export {n}={shlex.quote(v)}" for n, v in data["environment"].items())
    emit(data, lambda: f"{pairs(rows)}\n\n{exports}", as_json=as_json)


def _environment(tracking_uri: str, settings: Settings) -> dict[str, str]:
    """What a training machine needs, but for the password, which is nothing to be shown."""
    found = {"MLFLOW_TRACKING_URI": tracking_uri}
    if settings.auth_enabled:
        found["MLFLOW_TRACKING_USERNAME"] = settings.auth_username
    return found


def _addresses(settings: Settings) -> dict[str, str]:
    """Where each route of the gateway is asked."""
    base, names = settings.gateway_address, [route.name for route in settings.gateway_routes]
    return {name: f"{base}/gateway/{name}/invocations" for name in names}


@click.command("open")
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
@url_option
@json_option
@setting_options
def open_(only_print: bool, url: str, as_json: bool, **flags: Any) -> None:
    """Open the pages of the server in a browser.

    \b
    Example:
      milepost open
    """
    address = (url or loaded(flags).settings.local_url).rstrip("/") + "/"
    opened = not only_print and click.launch(address) == 0
    emit({"url": address, "opened": opened}, address, as_json=as_json)


@click.command(short_help="Print the log of the server.")
@click.option("--follow", "-f", is_flag=True, help="Go on printing what is added.")
@click.option("--tail", "-n", type=click.IntRange(min=0), default=100, show_default=True,
              help="How many lines to begin with.")  # fmt: skip
@json_option
@setting_options
def logs(follow: bool, tail: int, as_json: bool, **flags: Any) -> None:
    """Print the server's log, which it keeps in the data folder besides standard error.

    With --json each line is a JSON object with time, level, logger, message and request_id,
    whether the server logs text or JSON.

    \b
    Examples:
      milepost logs
      milepost logs --follow --tail 20
      milepost logs --json | jq 'select(.level == "warning")'
    """
    shown = as_object if as_json else str
    path = log_path(loaded(flags).settings)
    try:
        log = path.open(errors="replace")
    except OSError as error:
        raise NotFound(
            f"{path}: {error.strerror}. The server writes there once it runs with this data folder;"
            " it always writes to standard error as well (docker logs, kubectl logs, journalctl)."
        ) from None
    with log:
        for line in deque(log, tail):
            click.echo(shown(line), nl=False)
        while follow:
            line = log.readline()
            if line:
                click.echo(shown(line), nl=False)
            else:
                time.sleep(0.2)
