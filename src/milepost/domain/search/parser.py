"""Filter and order_by text to a tree.

    filter   = { "AND" } [ either { "AND" } ]
    either   = all { "OR" all }
    all      = one { { "AND" } one }
    one      = "NOT" one | "(" either ")" | key operator [ value ]
    order_by = key [ "ASC" | "DESC" ]

Between two comparisons MLflow tolerates no `AND` at all, and several; so do we.

Keys: `metrics.loss`, a bare attribute, or with any other characters in quotes: metrics.`top 5`.
Metrics of runs have aggregates: `.last` (which is meant when none is named), `.min`, `.max`, and
the steps where these were seen: `.step`, `.min_step`, `.max_step`. Written plainly,
`metrics.loss.min` is the least loss. A metric whose own name ends like that is quoted,
metrics.`loss.min`, which MLflow understands too; a quoted name takes its aggregate after the
quotes: metrics.`top 5`.min.

Values: numbers, or text in single or double quotes; inside, the same quote is written twice.

Every refusal is an `Invalid` that begins as MLflow's does and ends with the place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple, NoReturn

from milepost.domain.search.cursor import Cursor, Token, clip
from milepost.domain.search.grammar import AGGREGATES, DATASET_FIELDS, OPERATORS, Grammar
from milepost.domain.search.tree import And, Compare, Node, Not, Or, Order, Scalar, Value
from milepost.errors import Invalid

MAX_DEPTH = 50  # parentheses and NOTs inside one another
MAX_COMPARISONS = 500  # databases limit the size of one statement
MAX_ORDERS = 32

_WHOLE = re.compile(r"\s*(-?[0-9]{1,18})\s*")
_EXPECTED_KEY = "a key such as metrics.loss"
_EXPECTED_OPERATOR = (
    "a comparator such as = or LIKE (a key with other characters is quoted: metrics.`top 5`)"
)
_EMPTY_LIST = (
    "While parsing a list in the query, expected a non-empty list of values, but got empty list"
)
_NOT_QUOTED = (
    "Parameter value is either not quoted or unidentified quote types used for string value"
)
_OWNERS = {
    "param": "parameter (e.g. 'my-value')",
    "tag": "tag (e.g. 'my-value')",
    "attribute": "attributes",
    "dataset": "dataset attributes",
}


class _Key(NamedTuple):
    entity: str
    key: str
    field: str = ""


def parse_filter(text: str | None, grammar: Grammar) -> Node | None:
    """The tree of a filter, or None if it lets everything through."""
    return _Parser(text or "", "Invalid clause(s) in filter string:", grammar).filter()


def parse_order(items: Sequence[str], grammar: Grammar) -> tuple[Order, ...]:
    """The keys of an order_by list, as the caller put them. No key may come twice."""
    if len(items) > MAX_ORDERS:
        raise Invalid(f"Invalid order_by: {len(items)} keys, at most {MAX_ORDERS} are allowed")
    orders = tuple(_order(item, grammar) for item in items)
    if len({(order.entity, order.key, order.field) for order in orders}) < len(orders):
        raise Invalid(f"`order_by` contains duplicate fields: {[clip(item) for item in items]}")
    return orders


def _order(item: str, grammar: Grammar) -> Order:
    complaint = f"Invalid order_by clause '{clip(item)}'. Could not be parsed:"
    return _Parser(item, complaint, grammar).order()


class _Parser(Cursor):
    """One method for each rule of the grammar, each leaving behind what it has read."""

    def __init__(self, text: str, complaint: str, grammar: Grammar) -> None:
        super().__init__(text, complaint)
        self._grammar = grammar
        self._depth = 0
        self._comparisons = 0

    def filter(self) -> Node | None:
        while self.take("AND"):
            pass
        node = None if self.at("end") else self._either()
        if not self.at("end"):
            self.unexpected("AND, OR or the end of the filter")
        return node

    def order(self) -> Order:
        start, key = self.token, self._key()
        if key.entity not in self._grammar.order_entities:
            self.refuse(f"Invalid order_by entity: {key.entity}", start)
        ascending = self.take("ASC") or not self.take("DESC")
        if not self.at("end"):
            self.unexpected("ASC, DESC or the end")
        return Order(*key, ascending)

    def _either(self) -> Node:
        items = [self._all()]
        while self.take("OR"):
            items.append(self._all())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _all(self) -> Node:
        items = [self._one()]
        while self._another():
            items.append(self._one())
        return items[0] if len(items) == 1 else And(tuple(items))

    def _another(self) -> bool:
        """Whether one more item follows, past any ANDs; those before the end mean nothing."""
        if not self.take("AND"):
            return self.at("path", "word", "name") and not self.at_reserved()
        while self.take("AND"):
            pass
        return not self.at("end")

    def _one(self) -> Node:
        if self.take("NOT"):
            return Not(self._nested(self._one))
        if self.take("("):
            node = self._nested(self._either)
            self.expect(")")
            return node
        return self._compare()

    def _nested(self, rule: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.refuse(f"Invalid filter: nested more than {MAX_DEPTH} deep", self.token)
        node = rule()
        self._depth -= 1
        return node

    def _compare(self) -> Node:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self.refuse(f"Invalid filter: more than {MAX_COMPARISONS} comparisons", self.token)
        key = self._key()
        op = self._operator(OPERATORS[self._grammar.kind(key.entity, key.key)])
        return Compare(*key, op, self._value(key, op))

    # Keys.

    def _key(self) -> _Key:
        token = self.token
        if self.at("path"):
            return self._path(self.advance())
        quoted = self.at("name") or (self.at("string") and token.group()[0] == '"')
        if not quoted and (not self.at("word") or self.at_reserved()):
            self.unexpected(_EXPECTED_KEY)
        text = self.advance().group()
        return self._attribute(text[1:-1] if quoted else text, token)

    def _path(self, token: Token) -> _Key:
        prefix, plain, quoted, aggregate = token.group("prefix", "plain", "quoted", "field")
        entity = self._entity(prefix, token)
        aggregates = AGGREGATES if entity == "metric" and self._grammar.aggregates else ()
        key, aggregate = (quoted[1:-1], aggregate) if quoted else _split(plain, aggregates)
        if aggregate and aggregate not in aggregates:
            follow = ", ".join(aggregates) or "nothing"
            self.refuse(f"Invalid key '{clip(token.group())}'. After quotes goes {follow}", token)
        if entity == "attribute":
            return self._attribute(key, token)
        if entity == "dataset" and key not in DATASET_FIELDS:
            self._unknown("dataset", key, DATASET_FIELDS, token)
        return _Key(entity, key, aggregate or ("last" if entity == "metric" else ""))

    def _entity(self, prefix: str, token: Token) -> str:
        entity = self._grammar.prefixes.get(prefix.strip("`"))
        if entity is None:
            valid = list(self._grammar.prefixes)
            self.refuse(f"Invalid entity type '{clip(prefix)}'. Valid values are {valid}", token)
        return entity

    def _attribute(self, key: str, token: Token) -> _Key:
        name = self._grammar.aliases.get(key, key)
        if name not in self._grammar.attributes:
            self._unknown("attribute", key, self._grammar.attributes, token)
        return _Key("attribute", name)

    def _unknown(self, noun: str, key: str, valid: Iterable[str], token: Token) -> NoReturn:
        keys = f"Valid keys are '{', '.join(valid)}'"
        self.refuse(f"Invalid {noun} key '{clip(key)}' specified. {keys}", token)

    # Operators and values.

    def _operator(self, allowed: Sequence[str]) -> str:
        start, op = self.token, self._read_operator()
        if op not in allowed:
            valid = ", ".join(allowed)
            self.refuse(f"Invalid comparator '{clip(op)}' not one of '{valid}'", start)
        return op

    def _read_operator(self) -> str:
        if self.take("IS"):
            op = "IS NOT NULL" if self.take("NOT") else "IS NULL"
            self.expect("NULL")
            return op
        negation = "NOT " if self.take("NOT") else ""
        if not self.at("word", "operator"):
            self.unexpected(_EXPECTED_OPERATOR)
        return negation + self.advance().group().upper()

    def _value(self, key: _Key, op: str) -> Value:
        if op.endswith("NULL"):
            return None
        if op.endswith("BETWEEN"):
            low = self._scalar(key)
            self.expect("AND")
            return low, self._scalar(key)
        return self._list(key) if op in ("IN", "NOT IN") else self._scalar(key)

    def _list(self, key: _Key) -> tuple[Scalar, ...]:
        self.expect("(")
        if self.token.group() == ")":
            self.refuse(_EMPTY_LIST, self.token)
        values = [self._scalar(key)]
        while self.take(",") and self.token.group() != ")":
            values.append(self._scalar(key))
        self.expect(")")
        return tuple(values)

    def _scalar(self, key: _Key) -> Scalar:
        """One value, of the kind that the key has."""
        if not self.at("string", "number", "word", "path", "name"):
            self.unexpected("a value")
        token = self.advance()
        match self._grammar.kind(key.entity, key.key):
            case "number":
                return self._number(key, token)
            case "text":
                return self._text(key, token)
            case _:
                return self._whole(key, token)

    def _number(self, key: _Key, token: Token) -> int | float:
        text = token.group()
        if token.lastgroup != "number":
            whose = "metric" if key.entity == "metric" else f"numeric attribute: {key.key}"
            self.refuse(f"Expected numeric value type for {whose}. Found {clip(text)}", token)
        number = int(text) if _WHOLE.fullmatch(text) else float(text)
        if math.isinf(number):
            self.refuse(f"Expected a number below 1.8e308. Found {clip(text)}", token)
        return number

    def _whole(self, key: _Key, token: Token) -> int:
        text = token.group()
        match = _WHOLE.fullmatch(_unquoted(text) if token.lastgroup == "string" else text)
        if match is None:
            whose = f"numeric attribute '{key.key}'"
            self.refuse(f"Invalid value for {whose}: {clip(text)}, expected an integer", token)
        return int(match[1])

    def _text(self, key: _Key, token: Token) -> str:
        text = token.group()
        if token.lastgroup == "string":
            text = _unquoted(text)
        elif token.lastgroup == "number" and not self._grammar.bare_text:
            whose = _OWNERS[key.entity]
            self.refuse(
                f"Expected a quoted string value for {whose}. Got value {clip(text)}", token
            )
        elif token.lastgroup == "name" or not self._grammar.bare_text:
            self.refuse(f"{_NOT_QUOTED} {clip(text)}. Use either single or double quotes", token)
        return self._grammar.spelling(key.entity, key.key, text)


def _split(key: str, aggregates: Container[str]) -> tuple[str, str | None]:
    """The key and, if it ends in one, the aggregate."""
    head, _, tail = key.rpartition(".")
    return (head, tail) if head and tail in aggregates else (key, None)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)
