"""What the operator's commands print, and the exit codes that scripts can rely on.

0 done, all well. 1 it failed (the reason is on standard error). 2 wrong usage. 3 it ran, and found
something that is not well: the server is down, a check failed, a copy differs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
import msgspec

NOT_WELL = 3

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def emit(data: Any, text: Callable[[], str] | str, *, as_json: bool) -> None:
    """Print `data` as JSON, or the text for people."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2))
    else:
        click.echo(text if isinstance(text, str) else text())


def not_well() -> NoReturn:
    """End the command with the exit code that says: it ran, and not all is well."""
    sys.exit(NOT_WELL)


@contextmanager
def progress(label: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where that is a terminal; yields how to advance it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    if total == 0:  # not known beforehand
        click.echo(f"{label} ...", err=True)
        yield lambda _: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield bar.update


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows in columns, numbers to the right."""
    if not rows:
        return "(none)"
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    right = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]
    lines = []
    for row in (list(head), *cells):
        parts = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)


def pairs(data: Sequence[tuple[str, Any]]) -> str:
    """Names and values, one pair a line."""
    width = max((len(name) for name, _ in data), default=0)
    return "\n".join(f"{name.ljust(width)}  {_cell(value)}" for name, value in data)


def when(milliseconds: int | None) -> str | None:
    """A time for people, in UTC."""
    if milliseconds is None:
        return None
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def size(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
