"""The table of all endpoints and the URLs they answer on."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.mlflow_api import (
    artifacts,
    datasets,
    direct,
    experiments,
    logged_models,
    metrics,
    milepost_operations,
    milepost_registry,
    milepost_ui,
    model_versions,
    registered_models,
    runs,
    webhooks,
)
from milepost.mlflow_api.endpoint import Endpoint

ENDPOINTS = [
    *experiments.ENDPOINTS,
    *runs.ENDPOINTS,
    *metrics.ENDPOINTS,
    *datasets.ENDPOINTS,
    *milepost_ui.ENDPOINTS,
    *milepost_operations.ENDPOINTS,
    *artifacts.ENDPOINTS,
    *direct.ENDPOINTS,
    *registered_models.ENDPOINTS,
    *model_versions.ENDPOINTS,
    *logged_models.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *milepost_registry.ENDPOINTS,
]
LEGACY = [*experiments.LEGACY, *registered_models.LEGACY]

_BASES = ("/api/2.0/", "/api/3.0/", "/ajax-api/2.0/", "/ajax-api/3.0/")
# MLflow 1.x answered under /preview too, and its own client looks for the registry nowhere else.
_OF_1X = (
    "mlflow/experiments/",
    "mlflow/runs/",
    "mlflow/metrics/",
    "mlflow/artifacts/",
    "mlflow/registered-models/",
    "mlflow/model-versions/",
)


def urls(endpoint: Endpoint) -> list[str]:
    """Where an endpoint answers: clients use /api, pages its twin /ajax-api."""
    return [base + endpoint.path for base in _BASES]


def routes() -> Iterator[tuple[str, str, Endpoint]]:
    """(method, URL pattern, endpoint) for every route; those of MLflow 1.x under /preview too."""
    for endpoint in [*ENDPOINTS, *LEGACY]:
        for url in urls(endpoint):
            yield endpoint.method, url, endpoint
            if endpoint.path.startswith(_OF_1X):
                yield endpoint.method, url.replace("/mlflow/", "/preview/mlflow/"), endpoint
