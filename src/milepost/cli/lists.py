"""milepost experiments, models and runs: what there is, from a server or the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from milepost.cli.api import Api, api, pages, url_option
from milepost.cli.options import store_options
from milepost.cli.output import emit, json_option, table, when
from milepost.errors import NotFound

limit_option = click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True,
                            help="The most to list.")  # fmt: skip
filter_option = click.option("--filter", "where", default="", help="Only what matches, in MLflow's"
                             " search language.")  # fmt: skip
order_option = click.option("--order-by", multiple=True, metavar="FIELD [ASC|DESC]",
                            help="May be given more than once.")  # fmt: skip
view_option = click.option(
    "--view", type=click.Choice(["active", "deleted", "all"]), default="active", show_default=True,
    help="Which stages of life to list.",
)  # fmt: skip
_VIEWS = {"active": "ACTIVE_ONLY", "deleted": "DELETED_ONLY", "all": "ALL"}


def _message(where: str, order_by: Sequence[str], **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"filter": where} if where else {}
    if order_by:
        message["order_by"] = list(order_by)
    return message | more


@click.command()
@view_option
@filter_option
@order_option
@limit_option
@url_option
@json_option
@store_options
def experiments(
    view: str, where: str, order_by: tuple[str, ...], limit: int, url: str, as_json: bool,
    **flags: Any,
) -> None:  # fmt: skip
    """List experiments.

    \b
    Examples:
      milepost experiments
      milepost experiments --filter "name LIKE 'churn%'" --json
      milepost experiments --url http://mlflow:5000 --view all
    """
    message = _message(where, order_by, view_type=_VIEWS[view])
    with api(url, flags) as asked:
        found = pages(
            lambda m: asked.call("POST", "mlflow/experiments/search", m), message, "experiments",
            limit,
        )  # fmt: skip
    head = ("id", "name", "stage", "updated (UTC)", "artifacts")
    rows = [
        (e["experiment_id"], e["name"], e["lifecycle_stage"], when(e.get("last_update_time")),
         e.get("artifact_location", ""))
        for e in found
    ]  # fmt: skip
    emit(found, lambda: table(head, rows), as_json=as_json)


@click.command()
@filter_option
@order_option
@limit_option
@url_option
@json_option
@store_options
def models(
    where: str, order_by: tuple[str, ...], limit: int, url: str, as_json: bool, **flags: Any
) -> None:
    """List registered models.

    \b
    Examples:
      milepost models
      milepost models --filter "name LIKE 'fraud%'" --json
    """
    with api(url, flags) as asked:
        found = pages(
            lambda m: asked.call("GET", "mlflow/registered-models/search", m),
            _message(where, order_by), "registered_models", limit,
        )  # fmt: skip
    head = ("name", "latest versions", "aliases", "updated (UTC)")
    rows = [
        (
            m["name"],
            ", ".join(
                f"{v['version']} ({v['current_stage']})" for v in m.get("latest_versions", [])
            ),
            ", ".join(f"{a['alias']}={a['version']}" for a in m.get("aliases", [])),
            when(m.get("last_updated_timestamp")),
        )
        for m in found
    ]
    emit(found, lambda: table(head, rows), as_json=as_json)


@click.command(short_help="List the runs of experiments.")
@click.argument("experiment", nargs=-1)
@click.option("--metric", "metrics", multiple=True, help="Show the last value of this metric.")
@click.option("--param", "params", multiple=True, help="Show this param.")
@view_option
@filter_option
@order_option
@limit_option
@url_option
@json_option
@store_options
def runs(
    experiment: tuple[str, ...],
    metrics: tuple[str, ...],
    params: tuple[str, ...],
    view: str,
    where: str,
    order_by: tuple[str, ...],
    limit: int,
    url: str,
    as_json: bool,
    **flags: Any,
) -> None:
    """List the runs of experiments, by their names or ids; without one, of all experiments.

    \b
    Examples:
      milepost runs my-experiment --metric accuracy --order-by "metrics.accuracy DESC" --limit 10
      milepost runs 1 2 --filter "params.lr = '0.1'" --json
    """
    with api(url, flags) as asked:
        message = _message(
            where, order_by, experiment_ids=_ids(asked, experiment), run_view_type=_VIEWS[view]
        )
        found = pages(lambda m: asked.call("POST", "mlflow/runs/search", m), message, "runs", limit)
    head = ("run", "name", "experiment", "status", "started (UTC)", "user", *metrics, *params)
    rows = [_row(run, metrics, params) for run in found]
    emit(found, lambda: table(head, rows), as_json=as_json)


def _row(run: dict[str, Any], metrics: Sequence[str], params: Sequence[str]) -> list[Any]:
    info, data = run["info"], run.get("data", {})
    last = {m["key"]: m["value"] for m in data.get("metrics", [])}
    text = {p["key"]: p["value"] for p in data.get("params", [])}
    return [
        info["run_id"], info.get("run_name", ""), info["experiment_id"], info["status"],
        when(info.get("start_time")), info.get("user_id", ""),
        *(last.get(key) for key in metrics), *(text.get(key) for key in params),
    ]  # fmt: skip


def _ids(asked: Api, wanted: Sequence[str]) -> list[str]:
    if wanted and all(one.isdecimal() for one in wanted):
        return list(wanted)
    message = {"view_type": "ALL"}
    found = pages(
        lambda m: asked.call("POST", "mlflow/experiments/search", m), message, "experiments", 10**6
    )
    by_name = {e["name"]: e["experiment_id"] for e in found}
    missing = [one for one in wanted if one not in by_name and one not in by_name.values()]
    if missing:
        raise NotFound(f"There is no experiment '{missing[0]}' in {asked.place}.")
    return [by_name.get(one, one) for one in wanted] or list(by_name.values())
