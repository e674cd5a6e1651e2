"""Searching the registry."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from milepost.domain import search as grammar
from milepost.domain.registry import ModelVersion, RegisteredModel
from milepost.domain.search import Grammar, parse_filter, parse_order
from milepost.services.search import Page, page_of
from milepost.store.registry import models, versions
from milepost.store.registry import search as found
from milepost.store.tx import Tx


class RegistrySearch(Struct, frozen=True):
    """What to look for, in what order, and which part of the result."""

    filter: str
    order_by: Sequence[str]
    limit: int
    offset: int


class ModelSearch:
    """The search verbs of the registry."""

    def models(self, tx: Tx, query: RegistrySearch) -> Page[RegisteredModel]:
        """A page of models; by name unless ordered. Prompts only if the filter asks for them."""
        page = page_of(
            found.find_models(tx, _parsed(query, grammar.MODELS)), query.limit, query.offset
        )
        return Page(models.whole(tx, page.items), page.next_token)

    def versions(self, tx: Tx, query: RegistrySearch) -> Page[ModelVersion]:
        """A page of versions, without aliases; last changed first unless ordered."""
        page = page_of(
            found.find_versions(tx, _parsed(query, grammar.VERSIONS)), query.limit, query.offset
        )
        return Page(versions.whole(tx, page.items), page.next_token)


def _parsed(query: RegistrySearch, words: Grammar) -> found.Query:
    return found.Query(
        parse_filter(query.filter, words),
        parse_order(query.order_by, words),
        query.limit + 1,
        query.offset,
    )
