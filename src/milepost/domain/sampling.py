"""Which points of a long curve a chart needs."""

from __future__ import annotations

from collections.abc import Sequence


def envelope(values: Sequence[float], limit: int) -> list[int]:
    """At most `limit` (4 or more) positions of `values`: the first, the last, and the lowest and
    the highest point of each of equally long stretches, so that no spike is lost."""
    size = len(values)
    if size <= limit:
        return list(range(size))
    stretches = (limit - 2) // 2
    chosen = [0]
    for i in range(stretches):
        start, end = 1 + i * (size - 2) // stretches, 1 + (i + 1) * (size - 2) // stretches
        part = values[start:end]
        # NaN has no order: min and max may name one, which keeps the gap visible.
        low, high = part.index(min(part)), part.index(max(part))
        chosen += [start + low] if low == high else sorted((start + low, start + high))
    chosen.append(size - 1)
    return chosen


def evenly(values: Sequence[float], limit: int) -> list[int]:
    """At most `limit` (2 or more) positions of `values`, evenly spread, the last one included."""
    size = len(values)
    if size <= limit:
        return list(range(size))
    return [i * (size - 1) // (limit - 1) for i in range(limit)]
