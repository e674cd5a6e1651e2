"""The `milepost` command."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from milepost import __version__
from milepost.cli.auth import auth
from milepost.cli.backup import backups
from milepost.cli.config import config
from milepost.cli.db import db
from milepost.cli.doctor import doctor
from milepost.cli.gc import gc, retention
from milepost.cli.lists import experiments, models, runs
from milepost.cli.server import server
from milepost.cli.status import info, logs, open_, status
from milepost.cli.transfer import export, import_
from milepost.errors import Problem


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="milepost")
def milepost() -> None:
    """A drop-in MLflow server: tracking, registry, artifacts."""


COMMANDS = (
    server, config, status, info, open_, logs, doctor, experiments, models, runs, backups, db,
    export, import_, gc, retention, auth,
)  # fmt: skip
for command in COMMANDS:
    milepost.add_command(command)


def main() -> None:
    """Run the command; a Problem, or a file that cannot be read or written, becomes one line on
    stderr and exit status 1."""
    try:
        milepost()
    except Problem as problem:
        _end(problem.message)
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _end(reason: str) -> NoReturn:
    click.echo(f"Error: {reason}", err=True)
    sys.exit(1)
