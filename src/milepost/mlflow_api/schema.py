"""What the routes that the pages call take and answer: the server's description of itself.

The types of the pages are made from it by ui/schema.py, so a page cannot ask for what is not here.
A test holds the golden requests and replies against it.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from milepost.mlflow_api import artifacts, experiments, logged_models, model_versions, runs
from milepost.mlflow_api import milepost_operations as operations
from milepost.mlflow_api import milepost_registry as registry
from milepost.mlflow_api import milepost_ui as ui
from milepost.mlflow_api import registered_models as models
from milepost.mlflow_api import replies as r


class Route(NamedTuple):
    """The messages of a route. What is in the path of its URL is not part of `takes`."""

    takes: type[Struct]
    gives: type[Struct]


ROUTES: dict[str, Route] = {
    "POST mlflow/experiments/search": Route(experiments.Search, r.ExperimentsReply),
    "GET mlflow/experiments/get": Route(experiments.Id, r.ExperimentReply),
    "POST mlflow/experiments/create": Route(experiments.Create, r.ExperimentIdReply),
    "POST mlflow/experiments/update": Route(experiments.Update, r.Empty),
    "POST mlflow/experiments/delete": Route(experiments.Id, r.Empty),
    "POST mlflow/experiments/restore": Route(experiments.Id, r.Empty),
    "POST mlflow/experiments/set-experiment-tag": Route(experiments.SetTag, r.Empty),
    "POST mlflow/experiments/delete-experiment-tag": Route(experiments.DeleteTag, r.Empty),
    "GET mlflow/runs/get": Route(runs.RunId, r.RunReply),
    "POST mlflow/runs/update": Route(runs.Update, r.RunInfoReply),
    "POST mlflow/runs/delete": Route(runs.OnlyRunId, r.Empty),
    "POST mlflow/runs/restore": Route(runs.OnlyRunId, r.Empty),
    "POST mlflow/runs/set-tag": Route(runs.SetTag, r.Empty),
    "POST mlflow/runs/delete-tag": Route(runs.DeleteTag, r.Empty),
    "GET mlflow/artifacts/list": Route(artifacts.List, r.FilesReply),
    "GET mlflow/logged-models/{model_id}/artifacts/directories": Route(
        artifacts.ListModel, r.FilesReply
    ),
    "POST mlflow/logged-models/search": Route(logged_models.Search, r.LoggedModelsReply),
    "PATCH mlflow/logged-models/{model_id}/tags": Route(logged_models.SetTags, r.Empty),
    "GET mlflow/registered-models/search": Route(models.Search, r.RegisteredModelsReply),
    "GET mlflow/registered-models/get": Route(models.Name, r.RegisteredModelReply),
    "POST mlflow/registered-models/create": Route(models.Create, r.RegisteredModelReply),
    "PATCH mlflow/registered-models/update": Route(models.Update, r.RegisteredModelReply),
    "POST mlflow/registered-models/rename": Route(models.Rename, r.RegisteredModelReply),
    "DELETE mlflow/registered-models/delete": Route(models.Delete, r.Empty),
    "POST mlflow/registered-models/alias": Route(models.SetAlias, r.Empty),
    "DELETE mlflow/registered-models/alias": Route(models.DeleteAlias, r.Empty),
    "POST mlflow/model-versions/create": Route(model_versions.Create, r.ModelVersionReply),
    "GET mlflow/model-versions/search": Route(model_versions.Search, r.ModelVersionsReply),
    "GET mlflow/model-versions/get": Route(model_versions.Version, r.ModelVersionReply),
    "PATCH mlflow/model-versions/update": Route(model_versions.Update, r.ModelVersionReply),
    "DELETE mlflow/model-versions/delete": Route(model_versions.Delete, r.Empty),
    "POST mlflow/model-versions/transition-stage": Route(
        model_versions.Transition, r.ModelVersionReply
    ),
    "POST mlflow/model-versions/set-tag": Route(model_versions.SetTag, r.Empty),
    "DELETE mlflow/model-versions/delete-tag": Route(model_versions.DeleteTag, r.Empty),
    "POST milepost/experiments/activity": Route(ui.ExperimentIds, ui.ActivitiesReply),
    "POST milepost/experiments/keys": Route(ui.ExperimentIds, ui.KeysReply),
    "POST milepost/runs/table": Route(ui.TableMessage, ui.TableReply),
    "POST milepost/runs/groups": Route(ui.GroupsMessage, ui.GroupsReply),
    "GET milepost/runs/summary": Route(ui.RunIdMessage, ui.SummaryReply),
    "POST milepost/metrics/curves": Route(ui.CurvesMessage, ui.CurvesReply),
    "POST milepost/trash/delete-forever": Route(
        operations.DeleteForever, operations.CollectedReply
    ),
    "GET milepost/trash/models": Route(r.Empty, operations.DeletedModelsReply),
    "POST milepost/trash/restore-models": Route(operations.RestoreModels, r.Empty),
    "GET milepost/operations/storage": Route(operations.StorageMessage, operations.StoragesReply),
    "GET milepost/operations/database": Route(r.Empty, operations.DatabaseReply),
    "GET milepost/operations/settings": Route(r.Empty, operations.SettingsReply),
    "GET milepost/registered-models/history": Route(registry.History, registry.HistoryReply),
    "GET milepost/registered-models/policy": Route(registry.Name, registry.PolicyReply),
    "POST milepost/registered-models/policy": Route(registry.Policy, registry.PolicyReply),
    "GET milepost/registered-models/transition-requests": Route(
        registry.Requests, registry.RequestsReply
    ),
    "POST milepost/registered-models/transition-requests": Route(
        registry.Request, registry.RequestReply
    ),
    "POST milepost/registered-models/transition-requests/{id}/approve": Route(
        registry.Decision, registry.RequestReply
    ),
    "POST milepost/registered-models/transition-requests/{id}/reject": Route(
        registry.Decision, registry.RequestReply
    ),
    "GET milepost/lineage/model-version": Route(registry.OfVersion, registry.OriginReply),
}
"""By method and path, as in the table of endpoints."""
