"""Who may do what. Every route names an action, so that none can be left open."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_LONGEST_NAME = 256


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


def may_be_name(text: str) -> bool:
    """Whether a user can have this name; no database needs to be asked for another."""
    return text.isprintable() and 0 < len(text) <= _LONGEST_NAME


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
