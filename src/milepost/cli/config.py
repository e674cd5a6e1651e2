"""milepost config: what is set, where it comes from, and what could be."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import click

from milepost.app import artifact_stores
from milepost.cli.options import loaded, setting_options
from milepost.config import Loaded, load_all, reference
from milepost.errors import Problem
from milepost.services.alerts import prometheus_rules
from milepost.store.db import open_dialect

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="Show, check and explain the configuration.")
def config() -> None:
    """The configuration: show it, check it, and get the files that go with it."""


@config.command(short_help="Each setting in effect, and where it was given.")
@setting_options
@_json
@click.option("--given", is_flag=True, help="Leave out what is at its default.")
def show(as_json: bool, given: bool, **flags: Any) -> None:
    """Print each setting in effect, and where it was given; secrets are masked.

    \b
    Examples:
      milepost config show --config milepost.yaml
      milepost config show --given --json
    """
    rows = reference.shown(loaded(flags))
    rows = [row for row in rows if row.source != reference.DEFAULT or not given]
    if as_json:
        found = {row.name: {"value": row.value, "source": row.source} for row in rows}
        click.echo(json.dumps(found, indent=2))
        return
    for row in rows:
        value = row.value if isinstance(row.value, str) else json.dumps(row.value)
        click.echo(f"{row.name:28} {value}  [{row.source}]")


@config.command(short_help="Everything that is wrong with it.")
@setting_options
@_json
def check(as_json: bool, **flags: Any) -> None:
    """Say everything that is wrong: exit code 1. Whether database and artifact store answer is for
    `milepost doctor` to say.

    \b
    Example:
      milepost config check --config milepost.yaml --env production
    """
    errors: list[str] = []
    warnings: list[str] = []
    try:
        found = load_all(os.environ, flags)
        warnings = found.warnings
        errors = list(_unusable(found))
    except Problem as problem:
        errors = problem.message.splitlines()
    if as_json:
        answer = {"ok": not errors, "errors": errors, "warnings": warnings}
        click.echo(json.dumps(answer, indent=2))
    else:
        for line in errors:
            click.echo(f"Error: {line}")
        for line in warnings:
            click.echo(f"Warning: {line}")
        if not errors:
            click.echo("The configuration is fine.")
    if errors:
        raise SystemExit(1)


def _unusable(found: Loaded) -> Iterator[str]:
    """Kinds of database and artifact store that there are none of; nobody is asked for it."""
    settings = found.settings
    place = settings.artifacts_uri if settings.serve_artifacts else settings.artifact_root
    openers: dict[str, Callable[[], object]] = {
        "backend_store_uri": lambda: open_dialect(settings.store_uri),
        "artifact_store": lambda: artifact_stores(settings).at(place),
    }
    for name, opened in openers.items():
        try:
            opened()
        except Problem as problem:
            yield f"{found.sources.get(name, reference.DEFAULT)}: {name}: {problem.message}"


@config.command(short_help="The environment of a training machine, as shell exports.")
@setting_options
@_json
def env(as_json: bool, **flags: Any) -> None:
    """Print the environment of a training machine, for `eval "$(milepost config env)"`."""
    found = reference.exports(loaded(flags).settings, os.environ)
    if as_json:
        click.echo(json.dumps(dict(found), indent=2))
        return
    for name, value in found:
        click.echo(f"export {name}={shlex.quote(value)}")


@config.command(short_help="A commented file with every setting at its default.")
def example() -> None:
    """Print a file with every setting at its default, with comments."""
    click.echo(reference.example(), nl=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    click.echo(json.dumps(reference.schema(), indent=2))


@config.command("reference")
def page() -> None:
    """Print the reference of all settings, in Markdown."""
    click.echo(reference.page(), nl=False)


@config.command()
@setting_options
def rules(**flags: Any) -> None:
    """Print the alerts as rules for Prometheus."""
    click.echo(prometheus_rules(loaded(flags).settings), nl=False)
