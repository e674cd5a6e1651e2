"""Reading metric history: pages, many runs at once, and samples of it for charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from milepost.domain.search import decode_page_token, encode_page_token
from milepost.errors import Invalid
from milepost.store import history, keys, recent, runs
from milepost.store.folding import Folder
from milepost.store.points import History
from milepost.store.tx import Tx

MOST_RUNS = 100
MOST_BULK = 25_000
MOST_SAMPLES = 2_500


class Series(Struct, frozen=True):
    """Points of one metric of one run: equally long columns, times in milliseconds."""

    run_id: str
    times: Sequence[int]
    steps: Sequence[int]
    values: Sequence[float]


class HistoryPage(Struct, frozen=True):
    """A page of one history and the token of the next, if there is one."""

    series: Series
    next_token: str | None


class Metrics:
    """Metric history, in the order and samples MLflow's clients and charts expect."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def page(self, tx: Tx, run_id: str, key: str, limit: int | None, token: str) -> HistoryPage:
        """Points ordered by timestamp, step, value; all of them when `limit` is None. An unknown
        run or metric has no points."""
        offset = decode_page_token(token)
        series = self._series(tx, run_id, key)
        if series is None:
            return HistoryPage(Series(run_id, (), (), ()), None)
        size = 2**62 if limit is None else limit
        points = history.page(tx, *series, offset, size + 1)
        next_token = encode_page_token(offset + size) if len(points) > size else None
        return HistoryPage(_series(run_id, points.part(0, size)), next_token)

    def bulk(self, tx: Tx, run_ids: Sequence[str], key: str, limit: int) -> list[Series]:
        """The first points of several runs, by run id, at most `limit` over all of them."""
        _check_runs(run_ids)
        left, found = min(limit, MOST_BULK), []
        for run_id, series in self._known(tx, sorted(set(run_ids)), key):
            points = history.page(tx, *series, 0, left)
            left -= len(points)
            found.append(_series(run_id, points))
        return found

    def sample(
        self,
        tx: Tx,
        run_ids: Sequence[str],
        key: str,
        steps: tuple[int, int] | None,
        limit: int,
    ) -> list[Series]:
        """At most `limit` points of each run, spread evenly over its history by rank and always
        with its last point; `steps` bounds the history first, both ends included."""
        _check_runs(run_ids)
        if not 1 <= limit <= MOST_SAMPLES:
            raise Invalid(
                f"Invalid value {limit} for parameter 'max_results' supplied: max_results must be"
                f" between 1 and {MOST_SAMPLES}"
            )
        found = []
        for run_id, series in self._known(tx, list(dict.fromkeys(run_ids)), key):
            points = (
                history.read(tx, *series)
                if steps is None
                else history.read_steps(tx, *series, *steps)
            )
            found.append(_sampled(run_id, points, limit))
        return found

    def _known(
        self, tx: Tx, run_ids: Sequence[str], key: str
    ) -> Iterator[tuple[str, tuple[int, int]]]:
        for run_id in run_ids:
            series = self._series(tx, run_id, key)
            if series is not None:
                yield run_id, series

    def _series(self, tx: Tx, run_id: str, key: str) -> tuple[int, int] | None:
        run, key_id = runs.find(tx, run_id), keys.find(tx, [key]).get(key)
        if run is None or key_id is None:
            return None
        # A history worth reading is worth packing, should a restart have forgotten its points.
        self._folder.found(recent.counts(tx, [run.id]))
        return run.id, key_id


def _check_runs(run_ids: Sequence[str]) -> None:
    if len(run_ids) > MOST_RUNS:
        raise Invalid(
            f"GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids."
            f" Received {len(run_ids)} run_ids."
        )


def _series(run_id: str, points: History) -> Series:
    return Series(run_id, points.times, points.steps, points.values)


def _sampled(run_id: str, points: History, limit: int) -> Series:
    chosen = sample_positions(len(points), limit)
    return _series(run_id, points if len(chosen) == len(points) else points.picked(chosen))


def sample_positions(size: int, limit: int) -> list[int]:
    """Which of `size` sorted points MLflow's charts get: split into `limit` buckets as SQL's NTILE
    does (the first ones one longer), the first of each bucket, and the last point of all, which
    replaces the last sample when there is no room for it."""
    if size <= limit:
        return list(range(size))
    length, longer = divmod(size, limit)
    chosen = [i * length + min(i, longer) for i in range(limit)]
    chosen[-1] = size - 1
    return chosen
