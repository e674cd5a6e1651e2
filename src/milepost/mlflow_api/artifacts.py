"""MLflow's wire for artifacts, as far as it is JSON; http/artifacts.py streams the files."""

from __future__ import annotations

from typing import Any

from milepost.app import App
from milepost.blobs.base import Entry
from milepost.domain.access import Action
from milepost.mlflow_api.endpoint import Call, Endpoint, empty, query
from milepost.mlflow_api.runs import run_id
from milepost.mlflow_api.wire import Message, present
from milepost.services.artifacts import Place


class List(Message):
    """artifacts/list"""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""
    page_token: str = ""


class ListServed(Message):
    """mlflow-artifacts/artifacts"""

    path: str = ""


class ListModel(Message):
    """logged-models/{model_id}/artifacts/directories"""

    artifact_directory_path: str = ""
    page_token: str = ""


_folder_query = query(ListModel)


def _doomed(call: Call) -> str:
    """What to delete. Clients that mean all of a run's files end the path with a slash."""
    return call.path["file"].rstrip("/")


def _model_folder(call: Call) -> tuple[str, str]:
    return call.path["model_id"], _folder_query(call).artifact_directory_path


def _dump(entry: Entry, root: str) -> dict[str, Any]:
    """A FileInfo message, its path relative to `root`."""
    path = entry.path[len(root) + 1 :] if root else entry.path
    if entry.is_dir:
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": entry.size}


def dump_listing(result: tuple[Place, list[Entry]]) -> dict[str, Any]:
    """A ListArtifacts response: paths relative to the root that was asked for."""
    place, entries = result
    return present(root_uri=place.root_uri, files=[_dump(e, place.root) for e in entries])


def _dump_served(result: tuple[Place, list[Entry]]) -> dict[str, Any]:
    # Here, and only here, MLflow's paths are relative to the listed folder.
    place, entries = result
    return present(files=[_dump(e, place.path) for e in entries])


def _listing(app: App, place: Place) -> tuple[Place, list[Entry]]:
    return place, app.artifacts.entries(place)


def _delete(app: App, place: Place) -> None:
    place.store.delete(place.path)
    app.store.write(app.artifacts.deleted, place)


ENDPOINTS = [
    Endpoint(
        "GET", "mlflow/artifacts/list", Action.READ_ARTIFACT, "read", query(List),
        lambda app, tx, x: app.artifacts.of_run(tx, run_id(x), x.path),
        dump_listing,
        after=_listing,
    ),
    Endpoint(
        "GET", "mlflow-artifacts/artifacts", Action.READ_ARTIFACT, "read", query(ListServed),
        lambda app, tx, x: app.artifacts.served(x.path),
        _dump_served,
        after=_listing,
    ),
    Endpoint(
        "DELETE", "mlflow-artifacts/artifacts/{file}", Action.EDIT_ARTIFACT, "read", _doomed,
        lambda app, tx, path: app.artifacts.owned(tx, path),
        empty,
        after=_delete,
    ),
    Endpoint(
        "GET", "mlflow/logged-models/{model_id}/artifacts/directories", Action.READ_ARTIFACT,
        "read", _model_folder,
        lambda app, tx, x: app.artifacts.of_model(tx, *x),
        dump_listing,
        after=_listing,
    ),
]  # fmt: skip
