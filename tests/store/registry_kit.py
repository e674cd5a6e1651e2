"""An open store of each kind with the verbs of the registry on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from milepost.domain.registry import (
    By,
    Change,
    ModelVersion,
    RegisteredModel,
    Stage,
)
from milepost.domain.tracking import Tag
from milepost.services.locations import Locations
from milepost.services.logged_models import LoggedModels
from milepost.services.registry import Registry, build_registry
from milepost.services.registry.search import RegistrySearch
from milepost.services.registry.versions import Draft
from milepost.services.webhooks import Outbox
from tests.store.conftest import Opened

ANN, BOB = By("ann", "as agreed"), By("bob")
LOCATIONS = Locations("mlflow-artifacts:/", "unused")


@dataclass(frozen=True)
class Kept:
    """An open store with the registry's verbs."""

    on: Opened
    registry: Registry
    logged: LoggedModels

    def write(self, verb: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return self.on.store.write(lambda tx, _: verb(tx, *arguments, **more), None)

    def read(self, verb: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return self.on.store.read(lambda tx, _: verb(tx, *arguments, **more), None)

    def create(self, name: str, *tags: Tag, versions: int = 0) -> None:
        self.write(self.registry.models.create, ANN, name, "", tags)
        for _ in range(versions):
            self.register(name)

    def register(self, name: str, *tags: Tag, by: By = ANN, **more: Any) -> int:
        draft = Draft(more.pop("source", "s3://b/p"), tags=tags, **more)
        made: ModelVersion = self.write(self.registry.versions.create, by, name, draft)
        return made.version

    def model(self, name: str) -> RegisteredModel:
        found: RegisteredModel = self.read(self.registry.models.get, name)
        return found

    def move(self, name: str, version: int, stage: Stage, *, archive: bool = False) -> None:
        self.write(
            self.registry.versions.transition, ANN, name, version, stage, archive_existing=archive
        )

    def history(self, name: str, version: int | None = None) -> list[Change]:
        """Oldest first."""
        page = self.read(self.registry.journal.history, name, version, 1000, "")
        return list(reversed(page.items))

    def models(self, filter: str = "", *order: str, limit: int = 1000) -> list[str]:
        query = RegistrySearch(filter, order, limit, 0)
        return [m.name for m in self.read(self.registry.search.models, query).items]

    def versions(self, filter: str = "", *order: str, limit: int = 1000) -> list[tuple[str, int]]:
        query = RegistrySearch(filter, order, limit, 0)
        found = self.read(self.registry.search.versions, query).items
        return [(v.name, v.version) for v in found]


def kept_on(on: Opened) -> Kept:
    return Kept(on, build_registry(LOCATIONS, Outbox()), LoggedModels(on.tracking, LOCATIONS))
