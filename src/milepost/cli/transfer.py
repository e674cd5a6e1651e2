"""milepost export and import: experiments out of this store and into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from milepost.app import App, build
from milepost.blobs.stores import Options, Stores
from milepost.cli.options import existing, loaded, store_options
from milepost.cli.output import emit, json_option, not_well, pairs, progress, size, table
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.errors import NotFound
from milepost.services import archive
from milepost.services.locations import Locations
from milepost.services.transfer.compare import Comparer, Comparison
from milepost.services.transfer.files import Files
from milepost.services.transfer.folder import FORMAT, Folder
from milepost.services.transfer.here import Here
from milepost.services.transfer.load import Loader, Report
from milepost.services.transfer.mlflow_database import MlflowDatabase
from milepost.services.transfer.mlflow_server import MlflowServer
from milepost.services.transfer.mlruns import Mlruns
from milepost.services.transfer.save import export as save
from milepost.services.transfer.source import Source
from milepost.store.mlflow_tables import MlflowTables
from milepost.upstreams.tracking import TrackingServer

_DATABASE = re.compile(r"(sqlite|postgres|postgresql|mysql|mariadb)(\+\w+)?://")

experiment_option = click.option(
    "--experiment", "names", multiple=True, metavar="NAME",
    help="Only the experiment of this name; may be given more than once.",
)  # fmt: skip


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[App, Files, Here]]:
    app = build(settings)
    try:
        files = Files(app.stores, app.locations.resolved)
        yield app, files, Here(app.store, files)
    finally:
        app.close()


@click.command(short_help="Write whole experiments into a folder or archive.")
@experiment_option
@click.option(
    "--output", required=True, type=click.Path(path_type=Path),
    help="Folder or .tar.gz to write.",
)  # fmt: skip
@click.option("--artifacts/--no-artifacts", default=True, help="Copy the artifacts too.")
@json_option
@store_options
def export(
    names: tuple[str, ...], output: Path, artifacts: bool, as_json: bool, **flags: Any
) -> None:
    """Write experiments with everything in them into a folder or archive.

    Killed and run again it goes on where it was; run again after it finished it brings the folder
    up to date.

    \b
    Examples:
      milepost export --experiment my-experiment --output ./export/
      milepost export --output everything.tar.gz --no-artifacts
    """
    with _opened(existing(flags)) as (_, _, here):
        total = sum(count for _, count in here.experiments(names))
        with progress("Exporting", total, quiet=as_json) as advance:
            done = save(here, names, output, artifacts=artifacts, advance=advance)
    emit(
        done,
        f"{done.path}: {done.experiments} experiments, {done.runs} runs, {done.points} points,"
        f" {done.artifacts} artifacts ({size(done.bytes)}), {done.registered_models} registered"
        " models",
        as_json=as_json,
    )


@contextmanager
def _source(place: str, artifacts_from: str) -> Iterator[Source]:
    """What an import reads from. The operator may name any place of this machine."""
    stores = Stores(Options(["/"]))
    locations = Locations(artifacts_from, artifacts_from)
    files = Files(stores, locations.resolved)
    if _DATABASE.match(place):
        tables = MlflowTables(place)
        yield MlflowDatabase(tables, files, masked_uri(place))
        tables.close()
    elif place.startswith(("http://", "https://")):
        yield MlflowServer(TrackingServer(place))
    else:
        path = Path(place)
        if not path.exists():
            raise NotFound(f"There is no {path}.")
        if archive.is_packed(path) or (path / archive.ABOUT).exists():
            with archive.opened(path, FORMAT) as opened:
                yield Folder(opened)
        else:
            yield Mlruns(path, files)


@click.command("import", short_help="Take over experiments: an export, or MLflow and its data.")
@click.argument("source")
@experiment_option
@click.option(
    "--artifacts", type=click.Choice(["copy", "keep"]), default="copy", show_default=True,
    help="copy: fetch them into this server's store. keep: leave them where they are, and let runs"
    " point there.",
)  # fmt: skip
@click.option(
    "--artifacts-from", default="mlartifacts", metavar="URI", show_default=True,
    help="Where the server whose database SOURCE is kept what it served itself"
    " (mlflow-artifacts:/); its --artifacts-destination.",
)  # fmt: skip
@click.option("--verify/--no-verify", default=True, help="Compare everything afterwards.")
@json_option
@store_options
def import_(
    source: str,
    names: tuple[str, ...],
    artifacts: str,
    artifacts_from: str,
    verify: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Take over experiments with everything in them: ids, times and users stay as they are.

    SOURCE is an export of Milepost (folder or .tar.gz), an MLflow database (its URI; it is only
    read), a running MLflow server (its URL), or an mlruns folder.

    What is here already is left alone, so an import that was killed is simply run again. Experiment
    ids change only where they are taken; experiments of the same name become one. Exit code 3 if
    the comparison afterwards finds a difference.

    \b
    Examples:
      milepost import ./export/
      milepost import sqlite:///mlflow.db --artifacts-from ./mlartifacts
      milepost import postgresql://mlflow@db/mlflow --artifacts keep
      milepost import http://mlflow.internal:5000 --experiment churn
      milepost import ./mlruns
    """
    copy = artifacts == "copy"
    compared = None
    settings = loaded(flags).settings
    with _opened(settings) as (app, files, here), _source(source, artifacts_from) as there:
        total = sum(count for _, count in there.experiments(names))
        loader = Loader(app.store, app.locations, files, copy=copy)
        with progress("Importing", total, quiet=as_json) as advance:
            report = loader.load(there, names, advance)
        if verify:
            with progress("Comparing", total, quiet=as_json) as advance:
                compared = Comparer(there, here, artifacts=copy).compare(names, advance)
    emit(
        {"source": there.name, "imported": report, "comparison": compared},
        lambda: _text(report, compared),
        as_json=as_json,
    )
    if compared is not None and compared.differences:
        not_well()


def _text(report: Report, compared: Comparison | None) -> str:
    head = ("experiment", "id", "was", "runs", "already here", "points", "artifacts", "size")
    rows = [
        (e.name, e.id, e.source_id, e.runs, e.already_there, e.points, e.artifacts, size(e.bytes))
        for e in report.experiments
    ]
    parts = [table(head, rows)]
    parts.append(
        f"{report.registered_models} registered models, {report.model_versions} new versions"
    )
    if report.ignored:
        what = ", ".join(f"{count} {kind}" for kind, count in sorted(report.ignored.items()))
        parts.append(f"Not taken over, as there is no place for it: {what}")
    if compared is not None:
        counts = [(n.replace("_", " "), getattr(compared.counts, n))
                  for n in compared.counts.__struct_fields__]  # fmt: skip
        parts.append(f"Compared with the source:\n{pairs(counts)}")
        parts += [f"Difference: {line}" for line in compared.differences]
        if compared.more:
            parts.append(f"... and {compared.more} more")
        if not compared.differences:
            parts.append("Everything is here, as it was.")
    return "\n\n".join(parts)
