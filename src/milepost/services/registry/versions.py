"""Versions of registered models: their life, stages and tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from milepost.domain import registry as rules
from milepost.domain.registry import (
    ACTIVE_STAGES,
    PROMPT_TAG,
    PROMPT_TEXT_TAG,
    PROMPT_TYPE_TAG,
    By,
    ModelVersion,
    RegisteredModel,
    Stage,
    VersionStatus,
)
from milepost.domain.tracking import Tag
from milepost.domain.webhooks import Action, Entity, Event
from milepost.errors import Denied, Invalid, NotFound
from milepost.services.registry.journal import Entry, Journal, facts
from milepost.services.registry.sources import Sources
from milepost.services.tracking import now
from milepost.store import logged_models
from milepost.store.registry import models, versions
from milepost.store.registry.tags import LOGGED_TAGS, VERSION_TAGS
from milepost.store.tx import Tx

_REGISTRATIONS_TAG = "mlflow.modelVersions"


class Draft(NamedTuple):
    """What a client says of a new version."""

    source: str
    run_id: str = ""
    run_link: str = ""
    logged_model: str = ""
    description: str = ""
    tags: Sequence[Tag] = ()


def no_version(name: str, version: int) -> NotFound:
    """The Problem for an unknown version."""
    return NotFound(f"Model Version (name={name}, version={version}) not found")


def locked(tx: Tx, name: str, version: int) -> tuple[RegisteredModel, ModelVersion]:
    """A version that is about to change, and its model, which is held."""
    model = models.lock(tx, name)
    found = None if model is None else versions.find(tx, name, version)
    if model is None or found is None:
        raise no_version(name, version)
    return model, found


class Versions:
    """The verbs of versions."""

    def __init__(self, sources: Sources, journal: Journal) -> None:
        self._sources = sources
        self._journal = journal

    def create(self, tx: Tx, by: By, name: str, draft: Draft) -> ModelVersion:
        """Register a version under the next number of its model."""
        rules.check_model_name(name)
        rules.check_uri("run_link", draft.run_link)
        for tag in draft.tags:
            rules.check_tag(tag)
        source = self._sources.resolve(
            tx, draft.source, draft.run_id, draft.logged_model, draft.tags
        )
        model = models.lock(tx, name)
        if model is None:
            raise NotFound(f"Registered Model with name={name} not found")
        at = now()
        number = models.next_version(tx, model, at)
        added = versions.add(
            tx,
            ModelVersion(
                0, model.id, name, number, by.actor, Stage.NONE, draft.description, at, at,
                source.uri, source.location, source.run_id, draft.run_link, source.logged_model,
                VersionStatus.READY, None, rules.marks_prompt(draft.tags),
            ),
        )  # fmt: skip
        VERSION_TAGS.set(tx, added, [(tag.key, tag.value) for tag in draft.tags])
        made = self.get(tx, name, number)
        self._record_creation(tx, at, by, model, made)
        if draft.logged_model:
            _note_registration(tx, made)
        return made

    def _record_creation(
        self, tx: Tx, at: int, by: By, model: RegisteredModel, made: ModelVersion
    ) -> None:
        entry = Entry("version.created", new=facts(made))
        self._journal.record(tx, at, by, model, entry, made.version)
        for tag in made.tags:
            entry = Entry("version.tag.set", tag.key, new=tag.value)
            self._journal.record(tx, at, by, model, entry, made.version)
        tags = {tag.key: tag.value for tag in made.tags}
        data: dict[str, Any] = {"name": made.name, "version": str(made.version)}
        if made.is_prompt:
            data |= {"template": tags.pop(PROMPT_TEXT_TAG, None)}
            for key in (PROMPT_TAG, PROMPT_TYPE_TAG):
                tags.pop(key, None)
            entity = Entity.PROMPT_VERSION
        else:
            data |= {"source": made.source, "run_id": made.run_id or None}
            entity = Entity.MODEL_VERSION
        more = {"tags": tags, "description": made.description or None}
        self._journal.tell(tx, at, Event(entity, Action.CREATED), {**data, **more})

    def get(self, tx: Tx, name: str, version: int) -> ModelVersion:
        """A version with tags and aliases."""
        found = versions.find(tx, name, version)
        if found is None:
            raise no_version(name, version)
        return versions.aliased(tx, versions.tagged(tx, [found]))[0]

    def describe(
        self, tx: Tx, by: By, name: str, version: int, description: str | None
    ) -> ModelVersion:
        """Set or clear the description."""
        model, found = locked(tx, name, version)
        at = now()
        versions.describe(tx, found.id, description, at)
        if description != found.description:
            entry = Entry("version.described", old=found.description, new=description)
            self._journal.record(tx, at, by, model, entry, version)
        return self.get(tx, name, version)

    def delete(self, tx: Tx, by: By, name: str, version: int) -> None:
        """Delete a version with its aliases. Its number is not given out again, its history
        stays."""
        model, found = locked(tx, name, version)
        at = now()
        for alias in versions.aliases(tx, model.id, version):
            entry = Entry("alias.deleted", alias, old=str(version))
            self._journal.record(tx, at, by, model, entry, version)
        entry = Entry("version.deleted", old=facts(found))
        self._journal.record(tx, at, by, model, entry, version)
        versions.delete(tx, found)
        models.touch(tx, model.id, at)

    # Stages

    def transition(
        self, tx: Tx, by: By, name: str, version: int, stage: Stage, *, archive_existing: bool
    ) -> ModelVersion:
        """Bring a version to a stage, and with `archive_existing` those that are in it to
        Archived. Raises Denied where the model wants an approval for it."""
        check_archiving(stage, archive_existing=archive_existing)
        model, found = locked(tx, name, version)
        if model.needs_approval and stage is Stage.PRODUCTION and found.stage is not stage:
            raise Denied(
                f"Model '{name}' needs an approval for Production: create a transition request"
                " (POST /api/3.0/milepost/registered-models/transition-requests) and let somebody"
                " approve it."
            )
        return self.bring(tx, by, model, found, stage, archive_existing=archive_existing)

    def bring(
        self,
        tx: Tx,
        by: By,
        model: RegisteredModel,
        version: ModelVersion,
        stage: Stage,
        *,
        archive_existing: bool,
    ) -> ModelVersion:
        """As `transition`, for a locked model whose rule about approvals is kept."""
        at = now()
        self._move(tx, at, by, model, [(version.id, version.version)], version.stage, stage)
        if archive_existing:
            others = [(row[0], row[1]) for row in versions.others_in(tx, version, stage)]
            self._move(tx, at, by, model, others, stage, Stage.ARCHIVED)
        models.touch(tx, model.id, at)
        return self.get(tx, model.name, version.version)

    def _move(
        self,
        tx: Tx,
        at: int,
        by: By,
        model: RegisteredModel,
        moved: Sequence[tuple[int, int]],
        old: Stage,
        new: Stage,
    ) -> None:
        if not moved:
            return
        versions.set_stage(tx, [number for number, _ in moved], new, at)
        if old is new:
            return
        numbers = [version for _, version in moved]
        entry = Entry("stage.changed", old=old.label, new=new.label)
        self._journal.record_each(tx, at, by, model, entry, numbers)
        told = [
            {
                "name": model.name,
                "version": str(number),
                "from_stage": old.label,
                "to_stage": new.label,
                "actor": by.actor,
                "comment": by.note,
            }
            for number in numbers
        ]
        event = Event(Entity.MODEL_VERSION_STAGE, Action.CHANGED)
        self._journal.tell(tx, at, event, *told)

    # Tags

    def set_tag(self, tx: Tx, by: By, name: str, version: int, tag: Tag) -> None:
        """Set or replace a tag."""
        rules.check_tag(tag)
        model, found = locked(tx, name, version)
        at, old = now(), VERSION_TAGS.get(tx, found.id, tag.key)
        VERSION_TAGS.set(tx, found.id, [(tag.key, tag.value)])
        if tag.key == PROMPT_TAG:
            versions.set_prompt(tx, found.id, is_prompt=rules.marks_prompt([tag]))
        if old != tag.value:
            entry = Entry("version.tag.set", tag.key, old, tag.value)
            self._journal.record(tx, at, by, model, entry, version)
        data = {"name": name, "version": str(version), "key": tag.key, "value": tag.value}
        self._journal.tell(tx, at, Event(_tag_entity(found), Action.SET), data)

    def delete_tag(self, tx: Tx, by: By, name: str, version: int, key: str) -> None:
        """Remove a tag; not there is fine."""
        model, found = locked(tx, name, version)
        at, old = now(), VERSION_TAGS.get(tx, found.id, key)
        if old is None:
            return
        VERSION_TAGS.delete(tx, found.id, key)
        if key == PROMPT_TAG:
            versions.set_prompt(tx, found.id, is_prompt=False)
        entry = Entry("version.tag.deleted", key, old)
        self._journal.record(tx, at, by, model, entry, version)
        data = {"name": name, "version": str(version), "key": key}
        self._journal.tell(tx, at, Event(_tag_entity(found), Action.DELETED), data)


def check_archiving(stage: Stage, *, archive_existing: bool) -> None:
    """Refuse to archive what is in a stage that nothing needs to leave."""
    if archive_existing and stage not in ACTIVE_STAGES:
        raise Invalid(
            "Model version transition cannot archive existing model versions because"
            f" '{stage.label}' is not an Active stage. Valid stages are ['Staging', 'Production']"
        )


def _tag_entity(version: ModelVersion) -> Entity:
    return Entity.PROMPT_VERSION_TAG if version.is_prompt else Entity.MODEL_VERSION_TAG


def _note_registration(tx: Tx, made: ModelVersion) -> None:
    """Keep on the logged model which versions were made from it, as MLflow does."""
    key = logged_models.lock(tx, made.logged_model)
    if key is None:
        return
    known = json.loads(LOGGED_TAGS.get(tx, key.id, _REGISTRATIONS_TAG) or "[]")
    value = json.dumps([*known, {"name": made.name, "version": made.version}])
    LOGGED_TAGS.set(tx, key.id, [(_REGISTRATIONS_TAG, value)])
