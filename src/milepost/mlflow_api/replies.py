"""MLflow's messages as the server answers them, for programs whose types are made from ours.

The functions that dump build plain dictionaries, as quick as it gets; a test holds what they answer
against these. An optional field that has nothing to say is left out.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType


class Reply(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A message from the server, or a part of one."""


class Empty(Reply):
    """The reply of verbs that return nothing."""


Double = float | str
"""A double; NaN travels as text."""

LifecycleName = Literal["active", "deleted"]
StatusName = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]


class KeyValue(Reply):
    """A tag or a param."""

    key: str
    value: str


class Experiment(Reply):
    """Times in milliseconds."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: LifecycleName
    last_update_time: int | UnsetType = UNSET
    creation_time: int | UnsetType = UNSET
    tags: list[KeyValue] = []


class ExperimentReply(Reply):
    """experiments/get"""

    experiment: Experiment


class ExperimentsReply(Reply):
    """experiments/search"""

    experiments: list[Experiment] = []
    next_page_token: str = ""


class ExperimentIdReply(Reply):
    """experiments/create"""

    experiment_id: str


class RunInfo(Reply):
    """A run without its data; times in milliseconds."""

    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: StatusName
    start_time: int
    artifact_uri: str
    lifecycle_stage: LifecycleName
    end_time: int | UnsetType = UNSET


class Metric(Reply):
    """A point of a metric."""

    key: str
    value: Double
    timestamp: int
    step: int


class RunData(Reply):
    """What was logged to a run, of each metric the last point."""

    metrics: list[Metric] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


class Dataset(Reply):
    """A data set; schema and profile are JSON that clients made."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET


class DatasetInput(Reply):
    """A data set with the tags of its use."""

    dataset: Dataset
    tags: list[KeyValue] = []


class ModelInput(Reply):
    """A logged model that a run read."""

    model_id: str


class ModelOutput(Reply):
    """A logged model that a run wrote."""

    model_id: str
    step: int


class RunInputs(Reply):
    """What a run read."""

    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []


class RunOutputs(Reply):
    """What a run wrote."""

    model_outputs: list[ModelOutput] = []


class Run(Reply):
    """A run with its data."""

    info: RunInfo
    data: RunData
    inputs: RunInputs
    outputs: RunOutputs


class RunReply(Reply):
    """runs/get"""

    run: Run


class RunInfoReply(Reply):
    """runs/update"""

    run_info: RunInfo


class FileInfo(Reply):
    """An artifact or a folder of them; the size in bytes."""

    path: str
    is_dir: bool
    file_size: int | UnsetType = UNSET


class FilesReply(Reply):
    """A folder of artifacts."""

    root_uri: str
    files: list[FileInfo] = []
    next_page_token: str = ""


class ModelVersion(Reply):
    """A version of a registered model; times in milliseconds."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    status: str
    user_id: str = ""
    description: str = ""
    source: str = ""
    run_id: str = ""
    status_message: str = ""
    tags: list[KeyValue] = []
    run_link: str = ""
    aliases: list[str] = []


class ModelVersionReply(Reply):
    """model-versions/get, update and transition-stage"""

    model_version: ModelVersion


class ModelVersionsReply(Reply):
    """model-versions/search"""

    model_versions: list[ModelVersion] = []
    next_page_token: str = ""


class Alias(Reply):
    """A name that stands for a version."""

    alias: str
    version: str


class RegisteredModel(Reply):
    """A registered model with the newest version of each stage."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str = ""
    description: str = ""
    latest_versions: list[ModelVersion] = []
    tags: list[KeyValue] = []
    aliases: list[Alias] = []


class RegisteredModelReply(Reply):
    """registered-models/get, create, update and rename"""

    registered_model: RegisteredModel


class RegisteredModelsReply(Reply):
    """registered-models/search"""

    registered_models: list[RegisteredModel] = []
    next_page_token: str = ""


class LoggedModelInfo(Reply):
    """A logged model without its data; times in milliseconds."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str = ""
    source_run_id: str = ""
    status_message: str = ""
    tags: list[KeyValue] = []


class LoggedModelMetric(Reply):
    """A point of a metric of a logged model."""

    key: str
    value: Double
    timestamp: int
    step: int
    model_id: str
    dataset_name: str = ""
    dataset_digest: str = ""
    run_id: str = ""


class LoggedModelData(Reply):
    """What was logged to a model."""

    params: list[KeyValue] = []
    metrics: list[LoggedModelMetric] = []


class LoggedModel(Reply):
    """A logged model with its data."""

    info: LoggedModelInfo
    data: LoggedModelData


class LoggedModelsReply(Reply):
    """logged-models/search"""

    models: list[LoggedModel] = []
    next_page_token: str = ""
