"""Actions: what a caller asks to do. Every route names one, so that none can be left open."""

from __future__ import annotations

from enum import Enum


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
    READ_SERVER = "server.read"
    MANAGE_SERVER = "server.manage"
