"""Who may do what. Every route names an action, so that none can be left open."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. Times are in ms."""

    name: str
    password: str
    """As `passwords.kept` made it."""

    configured: bool
    """Whether the settings name this user."""

    created: int
    updated: int


class Action(Enum):
    """What a request does, to which kind of thing."""

    OPEN = "open"  # no identity needed: liveness and readiness
    READ_EXPERIMENT = "experiment.read"
    EDIT_EXPERIMENT = "experiment.edit"
    MANAGE_EXPERIMENT = "experiment.manage"
    CREATE_EXPERIMENT = "experiment.create"
    READ_MODEL = "registered_model.read"
    EDIT_MODEL = "registered_model.edit"
    MANAGE_MODEL = "registered_model.manage"
    CREATE_MODEL = "registered_model.create"
    READ_ARTIFACT = "artifact.read"
    EDIT_ARTIFACT = "artifact.edit"
    QUERY_MODEL = "served_model.query"
    READ_SERVER = "server.read"
    MANAGE_SERVER = "server.manage"
