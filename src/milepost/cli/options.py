"""The options that settings are given by, made from the table of settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Any

import click

from milepost.config import Loaded, Settings, load_all
from milepost.config.field import kinds, meta
from milepost.config.settings import masked_uri
from milepost.errors import NotFound
from milepost.store import inspect

Command = Callable[..., None]


def config_options(command: Command) -> Command:
    """--config and --env, for every command that reads settings."""
    command = click.option(
        "--env", help="Section of the configuration file to use.  [env: ENVIRONMENT]"
    )(command)
    return click.option(
        "--config",
        type=click.Path(),
        help="Configuration file.  [env: MILEPOST_CONFIG]  [default: ./milepost.yaml, if there]",
    )(command)


def setting_options(command: Command) -> Command:
    """One option for each setting that has one, so that help and settings cannot drift apart."""
    for item in reversed(fields(Settings)):
        if meta(item).flag:
            command = _option(item)(command)
    return config_options(command)


def store_options(command: Command) -> Command:
    """The options that say where the data is, for commands that work on it without a server."""
    wanted = {"backend_store_uri", "artifacts_destination", "default_artifact_root", "data_dir"}
    for item in reversed(fields(Settings)):
        if item.name in wanted:
            command = _option(item)(command)
    return config_options(command)


def _option(item: Field[Any]) -> Callable[[Command], Command]:
    kind = kinds(Settings)[item.name]
    name = "--" + item.name.replace("_", "-")
    shown = f"{meta(item).help}  [env: {meta(item).env[0]}]"
    if kind is bool:
        return click.option(f"{name}/--no-{name[2:]}", default=None, help=shown)
    if item.default not in ("", None):
        shown += f"  [default: {item.default}]"
    names = (name, *meta(item).also.split(), item.name)
    return click.option(*names, type=str if meta(item).duration else kind, default=None, help=shown)


def loaded(flags: Mapping[str, Any]) -> Loaded:
    """The settings for a command: warnings go to stderr, and what the file sets in the environment
    is set for the libraries that look there."""
    found = load_all(os.environ, flags)
    for warning in found.warnings:
        click.echo(f"Warning: {warning}", err=True)
    found.export(os.environ)
    return found


def existing(flags: Mapping[str, Any]) -> Settings:
    """The settings for a command that needs a database to be there, and must not make one."""
    settings = loaded(flags).settings
    if not inspect.is_there(settings.store_uri):
        raise NotFound(
            f"There is no database at {masked_uri(settings.store_uri)}. Name yours with"
            " --backend-store-uri or --data-dir."
        )
    return settings
