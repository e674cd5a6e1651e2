"""Series: counters, gauges and histograms in memory, which the other exporters read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Lock

from milepost.meter import METRICS

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]
Gauges = Callable[[], Mapping[Key, float]]
"""What gauges to send: of several processes one sends those of all, and the others none."""

BOUNDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip
"""Upper bounds of the histogram buckets, in seconds; one more bucket has none."""


@dataclass
class Histogram:
    """Durations by bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    @property
    def count(self) -> int:
        """How many durations."""
        return sum(self.counts)

    def cumulative(self) -> Iterable[int]:
        """How many are at most each bound, then all."""
        return accumulate(self.counts)

    def added(self, other: Histogram, sign: int = 1) -> Histogram:
        """Both together; with sign -1 what is here and not in `other`."""
        pairs = zip(self.counts, other.counts, strict=True)
        return Histogram([a + sign * b for a, b in pairs], self.total + sign * other.total)

    def quantile(self, part: float) -> float:
        """The duration below which that part of all lie, interpolated within its bucket."""
        wanted, below = part * self.count, 0
        for i, count in enumerate(self.counts):
            if count and below + count >= wanted:
                low = BOUNDS[i - 1] if i else 0.0
                high = BOUNDS[i] if i < len(BOUNDS) else BOUNDS[-1]
                return low + (high - low) * (wanted - below) / count
            below += count
        return 0.0


@dataclass
class Snapshot:
    """All series at one moment."""

    counters: dict[Key, float] = field(default_factory=dict)
    gauges: dict[Key, float] = field(default_factory=dict)
    histograms: dict[Key, Histogram] = field(default_factory=dict)

    def since(self, before: Snapshot) -> Snapshot:
        """What happened after `before`; gauges as they are now."""
        nothing = Histogram()
        return Snapshot(
            {k: v - before.counters.get(k, 0) for k, v in self.counters.items()},
            self.gauges,
            {k: v.added(before.histograms.get(k, nothing), -1) for k, v in self.histograms.items()},
        )


def together(alive: list[Snapshot], gone: list[Snapshot]) -> Snapshot:
    """The series of several processes as one; of those that are gone only what they counted."""
    result = Snapshot()
    gauges: dict[Key, list[float]] = {}
    for snapshot in [*alive, *gone]:
        for key, value in snapshot.counters.items():
            result.counters[key] = result.counters.get(key, 0) + value
        for key, histogram in snapshot.histograms.items():
            result.histograms[key] = histogram.added(result.histograms.get(key, Histogram()))
    for snapshot in alive:
        for key, value in snapshot.gauges.items():
            gauges.setdefault(key, []).append(value)
    result.gauges = {key: METRICS[key[0]].shared(values) for key, values in gauges.items()}
    return result


class Series:
    """A Meter that keeps everything; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counters: dict[tuple[object, ...], float] = {}
        self._gauges: dict[tuple[object, ...], float] = {}
        self._histograms: dict[tuple[object, ...], Histogram] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, *labels.items())
        with self._lock:
            self._counters[key] = self._counters.get(key, 0) + amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration."""
        self.observe_all(name, (seconds,), **labels)

    def observe_all(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        """Record durations."""
        key = (name, *labels.items())
        with self._lock:
            found = self._histograms.get(key)
            if found is None:
                found = self._histograms[key] = Histogram()
            counts = found.counts
            for each in seconds:
                counts[bisect_left(BOUNDS, each)] += 1
            found.total += sum(seconds)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._gauges[(name, *labels.items())] = value

    def snapshot(self) -> Snapshot:
        """A copy of everything."""
        with self._lock:
            return Snapshot(
                {_key(k): v for k, v in self._counters.items()},
                {_key(k): v for k, v in self._gauges.items()},
                {_key(k): Histogram(list(v.counts), v.total) for k, v in self._histograms.items()},
            )


def _key(flat: tuple[object, ...]) -> Key:
    name, *labels = flat
    return str(name), tuple(labels)  # type: ignore[arg-type] # pairs of texts, by construction
