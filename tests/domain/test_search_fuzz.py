"""Any text is parsed or refused, any tree can be written down, and long texts cost no more each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.search import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODELS,
    RUNS,
    VERSIONS,
    And,
    Compare,
    Grammar,
    Node,
    Not,
    Or,
    Scalar,
    Value,
    cursor,
    parse_filter,
    parse_order,
)
from milepost.domain.search.grammar import AGGREGATES, DATASET_FIELDS, OPERATORS
from milepost.errors import Invalid

GRAMMARS = st.sampled_from([RUNS, EXPERIMENTS, MODELS, VERSIONS, LOGGED_MODELS])

# Pieces of the language in any order come much nearer to it than random characters do.
WORDS = r"""
    metrics. params. tags. dataset. a loss.min `a b` "c" 'd' status name duration
    . , ( ) ; - = != < >= <> ~ LIKE ILIKE IN NOT IS NULL AND OR BETWEEN ASC DESC
    1 -2.5e3 1e999 0x 1a ` " ' \ ² ß İ
"""
PIECES = st.lists(st.sampled_from([*WORDS.split(), "\0", "\n", "\ud800"]))
NEARLY = st.builds(str.join, st.sampled_from([" ", ""]), PIECES)


def refusal(parse: Callable[[], object]) -> str:
    """Why the text was refused, or "" if it was not."""
    try:
        parse()
    except Invalid as invalid:
        return invalid.message
    return ""


@given(NEARLY | st.text(), GRAMMARS)
def test_any_text_is_parsed_or_refused(text: str, grammar: Grammar) -> None:
    assert len(refusal(lambda: parse_filter(text, grammar))) < 500
    assert len(refusal(lambda: parse_order([text], grammar))) < 500


KEYS = st.text(st.characters(exclude_characters="`"), max_size=8)
TEXTS: st.SearchStrategy[Scalar] = st.text(max_size=8)
NUMBERS: st.SearchStrategy[Scalar] = st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(
    allow_nan=False, allow_infinity=False
)


def as_tuple(items: list[Scalar]) -> Value:
    return tuple(items)


def values(op: str, scalars: st.SearchStrategy[Scalar]) -> st.SearchStrategy[Value]:
    if op.endswith("NULL"):
        return st.none()
    if op.endswith("BETWEEN"):
        return st.tuples(scalars, scalars)
    if op in ("IN", "NOT IN"):
        return st.lists(scalars, min_size=1, max_size=3).map(as_tuple)
    return scalars


@st.composite
def comparisons(draw: Callable[..., str]) -> Compare:
    entity = draw(st.sampled_from(["attribute", "metric", "param", "tag", "dataset"]))
    field = draw(st.sampled_from(AGGREGATES)) if entity == "metric" else ""
    own = {"attribute": list(RUNS.attributes), "dataset": list(DATASET_FIELDS)}
    key = draw(st.sampled_from(own[entity]) if entity in own else KEYS)
    kind = RUNS.kind(entity, key)
    op = draw(st.sampled_from(OPERATORS[kind]))
    return Compare(entity, key, field, op, draw(values(op, TEXTS if kind == "text" else NUMBERS)))


def joins(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    return several.map(And) | several.map(Or) | nodes.map(Not)


TREES: st.SearchStrategy[Node] = st.recursive(comparisons(), joins, max_leaves=12)


def written(node: Node) -> str:
    match node:
        case And(items):
            return "(" + " AND ".join(map(written, items)) + ")"
        case Or(items):
            return "(" + " OR ".join(map(written, items)) + ")"
        case Not(item):
            return f"NOT {written(item)}"
        case Compare(entity, key, field, op, value):
            aggregate = f".{field}" if field else ""
            return f"{entity}.`{key}`{aggregate} {op} {written_value(op, value)}"


def written_value(op: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        items = [written_value("", item) for item in value]
        return " AND ".join(items) if op.endswith("BETWEEN") else f"({', '.join(items)})"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


@given(TREES)
def test_a_tree_written_down_reads_back_the_same(tree: Node) -> None:
    assert parse_filter(written(tree), RUNS) == tree


@pytest.mark.parametrize("before", ["", "metrics.", "params.a = ", "run_id IN ("])
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "1.",
        "-",
        "é",
        "`",
        "'",
        '"',
        "'a",
        "``",
        "''",
        "a.",
        "a.`",
        "`a`.",
        "(",
        "=",
        " ",
        "'',",
    ],
)
def test_no_text_is_read_over_and_over(
    before: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With half a million characters, a parser that goes back over them would not end."""
    monkeypatch.setattr(cursor, "MAX_LENGTH", 1_000_000)
    for after in ("", "!"):
        text = before + piece * (500_000 // len(piece)) + after
        assert len(refusal(partial(parse_filter, text, RUNS))) < 500
