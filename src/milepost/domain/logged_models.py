"""Logged models: what training code saved as a model, before anybody registers it."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct, field

from milepost.domain.tracking import MAX_KEY, Lifecycle, Param, Tag
from milepost.errors import Invalid

MAX_NAME = 500
MAX_VALUE = 100_000
_FORBIDDEN = ("/", ":", ".", "%", '"', "'")


class ModelStatus(IntEnum):
    """How far a logged model is, with the numbers of MLflow's wire."""

    LOGGED_MODEL_STATUS_UNSPECIFIED = 0
    LOGGED_MODEL_PENDING = 1
    LOGGED_MODEL_READY = 2
    LOGGED_MODEL_UPLOAD_FAILED = 3


class ModelPoint(Struct, frozen=True):
    """One measured point of a logged model; `value` may be NaN. A data set not told is ""."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str
    dataset_name: str = ""
    dataset_digest: str = ""


class LoggedModel(Struct):
    """A model as it was logged, with all its measured points."""

    id: str
    experiment_id: int
    name: str
    model_type: str
    source_run: str
    artifact_uri: str
    status: ModelStatus
    status_message: str | None
    created: int
    updated: int
    lifecycle: Lifecycle
    params: list[Param] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    metrics: list[ModelPoint] = field(default_factory=list)


def check_name(name: str) -> None:
    """Refuse a name that could not stand in a URI or a path."""
    if any(c in name for c in _FORBIDDEN):
        raise Invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and"
            f" cannot contain the following characters: {_FORBIDDEN}"
        )
    if len(name) > MAX_NAME:
        raise Invalid(f"'name' exceeds the maximum length of {MAX_NAME} characters: {len(name)}")


def check_params(params: list[Param]) -> None:
    """Refuse params over the limits, or two of one key."""
    if len({param.key for param in params}) < len(params):
        raise Invalid("The params of a logged model must have different keys.")
    for param in params:
        _check_sizes(param.key, param.value)


def check_tags(tags: list[Tag]) -> None:
    """Refuse tags over the limits."""
    for tag in tags:
        _check_sizes(tag.key, tag.value)


def _check_sizes(key: str, value: str) -> None:
    if len(key) > MAX_KEY:
        raise Invalid(f"'key' exceeds the maximum length of {MAX_KEY} characters")
    if len(value) > MAX_VALUE:
        raise Invalid(f"'value' exceeds the maximum length of {MAX_VALUE} characters")
