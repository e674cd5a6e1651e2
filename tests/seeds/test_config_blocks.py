"""Configurations as teams have written them down for MLflow, taken as they stand."""

from __future__ import annotations

from typing import Any

import pytest

from milepost.config.load import Loaded, load_text
from milepost.errors import Invalid

COMPLETE = """
mlflow:
  # 1. TRACKING - Where MLflow clients connect
  tracking_uri: http://localhost:5000  # Can be HTTP, database URI, or file://

  # 2. BACKEND STORE - Metadata storage (experiments, runs, parameters)
  backend_store_uri: postgresql://mlflow_user:pass@host:5432/mlflow_db

  # 3. ARTIFACT STORE - Model/file storage
  artifact_store: s3://nsc-mvp1/onboarding-test/mlflow/

  # 4. SERVER CONFIGURATION - MLflow UI/API server
  server:
    host: 0.0.0.0
    port: 5000
    workers: 4  # Number of gunicorn workers
    static_prefix: /mlflow  # URL prefix for UI
    serve_artifacts: true  # Serve artifacts through tracking server

  # 5. EXPERIMENT SETTINGS
  default_experiment: "Default"
  experiment_name: "my-project"

  # 6. AUTHENTICATION (if enabled)
  auth:
    enabled: false
    database_uri: postgresql://mlflow_auth:pass@host/mlflow_auth
    admin_username: admin
    admin_password: ${MLFLOW_ADMIN_PASSWORD}

  # 7. INTEGRATION SETTINGS (from your config)
  integration_config:
    circuit_breaker: true       # Prevent cascade failures
    health_monitoring: true     # Monitor MLflow health
    metrics_collection: true    # Collect performance metrics
    pool_client_name: mlflow_integration
    use_shared_pool: true      # Share connection pool

  # 8. MODEL REGISTRY
  registry:
    enabled: true
    backend_store: ${backend_store_uri}  # Usually same as tracking

  # 9. MODEL SERVING/GATEWAY
  gateway:
    enabled: false
    uri: http://localhost:5001
    routes:
      - name: sentiment-analysis
        model_uri: models:/sentiment/production
      - name: fraud-detection
        model_uri: s3://models/fraud/latest
"""
CLIENT = """
# For MLflow clients to connect
mlflow:
  tracking_uri: http://localhost:5000
  experiment_name: "demo_experiment"
"""
ENVIRONMENT = """
# Export as environment variables
environment:
  MLFLOW_TRACKING_URI: http://localhost:5000
  MLFLOW_EXPERIMENT_NAME: demo_experiment
  MLFLOW_S3_ENDPOINT_URL: https://s3.amazonaws.com
  AWS_ACCESS_KEY_ID: ${AWS_ACCESS_KEY_ID}
  AWS_SECRET_ACCESS_KEY: ${AWS_SECRET_ACCESS_KEY}
"""
CLI = """
# For MLflow CLI commands
cli:
  tracking_uri: http://localhost:5000
  backend_store_uri: postgresql://user:pass@host/mlflow_db
  artifact_root: s3://bucket/path
"""
SERVER = """
# Complete server setup with PostgreSQL + S3
server:
  backend_store_uri: postgresql+psycopg2://mlflow:pass@host:5432/mlflow_db
  default_artifact_root: s3://mlflow-artifacts/
  host: 0.0.0.0
  port: 5000
  serve_artifacts: true
  workers: 4
"""
DATABASES = """
databases:
  # MLflow can use its own database settings
  postgres_mlflow:
    host: ${MLFLOW_DB_HOST:-localhost}
    port: ${MLFLOW_DB_PORT:-5432}
    database: mlflow_db
    username: mlflow_user
    password: ${MLFLOW_DB_PASSWORD}

mlflow:
  # Backend store built from postgres_mlflow
  backend_store_uri: postgresql://${databases.postgres_mlflow.username}:${databases.postgres_mlflow.password}@${databases.postgres_mlflow.host}:${databases.postgres_mlflow.port}/${databases.postgres_mlflow.database}
"""
POOL = """
  # Or use the managed connection pool
  backend_store_uri: <<MANAGED_BY_CONNECTION_POOL>>
"""
LOCAL = """
mlflow:
  tracking_uri: ./mlruns  # Local file storage
  backend_store_uri: sqlite:///mlflow.db
  artifact_store: ./mlflow-artifacts
"""
TEAM = """
mlflow:
  tracking_uri: http://mlflow.team.internal:5000
  backend_store_uri: postgresql://mlflow:pass@db.internal/mlflow
  artifact_store: s3://team-mlflow/artifacts/
"""
MANAGED = """
mlflow:
  tracking_uri: https://mlflow.company.com
  # Backend and artifacts managed by platform
"""
HYBRID = """
mlflow:
  tracking_uri: http://localhost:5000
  backend_store_uri: postgresql://mlflow:pass@remote-db/mlflow
  artifact_store: s3://mlflow-artifacts/
"""
UNREACHABLE = """
# Check tracking_uri is accessible
mlflow:
  tracking_uri: http://localhost:5000  # Is server running?
"""
UNWRITABLE = """
# Check S3 permissions and credentials
mlflow:
  artifact_store: s3://bucket/path/  # Do you have write access?
environment:
  AWS_ACCESS_KEY_ID: your-key
  AWS_SECRET_ACCESS_KEY: your-secret
"""
DATABASE_FAILED = """
# Verify PostgreSQL is accessible
mlflow:
  backend_store_uri: postgresql://user:pass@host:5432/mlflow_db
  # Test: psql -U user -h host -d mlflow_db
"""
NOT_PERSISTING = """
# Using file:// ? Switch to database
mlflow:
  backend_store_uri: postgresql://...  # Not sqlite or file://
"""
TELEMETRY = """
mlflow:
  telemetry:
    enabled: true
    collection_interval: 60  # seconds
    metrics_to_collect:
      - request_latency
      - model_inference_time
      - artifact_upload_time
      - database_query_time

    # Send telemetry to observability platform
    export_to:
      datadog: ${DATADOG_ENABLED:-false}
      prometheus: ${PROMETHEUS_ENABLED:-true}
      cloudwatch: ${CLOUDWATCH_ENABLED:-false}

    # Performance thresholds for alerts
    thresholds:
      slow_query_ms: 1000
      slow_artifact_upload_s: 30
      slow_model_load_s: 60
"""
TIMEOUTS = """
mlflow:
  timeouts:
    # Client-side timeouts
    client:
      connect_timeout: 10  # seconds to establish connection
      read_timeout: 300    # seconds to read response (5 min for large models)
      write_timeout: 300   # seconds to write request

    # Server-side timeouts
    server:
      request_timeout: 600     # 10 minutes for long operations
      artifact_timeout: 1800   # 30 minutes for large artifact uploads
      query_timeout: 30        # 30 seconds for database queries

    # Integration timeouts
    integration_config:
      circuit_breaker_timeout: 5    # Trip after 5 seconds
      health_check_timeout: 2       # Health check must respond in 2s
      pool_acquisition_timeout: 10  # Max time to get connection from pool
"""
ALERTS = """
alerts:
  - name: mlflow_slow_response
    condition: response_time > 5000ms
    action: notify_oncall
"""
BREAKER = """
circuit_breaker:
  failure_threshold: 5      # Failures before opening
  timeout: 5000             # ms before considering failure
  reset_timeout: 60000      # ms before trying again
  telemetry:
    log_state_changes: true
    export_metrics: true
"""
ORGANIZED = "artifact_store: s3://mlflow/${ENVIRONMENT}/${PROJECT}/"
ENVIRONMENTS = """
development:
  tracking_uri: http://localhost:5000
production:
  tracking_uri: https://mlflow.company.com
"""

VARIABLES = {
    "MLFLOW_ADMIN_PASSWORD": "hush",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "MLFLOW_DB_PASSWORD": "p@ss/word",
}
EXPECTED: list[tuple[str, dict[str, Any]]] = [
    (COMPLETE, {
        "tracking_uri": "http://localhost:5000",
        "store_uri": "postgresql://mlflow_user:pass@host:5432/mlflow_db",
        "artifacts_uri": "s3://nsc-mvp1/onboarding-test/mlflow/",
        "artifact_root": "mlflow-artifacts:/",
        "host": "0.0.0.0", "port": 5000, "workers": 4, "static_prefix": "/mlflow",
        "serve_artifacts": True, "default_experiment": "Default", "experiment_name": "my-project",
        "auth_enabled": False, "auth_password": "hush", "auth_username": "admin",
        "auth_database_uri": "postgresql://mlflow_auth:pass@host/mlflow_auth",
        "circuit_breaker": True, "health_monitoring": True, "metrics_collection": True,
        "pool_client_name": "mlflow_integration", "use_shared_pool": True,
        "registry_enabled": True,
        "registry_backend_store": "postgresql://mlflow_user:pass@host:5432/mlflow_db",
        "gateway_enabled": False, "gateway_uri": "http://localhost:5001",
    }),
    (CLIENT, {"tracking_uri": "http://localhost:5000", "experiment_name": "demo_experiment"}),
    (ENVIRONMENT, {"tracking_uri": "http://localhost:5000", "experiment_name": "demo_experiment"}),
    (CLI, {
        "store_uri": "postgresql://user:pass@host/mlflow_db", "artifact_root": "s3://bucket/path",
    }),
    (SERVER, {
        "store_uri": "postgresql+psycopg2://mlflow:pass@host:5432/mlflow_db",
        "artifact_root": "s3://mlflow-artifacts/", "host": "0.0.0.0", "workers": 4,
    }),
    (DATABASES, {
        "store_uri": "postgresql://mlflow_user:p%40ss%2Fword@localhost:5432/mlflow_db",
    }),
    (DATABASES + POOL, {
        "store_uri": "postgresql://mlflow_user:p%40ss%2Fword@localhost:5432/mlflow_db",
    }),
    (LOCAL, {"store_uri": "sqlite:///mlflow.db", "artifacts_uri": "./mlflow-artifacts"}),
    (TEAM, {"artifacts_uri": "s3://team-mlflow/artifacts/", "artifact_root": "mlflow-artifacts:/"}),
    (MANAGED, {"tracking_uri": "https://mlflow.company.com"}),
    (HYBRID, {"store_uri": "postgresql://mlflow:pass@remote-db/mlflow"}),
    (UNREACHABLE, {"tracking_uri": "http://localhost:5000"}),
    (UNWRITABLE, {"artifacts_uri": "s3://bucket/path/"}),
    (DATABASE_FAILED, {"store_uri": "postgresql://user:pass@host:5432/mlflow_db"}),
    (NOT_PERSISTING, {"store_uri": "postgresql://..."}),
    (TELEMETRY, {
        "telemetry_enabled": True, "collection_interval": 60, "export_datadog": False,
        "export_prometheus": True, "export_cloudwatch": False, "slow_query": 1.0,
        "slow_artifact_upload": 30, "slow_model_load": 60,
        "metrics_to_collect": (
            "request_latency", "model_inference_time", "artifact_upload_time",
            "database_query_time",
        ),
    }),
    (TIMEOUTS, {
        "client_connect_timeout": 10, "client_read_timeout": 300, "client_write_timeout": 300,
        "request_timeout": 600, "artifact_timeout": 1800, "query_timeout": 30,
        "breaker_timeout": 5, "health_check_timeout": 2, "pool_acquisition_timeout": 10,
    }),
    (BREAKER, {
        "breaker_failure_threshold": 5, "breaker_timeout": 5, "breaker_reset_timeout": 60,
        "breaker_log_state_changes": True, "breaker_export_metrics": True,
    }),
]  # fmt: skip


def load(text: str, **environ: str) -> Loaded:
    return load_text(text, {**VARIABLES, **environ}, "settings.yaml")


@pytest.mark.parametrize(("text", "expected"), EXPECTED)
def test_a_block_means_what_it_says(text: str, expected: dict[str, Any]) -> None:
    # The database's password is a variable of a block, not a setting of the others.
    settings = load(text).settings
    assert {name: getattr(settings, name) for name in expected} == expected


def test_routes_of_the_gateway() -> None:
    routes = load(COMPLETE).settings.gateway_routes
    assert [(route.name, route.model_uri) for route in routes] == [
        ("sentiment-analysis", "models:/sentiment/production"),
        ("fraud-detection", "s3://models/fraud/latest"),
    ]


def test_a_missing_password_is_named_with_its_line() -> None:
    with pytest.raises(Invalid) as caught:
        load_text(COMPLETE, {}, "settings.yaml")
    assert caught.value.message.startswith(
        "settings.yaml:29: mlflow.auth.admin_password: the variable MLFLOW_ADMIN_PASSWORD"
    )


def test_a_key_given_twice_counts_the_second_time_and_warns() -> None:
    loaded = load(DATABASES + POOL)
    assert loaded.settings.backend_store_uri == "<<MANAGED_BY_CONNECTION_POOL>>"
    assert loaded.warnings == [
        "settings.yaml:16: mlflow.backend_store_uri: given before on line 13; this one counts"
    ]


def test_the_environment_section_is_exported_and_gives_way() -> None:
    loaded = load(ENVIRONMENT, MLFLOW_EXPERIMENT_NAME="mine")
    assert loaded.settings.experiment_name == "mine"
    environ = {"MLFLOW_EXPERIMENT_NAME": "mine"}
    loaded.export(environ)
    assert environ["MLFLOW_EXPERIMENT_NAME"] == "mine"
    assert environ["MLFLOW_S3_ENDPOINT_URL"] == "https://s3.amazonaws.com"


def test_an_alert_without_a_defined_action_is_taken() -> None:
    (rule,) = load(ALERTS).settings.alerts
    assert (rule.name, rule.condition, rule.action) == (
        "mlflow_slow_response", "response_time > 5000ms", ("notify_oncall",),
    )  # fmt: skip


def test_artifacts_by_environment_and_project() -> None:
    settings = load(ORGANIZED, ENVIRONMENT="production", PROJECT="churn").settings
    assert settings.artifacts_uri == "s3://mlflow/production/churn/"


@pytest.mark.parametrize(
    ("environment", "uri"),
    [
        ("", ""),
        ("development", "http://localhost:5000"),
        ("production", "https://mlflow.company.com"),
    ],
)
def test_sections_of_environments(environment: str, uri: str) -> None:
    assert load(ENVIRONMENTS, ENVIRONMENT=environment).settings.tracking_uri == uri


REFERENCE = {
    "MLFLOW_ENABLED": "true",
    "MLFLOW_VERSION": "2.9.2",
    "MLFLOW_PORT": "5000",
    "MLFLOW_ROUTE": "mlflow",
    "MLFLOW_DB_NAME": "mlflow",
    "MLFLOW_DB_USER": "mlflow",
    "MLFLOW_DB_PASSWORD": "",
    "MLFLOW_ARTIFACTS_BUCKET": "mlflow-artifacts",
    "MLFLOW_ARTIFACTS_ROOT": "s3://mlflow-artifacts",
    "MLFLOW_WORKERS": "2",
    "MLFLOW_DEFAULT_ARTIFACT_ROOT": "",
    "MLFLOW_SERVE_ARTIFACTS": "true",
    "MLFLOW_AUTH_ENABLED": "false",
    "MLFLOW_AUTH_USERNAME": "admin",
    "MLFLOW_AUTH_PASSWORD": "",
    "MLFLOW_GC_ENABLED": "true",
    "MLFLOW_GC_SCHEDULE": "0 3 * * 0",
}


def test_the_reference_of_variables() -> None:
    settings = load_text("", REFERENCE).settings
    assert settings.store_uri == "postgresql://mlflow@localhost:5432/mlflow"
    assert settings.artifacts_uri == "s3://mlflow-artifacts"
    assert settings.artifact_root == "mlflow-artifacts:/"
    assert (settings.workers, settings.port, settings.mlflow_version) == (2, 5000, "2.9.2")
    assert (settings.gc_enabled, settings.gc_schedule) == (True, "0 3 * * 0")
    assert settings.public_host == "mlflow"


@pytest.mark.parametrize("password", ["staging-password", "strong-production-password"])
def test_asked_for_protection_that_is_not_there_it_refuses(password: str) -> None:
    auth = {"MLFLOW_AUTH_ENABLED": "true", "MLFLOW_AUTH_USERNAME": "ml-team"}
    with pytest.raises(Invalid, match="does not run unprotected"):
        load_text("", {**auth, "MLFLOW_AUTH_PASSWORD": password})


def test_the_variables_of_a_compose_file() -> None:
    uri = "postgresql://mlflow:password@postgres:5432/mlflow"
    compose = {
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": "s3://mlflow-artefacts/",
        "AWS_ACCESS_KEY_ID": "minioadmin",
        "AWS_SECRET_ACCESS_KEY": "minioadmin123",
        "MLFLOW_S3_ENDPOINT_URL": "http://minio:9000",
    }
    settings = load_text("", compose).settings
    assert (settings.store_uri, settings.artifact_root) == (uri, "s3://mlflow-artefacts/")
