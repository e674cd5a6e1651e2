"""Registered models that come in from elsewhere, and what the history says of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from milepost.domain.registry import Change
from milepost.domain.tracking import Tag
from milepost.domain.transfer import RegisteredRecord
from milepost.services.registry.journal import Entry, facts
from milepost.services.tracking import now
from milepost.store import transfer_models
from milepost.store.registry import history
from milepost.store.transfer_models import Added
from milepost.store.tx import Tx

_NOTE = "imported"


def add_registered(tx: Tx, record: RegisteredRecord) -> int:
    """Add a model, or those of its versions and aliases that are not here; how many versions were
    new. Each is recorded as if it had been made now; what was recorded elsewhere does not come
    along."""
    added, at = transfer_models.add_registered(tx, record), now()
    history.add(
        tx,
        added.model,
        [
            Change(0, record.name, version, at, "", *entry, _NOTE)
            for entry, version in _entries(record, added)
        ],
    )
    return len(added.versions)


def _entries(record: RegisteredRecord, added: Added) -> Iterator[tuple[Entry, int]]:
    if added.is_new:
        yield Entry("model.created", new=record.description or None), 0
        yield from _tags("model.tag.set", record.tags, 0)
        if record.needs_approval:
            yield Entry("model.approval", old="false", new="true"), 0
    for version in added.versions:
        yield Entry("version.created", new=facts(version)), version.version
        yield from _tags("version.tag.set", version.tags, version.version)
    for alias in added.aliases:
        yield Entry("alias.set", alias.alias, new=str(alias.version)), alias.version


def _tags(action: str, tags: Sequence[Tag], version: int) -> Iterator[tuple[Entry, int]]:
    for tag in tags:
        yield Entry(action, tag.key, new=tag.value), version
