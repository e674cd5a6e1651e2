"""milepost gc and retention: what is deleted, and when it is gone for good."""

from __future__ import annotations

from typing import Any

import click

from milepost.app import App, build
from milepost.cli.options import existing, loaded, store_options
from milepost.cli.output import emit, json_option, not_well, pairs, progress, size, table
from milepost.config import Settings
from milepost.config.blocks import RetentionRule
from milepost.config.field import duration
from milepost.errors import NotFound
from milepost.services.gc import Collected, Collector, Selection
from milepost.services.retention import Retention
from milepost.store import gc as store_gc
from milepost.store import inspect, migrate


class Duration(click.ParamType[float]):
    """A stretch of time: 30d, 12h, 90m, 45s, or seconds."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Seconds."""
        try:
            return value if isinstance(value, float) else duration(value)
        except ValueError:
            self.fail(f"'{value}' is no duration: write 30d, 12h, 90m or seconds.", param, ctx)


@click.command(short_help="Remove for good what was deleted long enough ago.")
@click.option(
    "--older-than", type=Duration(), metavar="TIME",
    help="Only what was deleted longer ago: 30d, 12h, 0s.  [default: the setting gc.older_than]",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be removed, remove nothing.")
@click.option("--run", "--run-ids", "runs", multiple=True, metavar="ID[,ID]",
              help="Only these runs.")  # fmt: skip
@click.option(
    "--experiment", "--experiment-ids", "experiments", multiple=True, metavar="ID[,ID]",
    help="Only what is in these experiments, and the experiments themselves.",
)  # fmt: skip
@click.option("--model", "--logged-model-ids", "models", multiple=True, metavar="ID[,ID]",
              help="Only these logged models.")  # fmt: skip
@click.option(
    "--orphans", is_flag=True,
    help="Also remove folders of runs, models and experiments that this database does not know."
    " Not where another database uses the same artifact store.",
)  # fmt: skip
@click.option(
    "--keep-artifacts", is_flag=True,
    help="Remove the rows and leave the files, for stores this machine cannot reach.",
)  # fmt: skip
@click.option(
    "--give-back", is_flag=True,
    help="Then return the space to the operating system. SQLite rewrites its file for it.",
)  # fmt: skip
@json_option
@store_options
def gc(
    older_than: float | None,
    dry_run: bool,
    runs: tuple[str, ...],
    experiments: tuple[str, ...],
    models: tuple[str, ...],
    orphans: bool,
    keep_artifacts: bool,
    give_back: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Remove for good what was deleted: runs, experiments, logged and registered models; with
    --orphans also files that nobody owns.

    Files go first, then the rows, in batches: killed and run again it goes on. One at a time for
    each database. Exit code 3 if something could not be removed.

    \b
    Examples:
      milepost gc --dry-run
      milepost gc --older-than 0s --experiment 7
      milepost gc --older-than 30d --give-back
    """
    settings = existing(flags)
    seconds = settings.gc_older_than if older_than is None else older_than
    wanted = Selection(
        int(seconds * 1000), _split(runs), _numbers(experiments), _split(models),
        orphans=orphans, keep_artifacts=keep_artifacts, dry_run=dry_run,
    )  # fmt: skip
    app = build(settings)
    try:
        before = inspect.total_bytes(app.store.dialect)
        done, unknown, left = _collect(app, settings, wanted, quiet=as_json)
    finally:
        app.close()
    if give_back and not dry_run:
        tables = migrate.tables(migrate.wanted_version())
        store_gc.give_back(app.store.dialect, tables)
    after = inspect.total_bytes(app.store.dialect)
    for name in unknown:
        click.echo(f"Warning: there is no {name}, or no more.", err=True)
    for name in left:
        click.echo(f"Warning: {name} stays: not in the trash, or not for long enough.", err=True)
    data = {
        "collected": done, "unknown": unknown, "left": left, "database_bytes_before": before,
        "database_bytes_after": after,
    }  # fmt: skip
    emit(data, lambda: _text(done, before, after), as_json=as_json)
    if done.failures:
        not_well()


def _collect(
    app: App, settings: Settings, wanted: Selection, *, quiet: bool
) -> tuple[Collected, list[str], list[str]]:
    """What was collected; of what was named, what was not here before and what still is."""
    collector = Collector(app.store, app.locations, app.stores, settings.artifacts_uri)
    unknown = [name for name, here in collector.present(wanted).items() if not here]
    with progress("Collecting", collector.total(wanted), quiet=quiet) as advance:
        done = collector.collect(wanted, advance)
    named = {} if wanted.dry_run else collector.present(wanted)
    return done, unknown, [name for name, here in named.items() if here]


def _text(done: Collected, before: int, after: int) -> str:
    return pairs([
        ("would remove" if done.dry_run else "removed", ""),
        ("  runs", done.runs),
        ("  experiments", done.experiments),
        ("  logged models", done.models),
        ("  registered models", done.registered),
        ("  orphaned folders", done.orphans),
        ("  files", f"{done.files} ({size(done.bytes)})"),
        ("database", f"{size(before)} before, {size(after)} now"),
        *(("failed", line) for line in done.failures),
    ])  # fmt: skip


def _split(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _numbers(values: tuple[str, ...]) -> tuple[int, ...]:
    parts = _split(values)
    wrong = [part for part in parts if not (part.isascii() and part.isdecimal() and len(part) < 19)]
    if wrong:
        raise click.BadParameter(
            f"'{wrong[0]}' is no id of an experiment.", param_hint="--experiment"
        )
    return tuple(int(part) for part in parts)


@click.group()
def retention() -> None:
    """Rules by which runs go to the trash after a while."""


@retention.command()
@json_option
@store_options
def show(as_json: bool, **flags: Any) -> None:
    """The rules of the settings, and when they are applied."""
    settings = loaded(flags).settings
    names = ("experiment", "older_than", "tag", "keep_tag", "keep_top", "metric", "goal")
    rows = [[getattr(rule, name) or None for name in names] for rule in settings.retention]
    when = settings.gc_schedule if settings.gc_enabled else "never (gc.enabled is off)"
    data = {"schedule": when, "rules": settings.retention}
    emit(data, lambda: f"applied at: {when}\n\n{table(names, rows)}", as_json=as_json)


@retention.command()
@click.option("--dry-run", is_flag=True, help="Say which runs would go, move none.")
@click.option("--experiment", metavar="NAME", help="With a rule of its own, instead of those of"
              " the settings: the experiment, * for any characters.")  # fmt: skip
@click.option("--older-than", type=Duration(), default=0.0, metavar="TIME",
              help="Only runs that ended longer ago.")  # fmt: skip
@click.option("--tag", default="", metavar="KEY[=VALUE]", help="Only runs with this tag.")
@click.option("--keep-tag", default="", metavar="KEY[=VALUE]", help="Never runs with this tag.")
@click.option("--keep-top", type=click.IntRange(min=0), default=0, metavar="N",
              help="Keep the N best runs by --metric.")  # fmt: skip
@click.option("--metric", default="", help="The metric that says which runs are best.")
@click.option("--goal", type=click.Choice(["max", "min"]), default="max", show_default=True,
              help="Whether the best value is the largest or the smallest.")  # fmt: skip
@json_option
@store_options
def apply(
    dry_run: bool,
    experiment: str | None,
    older_than: float,
    tag: str,
    keep_tag: str,
    keep_top: int,
    metric: str,
    goal: str,
    as_json: bool,
    **flags: Any,
) -> None:
    """Move to the trash what the rules let go. `milepost gc` removes it later; until then it can be
    restored.

    \b
    Examples:
      milepost retention apply --dry-run
      milepost retention apply --experiment "tune-*" --older-than 90d --keep-top 10 --metric auc
    """
    if keep_top and not metric:
        raise click.UsageError("--keep-top needs --metric.")
    if experiment is None and (older_than or tag or keep_tag or keep_top or metric):
        raise click.UsageError("A rule of its own needs --experiment; '*' stands for all of them.")
    settings = existing(flags)
    rules = settings.retention
    if experiment is not None:
        rules = (RetentionRule(experiment, older_than, tag, keep_tag, keep_top, metric, goal),)
    app = build(settings)
    try:
        with progress("Applying", 0, quiet=as_json) as advance:
            done = Retention(app.store).apply(rules, dry_run=dry_run, advance=advance)
    finally:
        app.close()
    if experiment is not None and not done:
        raise NotFound(f"No experiment is called '{experiment}'.")
    what = "would go" if dry_run else "moved to the trash"
    rows = [(d.experiment, d.id, d.runs, d.kept) for d in done]
    emit(
        {"dry_run": dry_run, "experiments": done},
        lambda: table(("experiment", "id", what, "kept by a rule"), rows),
        as_json=as_json,
    )
