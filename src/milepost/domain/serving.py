"""What the gateway serves: the model a route means, and how its model server is doing."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Target(Struct, frozen=True):
    """The model that is to be served now."""

    uri: str
    """What MLflow loads: of a registered model always one version by its number."""

    location: str = ""
    """Where the files of that version are: a model that was deleted and made anew under the same
    name is another."""


class Served(Struct, frozen=True):
    """One route of the gateway."""

    route: str
    model_uri: str
    state: Literal["external", "waiting", "loading", "serving", "failed"]
    """external: a model server that somebody else runs; waiting: nothing is there to serve;
    loading: the first server is on its way; failed: there is none, and another start is due."""

    serving: str = ""
    """The URI of what answers now; "" for nothing."""

    problem: str = ""
    """What went wrong last, also while an older version still answers."""

    starts: int = 0
    """How many model servers were started for it."""
