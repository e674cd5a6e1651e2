"""milepost doctor: what is wrong, and what to do about it."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from milepost.app import artifact_stores
from milepost.cli.options import loaded, setting_options
from milepost.cli.output import emit, json_option, not_well
from milepost.config import Settings
from milepost.errors import Unavailable
from milepost.services.doctor import Doctor
from milepost.services.machine import FAIL, WARN
from milepost.store.db import open_dialect
from milepost.upstreams.tracking import TrackingServer

_CLIENT = re.compile(r'^mlflow_client_requests_total\{[^}]*client="([^"]+)"', re.MULTILINE)
_MARKS = {FAIL: "FAIL", WARN: "warn"}


@click.command()
@json_option
@setting_options
def doctor(as_json: bool, **flags: Any) -> None:
    """Find what is wrong with this machine, and how to mend it.

    Looks at port, tracking URI, database, schema, clock, artifact store (by writing, reading and
    deleting a probe), credentials, disk, proxy and TLS variables, and the clients seen.

    Each finding comes with its fix. Exit code 3 if any is a failure; warnings alone give 0.

    \b
    Examples:
      milepost doctor --config milepost.yaml
      milepost doctor --json | jq '.[] | select(.state != "ok")'
    """
    settings = loaded(flags).settings
    found = list(
        Doctor(
            settings,
            lambda: open_dialect(settings.store_uri),
            lambda: artifact_stores(settings).at(settings.artifacts_uri),
            lambda: _clients(settings),
            lambda url: TrackingServer(url, timeout=5).ask("/health"),
            os.environ,
        ).findings()
    )

    def text() -> str:
        lines = []
        for finding in found:
            mark = _MARKS.get(finding.state, " ok ")
            lines.append(f"[{mark}] {finding.check}: {finding.found}")
            if finding.fix:
                lines.append(f"       fix: {finding.fix}")
        return "\n".join(lines)

    emit(found, text, as_json=as_json)
    if any(finding.state == FAIL for finding in found):
        not_well()


def _clients(settings: Settings) -> list[str] | None:
    """The client releases that the running server has seen; None if none runs. Raises
    Unauthenticated where it asks for a password."""
    server = TrackingServer(settings.local_url, timeout=2)
    try:
        server.ask("/health")
        _, text = server.ask("/metrics")
    except Unavailable:
        return None
    return sorted(set(_CLIENT.findall(text)) - {"other"})
