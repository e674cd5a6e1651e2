"""What is recorded of each change: an entry of the history, and the event webhooks hear of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from milepost.domain.registry import By, Change, ModelVersion, RegisteredModel
from milepost.domain.search import decode_page_token, encode_page_token
from milepost.domain.webhooks import Event
from milepost.errors import NotFound
from milepost.services.search import Page
from milepost.services.webhooks import Outbox
from milepost.store.registry import history, models
from milepost.store.tx import Tx

_NEWEST = 2**63 - 1


class Entry(NamedTuple):
    """One change of a value. For what is set first `old` is None, for what is removed `new`."""

    action: str
    subject: str = ""
    old: str | None = None
    new: str | None = None


class Journal:
    """Writes down changes, and reads them back."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def record(
        self, tx: Tx, at: int, by: By, model: RegisteredModel, entry: Entry, version: int = 0
    ) -> None:
        """Append one change of a model, or of one of its versions, made at `at`."""
        self.record_each(tx, at, by, model, entry, [version])

    def record_each(
        self,
        tx: Tx,
        at: int,
        by: By,
        model: RegisteredModel,
        entry: Entry,
        changed: Sequence[int],
    ) -> None:
        """Append the same change of many versions of a model."""
        history.add(
            tx,
            model.id,
            [Change(0, model.name, version, at, by.actor, *entry, by.note) for version in changed],
        )

    def tell(self, tx: Tx, at: int, event: Event, *data: dict[str, Any]) -> None:
        """Send an event, for each of the data, to the webhooks that want it, once the transaction
        is durable."""
        self._outbox.add(tx, at, event, *data)

    def history(
        self, tx: Tx, name: str, version: int | None, limit: int, token: str
    ) -> Page[Change]:
        """A page of what happened to a model or one of its versions, newest first. The name of a
        model that was deleted leads to all of it, an earlier name to what was recorded under it."""
        model = models.find(tx, name)
        number = history.deleted(tx, name) if model is None else model.id
        before = decode_page_token(token) or _NEWEST
        found = history.of(tx, name, number, version, before, limit + 1)
        if model is None and not found and not token:
            raise NotFound(f"Registered Model with name={name} not found")
        more = len(found) > limit
        return Page(found[:limit], encode_page_token(found[limit - 1].id) if more else None)


def facts(version: ModelVersion) -> str:
    """What a version is, in one line, for the entry that says it came or went."""
    parts = {"source": version.source, "run_id": version.run_id, "stage": version.stage.label}
    return ", ".join(f"{key}={value}" for key, value in parts.items() if value)
