"""milepost server: run the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from milepost.cli.auth import settle
from milepost.cli.options import loaded, setting_options
from milepost.errors import Invalid
from milepost.http.run import serve
from milepost.http.server import describe

_OTHER_SERVERS = ("gunicorn", "uvicorn", "waitress")


def _mlflow_options(command: Callable[..., None]) -> Callable[..., None]:
    """MLflow's flags that mean nothing here: a script with them still starts, and is told."""
    for name in reversed(_OTHER_SERVERS):
        command = click.option(f"--{name}-opts", hidden=True)(command)
    return click.option("--app-name", hidden=True)(command)


def _tell(flags: dict[str, Any]) -> None:
    for name in _OTHER_SERVERS:
        if flags.pop(f"{name}_opts") is not None:
            click.echo(
                f"Warning: --{name}-opts has no effect: Milepost is its own server. It has"
                " --workers, --request-timeout and more, see milepost server --help",
                err=True,
            )


def _guard(flags: dict[str, Any]) -> None:
    """MLflow's way of switching passwords on."""
    app = flags.pop("app_name")
    if app is None:
        return
    if app != "basic-auth":
        raise Invalid(
            f"--app-name {app}: this server runs no plug-ins of MLflow's. It asks for passwords"
            " itself with --app-name basic-auth; for anything else put a proxy in front that does"
            " it, and leave the flag away."
        )
    if flags["auth_enabled"] is False:
        raise Invalid("--app-name basic-auth and --no-auth-enabled contradict each other.")
    flags["auth_enabled"] = True


# -h is --host here, as in MLflow.
@click.command(context_settings={"help_option_names": ["--help"]})
@_mlflow_options
@setting_options
def server(**flags: Any) -> None:
    """Run the server. Without options: on 127.0.0.1:5000, with its data in ./milepost-data."""
    _tell(flags)
    _guard(flags)
    settings = loaded(flags).settings
    if not settings.enabled:
        click.echo("Milepost is switched off (MLFLOW_ENABLED or `enabled` says false).")
        return
    click.echo(describe(settings))
    if settings.auth_enabled:
        settle(settings)
    serve(settings)
    click.echo("Stopped.")
