"""Metrics, logs and alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from milepost.config.blocks import AlertAction, AlertRule
from milepost.config.condition import TIMINGS
from milepost.config.field import setting, web_address


@dataclass(frozen=True)
class Observation:
    """What is measured and who gets to know."""

    metrics_collection: bool = setting(
        True, env="MILEPOST_METRICS_COLLECTION", file="integration_config.metrics_collection",
        help="Measure at all.",
    )  # fmt: skip
    telemetry_enabled: bool = setting(
        True, env="MILEPOST_TELEMETRY_ENABLED", file="telemetry.enabled",
        help="Measure, and export as `export_to` says.",
    )  # fmt: skip
    collection_interval: float = setting(
        60.0, env="MILEPOST_COLLECTION_INTERVAL", file="telemetry.collection_interval",
        duration=True, least=0.05,
        help="Time between two exports, and between two counts of what the store holds.",
    )  # fmt: skip
    metrics_to_collect: tuple[str, ...] = setting(
        tuple(TIMINGS), env="MILEPOST_METRICS_TO_COLLECT", file="telemetry.metrics_to_collect",
        choices=tuple(TIMINGS), help="The timings to measure. Counters are always kept.",
    )  # fmt: skip
    export_prometheus: bool = setting(
        True, env="MILEPOST_EXPORT_PROMETHEUS", file="telemetry.export_to.prometheus",
        help="Serve the metrics at /metrics, for Prometheus to fetch.",
    )  # fmt: skip
    expose_prometheus: str = setting(
        "", env="MLFLOW_EXPOSE_PROMETHEUS prometheus_multiproc_dir PROMETHEUS_MULTIPROC_DIR",
        file="server.expose_prometheus", flag=True,
        help="Folder for the files through which workers share their metrics; naming one switches"
        " /metrics on. Default: a temporary folder.",
    )  # fmt: skip
    export_datadog: bool = setting(
        False, env="MILEPOST_EXPORT_DATADOG", file="telemetry.export_to.datadog",
        help="Send metrics to a Datadog agent (DogStatsD over UDP).",
    )  # fmt: skip
    export_cloudwatch: bool = setting(
        False, env="MILEPOST_EXPORT_CLOUDWATCH", file="telemetry.export_to.cloudwatch",
        help="Send metrics to Amazon CloudWatch.",
    )  # fmt: skip
    export_otlp: bool = setting(
        False, env="MILEPOST_EXPORT_OTLP", file="telemetry.export_to.otlp",
        help="Send metrics to an OpenTelemetry collector (OTLP over HTTP).",
    )  # fmt: skip
    datadog_host: str = setting(
        "localhost", "Host of the Datadog agent.", env="DD_AGENT_HOST",
        file="telemetry.datadog.host",
    )  # fmt: skip
    datadog_port: int = setting(
        8125, "Port of its DogStatsD.", env="DD_DOGSTATSD_PORT", file="telemetry.datadog.port",
        least=1, most=65535,
    )  # fmt: skip
    cloudwatch_mode: str = setting(
        "emf", env="MILEPOST_CLOUDWATCH_MODE", file="telemetry.cloudwatch.mode",
        choices=("emf", "api"),
        help="emf: a line of embedded metric format on standard output, which the log agent picks"
        " up. api: PutMetricData with the machine's AWS credentials.",
    )  # fmt: skip
    cloudwatch_namespace: str = setting(
        "MLflow", "Namespace of the metrics.", env="MILEPOST_CLOUDWATCH_NAMESPACE",
        file="telemetry.cloudwatch.namespace",
    )  # fmt: skip
    otlp_endpoint: str = setting(
        "http://localhost:4318", env="OTEL_EXPORTER_OTLP_ENDPOINT", file="telemetry.otlp.endpoint",
        rule=web_address, help="Base URL of the collector; /v1/metrics is added.",
    )  # fmt: skip
    otlp_headers: str = setting(
        "", env="OTEL_EXPORTER_OTLP_HEADERS", file="telemetry.otlp.headers", secret=True,
        help="Comma-separated NAME=VALUE pairs to send along, such as an API key.",
    )  # fmt: skip
    slow_query: float = setting(
        1.0, env="MILEPOST_SLOW_QUERY_MS", file="telemetry.thresholds.slow_query_ms:ms",
        duration=True, least=0, help="Log a database operation that takes longer.",
    )  # fmt: skip
    slow_artifact_upload: float = setting(
        30.0, env="MILEPOST_SLOW_ARTIFACT_UPLOAD", duration=True, least=0,
        file="telemetry.thresholds.slow_artifact_upload_s",
        help="Log an artifact upload that takes longer.",
    )  # fmt: skip
    slow_model_load: float = setting(
        60.0, env="MILEPOST_SLOW_MODEL_LOAD", file="telemetry.thresholds.slow_model_load_s",
        duration=True, least=0, help="Log the load of a model that takes longer.",
    )  # fmt: skip
    log_format: str = setting(
        "text", env="MILEPOST_LOG_FORMAT", file="logging.format", flag=True,
        choices=("text", "json"), help="How the server writes its log to standard error.",
    )  # fmt: skip
    log_level: str = setting(
        "info", env="MILEPOST_LOG_LEVEL", file="logging.level", flag=True,
        choices=("debug", "info", "warning", "error"), help="The least important lines to log.",
    )  # fmt: skip
    log_file: str = setting(
        "", env="MILEPOST_LOG_FILE", file="logging.file", flag=True,
        help="File that gets the log too. Default: milepost.log in the data folder, if the server"
        " keeps its data there.",
    )  # fmt: skip
    alerts: tuple[AlertRule, ...] = setting(
        (), "Rules about the metrics, and what to do when one is broken.", file="alerts"
    )
    alert_actions: Mapping[str, AlertAction] = setting(
        None, "Who is told, by the names that `action` uses.", file="alert_actions",
        default_factory=dict,
    )  # fmt: skip
    alert_interval: float = setting(
        15.0, env="MILEPOST_ALERT_INTERVAL", file="alerting.interval", duration=True, least=0.05,
        help="Time between two looks at the metrics.",
    )  # fmt: skip
    alert_log: str = setting(
        "", env="MILEPOST_ALERT_LOG", file="alerting.log",
        help="File that gets a JSON line for each alert that fires or ends."
        " Default: alerts.jsonl in the data folder.",
    )  # fmt: skip
