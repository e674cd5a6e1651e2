"""Searching: filter and order texts in, pages out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from milepost.domain import search as grammar
from milepost.domain.search import decode_page_token, encode_page_token, parse_filter, parse_order
from milepost.domain.tracking import DatasetSummary, Experiment, Run, ViewType
from milepost.store import conditions, datasets, experiments, run_search, runs
from milepost.store.tx import Tx

T = TypeVar("T")


MOST_DATASETS = 1000


class ExperimentSearch(Struct, frozen=True):
    """Which experiments, in what order, and which part of the result."""

    filter: str
    order_by: Sequence[str]
    view: ViewType
    limit: int
    offset: int


class RunSearch(Struct, frozen=True):
    """Which runs of which experiments, in what order, and which part of the result."""

    experiments: Sequence[int]
    filter: str
    order_by: Sequence[str]
    view: ViewType
    limit: int
    page_token: str = ""


class Page(Struct, Generic[T], frozen=True):
    """Part of a result and the token of the next part, if there is one."""

    items: list[T]
    next_token: str | None


def page_of(items: Sequence[T], limit: int, offset: int) -> Page[T]:
    """The first `limit` of items that were read one ahead."""
    more = len(items) > limit
    return Page(list(items[:limit]), encode_page_token(offset + limit) if more else None)


class Search:
    """The search verbs of tracking."""

    def experiments(self, tx: Tx, query: ExperimentSearch) -> Page[Experiment]:
        """A page of experiments; newest first unless ordered."""
        where = conditions.condition(
            tx, parse_filter(query.filter, grammar.EXPERIMENTS), conditions.EXPERIMENTS
        )
        found = experiments.search(
            tx,
            where,
            query.view.stages(),
            _experiment_order(query.order_by),
            query.limit + 1,
            query.offset,
        )
        return page_of(found, query.limit, query.offset)

    def runs(self, tx: Tx, query: RunSearch) -> Page[Run]:
        """A page of runs with their data; newest first unless ordered."""
        offset = decode_page_token(query.page_token)
        rows = run_search.search(
            tx,
            run_search.Query(
                query.experiments,
                query.view.stages(),
                parse_filter(query.filter, grammar.RUNS),
                parse_order(query.order_by, grammar.RUNS),
                query.limit + 1,
                offset,
            ),
        )
        page = page_of(rows, query.limit, offset)
        return Page(runs.with_data(tx, page.items), page.next_token)

    def datasets(self, tx: Tx, experiment_ids: Sequence[int]) -> list[DatasetSummary]:
        """The data sets of some experiments, at most 1000 as in MLflow."""
        return datasets.summaries(tx, experiment_ids, MOST_DATASETS)


def _experiment_order(order_by: Sequence[str]) -> list[str]:
    order = parse_order(order_by, grammar.EXPERIMENTS)
    if not order:
        return ["e.created DESC", "e.id ASC"]
    terms = [
        f"{conditions.EXPERIMENTS.attributes[o.key]} {'ASC' if o.ascending else 'DESC'}"
        for o in order
    ]
    return terms if any(o.key == "experiment_id" for o in order) else [*terms, "e.id DESC"]
