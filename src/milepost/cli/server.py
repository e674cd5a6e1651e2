"""milepost server: run the server."""

from __future__ import annotations

from typing import Any

import click

from milepost.cli.options import loaded, setting_options
from milepost.http.run import serve
from milepost.http.server import describe


# -h is --host here, as in MLflow.
@click.command(context_settings={"help_option_names": ["--help"]})
@setting_options
def server(**flags: Any) -> None:
    """Run the server. Without options: on 127.0.0.1:5000, with its data in ./milepost-data."""
    settings = loaded(flags).settings
    if not settings.enabled:
        click.echo("Milepost is switched off (MLFLOW_ENABLED or `enabled` says false).")
        return
    click.echo(describe(settings))
    serve(settings)
    click.echo("Stopped.")
