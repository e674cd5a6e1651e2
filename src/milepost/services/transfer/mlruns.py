"""An `mlruns` folder, MLflow's file store, as a Source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

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
from milepost.domain.transfer import LoggedRecord, RegisteredRecord
from milepost.errors import Invalid, NotFound
from milepost.services.transfer.files import Files
from milepost.services.transfer.mlflow_database import DELETED_VERSION, version_record
from milepost.services.transfer.source import PAGE, File, Known, Root
from milepost.store.points import History
from milepost.store.transfer import RunRecord

_TRASH = ".trash"
_MODELS = "models"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mlruns:
    """Reads the files of a file store. Artifacts are taken from the folder itself, if they are
    there: it may have been moved since it was written."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._places: dict[int, Path] = {}
        self.name = str(folder)
        if not self._experiment_folders():
            raise Invalid(f"{folder} is no mlruns folder: it holds no experiment.")

    def _experiment_folders(self) -> list[Path]:
        return [
            path.parent
            for top in (self._folder, self._folder / _TRASH)
            for path in sorted(top.glob("*/meta.yaml"))
            if path.parent.name != _MODELS
        ]

    def experiments(self, names: Sequence[str]) -> list[tuple[Experiment, int]]:
        """Experiments with their number of runs."""
        found = []
        for folder in self._experiment_folders():
            meta = _meta(folder)
            if names and meta["name"] not in names:
                continue
            number = int(meta["experiment_id"])
            self._places[number] = folder
            created = meta.get("creation_time") or 0
            experiment = Experiment(
                number, meta["name"], meta.get("artifact_location") or "",
                Lifecycle[meta.get("lifecycle_stage") or "active"], created,
                meta.get("last_update_time") or created, _tags(folder / "tags"),
            )  # fmt: skip
            found.append((experiment, len(self._run_folders(folder))))
        missing = set(names) - {experiment.name for experiment, _ in found}
        if missing:
            raise NotFound(f"There is no experiment named '{min(missing)}' in {self.name}.")
        return sorted(found, key=lambda pair: pair[0].id)

    def _run_folders(self, experiment: Path) -> dict[str, Path]:
        inner = (path.parent for path in experiment.glob("*/meta.yaml"))
        return {path.name: path for path in sorted(inner) if (path / "params").is_dir()}

    def runs(self, experiment: Experiment, known: Known) -> Iterator[list[RunRecord]]:
        """The runs by id."""
        folders = self._run_folders(self._places[experiment.id])
        ids = list(folders)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            skipped = set(known(page))
            yield [self._run(folders[i], experiment) for i in page if i not in skipped]

    def _run(self, folder: Path, experiment: Experiment) -> RunRecord:
        meta = _meta(folder)
        lifecycle = Lifecycle[meta.get("lifecycle_stage") or "active"]
        tags = _tags(folder / "tags")
        name = meta.get("run_name") or meta.get("name") or ""
        named = {tag.key: tag.value for tag in tags}.get("mlflow.runName", "")
        run = Run(
            meta.get("run_id") or meta["run_uuid"], experiment.id, name or named,
            meta.get("user_id") or "", RunStatus(meta.get("status") or RunStatus.FINISHED),
            meta.get("start_time") or 0, meta.get("end_time"), meta.get("artifact_uri") or "",
            lifecycle,
            params=[Param(key, text) for key, text in _texts(folder / "params")],
            tags=tags,
        )  # fmt: skip
        if name and not named:
            run.tags.append(Tag("mlflow.runName", name))
        deleted = meta.get("deleted_time") or run.end_time or run.start_time
        record = RunRecord(run, None if lifecycle is Lifecycle.active else deleted)
        for key, text in _texts(folder / "metrics"):
            record.histories[key] = _history(text)
        self._add_inputs(run, folder)
        return record

    def _add_inputs(self, run: Run, folder: Path) -> None:
        for path in sorted(folder.glob("inputs/*/meta.yaml")):
            meta = _meta(path.parent)
            if meta.get("source_type") == "DATASET":
                described = _meta(folder.parent / "datasets" / meta["source_id"])
                tags = [Tag(key, str(value)) for key, value in (meta.get("tags") or {}).items()]
                run.datasets.append(DatasetInput(_dataset(described), tags))
            elif meta.get("source_type") == "MODEL":
                run.model_inputs.append(meta["source_id"])
        for path in sorted(folder.glob("outputs/*/meta.yaml")):
            meta = _meta(path.parent)
            run.model_outputs.append(ModelOutput(meta["destination_id"], meta.get("step") or 0))

    def logged(self, experiment: Experiment) -> Iterator[LoggedRecord]:
        """The logged models of an experiment."""
        for path in sorted(self._places[experiment.id].glob("models/*/meta.yaml")):
            meta, folder = _meta(path.parent), path.parent
            model = LoggedModel(
                meta["model_id"], experiment.id, meta["name"], meta.get("model_type") or "",
                meta.get("source_run_id") or "", meta.get("artifact_location") or "",
                ModelStatus(meta.get("status") or 0), meta.get("status_message"),
                meta["creation_timestamp"], meta["last_updated_timestamp"],
                Lifecycle[meta.get("lifecycle_stage") or "active"],
                [Param(key, text) for key, text in _texts(folder / "params")],
                _tags(folder / "tags"),
                [point for key, text in _texts(folder / "metrics")
                 for point in _model_points(key, text)],
            )  # fmt: skip
            deleted = None if model.lifecycle is Lifecycle.active else model.updated
            yield LoggedRecord(model, deleted)

    def registered(self) -> Iterator[RegisteredRecord]:
        """The registered models."""
        for path in sorted((self._folder / _MODELS).glob("*/meta.yaml")):
            meta, folder = _meta(path.parent), path.parent
            record = RegisteredRecord(
                meta["name"], meta.get("creation_timestamp") or 0,
                meta.get("last_updated_timestamp") or 0, meta.get("description") or "",
                tags=_tags(folder / "tags"),
                aliases=[Alias(alias, int(v)) for alias, v in _texts(folder / "aliases")],
            )  # fmt: skip
            versions = [_meta(v.parent) for v in folder.glob("version-*/meta.yaml")]
            for version in sorted(versions, key=lambda v: int(v["version"])):
                number = int(version["version"])
                record.last_version = max(record.last_version, number)
                if version.get("current_stage") != DELETED_VERSION:
                    tags = _tags(folder / f"version-{number}" / "tags")
                    record.versions.append(version_record(_version_row(version), tags))
            yield record

    def ignored(self) -> dict[str, int]:
        """Traces, which have no place here."""
        traces = sum(1 for _ in self._folder.glob("*/traces/*/trace_info.yaml"))
        return {"traces": traces} if traces else {}

    def files(self, root: Root) -> Iterator[File]:
        """The artifacts of a run or model."""
        return self._files.files(self._placed(root))

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of an artifact."""
        return self._files.read(self._placed(root), path)

    def _placed(self, root: Root) -> Root:
        experiment = self._places[root.experiment_id]
        owner = experiment / root.id if experiment.joinpath(root.id).is_dir() else (
            experiment / _MODELS / root.id)  # fmt: skip
        inside = owner / "artifacts"
        return root._replace(uri=str(inside.absolute())) if inside.is_dir() else root


def _meta(folder: Path) -> dict[str, Any]:
    try:
        with (folder / "meta.yaml").open("rb") as text:
            meta = yaml.load(text, _Loader)  # noqa: S506 - a safe loader, the fast one if there is
    except (OSError, yaml.YAMLError) as error:
        raise Invalid(f"{folder}/meta.yaml cannot be read: {error}") from None
    if not isinstance(meta, dict):
        raise Invalid(f"{folder}/meta.yaml is empty or damaged.")
    return meta


def _texts(folder: Path) -> list[tuple[str, str]]:
    """(key, text) of the files below a folder; a key with slashes is a path."""
    return [
        (path.relative_to(folder).as_posix(), path.read_bytes().decode(errors="replace"))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _tags(folder: Path) -> list[Tag]:
    return [Tag(key, text) for key, text in _texts(folder)]


def _history(text: str) -> History:
    history = History()
    for line in text.splitlines():
        time, value, *step = line.split()
        history.steps.append(int(step[0]) if step else 0)
        history.times.append(int(time))
        history.values.append(float(value))
    return history


def _model_points(key: str, text: str) -> Iterator[ModelPoint]:
    for line in text.splitlines():
        time, value, step, run_id, *dataset = line.split(" ")
        name, digest = dataset if len(dataset) == 2 else ("", "")
        yield ModelPoint(key, float(value), int(time), int(step), run_id, name, digest)


def _dataset(meta: dict[str, Any]) -> Dataset:
    return Dataset(
        meta["name"], meta["digest"], meta.get("source_type") or "", meta.get("source") or "",
        meta.get("schema"), meta.get("profile"),
    )  # fmt: skip


def _version_row(meta: dict[str, Any]) -> list[Any]:
    names = (
        "current_stage creation_timestamp last_updated_timestamp source storage_location run_id"
        " run_link user_id description status status_message"
    )
    return [int(meta["version"]), *(meta.get(name) for name in names.split())]
