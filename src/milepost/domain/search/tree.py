"""What a search text means, as a small tree that the store turns into a query."""

from __future__ import annotations

from dataclasses import dataclass

Scalar = str | int | float
Value = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. A thing that lacks the key matches `IS NULL` and no other operator.

    entity: attribute | metric | param | tag | dataset
    key: the attribute's own name (aliases are resolved), the metric's, param's or tag's key, or
        the dataset's name | digest | context
    field: of a metric last | min | max | step | min_step | max_step, otherwise ""
    op: = | != | < | <= | > | >= | IS NULL | IS NOT NULL, or LIKE | ILIKE | IN | BETWEEN, each
        of these also with NOT before it
    value: a tuple for IN (never empty) and BETWEEN (low, high), None for IS NULL
    """

    entity: str
    key: str
    field: str
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """Matches what all of its two or more items match."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Matches what at least one of its two or more items matches."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Matches exactly what its item does not, things that lack the item's key included."""

    item: Node


Node = Compare | And | Or | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by; the fields mean what they mean in `Compare`."""

    entity: str
    key: str
    field: str
    ascending: bool
