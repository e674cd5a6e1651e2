"""The database of an MLflow server as a Source: SQLite, PostgreSQL or MySQL, MLflow 2.x and 3.x."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from milepost.domain.logged_models import LoggedModel, ModelPoint, ModelStatus
from milepost.domain.registry import Alias, Stage
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
from milepost.services.transfer.files import Files
from milepost.services.transfer.source import PAGE, File, Known, Root
from milepost.store import transfer
from milepost.store.mlflow_tables import MlflowTables
from milepost.store.transfer import RunRecord
from milepost.store.tx import marks

DELETED_VERSION = "Deleted_Internal"


class MlflowDatabase:
    """Reads MLflow's tables."""

    def __init__(self, tables: MlflowTables, files: Files, name: str) -> None:
        self._tables = tables
        self._files = files
        self.name = name

    def experiments(self, names: Sequence[str]) -> list[tuple[Experiment, int]]:
        """Experiments with their number of runs."""
        tags: dict[int, list[Tag]] = defaultdict(list)
        for number, key, value in self._tables.select("experiment_tags", "experiment_id key value"):
            tags[number].append(Tag(key, value or ""))
        found = []
        columns = (
            "experiment_id name artifact_location lifecycle_stage creation_time last_update_time"
        )
        for row in self._tables.select("experiments", columns, "ORDER BY experiment_id"):
            number, name, location, stage, created, updated = row
            if not names or name in names:
                experiment = Experiment(
                    number, name, location or "", Lifecycle[stage or "active"], created or 0,
                    updated or created or 0, tags[number],
                )  # fmt: skip
                count = self._tables.count("runs", "WHERE experiment_id = ?", (number,))
                found.append((experiment, count))
        missing = set(names) - {experiment.name for experiment, _ in found}
        if missing:
            raise NotFound(f"There is no experiment named '{min(missing)}' in {self.name}.")
        return found

    def runs(self, experiment: Experiment, known: Known) -> Iterator[list[RunRecord]]:
        """The runs by id."""
        after = ""
        while page := self._tables.rows(
            "SELECT run_uuid FROM runs WHERE experiment_id = ? AND run_uuid > ?"
            " ORDER BY run_uuid LIMIT ?",
            (experiment.id, after, PAGE),
        ):
            ids = [str(row[0]) for row in page]
            after = ids[-1]
            skipped = set(known(ids))
            wanted = [run_id for run_id in ids if run_id not in skipped]
            if wanted:
                counts = self._tables.point_counts(wanted)
                for group in transfer.groups(counts, wanted):
                    yield self._records(group)

    def _records(self, ids: Sequence[str]) -> list[RunRecord]:
        tail = f"WHERE run_uuid IN ({marks(ids)})"
        columns = (
            "run_uuid experiment_id name user_id status start_time end_time artifact_uri"
            " lifecycle_stage deleted_time"
        )
        records = {row[0]: _record(row) for row in self._tables.select("runs", columns, tail, ids)}
        for run_id, key, value in self._tables.select("params", "run_uuid key value", tail, ids):
            records[run_id].run.params.append(Param(key, value or ""))
        for run_id, key, value in self._tables.select("tags", "run_uuid key value", tail, ids):
            records[run_id].run.tags.append(Tag(key, value or ""))
        for run_id, histories in self._tables.histories(ids).items():
            records[run_id].histories = histories
        self._add_inputs(records, ids)
        return list(records.values())

    def _add_inputs(self, records: dict[str, RunRecord], ids: Sequence[str]) -> None:
        columns = "input_uuid source_type source_id destination_type destination_id step"
        part = f"({marks(ids)})"
        tail = f"WHERE destination_id IN {part} OR source_id IN {part}"
        found = list(self._tables.select("inputs", columns, tail, [*ids, *ids]))
        datasets = self._datasets([row[2] for row in found if row[1] == "DATASET"])
        tags = self._input_tags([row[0] for row in found])
        for uuid, kind, source, target_kind, target, step in found:
            if kind == "DATASET" and target in records and source in datasets:
                item = DatasetInput(datasets[source], tags[uuid])
                records[target].run.datasets.append(item)
            elif target_kind == "MODEL_INPUT" and source in records:
                records[source].run.model_inputs.append(target)
            elif target_kind == "MODEL_OUTPUT" and source in records:
                records[source].run.model_outputs.append(ModelOutput(target, step or 0))

    def _datasets(self, ids: Sequence[str]) -> dict[str, Dataset]:
        if not ids:
            return {}
        columns = (
            "dataset_uuid name digest dataset_source_type dataset_source dataset_schema"
            " dataset_profile"
        )
        rows = self._tables.select(
            "datasets", columns, f"WHERE dataset_uuid IN ({marks(ids)})", ids
        )
        return {row[0]: Dataset(*row[1:]) for row in rows}

    def _input_tags(self, ids: Sequence[str]) -> dict[str, list[Tag]]:
        tags: dict[str, list[Tag]] = defaultdict(list)
        if ids:
            tail = f"WHERE input_uuid IN ({marks(ids)})"
            for uuid, name, value in self._tables.select(
                "input_tags", "input_uuid name value", tail, ids
            ):
                tags[uuid].append(Tag(name, value))
        return tags

    def registered(self) -> Iterator[RegisteredRecord]:
        """The registered models."""
        models = {}
        columns = "name creation_time last_updated_time description"
        for name, created, updated, text in self._tables.select("registered_models", columns):
            models[name] = RegisteredRecord(name, created or 0, updated or 0, text or "")
        for name, key, value in self._tables.select("registered_model_tags", "name key value"):
            models[name].tags.append(Tag(key, value or ""))
        for name, alias, version in self._tables.select(
            "registered_model_aliases", "name alias version"
        ):
            models[name].aliases.append(Alias(alias, version))
        self._add_versions(models)
        yield from models.values()

    def _add_versions(self, models: dict[str, RegisteredRecord]) -> None:
        tags: dict[tuple[str, int], list[Tag]] = defaultdict(list)
        for name, version, key, value in self._tables.select(
            "model_version_tags", "name version key value"
        ):
            tags[name, version].append(Tag(key, value or ""))
        columns = (
            "name version current_stage creation_time last_updated_time source storage_location"
            " run_id run_link user_id description status status_message"
        )
        for row in self._tables.select("model_versions", columns, "ORDER BY name, version"):
            model = models[row[0]]
            model.last_version = max(model.last_version, row[1])
            if row[2] != DELETED_VERSION:
                model.versions.append(version_record(row[1:], tags[row[0], row[1]]))

    def logged(self, experiment: Experiment) -> Iterator[LoggedRecord]:
        """The logged models of an experiment."""
        columns = (
            "model_id experiment_id name model_type source_run_id artifact_location status"
            " status_message creation_timestamp_ms last_updated_timestamp_ms lifecycle_stage"
        )
        where, of = "WHERE experiment_id = ?", (experiment.id,)
        records = {}
        for row in self._tables.select("logged_models", columns, where, of):
            model = LoggedModel(
                row[0], row[1], row[2], row[3] or "", row[4] or "", row[5] or "",
                ModelStatus(row[6]), row[7] or None, row[8], row[9], Lifecycle[row[10]],
            )  # fmt: skip
            deleted = None if model.lifecycle is Lifecycle.active else row[9]
            records[model.id] = LoggedRecord(model, deleted)
        for model_id, key, value in self._tables.select(
            "logged_model_params", "model_id param_key param_value", where, of
        ):
            records[model_id].model.params.append(Param(key, value))
        for model_id, key, value in self._tables.select(
            "logged_model_tags", "model_id tag_key tag_value", where, of
        ):
            records[model_id].model.tags.append(Tag(key, value))
        columns = (
            "model_id metric_name metric_value metric_timestamp_ms metric_step run_id dataset_name"
            " dataset_digest"
        )
        for model_id, *point in self._tables.select("logged_model_metrics", columns, where, of):
            texts = [text or "" for text in point[4:]]
            value = float("nan") if point[1] is None else point[1]
            records[model_id].model.metrics.append(ModelPoint(point[0], value, *point[2:4], *texts))
        yield from records.values()

    def ignored(self) -> dict[str, int]:
        """Rows by table that have no place here."""
        return self._tables.ignored()

    def files(self, root: Root) -> Iterator[File]:
        """The artifacts of a run or model."""
        return self._files.files(root)

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of an artifact."""
        return self._files.read(root, path)


def _record(row: Sequence[Any]) -> RunRecord:
    uuid, experiment, name, user, status, start, end, uri, stage, deleted = row
    lifecycle = Lifecycle[stage or "active"]
    run = Run(
        uuid, experiment, name or "", user or "", RunStatus[status or "FINISHED"], start or 0,
        end, uri or "", lifecycle,
    )  # fmt: skip
    if lifecycle is Lifecycle.active:
        return RunRecord(run, None)
    return RunRecord(run, deleted or end or start or 0)


def version_record(row: Sequence[Any], tags: list[Tag]) -> VersionRecord:
    """A version from: version, stage, created, updated, source, location, run, its link, user,
    description, status, its message."""
    version, stage, created, updated, source, location, run, link, user, text, status, why = row
    statuses = {"PENDING_REGISTRATION": 1, "FAILED_REGISTRATION": 2}
    return VersionRecord(
        version, Stage[(stage or "None").upper()], created or 0, updated or created or 0,
        source or "", location or source or "", run or "", link or "", "", user or "", text,
        statuses.get(status, 3), why or None, tags,
    )  # fmt: skip
