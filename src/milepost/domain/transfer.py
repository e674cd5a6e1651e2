"""What moves between trackers besides runs: registered and logged models, as records.

Times are integer milliseconds since the Unix epoch; ids and version numbers are those clients know.
"""

from __future__ import annotations

from msgspec import Struct, field

from milepost.domain.logged_models import LoggedModel
from milepost.domain.registry import Alias, Stage
from milepost.domain.tracking import Tag


class VersionRecord(Struct):
    """A version of a registered model. `status` is the number of MLflow's wire."""

    version: int
    stage: Stage
    created: int
    updated: int
    source: str
    location: str
    run_id: str = ""
    run_link: str = ""
    logged_model: str = ""
    user_id: str = ""
    description: str | None = None
    status: int = 3
    status_message: str | None = None
    tags: list[Tag] = field(default_factory=list)


class RegisteredRecord(Struct):
    """A registered model with its versions. `last_version` counts deleted ones too."""

    name: str
    created: int
    updated: int
    description: str = ""
    user_id: str = ""
    last_version: int = 0
    needs_approval: bool = False
    tags: list[Tag] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    versions: list[VersionRecord] = field(default_factory=list)


class LoggedRecord(Struct):
    """A logged model; `deleted` is when it went to the trash, None for an active one."""

    model: LoggedModel
    deleted: int | None = None
