"""The verbs of the model registry.

Every verb that changes something takes `by`: who does it and why. It is written to the history in
the same transaction, and so are the webhook deliveries that the change causes.
"""

from __future__ import annotations

from dataclasses import dataclass

from milepost.services.locations import Locations
from milepost.services.registry.approvals import Approvals
from milepost.services.registry.journal import Journal
from milepost.services.registry.lineage import Lineage
from milepost.services.registry.models import Models
from milepost.services.registry.search import ModelSearch
from milepost.services.registry.sources import Sources
from milepost.services.registry.trash import ModelTrash
from milepost.services.registry.versions import Versions
from milepost.services.webhooks import Outbox


@dataclass(frozen=True, slots=True)
class Registry:
    """All verbs, by what they are about."""

    models: Models
    versions: Versions
    approvals: Approvals
    search: ModelSearch
    journal: Journal
    lineage: Lineage
    trash: ModelTrash


def build_registry(locations: Locations, outbox: Outbox) -> Registry:
    """The registry on a server whose artifacts lie at `locations`."""
    journal = Journal(outbox)
    versions = Versions(Sources(locations), journal)
    return Registry(
        Models(journal),
        versions,
        Approvals(versions, journal),
        ModelSearch(),
        journal,
        Lineage(),
        ModelTrash(journal),
    )
