"""Meter: where the code reports what it did. NullMeter is the default: nobody asks if it is on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol


class Meter(Protocol):
    """Receives measurements. Names are snake_case; labels have bounded values."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add `amount` to a counter."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record one duration, in seconds, in a histogram."""

    def observe_all(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        """Record many durations in one histogram."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge to `value`."""


class NullMeter:
    """Forgets everything."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Do nothing."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Do nothing."""

    def observe_all(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        """Do nothing."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Do nothing."""


class Meters:
    """Passes everything on to several meters, but for the timings nobody wants."""

    def __init__(self, meters: Sequence[Meter], unwanted: Collection[str] = ()) -> None:
        self._meters = meters
        self._unwanted = frozenset(unwanted)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to the counter of each."""
        for meter in self._meters:
            meter.count(name, amount, **labels)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record the duration with each."""
        self.observe_all(name, (seconds,), **labels)

    def observe_all(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        """Record the durations with each."""
        if name not in self._unwanted:
            for meter in self._meters:
                meter.observe_all(name, seconds, **labels)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set the gauge of each."""
        for meter in self._meters:
            meter.gauge(name, value, **labels)


class Metric(NamedTuple):
    """What a metric is."""

    kind: str
    """counter, gauge or histogram."""

    help: str
    shared: Callable[[Sequence[float]], float] = sum
    """The value of a gauge that several processes set."""


METRICS: dict[str, Metric] = {
    "mlflow_requests_total": Metric("counter", "Requests answered, by method, route and status."),
    "mlflow_request_duration_seconds": Metric(
        "histogram", "Time from a request's arrival to the end of its response."
    ),
    "mlflow_requests_cancelled_total": Metric(
        "counter", "Requests that took longer than their timeout."
    ),
    "mlflow_http_request_total": Metric("counter", "Requests, as MLflow's own exporter has them."),
    "mlflow_http_request_duration_seconds": Metric(
        "histogram", "Request durations, as MLflow's own exporter has them."
    ),
    "mlflow_exporter_info": Metric("gauge", "The release that exports.", max),
    "mlflow_client_requests_total": Metric("counter", "Requests by release of MLflow's client."),
    "mlflow_requests_in_progress": Metric("gauge", "Requests being worked on."),
    "mlflow_artifact_upload_seconds": Metric("histogram", "Time an artifact upload took."),
    "mlflow_artifact_download_seconds": Metric("histogram", "Time an artifact download took."),
    "mlflow_model_inference_seconds": Metric(
        "histogram", "Time a model took to answer, by gateway route."
    ),
    "mlflow_gateway_requests_total": Metric(
        "counter", "Requests for models, by gateway route and status."
    ),
    "mlflow_database_query_seconds": Metric(
        "histogram", "Time of a database transaction, by operation (read, write)."
    ),
    "mlflow_writes_total": Metric("counter", "Writes put into the database."),
    "mlflow_database_pool_wait_seconds": Metric(
        "histogram", "Time a request waited for a connection, where it had to."
    ),
    "mlflow_database_pool_timeouts_total": Metric(
        "counter", "Requests that got no connection in time."
    ),
    "mlflow_database_connections_in_use": Metric("gauge", "Connections lent out."),
    "mlflow_circuit_breaker_state": Metric("gauge", "0 closed, 1 half open, 2 open, by part.", max),
    "mlflow_circuit_breaker_failures_total": Metric("counter", "Failures a breaker counted."),
    "mlflow_health_check_up": Metric("gauge", "1 where the last probe of a part succeeded.", min),
    "mlflow_health_check_seconds": Metric("histogram", "Time a probe took."),
    "mlflow_active_experiments": Metric("gauge", "Experiments that are not deleted.", max),
    "mlflow_active_runs": Metric("gauge", "Runs that are not deleted.", max),
    "mlflow_artifacts_stored": Metric("gauge", "Files in the artifact store.", max),
    "mlflow_alerts_firing": Metric("gauge", "1 while an alert fires.", max),
}
"""Every metric there is; documentation, alert rules and exporters go by this list."""
