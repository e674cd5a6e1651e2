from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.sampling import envelope, evenly

values = st.lists(st.floats(), max_size=300)
limits = st.integers(4, 60)


@given(values, limits)
def test_an_envelope_is_sorted_small_and_keeps_the_ends(found: list[float], limit: int) -> None:
    chosen = envelope(found, limit)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= limit
    if len(found) <= limit:
        assert chosen == list(range(len(found)))
    else:
        assert (chosen[0], chosen[-1]) == (0, len(found) - 1)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=300), limits)
def test_an_envelope_loses_no_spike(found: list[float], limit: int) -> None:
    kept = [found[i] for i in envelope(found, limit)]
    assert (min(kept), max(kept)) == (min(found), max(found))


@given(values, st.integers(2, 60))
def test_evenly_depends_on_the_length_alone(found: list[float], limit: int) -> None:
    chosen = evenly(found, limit)
    assert chosen == evenly([0.0] * len(found), limit)
    assert len(chosen) == min(limit, len(found))
    assert chosen == sorted(set(chosen))
    assert not found or chosen[-1] == len(found) - 1


def test_nan_does_not_stop_an_envelope() -> None:
    assert len(envelope([math.nan] * 100, 10)) <= 10
