"""OTLP: metrics to an OpenTelemetry collector, as JSON over HTTP."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from milepost.errors import Invalid
from milepost.exporters.series import BOUNDS, Labels, Series, Snapshot
from milepost.meter import METRICS

_CUMULATIVE = 2


class Otlp(Series):
    """A Meter that a collector hears from."""

    name = "OpenTelemetry"

    def __init__(self, endpoint: str, headers: str, version: str, timeout: float) -> None:
        if not endpoint.startswith(("http://", "https://")):
            raise Invalid(f"telemetry.otlp.endpoint: '{endpoint}' is not an http(s) URL")
        super().__init__()
        self._url = endpoint.rstrip("/") + "/v1/metrics"
        self._headers = dict(_pairs(headers))
        self._timeout = timeout
        self._began = time.time_ns()
        self._resource = _attributes(
            (
                ("service.name", "milepost"),
                ("service.version", version),
                ("service.instance.id", f"{socket.gethostname()}:{os.getpid()}"),
            )
        )

    def send(self) -> None:
        """Send all series as they stand; a sending that fails is made good by the next."""
        body = msgspec.json.encode(self.message(self.snapshot()))
        headers = {"Content-Type": "application/json", **self._headers}
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 - http(s), see above
        with urllib.request.urlopen(request, timeout=self._timeout):  # noqa: S310
            return

    def message(self, snapshot: Snapshot) -> dict[str, Any]:
        """An ExportMetricsServiceRequest."""
        metrics: dict[str, dict[str, Any]] = {}
        for name, point in self._points(snapshot):
            found = metrics.setdefault(name, _metric(name))
            found[_SHAPES[METRICS[name].kind]]["dataPoints"].append(point)
        scope = {"scope": {"name": "milepost"}, "metrics": list(metrics.values())}
        resource = {"attributes": self._resource}
        return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]}

    def _points(self, snapshot: Snapshot) -> Iterator[tuple[str, dict[str, Any]]]:
        span = {"startTimeUnixNano": str(self._began), "timeUnixNano": str(time.time_ns())}
        for values in (snapshot.counters, snapshot.gauges):
            for (name, labels), value in values.items():
                yield name, {**span, "attributes": _attributes(labels), "asDouble": float(value)}
        for (name, labels), histogram in snapshot.histograms.items():
            yield (
                name,
                {
                    **span,
                    "attributes": _attributes(labels),
                    "count": str(histogram.count),
                    "sum": histogram.total,
                    "bucketCounts": [str(count) for count in histogram.counts],
                    "explicitBounds": list(BOUNDS),
                },
            )


_SHAPES = {"counter": "sum", "gauge": "gauge", "histogram": "histogram"}


def _metric(name: str) -> dict[str, Any]:
    kind = METRICS[name].kind
    shape: dict[str, Any] = {"dataPoints": []}
    if kind != "gauge":
        shape["aggregationTemporality"] = _CUMULATIVE
    if kind == "counter":
        shape["isMonotonic"] = True
    unit = "s" if kind == "histogram" else "1"
    about = METRICS[name].help
    return {"name": name, "description": about, "unit": unit, _SHAPES[kind]: shape}


def _attributes(labels: Labels) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in labels]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in text.split(","):
        name, found, value = pair.partition("=")
        if found:
            yield name.strip(), unquote(value.strip())
