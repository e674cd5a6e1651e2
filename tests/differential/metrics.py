"""Metric history: pages, many runs at once, samples."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import AJAX, Call, get, post

_HISTORY = "metrics/get-history"
_BULK = f"{AJAX}metrics/get-history-bulk"
_SAMPLE = "metrics/get-history-bulk-interval"


def _batch(points: list[tuple[Any, int, int]], run: str = "$run", key: str = "m") -> Call:
    """Points as (value, timestamp, step)."""
    metrics = [{"key": key, "value": v, "timestamp": t, "step": s} for v, t, s in points]
    return post("runs/log-batch", {"run_id": run, "metrics": metrics})


_TANGLED: list[tuple[Any, int, int]] = [
    (3.0, 30, 0), (1.0, 10, 5), (2.0, 10, 3), (2.0, 10, 3), (0.5, 10, 3), ("NaN", 20, 3),
    ("Infinity", 20, 4), ("-Infinity", 20, 4), (-1.0, 20, -2), (9.0, 5, 1), ("NaN", 20, 3),
]  # fmt: skip
_LINE = [(float(i), 100 + i, i) for i in range(20)]
_REPEATED = [(float(i), 100 + i // 3, i // 4) for i in range(25)]


def _sample(**query: Any) -> Call:
    return get(_SAMPLE, **{"run_ids": ["$run"], "metric_key": "m", **query})


CASES: dict[str, list[Call]] = {
    "history": [_batch(_TANGLED), get(_HISTORY, run_id="$run", metric_key="m")],
    "history by run_uuid": [_batch(_LINE), get(_HISTORY, run_uuid="$run", metric_key="m")],
    "history in pages": [
        _batch(_TANGLED),
        get(_HISTORY, run_id="$run", metric_key="m", max_results=4,
            save={"token": "next_page_token"}),
        get(_HISTORY, run_id="$run", metric_key="m", max_results=4, page_token="$token",
            save={"token": "next_page_token"}),
        get(_HISTORY, run_id="$run", metric_key="m", max_results=4, page_token="$token"),
    ],
    "history with a page just full": [
        _batch(_LINE), get(_HISTORY, run_id="$run", metric_key="m", max_results=20),
    ],
    "history of the unknown": [
        _batch(_LINE),
        get(_HISTORY, run_id="$run", metric_key="other"),
        get(_HISTORY, run_id="nope", metric_key="m"),
        get(_HISTORY, run_id="$run", metric_key="m?"),
    ],
    "history badly": [
        get(_HISTORY),
        get(_HISTORY, run_id="$run"),
        get(_HISTORY, metric_key="m"),
        get(_HISTORY, run_id="$run", metric_key=""),
        get(_HISTORY, run_id="$run", metric_key="m", max_results="abc"),
        get(_HISTORY, run_id="$run", metric_key="m", max_results="1.5"),
        get(_HISTORY, run_id="$run", metric_key="m", page_token="abc"),
        get(_HISTORY, run_id="$run", metric_key="m", max_results=5, page_token="!!"),
        get(_HISTORY, run_id="$run", metric_key="m", max_results=-1),
        get(_HISTORY, run_id="$run", metric_key="m", max_results=0),
    ],
    "history asked in a body": [
        _batch(_LINE),
        Call("GET", _HISTORY, {"run_id": "$run", "metric_key": "m", "max_results": 2}),
    ],
    "bulk": [
        _batch(_TANGLED[:5]),
        _batch(_LINE[:3], "$run2"),
        _batch([(1.0, 1, 1)], "$run2", "other"),
        get(_BULK, run_id=["$run2"], metric_key="m"),
        get(_BULK, run_id=["$run"], metric_key="m", max_results=2),
        get(_BULK, run_id=["$run", "$run"], metric_key="m"),
        get(_BULK, run_id=["nope"], metric_key="m"),
        get(_BULK, run_id=["$run", "nope"], metric_key="m"),
        get(_BULK, run_id=["$run"], metric_key="none"),
    ],
    "bulk badly": [
        get(_BULK),
        get(_BULK, run_id=["$run"]),
        get(_BULK, metric_key="m"),
        get(_BULK, run_id=["$run"] * 101, metric_key="m"),
    ],
    "bulk with a limit that is no number": [
        get(_BULK, run_id=["$run"], metric_key="m", max_results="abc"),
    ],
    "bulk is for pages only": [get("metrics/get-history-bulk", run_id=["$run"], metric_key="m")],
    "samples": [
        _batch(_LINE),
        *[_sample(max_results=n) for n in (1, 2, 3, 5, 7, 19, 20, 21, 2500)],
        _sample(),
    ],
    "samples of repeated steps": [
        _batch(_REPEATED),
        *[_sample(max_results=n) for n in (1, 4, 10, 24, 25)],
        _sample(max_results=3, start_step=2, end_step=4),
    ],
    "samples of a tangle": [_batch(_TANGLED), *[_sample(max_results=n) for n in (1, 2, 4, 6, 50)]],
    "samples between steps": [
        _batch(_LINE),
        _sample(start_step=3, end_step=9, max_results=3),
        _sample(start_step=3, end_step=9),
        _sample(start_step=-5, end_step=0),
        _sample(start_step=5, end_step=5),
        _sample(start_step=50, end_step=60),
        _sample(start_step=9, end_step=3),
        _sample(start_step=3),
        _sample(end_step=3),
        _sample(start_step="a", end_step="b"),
    ],
    "samples of several runs": [
        _batch(_LINE),
        _batch(_LINE[:4], "$run2"),
        _sample(run_ids=["$run2", "$run"], max_results=3),
        _sample(run_ids=["$run", "$run2"], max_results=3),
        _sample(run_ids=["$run", "$run"], max_results=3),
        _sample(run_ids=["$run", "nope"], max_results=3),
    ],
    "samples badly": [
        get(_SAMPLE),
        get(_SAMPLE, run_ids=["$run"]),
        get(_SAMPLE, metric_key="m"),
        _sample(max_results=0),
        _sample(max_results=-1),
        _sample(max_results=2501),
        _sample(max_results="abc"),
        _sample(run_ids=["$run"] * 101),
        _sample(metric_key=""),
        _sample(run_ids=[""]),
    ],
    "samples for pages": [
        _batch(_LINE),
        get(f"{AJAX}{_SAMPLE}", run_ids=["$run"], metric_key="m", max_results=3),
    ],
}  # fmt: skip
