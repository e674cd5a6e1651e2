"""Telemetry: the meters that the settings ask for, running. Nothing is sent unless they say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from milepost import __version__
from milepost.config import Settings
from milepost.config.condition import TIMINGS
from milepost.exporters.cloudwatch import CloudWatchApi, EmbeddedMetrics
from milepost.exporters.dogstatsd import DogStatsD
from milepost.exporters.otlp import Otlp
from milepost.exporters.prometheus import render
from milepost.exporters.pump import Pump
from milepost.exporters.series import Gauges, Key, Series
from milepost.exporters.shared import Shared, forget
from milepost.meter import Meter, Meters, NullMeter

_STATSD_SECONDS = 10.0
"""A Datadog agent flushes this often; more would be forgotten, less would be waves."""

Exporter = DogStatsD | EmbeddedMetrics | CloudWatchApi | Otlp


@contextmanager
def metrics_folder(settings: Settings) -> Iterator[Settings]:
    """The settings with a folder through which workers share their metrics, where they need one;
    what an earlier server left in it is gone."""
    if not settings.measuring or (settings.workers == 1 and not settings.expose_prometheus):
        yield settings
    elif settings.expose_prometheus:
        forget(Path(settings.expose_prometheus))
        yield settings
    else:
        with TemporaryDirectory(prefix="milepost-metrics-") as folder:
            yield replace(settings, expose_prometheus=folder)


class Telemetry:
    """What one server process measures with."""

    def __init__(self, settings: Settings) -> None:
        series = Series()
        folder = settings.expose_prometheus
        self.shared = Shared(series, Path(folder) if folder and settings.measuring else None)
        exporters = [make(settings, self._gauges) for make in _wanted(settings)]
        self._pumps = [Pump(e, _interval(e, settings)) for e in exporters]
        self.meter: Meter = NullMeter()
        if settings.measuring:
            unwanted = {m for n, m in TIMINGS.items() if n not in settings.metrics_to_collect}
            only = not exporters and not unwanted
            self.meter = series if only else Meters([series, *exporters], unwanted)

    def _gauges(self) -> Mapping[Key, float]:
        """The gauges of all processes, from the one that leads; none from the others."""
        return self.shared.everything().gauges if self.shared.leads() else {}

    def text(self) -> str:
        """The metrics of all processes, for Prometheus."""
        return render(self.shared.everything(), __version__)

    def close(self) -> None:
        """Send and write the last numbers."""
        for pump in self._pumps:
            pump.close()
        self.shared.close()


def _wanted(settings: Settings) -> list[Callable[[Settings, Gauges], Exporter]]:
    if not settings.measuring:
        return []
    chosen = {
        _datadog: settings.export_datadog,
        _cloudwatch: settings.export_cloudwatch,
        _otlp: settings.export_otlp,
    }
    return [make for make, wanted in chosen.items() if wanted]


def _datadog(settings: Settings, gauges: Gauges) -> Exporter:
    return DogStatsD(settings.datadog_host, settings.datadog_port, gauges)


def _cloudwatch(settings: Settings, gauges: Gauges) -> Exporter:
    kind = EmbeddedMetrics if settings.cloudwatch_mode == "emf" else CloudWatchApi
    return kind(settings.cloudwatch_namespace, gauges)


def _otlp(settings: Settings, _: Gauges) -> Exporter:
    # A collector tells processes apart by their service.instance.id.
    timeout = settings.client_connect_timeout
    return Otlp(settings.otlp_endpoint, settings.otlp_headers, __version__, timeout)


def _interval(exporter: Exporter, settings: Settings) -> float:
    if isinstance(exporter, DogStatsD):
        return min(_STATSD_SECONDS, settings.collection_interval)
    return settings.collection_interval
