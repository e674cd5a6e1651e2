"""Experiments, runs and what is logged to them: the nouns, their limits and naming rules.

Times are integer milliseconds since the Unix epoch. Limits and messages follow MLflow 3.17, which
clients show to their users verbatim.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct, field

from milepost.errors import Invalid

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
MAX_TAG_VALUE = 8000
MAX_EXPERIMENT_TAG_VALUE = 20000
MAX_EXPERIMENT_NAME = 500
MAX_ARTIFACT_LOCATION = 2048
MAX_BATCH_METRICS = 1000
MAX_BATCH_PARAMS = 100
MAX_BATCH_TAGS = 100
MAX_BATCH_ITEMS = 1000
LARGEST_DOUBLE = 1.7976931348623157e308
RUN_NAME_TAG = "mlflow.runName"
DATASET_LIMITS = {
    "name": 500,
    "digest": 36,
    "schema": 1048575,
    "source": 65535,
    "profile": 16777215,
}
MAX_INPUT_TAG_KEY = 255
MAX_INPUT_TAG_VALUE = 500

_KEY = re.compile(r"[/\w.\- :]*")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")


class Lifecycle(IntEnum):
    """Whether a thing is in use or in the trash. Stored as the number."""

    active = 0
    deleted = 1


class RunStatus(IntEnum):
    """MLflow's run states, with the numbers of its wire."""

    RUNNING = 1
    SCHEDULED = 2
    FINISHED = 3
    FAILED = 4
    KILLED = 5


class ViewType(IntEnum):
    """Which life-cycle stages a search returns, with the numbers of MLflow's wire."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3

    def stages(self) -> tuple[Lifecycle, ...]:
        """The life-cycle stages this view lets through."""
        if self is ViewType.ALL:
            return (Lifecycle.active, Lifecycle.deleted)
        return (Lifecycle.active,) if self is ViewType.ACTIVE_ONLY else (Lifecycle.deleted,)


class Tag(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A key with a text value: a tag of a run or experiment."""

    key: str
    value: str = ""


class Param(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A parameter of a run: written once, never changed."""

    key: str
    value: str = ""


class Metric(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One measured point. `timestamp` is in milliseconds, `step` any 64-bit integer."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    run_id: str = ""


class Point(Struct, frozen=True, gc=False):
    """One point of a metric as it is read back; `value` may be NaN, never infinite."""

    key: str
    value: float
    timestamp: int
    step: int


class Batch(Struct, frozen=True):
    """What one request logs to one run, all or nothing."""

    run_id: str
    metrics: Sequence[Metric] = ()
    params: Sequence[Param] = ()
    tags: Sequence[Tag] = ()


class NewRun(Struct, frozen=True):
    """What a client says of a run that starts. Its name may also come as the tag mlflow.runName."""

    experiment_id: int
    user_id: str = ""
    name: str = ""
    start_time: int = 0
    tags: Sequence[Tag] = ()


class RunUpdate(Struct, frozen=True):
    """A change of a run's state, end time or name, each None or "" when it stays."""

    run_id: str
    status: RunStatus | None = None
    end_time: int | None = None
    name: str = ""


class Experiment(Struct, frozen=True):
    """A named collection of runs."""

    id: int
    name: str
    artifact_location: str
    lifecycle: Lifecycle
    created: int
    updated: int
    tags: Sequence[Tag] = ()


class Dataset(Struct, frozen=True):
    """A data set as the client describes it; `schema` and `profile` are None when not sent."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Struct, frozen=True):
    """A data set a run used, with the tags of that use (its context, say)."""

    dataset: Dataset
    tags: Sequence[Tag] = ()


class DatasetSummary(Struct, frozen=True):
    """A data set of an experiment and one context it was used in, None where none was given."""

    experiment_id: int
    name: str
    digest: str
    context: str | None


class ModelOutput(Struct, frozen=True):
    """A logged model that a run wrote, and the step at which it did."""

    model_id: str
    step: int = 0


class Run(Struct):
    """One execution of training code, with the last point of each metric."""

    id: str
    experiment_id: int
    name: str
    user_id: str
    status: RunStatus
    start_time: int
    end_time: int | None
    artifact_uri: str
    lifecycle: Lifecycle
    metrics: list[Point] = field(default_factory=list)
    params: list[Param] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    datasets: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[str] = field(default_factory=list)
    model_outputs: list[ModelOutput] = field(default_factory=list)


def finite(value: float) -> float:
    """Infinities become the largest double of that sign, as MLflow stores them; NaN stays NaN."""
    if math.isinf(value):
        return math.copysign(LARGEST_DOUBLE, value)
    return value


def check_key(key: str, parameter: str, noun: str) -> None:
    """Refuse a metric, param or tag key that MLflow's clients could not use.

    `parameter` is the request field to name in the message, `noun` what the key belongs to.
    """
    if _is_good_key(key):
        return
    check_key_length(key, noun)
    if not _KEY.fullmatch(key):
        raise Invalid(
            f"Invalid value \"{key}\" for parameter '{parameter}' supplied: Names may only contain"
            " alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and"
            " slashes (/)."
        )
    raise Invalid(
        f"Invalid value \"{key}\" for parameter '{parameter}' supplied: Names may be treated as"
        " files in certain cases, and must not resolve to other names when treated as such."
        f" This name would resolve to '{posixpath.normpath(key)}'"
    )


@lru_cache(maxsize=16384)  # training loops send the same keys over and over
def _is_good_key(key: str) -> bool:
    return len(key) <= MAX_KEY and bool(_KEY.fullmatch(key)) and is_plain_path(key)


def check_key_length(key: str, noun: str) -> None:
    """Refuse a key that is too long to be stored."""
    if len(key) > MAX_KEY:
        raise Invalid(f"'{noun}' exceeds the maximum length of {MAX_KEY} characters")


def is_plain_path(key: str) -> bool:
    """Whether `key`, read as a relative path, names itself: no `..`, `//`, leading `/` or `.`."""
    return key == posixpath.normpath(key) and key != "." and not key.startswith(("..", "/"))


def check_batch(batch: Batch) -> None:
    """Refuse a batch that breaks a limit or a naming rule; raises Invalid, changes nothing."""
    _check_sizes(batch)
    check_metrics(batch.metrics)
    if len({param.key for param in batch.params}) < len(batch.params):
        counts = Counter(param.key for param in batch.params)
        duplicates = [key for key, count in counts.items() if count > 1]
        raise Invalid(
            f"Duplicate parameter keys have been submitted: {duplicates}. Please ensure the request"
            " contains only one param value per param key."
        )
    for i, param in enumerate(batch.params):
        if not _is_good_key(param.key):
            check_key(param.key, _place("params", i, len(batch.params)), "Param key")
    for i, tag in enumerate(batch.tags):
        if not _is_good_key(tag.key):
            check_key(tag.key, _place("tags", i, len(batch.tags)), "key")


def _place(items: str, i: int, count: int) -> str:
    """What to call the key of one item: one that is alone may have come by itself."""
    return "key" if count == 1 else f"{items}[{i}].key"


def check_metrics(metrics: Sequence[Metric]) -> None:
    """Check each distinct metric key once, and that no timestamp is negative."""
    for key in {m.key for m in metrics}:
        check_key(key, "name", "Metric name")
    negative = [m for m in metrics if m.timestamp < 0]
    if negative:
        metric = negative[0]
        raise Invalid(
            f"Invalid value {metric.timestamp} for parameter 'timestamp' supplied: metric"
            f" '{metric.key}' (value={metric.value}). Timestamp must be a nonnegative long"
            " (64-bit integer) "
        )


def _check_sizes(batch: Batch) -> None:
    total = len(batch.metrics) + len(batch.params) + len(batch.tags)
    if total <= min(MAX_BATCH_METRICS, MAX_BATCH_PARAMS, MAX_BATCH_TAGS):
        return
    for noun, items, limit in (
        ("metrics", batch.metrics, MAX_BATCH_METRICS),
        ("params", batch.params, MAX_BATCH_PARAMS),
        ("tags", batch.tags, MAX_BATCH_TAGS),
    ):
        _check_size(noun, len(items), limit)
    _check_size("metrics, params, and tags", total, MAX_BATCH_ITEMS)


def _check_size(noun: str, count: int, limit: int) -> None:
    if count > limit:
        raise Invalid(
            f"A batch logging request can contain at most {limit} {noun}. Got {count} {noun}."
            f" Please split up {noun} across multiple requests and try again."
        )


def check_experiment_name(name: str) -> None:
    """Refuse an empty or over-long experiment name."""
    if not name:
        raise Invalid("Invalid experiment name: ''. Name must not be empty.")
    if len(name) > MAX_EXPERIMENT_NAME:
        raise Invalid(
            f"'name' exceeds the maximum length of {MAX_EXPERIMENT_NAME} characters: {len(name)}"
        )


def check_experiment_tag(tag: Tag) -> None:
    """Refuse an experiment tag with a bad key, or a value over the limit (never truncated)."""
    check_key(tag.key, "key", "key")
    if len(tag.value) > MAX_EXPERIMENT_TAG_VALUE:
        raise Invalid(
            f"'value' exceeds the maximum length of {MAX_EXPERIMENT_TAG_VALUE} characters:"
            f" got {len(tag.value)}"
        )


def check_run_id(run_id: str) -> None:
    """Refuse a run id that could not be a folder name; MLflow's ids are 32 hex digits."""
    if not _RUN_ID.fullmatch(run_id):
        raise Invalid(
            f"Invalid run ID: '{run_id}'. Run IDs start with a letter or digit, followed by up to"
            " 255 letters, digits, underscores or dashes."
        )


def check_dataset(item: DatasetInput) -> None:
    """Refuse a data set description over MLflow's column sizes."""
    for name, limit in DATASET_LIMITS.items():
        value = getattr(item.dataset, name) or ""
        if len(value) > limit:
            raise Invalid(f"'dataset.{name}' exceeds the maximum length of {limit} characters")
    for tag in item.tags:
        if len(tag.key) > MAX_INPUT_TAG_KEY:
            raise Invalid(
                f"'tags.key' exceeds the maximum length of {MAX_INPUT_TAG_KEY} characters"
            )
        if len(tag.value) > MAX_INPUT_TAG_VALUE:
            raise Invalid(
                f"'tags.value' exceeds the maximum length of {MAX_INPUT_TAG_VALUE} characters"
            )


def last_tags(tags: Iterable[Tag]) -> dict[str, str]:
    """Tags by key, values cut to MLflow's limit; the last of several with one key wins."""
    return {tag.key: tag.value[:MAX_TAG_VALUE] for tag in tags}
