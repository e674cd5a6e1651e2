"""milepost backup: copies of everything, and back."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from milepost.app import artifact_stores
from milepost.blobs.stores import Spot
from milepost.cli.options import existing, loaded, store_options
from milepost.cli.output import emit, json_option, not_well, pairs, progress, table, when
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.errors import Exists, NotFound
from milepost.services import archive, backup
from milepost.store import inspect
from milepost.store.db import open_dialect

folder_option = click.option(
    "--folder", type=click.Path(path_type=Path), envvar="MILEPOST_BACKUP_FOLDER",
    help="Folder of the backups.  [env: MILEPOST_BACKUP_FOLDER]  [default: backups, in the data"
    " folder]",
)  # fmt: skip


@click.group("backup")
def backups() -> None:
    """Copies of the database and, on wish, the artifacts; and back."""


def _spot(settings: Settings, wanted: bool) -> Spot | None:
    return artifact_stores(settings).at(settings.artifacts_uri) if wanted else None


def _folder(settings: Settings, folder: Path | None) -> Path:
    return folder or Path(settings.data_dir) / "backups"


@backups.command()
@click.option(
    "--output", type=click.Path(path_type=Path),
    help="Folder or .tar.gz to write. Default: backup-DATE-TIME in the folder of the backups.",
)  # fmt: skip
@click.option("--artifacts/--no-artifacts", default=False, help="Copy the artifacts too.")
@folder_option
@json_option
@store_options
def create(
    output: Path | None, artifacts: bool, folder: Path | None, as_json: bool, **flags: Any
) -> None:
    """Copy the whole database as it is at this moment. The server may run meanwhile.

    Killed and run again with the same --output it goes on: with the database as it was then, if
    that was copied whole, and with the artifacts that are not there yet.

    \b
    Examples:
      milepost backup create
      milepost backup create --artifacts --output /backups/milepost.tar.gz
    """
    settings = existing(flags)
    target = output or _folder(settings, folder) / backup.default_name()
    if not backup.is_free(target):
        raise Exists(f"{target} is there already; a backup never overwrites another.")
    target.parent.mkdir(parents=True, exist_ok=True)
    dialect = open_dialect(settings.store_uri)
    rows = sum(table.rows for table in inspect.stats(dialect))
    source = backup.Source(dialect, _spot(settings, artifacts), _identity(settings))
    with progress("Backing up", rows, quiet=as_json) as advance:
        made = backup.create(source, target, advance)

    def text() -> str:
        ago = f" as of {when(made.started)} UTC, which was cut short" if made.continued else ""
        return f"{made.path}: {made.rows} rows, {made.artifacts} artifacts{ago}"

    emit(made, text, as_json=as_json)


def _identity(settings: Settings) -> str:
    """Tells one database and its artifacts from others, and nothing of how to get in there."""
    places = f"{masked_uri(settings.store_uri)} {settings.artifacts_uri} {Path.cwd()}"
    return sha256(places.encode()).hexdigest()[:16]


@backups.command("list")
@folder_option
@json_option
@store_options
def list_(folder: Path | None, as_json: bool, **flags: Any) -> None:
    """The backups in the folder, the oldest first."""
    if folder and not folder.is_dir():
        raise NotFound(f"There is no folder {folder}.")
    found = backup.found_in(_folder(loaded(flags).settings, folder))

    def text() -> str:
        rows = [
            (b.name, when(b.started), b.database, b.rows, b.artifacts,
             "complete" if b.finished else "cut short")
            for b in found
        ]  # fmt: skip
        return table(("name", "started (UTC)", "from", "rows", "artifacts", "state"), rows)

    emit(found, text, as_json=as_json)


def _source(settings: Settings, folder: Path | None, name: Path) -> Path:
    """A backup by path, or by name in the folder of the backups."""
    inside = _folder(settings, folder) / name
    return inside if not name.exists() and inside.exists() else name


@backups.command(short_help="Read a backup whole, against its hashes and counts.")
@click.argument("name", type=click.Path(path_type=Path))
@folder_option
@json_option
@store_options
def verify(name: Path, folder: Path | None, as_json: bool, **flags: Any) -> None:
    """Read a backup whole: every file against its hash, every table against its count.

    Exit code 3 if anything is wrong.
    """
    path = _source(loaded(flags).settings, folder, name)
    with archive.opened(path, backup.FORMAT) as opened:
        total = sum(max(1, line.rows) for line in opened.lines(""))
        with progress("Verifying", total, quiet=as_json) as advance:
            faults = list(backup.faults(opened, advance))
    emit(
        {"path": str(path), "problems": faults},
        "\n".join(f"Problem: {fault}" for fault in faults) or f"{path}: all there, as it was",
        as_json=as_json,
    )
    if faults:
        not_well()


@backups.command()
@click.argument("name", required=False, type=click.Path(path_type=Path))
@click.option("--from", "source", type=click.Path(path_type=Path), help="The same as NAME.")
@click.option(
    "--artifacts/--no-artifacts", default=True,
    help="Copy artifacts back too, where the backup has them.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace everything that is in the database.")
@folder_option
@json_option
@store_options
def restore(
    name: Path | None,
    source: Path | None,
    artifacts: bool,
    force: bool,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Fill an empty database, of any kind, from a backup. Stop the servers of that database first.

    Killed and run again it goes on where it was.

    \b
    Example, from SQLite to PostgreSQL:
      milepost backup create --output before-the-move
      milepost backup restore before-the-move --backend-store-uri postgresql://mlflow@db/mlflow
    """
    chosen = name or source
    if chosen is None:
        raise click.UsageError("Which backup? Name it, or see `milepost backup list`.")
    settings = loaded(flags).settings
    path = _source(settings, folder, chosen)
    with archive.opened(path, backup.FORMAT) as opened:
        total = sum(max(1, line.rows) for line in opened.lines(""))
        with progress("Restoring", total, quiet=as_json) as advance:
            done = backup.restore(
                opened,
                open_dialect(settings.store_uri),
                _spot(settings, artifacts),
                advance,
                force=force,
            )
    head = [
        ("database", masked_uri(settings.store_uri)),
        ("rows", done.rows),
        ("artifacts", done.artifacts),
        ("continued", "yes" if done.continued else "no"),
    ]
    emit(done, pairs(head), as_json=as_json)
