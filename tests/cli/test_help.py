"""What the commands say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from milepost.cli.main import milepost


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and group."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


ALL = list(commands(milepost))
WITHOUT_JSON = {
    (), ("server",), ("config",), ("db",), ("backup",), ("retention",), ("auth",),
    # what these print is a file of its own kind
    ("config", "example"), ("config", "schema"), ("config", "reference"), ("config", "rules"),
}  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help(path: tuple[str, ...]) -> None:
    """Each has one; each line of a list is whole; what is printed is there as JSON too."""
    done = CliRunner().invoke(milepost, [*path, "--help"])
    assert done.exit_code == 0
    usage, *lines = done.output.splitlines()
    assert usage.startswith(f"Usage: milepost {' '.join(path)}".rstrip())
    assert not any(line.endswith("...") for line in lines)
    assert ("--json" in done.output) == (path not in WITHOUT_JSON)
