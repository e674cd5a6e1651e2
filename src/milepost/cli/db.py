"""milepost db: the database itself."""

from __future__ import annotations

from typing import Any

import click

from milepost.cli.options import existing, loaded, store_options
from milepost.cli.output import emit, json_option, not_well, pairs, progress, size, table
from milepost.config.settings import masked_uri
from milepost.store import inspect
from milepost.store.db import open_dialect


@click.group()
def db() -> None:
    """The database: its schema, its soundness, its size."""


@db.command()
@json_option
@store_options
def upgrade(as_json: bool, **flags: Any) -> None:
    """Bring the schema to the one of this release.

    Servers of the release before may go on meanwhile. Run again after it was interrupted, it goes
    on where it was.

    \b
    Example:
      milepost db upgrade --backend-store-uri postgresql://mlflow@db/mlflow
    """
    uri = loaded(flags).settings.store_uri
    dialect = open_dialect(uri)
    before = inspect.schema(dialect).current
    statements = inspect.upgrade(dialect)
    after = inspect.schema(dialect).current
    data = {"from": before, "to": after, "statements": statements}
    done = f"upgraded from {before}" if statements else "nothing to do"
    emit(data, f"{masked_uri(uri)}: schema {after}, {done}", as_json=as_json)


@db.command(short_help="Look for damage and rows that belong to nothing.")
@json_option
@store_options
def check(as_json: bool, **flags: Any) -> None:
    """Look for damage: the database's own check, and rows that contradict each other.

    Exit code 3 if anything is found, or the schema is not this release's.

    \b
    Example:
      milepost db check --data-dir /var/lib/milepost
    """
    uri = existing(flags).store_uri
    dialect = open_dialect(uri)
    state = inspect.schema(dialect)
    found: list[str] = []
    if state.restoring:
        found.append("a restore was cut short; run the same `milepost backup restore` again")
    elif state.current < state.wanted:
        found.append(f"schema {state.current}, wanted {state.wanted}: run `milepost db upgrade`")
    elif state.current > state.wanted:
        found.append(f"schema {state.current} is of a newer release, this one knows {state.wanted}")
    else:
        with progress("Checking", inspect.CHECKS, quiet=as_json) as advance:
            found += inspect.faults(dialect, advance)
    emit(
        {"database": masked_uri(uri), "schema": state, "problems": found},
        "\n".join([f"Problem: {line}" for line in found]) or f"{masked_uri(uri)}: sound",
        as_json=as_json,
    )
    if found:
        not_well()


@db.command()
@json_option
@store_options
def stats(as_json: bool, **flags: Any) -> None:
    """Rows and size of every table.

    \b
    Example:
      milepost db stats --json | jq .bytes
    """
    uri = existing(flags).store_uri
    dialect = open_dialect(uri)
    tables = inspect.stats(dialect)
    total = inspect.total_bytes(dialect)
    state = inspect.schema(dialect)

    def text() -> str:
        head = [
            ("database", f"{masked_uri(uri)} ({dialect.name} {inspect.server_version(dialect)})"),
            ("schema", state.current),
            ("size", size(total)),
        ]
        rows = [(t.name, t.rows, None if t.bytes is None else size(t.bytes)) for t in tables]
        return pairs(head) + "\n\n" + table(("table", "rows", "size"), rows)

    emit(
        {"database": masked_uri(uri), "schema": state, "bytes": total, "tables": tables},
        text,
        as_json=as_json,
    )
