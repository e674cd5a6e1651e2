"""CloudWatch: metrics to Amazon, as lines of embedded metric format or through the API."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, TextIO

import msgspec

from milepost.errors import Unsupported
from milepost.exporters.series import BOUNDS, Gauges, Histogram, Key, Series, Snapshot

_MOST_DATA = 500  # of one PutMetricData; it takes 1000 or a megabyte
_MOST_DIMENSIONS = 30


class _CloudWatch(Series, ABC):
    """Gathers, and hands over what came since the last time it was taken."""

    def __init__(self, namespace: str, gauges: Gauges | None = None) -> None:
        super().__init__()
        self._namespace = namespace
        self._all_gauges = gauges
        self._sent = Snapshot()

    def send(self) -> None:
        """Send what came since the last sending that succeeded."""
        now = self.snapshot()
        news = now.since(self._sent)
        if self._all_gauges is not None:
            news.gauges = dict(self._all_gauges())
        self._put(news)
        self._sent = now

    @abstractmethod
    def _put(self, news: Snapshot) -> None: ...


class EmbeddedMetrics(_CloudWatch):
    """One JSON line for each series, for the log agent to pick up."""

    name = "CloudWatch (log lines)"

    def __init__(
        self, namespace: str, gauges: Gauges | None = None, output: TextIO | None = None
    ) -> None:
        super().__init__(namespace, gauges)
        self._output = output or sys.stdout

    def _put(self, news: Snapshot) -> None:
        now = int(time.time() * 1000)
        for (name, labels), unit, value in _data(news):
            dimensions = dict(labels[:_MOST_DIMENSIONS])
            about = {
                "Namespace": self._namespace,
                "Dimensions": [list(dimensions)],
                "Metrics": [{"Name": name, "Unit": unit}],
            }
            aws = {"Timestamp": now, "CloudWatchMetrics": [about]}
            line = msgspec.json.encode({"_aws": aws, **dimensions, name: value})
            self._output.write(line.decode() + "\n")
        self._output.flush()


class CloudWatchApi(_CloudWatch):
    """PutMetricData with the machine's AWS credentials."""

    name = "CloudWatch"

    def __init__(self, namespace: str, gauges: Gauges | None = None) -> None:
        super().__init__(namespace, gauges)
        try:
            import boto3  # noqa: PLC0415 - only who sends to Amazon needs it
        except ImportError:
            raise Unsupported(
                "telemetry.cloudwatch.mode: api needs the package boto3: pip install boto3"
            ) from None
        self._client: Any = boto3.client("cloudwatch")

    def _put(self, news: Snapshot) -> None:
        data = [_datum(*found) for found in _data(news)]
        for start in range(0, len(data), _MOST_DATA):
            part = data[start : start + _MOST_DATA]
            self._client.put_metric_data(Namespace=self._namespace, MetricData=part)


def _data(news: Snapshot) -> Iterator[tuple[Key, str, Any]]:
    """(series, unit, value) of everything that happened."""
    for key, value in news.counters.items():
        if value:
            yield key, "Count", value
    for key, value in news.gauges.items():
        yield key, "None", value
    for key, histogram in news.histograms.items():
        if histogram.count:
            yield key, "Seconds", _distribution(histogram)


def _distribution(histogram: Histogram) -> dict[str, Any]:
    """A histogram as CloudWatch takes it: the upper bounds of its buckets, and how many of each."""
    filled = [(i, count) for i, count in enumerate(histogram.counts) if count]
    values = [BOUNDS[min(i, len(BOUNDS) - 1)] for i, _ in filled]
    return {
        "Values": values,
        "Counts": [count for _, count in filled],
        "Min": values[0],
        "Max": values[-1],
        "Count": histogram.count,
        "Sum": histogram.total,
    }


def _datum(key: Key, unit: str, value: Any) -> dict[str, Any]:
    name, labels = key
    dimensions = [{"Name": k, "Value": v or "-"} for k, v in labels[:_MOST_DIMENSIONS]]
    datum = {"MetricName": name, "Dimensions": dimensions, "Unit": unit}
    if isinstance(value, dict):
        return {**datum, "Values": value["Values"], "Counts": value["Counts"]}
    return {**datum, "Value": value}
