"""Webhooks: what they can hear of, and what they are told. Words and shapes are MLflow's, and one
more entity: the stage of a version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, IntEnum

from msgspec import Struct

from milepost.errors import Invalid

MAX_NAME = 63
MAX_URL = 2048
MAX_SECRET = 1000
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)


class Entity(Enum):
    """What an event is about, with the name webhooks receive."""

    REGISTERED_MODEL = "registered_model"
    MODEL_VERSION = "model_version"
    MODEL_VERSION_TAG = "model_version_tag"
    MODEL_VERSION_ALIAS = "model_version_alias"
    PROMPT = "prompt"
    PROMPT_VERSION = "prompt_version"
    PROMPT_TAG = "prompt_tag"
    PROMPT_VERSION_TAG = "prompt_version_tag"
    PROMPT_ALIAS = "prompt_alias"
    BUDGET_POLICY = "budget_policy"
    MODEL_VERSION_STAGE = "model_version_stage"


class Action(Enum):
    """What happened to it."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    SET = "set"
    EXCEEDED = "exceeded"
    CHANGED = "changed"
    REQUESTED = "requested"


class WebhookStatus(IntEnum):
    """Whether a webhook is told anything, with the numbers of MLflow's wire."""

    ACTIVE = 1
    DISABLED = 2


class DeliveryState(IntEnum):
    """How far a delivery is. Stored as the number."""

    WAITING = 0
    DELIVERED = 1
    FAILED = 2


class Event(Struct, frozen=True):
    """One kind of event."""

    entity: Entity
    action: Action

    @property
    def key(self) -> str:
        """The event as it is stored: entity.action."""
        return f"{self.entity.value}.{self.action.value}"

    @property
    def known_to_mlflow(self) -> bool:
        """Whether MLflow's clients can read it."""
        return self.entity is not Entity.MODEL_VERSION_STAGE


_ACTIONS: dict[Entity, tuple[Action, ...]] = {
    Entity.REGISTERED_MODEL: (Action.CREATED,),
    Entity.MODEL_VERSION: (Action.CREATED,),
    Entity.MODEL_VERSION_TAG: (Action.DELETED, Action.SET),
    Entity.MODEL_VERSION_ALIAS: (Action.CREATED, Action.DELETED),
    Entity.PROMPT: (Action.CREATED,),
    Entity.PROMPT_VERSION: (Action.CREATED,),
    Entity.PROMPT_TAG: (Action.DELETED, Action.SET),
    Entity.PROMPT_VERSION_TAG: (Action.DELETED, Action.SET),
    Entity.PROMPT_ALIAS: (Action.CREATED, Action.DELETED),
    Entity.BUDGET_POLICY: (Action.EXCEEDED,),
    Entity.MODEL_VERSION_STAGE: (Action.CHANGED, Action.REQUESTED),
}


class Webhook(Struct, frozen=True):
    """Where events are sent. The secret never leaves the server but as a signature."""

    number: int
    id: str
    name: str
    description: str | None
    url: str
    events: Sequence[Event]
    secret: str | None
    status: WebhookStatus
    created: int
    updated: int

    @property
    def known_to_mlflow(self) -> bool:
        """Whether it hears of anything that MLflow's clients know."""
        return any(event.known_to_mlflow for event in self.events)

    def __repr__(self) -> str:
        """Without the secret, so that no log can hold it."""
        return f"Webhook(id={self.id!r}, name={self.name!r}, status={self.status.name})"


class Delivery(Struct, frozen=True):
    """One event for one webhook: waiting in the outbox, or in the log of what became of it."""

    number: int
    id: str
    webhook: int
    event: str
    body: str
    created: int
    state: DeliveryState
    attempts: int
    due: int
    finished: int | None
    reply_status: int | None
    reply_text: str


def event_of(text: str) -> Event:
    """The event stored as `key`."""
    entity, _, action = text.partition(".")
    return Event(Entity(entity), Action(action))


def check_name(name: str) -> None:
    """Refuse what MLflow would refuse as the name of a webhook."""
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise Invalid(
            f"Webhook name '{name}' is invalid. It must start and end with a letter or digit, be at"
            f" most {MAX_NAME} characters long, and contain only letters, digits, dots (.),"
            " underscores (_), and hyphens (-)."
        )


def check_events(events: Sequence[Event]) -> None:
    """Refuse no events, and combinations that never happen."""
    if not events:
        raise Invalid("Webhook events must be a non-empty list of WebhookEvent objects: [].")
    for event in events:
        check_event(event)


def check_event(event: Event) -> None:
    """Refuse a combination that never happens."""
    valid = _ACTIONS[event.entity]
    if event.action not in valid:
        raise Invalid(
            f"Invalid action '{event.action.value}' for entity '{event.entity.value}'."
            f" Valid actions are: {[action.value for action in valid]}"
        )
