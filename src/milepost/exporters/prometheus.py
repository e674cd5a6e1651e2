"""Prometheus: all series as text, for Prometheus to fetch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from milepost.exporters.series import BOUNDS, Histogram, Key, Labels, Snapshot
from milepost.meter import METRICS

T = TypeVar("T")
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def render(snapshot: Snapshot, version: str) -> str:
    """The text format 0.0.4, with the metrics of MLflow's own exporter derived from ours."""
    counters = {**snapshot.counters, **_mlflow_counters(snapshot.counters)}
    gauges = {**snapshot.gauges, ("mlflow_exporter_info", (("version", version),)): 1.0}
    histograms = {**snapshot.histograms, **_mlflow_histograms(snapshot.histograms, version)}
    lines: list[str] = []
    for name, rows in _by_name(counters):
        lines += _head(name)
        lines += [f"{name}{_labels(labels)} {_number(value)}" for labels, value in rows]
    for name, rows in _by_name(gauges):
        lines += _head(name)
        lines += [f"{name}{_labels(labels)} {_number(value)}" for labels, value in rows]
    for name, found in _by_name(histograms):
        lines += _head(name)
        for labels, histogram in found:
            lines += _buckets(name, labels, histogram)
    return "\n".join(lines) + "\n"


def _mlflow_counters(counters: Mapping[Key, float]) -> dict[Key, float]:
    result: dict[Key, float] = {}
    for (name, labels), value in counters.items():
        if name == "mlflow_requests_total":
            key = ("mlflow_http_request_total", _only(labels, "method", "status"))
            result[key] = result.get(key, 0) + value
    return result


def _mlflow_histograms(histograms: Mapping[Key, Histogram], version: str) -> dict[Key, Histogram]:
    result: dict[Key, Histogram] = {}
    for (name, labels), value in histograms.items():
        if name == "mlflow_request_duration_seconds":
            kept = (*_only(labels, "method", "status"), ("mlflow_version", version))
            key = ("mlflow_http_request_duration_seconds", kept)
            result[key] = value.added(result.get(key, Histogram()))
    return result


def _only(labels: Labels, *names: str) -> Labels:
    return tuple((name, value) for name, value in labels if name in names)


def _by_name(series: Mapping[Key, T]) -> Iterator[tuple[str, list[tuple[Labels, T]]]]:
    names: dict[str, list[tuple[Labels, T]]] = {}
    for (name, labels), value in sorted(series.items(), key=lambda item: item[0]):
        names.setdefault(name, []).append((labels, value))
    yield from names.items()


def _head(name: str) -> Iterable[str]:
    metric = METRICS[name]
    return f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{k}="{v.translate(_ESCAPES)}"' for k, v in labels) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _buckets(name: str, labels: Labels, histogram: Histogram) -> Iterator[str]:
    bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    for bound, count in zip(bounds, histogram.cumulative(), strict=True):
        yield f"{name}_bucket{_labels((*labels, ('le', bound)))} {count}"
    yield f"{name}_sum{_labels(labels)} {histogram.total!r}"
    yield f"{name}_count{_labels(labels)} {histogram.count}"
