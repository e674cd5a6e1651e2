"""milepost server: run the server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, get_type_hints

import click

from milepost.config import Settings, load
from milepost.http.run import serve
from milepost.http.server import describe


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """One option for each setting, so that help and settings cannot drift apart."""
    for item in reversed(fields(Settings)):
        command = _option(item)(command)
    return command


def _option(item: Field[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    kind = get_type_hints(Settings)[item.name]
    name = "--" + item.name.replace("_", "-")
    shown = f"{item.metadata['help']}  [env: {item.metadata['env'][0]}]"
    if kind is bool:
        return click.option(f"{name}/--no-{name[2:]}", default=None, help=shown)
    if item.default not in ("", None):
        shown += f"  [default: {item.default}]"
    return click.option(name, type=kind, default=None, help=shown)


@click.command()
@_options
def server(**flags: Any) -> None:
    """Run the server. Without options: on 127.0.0.1:5000, with its data in ./milepost-data."""
    settings = load(os.environ, flags)
    click.echo(describe(settings))
    serve(settings)
    click.echo("Stopped.")
