"""Searching logged models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from milepost.domain.logged_models import ModelStatus
from milepost.domain.search import Node, Order
from milepost.store import keys
from milepost.store.conditions import Subject, condition
from milepost.store.logged_models import COLUMNS
from milepost.store.tx import Tx, marks

_STATUS = " ".join(
    f"WHEN {int(s)} THEN '{s.name.removeprefix('LOGGED_MODEL_').removeprefix('UPLOAD_')}'"
    for s in ModelStatus
)
_NEWEST = "l.created DESC, l.uuid"


class MeasuredOn(NamedTuple):
    """A data set that metrics may have been measured on; None is any."""

    name: str | None
    digest: str | None


class ModelOrder(NamedTuple):
    """A key to sort by, for a metric perhaps as measured on one data set."""

    order: Order
    dataset: MeasuredOn | None


class Query(NamedTuple):
    """A search over the models of some experiments. Data sets restrict what metrics count, and
    every model found has a metric on one of them."""

    experiments: Sequence[int]
    filter: Node | None
    datasets: Sequence[MeasuredOn]
    order: Sequence[ModelOrder]
    limit: int
    offset: int


def search(tx: Tx, query: Query) -> Sequence[Sequence[Any]]:
    """Rows of logged_models.COLUMNS; newest first unless ordered."""
    if not query.experiments:
        return []
    on = _on(tx, query.datasets) if query.datasets else ""
    where = condition(tx, query.filter, _subject(on))
    measured = (
        f" AND EXISTS (SELECT 1 FROM logged_model_metrics x WHERE x.model_id = l.id{on})"
        if query.datasets
        else ""
    )
    columns, terms, keyed = _ordering(tx, query.order)
    return tx.rows(
        f"SELECT {COLUMNS} FROM (SELECT l.*{columns} FROM logged_models l"
        f" WHERE l.experiment_id IN ({marks(query.experiments)}) AND l.lifecycle = 0{measured}"
        f" AND ({where.text})) l ORDER BY {', '.join([*terms, _NEWEST])} LIMIT ? OFFSET ?",
        (*keyed, *query.experiments, *where.parameters, query.limit, query.offset),
    )


def _on(tx: Tx, datasets: Sequence[MeasuredOn]) -> str:
    """The condition that a metric was measured on one of the data sets, with their ids in it."""
    ids: list[int] = []
    for dataset in datasets:
        told = [(c, v) for c, v in zip(("name", "digest"), dataset, strict=True) if v is not None]
        tests = " AND ".join(f"{column} = ?" for column, _ in told)
        ids += [
            int(row[0])
            for row in tx.rows(
                f"SELECT id FROM logged_model_datasets WHERE {tests}", [v for _, v in told]
            )
        ]
    return f" AND x.dataset_id IN ({','.join(map(str, ids))})" if ids else " AND 1=0"


def _subject(on: str) -> Subject:
    return Subject(
        attributes={
            "name": "l.name",
            "model_id": "l.uuid",
            "model_type": "l.model_type",
            "source_run_id": "l.source_run",
            "status": f"CASE l.status {_STATUS} END",
            "status_message": "l.status_message",
            "experiment_id": "l.experiment_id",
            "artifact_location": "l.artifact_uri",
            "lifecycle_stage": "'active'",
            "creation_timestamp": "l.created",
            "last_updated_timestamp": "l.updated",
        },
        nullable=frozenset({"status_message"}),
        keyed={
            "metric": f"logged_model_metrics x WHERE x.model_id = l.id AND x.key_id = ?{on}",
            "param": "logged_model_params x WHERE x.model_id = l.id AND x.key_id = ?",
            "tag": "logged_model_tags x WHERE x.model_id = l.id AND x.key_id = ?",
        },
        value={("metric", "last"): "x.value", ("param", ""): "x.value", ("tag", ""): "x.value"},
    )


def _ordering(tx: Tx, order: Sequence[ModelOrder]) -> tuple[str, list[str], list[int]]:
    """Columns to add, ORDER BY terms, and the parameters of the columns. A metric orders by its
    last point in time; models without one come last in both directions."""
    columns, terms, keyed = "", [], []
    attributes = _subject("").attributes
    for i, (o, dataset) in enumerate(order):
        direction = "ASC" if o.ascending else "DESC"
        if o.entity == "attribute":
            terms.append(f"{attributes[o.key]} {direction}")
            continue
        key = keys.find(tx, [o.key]).get(o.key)
        if key is None:
            continue  # no model has it, so it orders nothing
        on = _on(tx, [dataset]) if dataset is not None else ""
        columns += (
            ", (SELECT x.value FROM logged_model_metrics x WHERE x.model_id = l.id"
            f" AND x.key_id = ? AND x.nan = 0{on} ORDER BY x.ts DESC, x.step DESC LIMIT 1) o{i}"
        )
        keyed.append(key)
        terms += [f"CASE WHEN l.o{i} IS NULL THEN 1 ELSE 0 END", f"l.o{i} {direction}"]
    return columns, terms, keyed
