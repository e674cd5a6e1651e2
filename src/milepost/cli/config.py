"""milepost config: what is set, where it comes from, and what could be."""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

import click

from milepost.cli.options import loaded, setting_options
from milepost.config import load_all, reference
from milepost.errors import Problem
from milepost.services.alerts import prometheus_rules

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def config() -> None:
    """The configuration: show it, check it, and get the files that go with it."""


@config.command()
@setting_options
@_json
@click.option("--all", "everything", is_flag=True, help="Show settings at their default too.")
def show(as_json: bool, everything: bool, **flags: Any) -> None:
    """Print each setting that was given, and where; secrets are masked."""
    rows = [row for row in reference.shown(loaded(flags)) if everything or row.source != "default"]
    if as_json:
        found = {row.name: {"value": row.value, "source": row.source} for row in rows}
        click.echo(json.dumps(found, indent=2))
        return
    for row in rows:
        value = row.value if isinstance(row.value, str) else json.dumps(row.value)
        click.echo(f"{row.name:28} {value}  [{row.source}]")


@config.command()
@setting_options
@_json
def check(as_json: bool, **flags: Any) -> None:
    """Say everything that is wrong. Exit code 1 if anything is, 0 if the server would start."""
    errors: list[str] = []
    warnings: list[str] = []
    try:
        warnings = load_all(os.environ, flags).warnings
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


@config.command()
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


@config.command()
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
