"""Searching models and versions so that the cost follows the page.

A tag that few things have drives the query; otherwise the index of the order is walked and the
filter checked until the page is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from milepost.domain.registry import PROMPT_TAG
from milepost.domain.search import And, Compare, Node, Not, Or, Order
from milepost.store import keys
from milepost.store.conditions import Sql, Subject, condition
from milepost.store.registry import models, versions
from milepost.store.tx import Tx, marks

_FEW = 1000
_PROMPT = "is_prompt"

MODELS = Subject(
    attributes={
        "name": "m.name",
        "creation_timestamp": "m.created",
        "last_updated_timestamp": "m.updated",
        _PROMPT: "m.is_prompt",
    },
    keyed={"tag": "registered_model_tags x WHERE x.model_id = m.id AND x.key_id = ?"},
    value={("tag", ""): "x.value"},
)
VERSIONS = Subject(
    attributes={
        "name": "m.name",
        "version_number": "v.version",
        "run_id": "v.run_id",
        "source_path": "v.source",
        "creation_timestamp": "v.created",
        "last_updated_timestamp": "v.updated",
        _PROMPT: "v.is_prompt",
    },
    keyed={"tag": "model_version_tags x WHERE x.version_id = v.id AND x.key_id = ?"},
    value={("tag", ""): "x.value"},
)


class Query(NamedTuple):
    """Which things, in what order, which part of the result."""

    filter: Node | None
    order: Sequence[Order]
    limit: int
    offset: int


def find_models(tx: Tx, query: Query) -> Sequence[Sequence[Any]]:
    """Rows of models.COLUMNS; by name unless ordered."""
    terms = [*_terms(query.order, MODELS), "m.name"]
    where = _where(tx, query.filter, MODELS, "m.id", "registered_model_tags", "model_id")
    return tx.rows(
        f"SELECT {models.COLUMNS} FROM registered_models m WHERE {where.text}"
        f" ORDER BY {', '.join(_first_of_each(terms))} LIMIT ? OFFSET ?",
        (*where.parameters, query.limit, query.offset),
    )


def find_versions(tx: Tx, query: Query) -> Sequence[Sequence[Any]]:
    """Rows of versions.COLUMNS; last changed first unless ordered."""
    where = _where(tx, query.filter, VERSIONS, "v.id", "model_version_tags", "version_id")
    terms = _terms(query.order, VERSIONS) or ["v.updated DESC"]
    name = _only_name(query.filter)
    if name is None:
        terms += ["m.name", "v.version DESC"]
    else:
        # With the model known the index of its versions is walked in order.
        model = models.find(tx, name)
        if model is None:
            return []
        where = Sql(f"v.model_id = ? AND {where.text}", (model.id, *where.parameters))
        terms = [t for t in [*terms, "v.version DESC"] if not t.startswith("m.name")]
    return tx.rows(
        f"SELECT {versions.COLUMNS} FROM {versions.SOURCE} WHERE {where.text}"
        f" ORDER BY {', '.join(_first_of_each(terms))} LIMIT ? OFFSET ?",
        (*where.parameters, query.limit, query.offset),
    )


def _first_of_each(terms: Sequence[str]) -> list[str]:
    """Terms whose column did not come before."""
    found: dict[str, str] = {}
    for term in terms:
        found.setdefault(term.partition(" ")[0], term)
    return list(found.values())


def _terms(order: Sequence[Order], subject: Subject) -> list[str]:
    return [f"{subject.attributes[o.key]}{'' if o.ascending else ' DESC'}" for o in order]


def _where(tx: Tx, node: Node | None, subject: Subject, id_: str, table: str, owner: str) -> Sql:
    prompts_named = False

    def translated(c: Compare) -> Compare:
        nonlocal prompts_named
        if (c.entity, c.key) != ("tag", PROMPT_TAG) or c.op not in ("=", "!="):
            return c
        prompts_named = True
        is_prompt = (c.value == "true") == (c.op == "=")
        return Compare("attribute", _PROMPT, "", "=", int(is_prompt))

    node = _mapped(node, translated) if node is not None else None
    where = condition(tx, node, subject)
    if not prompts_named:
        # Prompts are listed only where they are asked for.
        where = Sql(f"{subject.attributes[_PROMPT]} = 0 AND ({where.text})", where.parameters)
    few = _few(tx, node, table, owner)
    if few is None:
        return where
    among = f"{id_} IN ({marks(few)})" if few else "1=0"
    return Sql(f"{among} AND {where.text}", (*few, *where.parameters))


def _mapped(node: Node, change: Callable[[Compare], Compare]) -> Node:
    if isinstance(node, Compare):
        return change(node)
    if isinstance(node, Not):
        return Not(_mapped(node.item, change))
    items = tuple(_mapped(item, change) for item in node.items)
    return And(items) if isinstance(node, And) else Or(items)


def _conjuncts(node: Node | None) -> list[Compare]:
    """Comparisons that everything found must pass."""
    items = node.items if isinstance(node, And) else (node,)
    return [item for item in items if isinstance(item, Compare)]


def _only_name(node: Node | None) -> str | None:
    """The one name that what is found must have."""
    for c in _conjuncts(node):
        if (c.entity, c.key, c.op) == ("attribute", "name", "="):
            return str(c.value)
    return None


def _few(tx: Tx, node: Node | None, table: str, owner: str) -> list[int] | None:
    """The things that have one of the tags asked for, if they are few."""
    tags = [c for c in _conjuncts(node) if c.entity == "tag" and c.op == "="]
    ids = keys.find(tx, {c.key for c in tags})
    for c in tags:
        if c.key not in ids:
            return []
        # PostgreSQL's index holds the first 64 characters.
        head = "substr(value, 1, 64) = substr(?, 1, 64) AND " if _heads(tx) else ""
        rows = tx.rows(
            f"SELECT {owner} FROM {table} WHERE key_id = ? AND {head}value = ? LIMIT {_FEW + 1}",
            (ids[c.key], *((c.value,) if head else ()), c.value),
        )
        if len(rows) <= _FEW:
            return [row[0] for row in rows]
    return None


def _heads(tx: Tx) -> bool:
    return tx.dialect.name == "postgresql"
