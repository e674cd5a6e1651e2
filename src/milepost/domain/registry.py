"""Registered models, their versions, stages and aliases: the nouns and rules of the registry.

Times are integer milliseconds since the Unix epoch. Limits and messages follow MLflow 3.17, which
clients show to their users verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct, field

from milepost.domain.tracking import Tag, check_key
from milepost.errors import Invalid

MAX_MODEL_NAME = 256
MAX_TAG_VALUE = 100_000
MAX_ALIAS = 255
MAX_URI = 2048
PROMPT_TAG = "mlflow.prompt.is_prompt"
PROMPT_TEXT_TAG = "mlflow.prompt.text"
PROMPT_TYPE_TAG = "_mlflow_prompt_type"
PROMPT_SOURCES = frozenset({"dummy-source", "prompt-template"})
"""What clients send as the source of a prompt, which has no files."""

LATEST = "latest"

_ALIAS = re.compile(r"[\w\-]+")
_VERSION_ALIAS = re.compile(r"v\d+", re.IGNORECASE)
_VERSION = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


class Stage(IntEnum):
    """Where a version stands. Stored as the number."""

    NONE = 0
    STAGING = 1
    PRODUCTION = 2
    ARCHIVED = 3

    @property
    def label(self) -> str:
        """The name MLflow gives it."""
        return self.name.capitalize()


ACTIVE_STAGES = (Stage.STAGING, Stage.PRODUCTION)
_STAGES = {stage.name: stage for stage in Stage}


class VersionStatus(IntEnum):
    """Whether a version can be used, with the numbers of MLflow's wire."""

    PENDING_REGISTRATION = 1
    FAILED_REGISTRATION = 2
    READY = 3


class RequestState(IntEnum):
    """What became of a request for a transition. Stored as the number."""

    PENDING = 0
    APPROVED = 1
    REJECTED = 2


class By(Struct, frozen=True):
    """Who makes a change and why; both may be unknown ("")."""

    actor: str = ""
    note: str = ""


class Alias(Struct, frozen=True):
    """A name that points to one version of its model."""

    alias: str
    version: int


class ModelVersion(Struct):
    """One version of a registered model."""

    id: int
    model_id: int
    name: str
    version: int
    user_id: str
    stage: Stage
    description: str | None
    created: int
    updated: int
    source: str
    location: str
    run_id: str
    run_link: str
    logged_model: str
    status: VersionStatus
    status_message: str | None
    is_prompt: bool
    tags: list[Tag] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)


class RegisteredModel(Struct):
    """A named model with numbered versions."""

    id: int
    name: str
    user_id: str
    description: str
    created: int
    updated: int
    last_version: int
    is_prompt: bool
    needs_approval: bool
    """Whether only an approved request brings a version to Production."""

    tags: list[Tag] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    latest: list[ModelVersion] = field(default_factory=list)


class Change(Struct, frozen=True):
    """One entry of the history. `version` is 0 for a change of the model itself."""

    id: int
    model: str
    version: int
    at: int
    actor: str
    action: str
    subject: str
    """The key of a tag or the name of an alias, "" for the rest."""

    old: str | None
    new: str | None
    note: str


class TransitionRequest(Struct, frozen=True):
    """Somebody's wish to bring a version to a stage, and the decision about it."""

    id: int
    model_id: int
    model: str
    version: int
    stage: Stage
    archive_existing: bool
    state: RequestState
    requested_by: str
    requested: int
    request_note: str
    decided_by: str
    decided: int | None
    decision_note: str


def check_model_name(name: str) -> None:
    """Refuse a name that is blank, too long, or could not stand in a models:/ URI."""
    if not name.strip():
        raise Invalid("Missing value for required parameter 'name'.")
    if "/" in name or ":" in name:
        raise Invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    if len(name) > MAX_MODEL_NAME:
        raise Invalid(
            f"'name' exceeds the maximum length of {MAX_MODEL_NAME} characters: {len(name)}"
        )


def check_tag(tag: Tag) -> None:
    """Refuse a tag with a bad key, or a value over the limit."""
    check_key(tag.key, "key", "key")
    if len(tag.value) > MAX_TAG_VALUE:
        raise Invalid(f"'value' exceeds the maximum length of {MAX_TAG_VALUE} characters")


def check_uri(name: str, uri: str) -> None:
    """Refuse a source or link over the limit."""
    if len(uri) > MAX_URI:
        raise Invalid(f"'{name}' exceeds the maximum length of {MAX_URI} characters")


def check_alias_form(alias: str) -> None:
    """Refuse what cannot be the name of an alias."""
    if len(alias) > MAX_ALIAS:
        raise Invalid(f"'Registered model alias name' exceeds the maximum length of {MAX_ALIAS}"
                      " characters")  # fmt: skip
    if not _ALIAS.fullmatch(alias):
        raise Invalid(
            f"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores"
            " (_), and dashes (-)."
        )


def check_new_alias(alias: str) -> None:
    """Refuse what cannot be the name of an alias or already means something: latest and v1."""
    check_alias_form(alias)
    if alias.lower() == LATEST:
        raise Invalid("'latest' alias name (case insensitive) is reserved.")
    if _VERSION_ALIAS.fullmatch(alias):
        raise Invalid(f"Version alias name '{alias}' is reserved.")


def stage_of(text: str) -> Stage:
    """The stage a client names, in any case."""
    stage = _STAGES.get(text.upper())
    if stage is None:
        raise Invalid(
            f"Invalid Model Version stage: {text}. Value must be one of None, Staging, Production,"
            " Archived."
        )
    return stage


def version_of(text: str) -> int:
    """The number of a version as clients send it."""
    if not _VERSION.fullmatch(text):
        raise Invalid(f"Parameter 'version' must be an integer, got '{text}'.")
    return int(text)


def marks_prompt(tags: Iterable[Tag]) -> bool:
    """Whether these tags say that what carries them is a prompt."""
    return any(tag.key == PROMPT_TAG and tag.value.lower() == "true" for tag in tags)
