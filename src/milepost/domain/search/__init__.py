"""The search language: filter and order_by text to a small tree, and page tokens.

It is MLflow's language with the same meaning, and more: `OR`, `NOT`, parentheses, `BETWEEN`,
`NOT LIKE`, `IS NULL` and `IN` on every kind of key, `duration`, and the best values of a metric.
`grammar` has the words of each subject, `parser` the rules, `tree` the outcome.
"""

from milepost.domain.search.grammar import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODELS,
    RUNS,
    VERSIONS,
    Grammar,
)
from milepost.domain.search.page import decode_page_token, encode_page_token
from milepost.domain.search.parser import parse_filter, parse_order
from milepost.domain.search.tree import And, Compare, Node, Not, Or, Order, Scalar, Value

__all__ = [
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "MODELS",
    "RUNS",
    "VERSIONS",
    "And",
    "Compare",
    "Grammar",
    "Node",
    "Not",
    "Or",
    "Order",
    "Scalar",
    "Value",
    "decode_page_token",
    "encode_page_token",
    "parse_filter",
    "parse_order",
]
