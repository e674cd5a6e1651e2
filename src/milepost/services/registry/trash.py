"""The trash of registered and logged models."""

from __future__ import annotations

from milepost.domain.registry import By, Change
from milepost.errors import Exists, NotFound
from milepost.services.registry.journal import Entry, Journal
from milepost.services.registry.models import locked
from milepost.services.tracking import now
from milepost.store import logged_models
from milepost.store.logged_models import DeletedLoggedModel
from milepost.store.registry import history, models, trash
from milepost.store.registry.trash import DeletedModel
from milepost.store.tx import Tx

MOST = 1000
"""How many of each kind are listed."""


class ModelTrash:
    """Models that were deleted, until they are restored or collected."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def listed(self, tx: Tx) -> tuple[list[DeletedModel], list[DeletedLoggedModel]]:
        """Registered and logged models in the trash, the last deleted first."""
        return trash.newest(tx, MOST), logged_models.newest_deleted(tx, MOST)

    def restore(self, tx: Tx, by: By, number: int) -> None:
        """Put a registered model back with its versions, stages and aliases. Raises Exists when
        its name was given to another meanwhile."""
        name = trash.lock(tx, number)
        if name is None:
            raise NotFound(f"No registered model {number} is in the trash")
        if models.find(tx, name) is not None:
            raise Exists(
                f"Registered Model (name={name}) already exists."
                " Rename or delete it, then restore this one."
            )
        trash.restore(tx, number)
        self._journal.record(tx, now(), by, locked(tx, name), Entry("model.restored"))

    def restore_logged(self, tx: Tx, model_id: str) -> None:
        """Take a logged model out of the trash; done before is done."""
        found = logged_models.lock(tx, model_id)
        if found is None:
            raise NotFound(f"Logged model with ID '{model_id}' not found.")
        logged_models.restore(tx, found.id, now())


def remove_forever(tx: Tx, number: int) -> bool:
    """Remove a registered model in the trash with all it had; whether it was still there. Only its
    history stays, and says so."""
    name = trash.lock(tx, number)
    if name is None:
        return False
    trash.remove(tx, number)
    history.add(tx, number, [Change(0, name, 0, now(), "", "model.removed", "", None, None, "")])
    return True
