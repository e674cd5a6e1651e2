"""A running tracking server as a Source, over MLflow's REST API (2.x and 3.x)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from milepost.domain.artifacts import OwnerKind
from milepost.domain.logged_models import LoggedModel, ModelPoint, ModelStatus
from milepost.domain.registry import Alias
from milepost.domain.tracking import (
    Dataset,
    DatasetInput,
    Experiment,
    Lifecycle,
    ModelOutput,
    Param,
    Run,
    RunStatus,
    Tag,
)
from milepost.domain.transfer import LoggedRecord, RegisteredRecord, VersionRecord
from milepost.errors import NotFound
from milepost.services.transfer.mlflow_database import version_record
from milepost.services.transfer.source import PAGE, File, Known, Root
from milepost.store.points import History
from milepost.store.transfer import RunRecord
from milepost.upstreams.tracking import TrackingServer

_API = "/api/2.0/mlflow"
_THREADS = 4
_POINTS = 25_000


class MlflowServer:
    """Reads through the API. It does not tell when something was deleted: that is now."""

    def __init__(self, server: TrackingServer) -> None:
        self._server = server
        self.name = server.url

    def _pages(
        self, method: str, path: str, message: dict[str, Any], items: str
    ) -> Iterator[list[Any]]:
        token = ""
        while True:
            more = {"page_token": token} if token else {}
            answer = self._server.call(method, f"{_API}/{path}", {**message, **more})
            yield answer.get(items, [])
            token = answer.get("next_page_token", "")
            if not token:
                return

    def experiments(self, names: Sequence[str]) -> list[tuple[Experiment, int]]:
        """Experiments; how many runs they have is not told."""
        message = {"view_type": "ALL", "max_results": 1000}
        found = [
            (_experiment(item), 0)
            for page in self._pages("POST", "experiments/search", message, "experiments")
            for item in page
            if not names or item["name"] in names
        ]
        missing = set(names) - {experiment.name for experiment, _ in found}
        if missing:
            raise NotFound(f"There is no experiment named '{min(missing)}' at {self.name}.")
        return sorted(found, key=lambda pair: pair[0].id)

    def runs(self, experiment: Experiment, known: Known) -> Iterator[list[RunRecord]]:
        """The runs, the oldest first."""
        message = {
            "experiment_ids": [str(experiment.id)],
            "run_view_type": "ALL",
            "max_results": PAGE,
            "order_by": ["attributes.start_time ASC"],
        }
        with ThreadPoolExecutor(_THREADS) as pool:
            for page in self._pages("POST", "runs/search", message, "runs"):
                skipped = set(known([item["info"]["run_id"] for item in page]))
                wanted = [item for item in page if item["info"]["run_id"] not in skipped]
                yield list(pool.map(self._record, wanted))

    def _record(self, item: dict[str, Any]) -> RunRecord:
        run = _run(item)
        record = RunRecord(run, None if run.lifecycle is Lifecycle.active else _now())
        for metric in item.get("data", {}).get("metrics", []):
            record.histories[metric["key"]] = self._history(run.id, metric["key"])
        return record

    def _history(self, run_id: str, key: str) -> History:
        history = History()
        message = {"run_id": run_id, "metric_key": key, "max_results": _POINTS}
        for page in self._pages("GET", "metrics/get-history", message, "metrics"):
            for point in page:
                history.steps.append(int(point.get("step", 0)))
                history.times.append(int(point["timestamp"]))
                history.values.append(float(point["value"]))
        return history

    def logged(self, experiment: Experiment) -> Iterator[LoggedRecord]:
        """The logged models; a server of 2.x has none. Deleted ones are not told."""
        message = {"experiment_ids": [str(experiment.id)], "max_results": 50}
        try:
            for page in self._pages("POST", "logged-models/search", message, "models"):
                yield from map(_logged, page)
        except NotFound:
            return

    def registered(self) -> Iterator[RegisteredRecord]:
        """The registered models."""
        message = {"max_results": 1000}
        for page in self._pages("GET", "registered-models/search", message, "registered_models"):
            for item in page:
                yield self._registered(item)

    def _registered(self, item: dict[str, Any]) -> RegisteredRecord:
        name = item["name"]
        record = RegisteredRecord(
            name, item.get("creation_timestamp", 0), item.get("last_updated_timestamp", 0),
            item.get("description") or "", item.get("user_id") or "", tags=_tags(item),
            aliases=[Alias(a["alias"], int(a["version"])) for a in item.get("aliases", [])],
        )  # fmt: skip
        quote = '"' if "'" in name else "'"
        message = {"filter": f"name = {quote}{name}{quote}", "max_results": 1000}
        for page in self._pages("GET", "model-versions/search", message, "model_versions"):
            record.versions += [self._version(name, version) for version in page]
        record.versions.sort(key=lambda v: v.version)
        record.last_version = max((v.version for v in record.versions), default=0)
        return record

    def _version(self, name: str, item: dict[str, Any]) -> VersionRecord:
        message = {"name": name, "version": item["version"]}
        path = f"{_API}/model-versions/get-download-uri"
        location = self._server.call("GET", path, message).get("artifact_uri")
        names = "current_stage creation_timestamp last_updated_timestamp source"
        row = [int(item["version"]), *(item.get(n) for n in names.split()), location]
        row += [item.get(n) for n in ["run_id", "run_link", "user_id", "description", "status"]]
        version = version_record([*row, item.get("status_message")], _tags(item))
        version.logged_model = item.get("model_id") or ""
        return version

    def ignored(self) -> dict[str, int]:
        """What else there may be is not looked for."""
        return {}

    def files(self, root: Root) -> Iterator[File]:
        """The artifacts of a run or model."""
        folders = [""]
        while folders:
            for item in self._listed(root, folders.pop()):
                if item.get("is_dir"):
                    folders.append(item["path"])
                else:
                    yield File(item["path"], int(item.get("file_size") or 0))

    def _listed(self, root: Root, folder: str) -> list[Any]:
        if root.kind is OwnerKind.run:
            path, message = f"{_API}/artifacts/list", {"run_id": root.id}
            name = "path"
        else:
            path, message = f"{_API}/logged-models/{root.id}/artifacts/directories", {}
            name = "artifact_directory_path"
        if folder:
            message[name] = folder
        try:
            found: list[Any] = self._server.call("GET", path, message).get("files", [])
        except NotFound:
            return []
        return found

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of an artifact."""
        if root.kind is OwnerKind.run:
            return self._server.content("/get-artifact", {"run_uuid": root.id, "path": path})
        place = f"/ajax-api/2.0/mlflow/logged-models/{root.id}/artifacts/files"
        return self._server.content(place, {"artifact_file_path": path})


def _now() -> int:
    return time.time_ns() // 1_000_000


def _tags(item: dict[str, Any]) -> list[Tag]:
    return [Tag(tag["key"], tag.get("value", "")) for tag in item.get("tags", [])]


def _experiment(item: dict[str, Any]) -> Experiment:
    created = int(item.get("creation_time", 0))
    return Experiment(
        int(item["experiment_id"]), item["name"], item.get("artifact_location", ""),
        Lifecycle[item.get("lifecycle_stage", "active")], created,
        int(item.get("last_update_time", created)), _tags(item),
    )  # fmt: skip


def _run(item: dict[str, Any]) -> Run:
    info, data, inputs = item["info"], item.get("data", {}), item.get("inputs", {})
    end = info.get("end_time")
    return Run(
        info["run_id"], int(info["experiment_id"]), info.get("run_name", ""),
        info.get("user_id", ""), RunStatus[info.get("status", "FINISHED")],
        int(info.get("start_time", 0)), None if end is None else int(end),
        info.get("artifact_uri", ""), Lifecycle[info.get("lifecycle_stage", "active")],
        params=[Param(p["key"], p.get("value", "")) for p in data.get("params", [])],
        tags=_tags(data),
        datasets=[
            DatasetInput(_dataset(i["dataset"]), _tags(i)) for i in inputs.get("dataset_inputs", [])
        ],
        model_inputs=[m["model_id"] for m in inputs.get("model_inputs", [])],
        model_outputs=[
            ModelOutput(m["model_id"], int(m.get("step", 0)))
            for m in item.get("outputs", {}).get("model_outputs", [])
        ],
    )  # fmt: skip


def _dataset(item: dict[str, Any]) -> Dataset:
    return Dataset(
        item["name"], item["digest"], item.get("source_type", ""), item.get("source", ""),
        item.get("schema"), item.get("profile"),
    )  # fmt: skip


def _logged(item: dict[str, Any]) -> LoggedRecord:
    info, data = item["info"], item.get("data", {})
    model = LoggedModel(
        info["model_id"], int(info["experiment_id"]), info["name"], info.get("model_type", ""),
        info.get("source_run_id", ""), info.get("artifact_uri", ""), ModelStatus[info["status"]],
        info.get("status_message"), int(info["creation_timestamp_ms"]),
        int(info["last_updated_timestamp_ms"]), Lifecycle.active,
        [Param(p["key"], p["value"]) for p in data.get("params", [])],
        _tags(info),
        [
            ModelPoint(
                p["key"], float(p["value"]), int(p["timestamp"]), int(p.get("step", 0)),
                p.get("run_id", ""), p.get("dataset_name") or "", p.get("dataset_digest") or "",
            )
            for p in data.get("metrics", [])
        ],
    )  # fmt: skip
    return LoggedRecord(model)
