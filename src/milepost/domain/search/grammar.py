"""The words each searchable subject knows. The rules that join them are the same for all."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

# "integer" and "id" are whole numbers that may also be written in quotes; an id has no order.
Kind = Literal["text", "number", "integer", "id"]

_EQUALITY = ("=", "!=", "IN", "NOT IN", "IS NULL", "IS NOT NULL")
_PATTERN = ("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE")
_RANGE = ("<", "<=", ">", ">=", "BETWEEN", "NOT BETWEEN")
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "text": _EQUALITY + _PATTERN,
    "number": _EQUALITY + _RANGE,
    "integer": _EQUALITY + _RANGE,
    "id": _EQUALITY,
}
AGGREGATES = ("last", "min", "max", "step", "min_step", "max_step")
DATASET_FIELDS = ("name", "digest", "context")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The keys of one subject.

    prefixes: what may stand before a dot, and the entity it names
    attributes: the subject's own fields, which need no prefix
    aliases: other names of attributes
    order_entities: the entities order_by may name
    aggregates: whether `metrics.loss.min` means the least loss and not a metric of that name
    bare_text: whether text may stand without quotes (`params.lr = 0.01`)
    spellings: by attribute, other ways to write a value
    """

    prefixes: Mapping[str, str]
    attributes: Mapping[str, Kind]
    aliases: Mapping[str, str] = field(default_factory=dict)
    order_entities: Set[str] = frozenset({"attribute"})
    aggregates: bool = False
    bare_text: bool = False
    spellings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def kind(self, entity: str, key: str) -> Kind:
        """What values the key has."""
        if entity == "attribute":
            return self.attributes[key]
        return "number" if entity == "metric" else "text"

    def spelling(self, entity: str, key: str, value: str) -> str:
        """The value as it is kept, however the caller wrote it."""
        others = self.spellings.get(key, {}) if entity == "attribute" else {}
        return others.get(value, value)


_ATTRIBUTES_AND_TAGS = {"attribute": "attribute", "tag": "tag", "tags": "tag"}

RUNS = Grammar(
    prefixes={
        "metric": "metric",
        "metrics": "metric",
        "param": "param",
        "params": "param",
        "parameter": "param",
        "parameters": "param",
        "tag": "tag",
        "tags": "tag",
        "attribute": "attribute",
        "attributes": "attribute",
        "attr": "attribute",
        "run": "attribute",
        "dataset": "dataset",
        "datasets": "dataset",
    },
    attributes={
        "run_id": "text",
        "run_name": "text",
        "status": "text",
        "artifact_uri": "text",
        "user_id": "text",
        "start_time": "number",
        "end_time": "number",
        "duration": "number",  # milliseconds from start to end, null while the run goes on
    },
    aliases={
        "created": "start_time",
        "Created": "start_time",
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
    },
    order_entities=frozenset({"attribute", "metric", "param", "tag"}),
    aggregates=True,
)

EXPERIMENTS = Grammar(
    prefixes=_ATTRIBUTES_AND_TAGS,
    attributes={
        "name": "text",
        "experiment_id": "id",
        "creation_time": "number",
        "last_update_time": "number",
    },
)

MODELS = Grammar(
    prefixes=_ATTRIBUTES_AND_TAGS,
    attributes={
        "name": "text",
        "creation_timestamp": "number",
        "last_updated_timestamp": "number",
    },
    aliases={"timestamp": "last_updated_timestamp"},
)

VERSIONS = Grammar(
    prefixes=_ATTRIBUTES_AND_TAGS,
    attributes={
        "name": "text",
        "version_number": "integer",
        "run_id": "text",
        "source_path": "text",
        "creation_timestamp": "number",
        "last_updated_timestamp": "number",
    },
)

# Its order_by comes as objects that may name a data set, so the same metric can stand in it twice:
# whoever reads the request parses each `<field_name> ASC|DESC` by itself.
LOGGED_MODELS = Grammar(
    prefixes={
        "attributes": "attribute",
        "metrics": "metric",
        "params": "param",
        "tags": "tag",
    },
    attributes={
        "name": "text",
        "model_id": "text",
        "model_type": "text",
        "source_run_id": "text",
        "status": "text",
        "status_message": "text",
        "experiment_id": "id",
        "artifact_location": "text",
        "lifecycle_stage": "text",
        "creation_timestamp": "number",
        "last_updated_timestamp": "number",
    },
    aliases={
        "creation_time": "creation_timestamp",
        "creation_timestamp_ms": "creation_timestamp",
        "last_updated_timestamp_ms": "last_updated_timestamp",
    },
    order_entities=frozenset({"attribute", "metric"}),
    bare_text=True,
    # MLflow compares the number of the state; here its name does as well.
    spellings={
        "status": {
            "1": "PENDING",
            "2": "READY",
            "3": "FAILED",
            "LOGGED_MODEL_PENDING": "PENDING",
            "LOGGED_MODEL_READY": "READY",
            "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
        }
    },
)
