"""milepost auth: the user who may sign in, and what a server says of it when it starts."""

from __future__ import annotations

import os
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import click

from milepost.app import open_access
from milepost.cli.options import loaded, store_options
from milepost.cli.output import emit, json_option
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.errors import Conflict, NotFound
from milepost.store import inspect

_MLFLOWS_FILE = "MLFLOW_AUTH_CONFIG_PATH"


def settle(settings: Settings) -> None:
    """Have the user of the settings there before the server starts, and say what can only be said
    now: the password that was made up."""
    with closing(open_access(settings)) as access:
        settled = access.settle(settings.auth_username, settings.auth_password)
    name = settings.auth_username
    if settled.generated:
        click.echo(f"  user       {name}, password {settled.generated}")
        click.echo("             Shown only this once. For another: milepost auth reset")
    elif settled.outcome == "changed":
        before = f" (was {settled.renamed})" if settled.renamed else ", with a new password"
        click.echo(f"  user       {name}{before}")
    else:
        click.echo(f"  user       {name}")
    _warn(settings)


def _warn(settings: Settings) -> None:
    if not _is_loopback(settings.host):
        click.echo(
            f"Warning: passwords travel in the clear to http://{settings.host}:{settings.port}."
            " Let a proxy with HTTPS stand in front, and nothing else reach this port.",
            err=True,
        )
    if os.environ.get(_MLFLOWS_FILE):
        click.echo(
            f"Warning: {_MLFLOWS_FILE} has no effect. Say auth.admin_username, auth.admin_password"
            " and auth.database_uri in the configuration file.",
            err=True,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@click.group()
def auth() -> None:
    """The user who may sign in, where the server asks for a password."""


@auth.command(short_help="Make a new password and print it.")
@json_option
@store_options
def reset(as_json: bool, **flags: Any) -> None:
    """Make a new password for the user of the settings and print it.

    Running servers take it within ten seconds, and no longer the one before. Where the settings
    give the password, change it there and start the server again.

    \b
    Example:
      milepost auth reset --config milepost.yaml
    """
    found = loaded(flags)
    settings = found.settings
    if settings.auth_password:
        raise Conflict(
            f"The password is given by {found.sources['auth_password']}: change it there and start"
            " the server again."
        )
    if not inspect.is_there(settings.users_uri):
        raise NotFound(
            f"There is no database at {masked_uri(settings.users_uri)}. Name yours with"
            " --backend-store-uri or --data-dir."
        )
    with closing(open_access(settings)) as access:
        password = access.reset(settings.auth_username)
    data = {"user": settings.auth_username, "password": password}
    emit(data, f"user {data['user']}, password {password}", as_json=as_json)
