"""Configurations as teams have written them down for MLflow, taken as they stand."""

from __future__ import annotations

from typing import Any

import pytest

from milepost.config.load import Loaded, load_text
from milepost.errors import Invalid
from tests.seeds.blocks import (
    ALERTS,
    BREAKER,
    CLI,
    CLIENT,
    COMPLETE,
    DATABASE_FAILED,
    DATABASES,
    ENVIRONMENT,
    ENVIRONMENTS,
    HYBRID,
    LOCAL,
    MANAGED,
    NOT_PERSISTING,
    ORGANIZED,
    POOL,
    REFERENCE,
    SERVER,
    TEAM,
    TELEMETRY,
    TIMEOUTS,
    UNREACHABLE,
    UNWRITABLE,
    VARIABLES,
)

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
    (POOL, {
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
        "settings.yaml:38: mlflow.auth.admin_password: the variable MLFLOW_ADMIN_PASSWORD"
    )


def test_a_key_given_twice_counts_the_second_time_and_warns() -> None:
    loaded = load(POOL)
    assert loaded.settings.backend_store_uri == "<<MANAGED_BY_CONNECTION_POOL>>"
    assert loaded.warnings == [
        "settings.yaml:15: mlflow.backend_store_uri: given before on line 12; this one counts"
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


def test_the_reference_of_variables() -> None:
    settings = load_text("", REFERENCE).settings
    assert settings.store_uri == "postgresql://mlflow@localhost:5432/mlflow"
    assert settings.artifacts_uri == "s3://mlflow-artifacts"
    assert settings.artifact_root == "mlflow-artifacts:/"
    assert (settings.workers, settings.port, settings.mlflow_version) == (2, 5000, "2.9.2")
    assert (settings.gc_enabled, settings.gc_schedule) == (True, "0 3 * * 0")
    assert settings.public_host == "mlflow"


@pytest.mark.parametrize("password", ["staging-password", "strong-production-password"])
def test_whose_password_is_asked_for(password: str) -> None:
    auth = {"MLFLOW_AUTH_ENABLED": "true", "MLFLOW_AUTH_USERNAME": "ml-team"}
    settings = load_text("", {**auth, "MLFLOW_AUTH_PASSWORD": password}).settings
    assert settings.auth_enabled
    assert (settings.auth_username, settings.auth_password) == ("ml-team", password)


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
