"""Registered models, their tags and aliases."""

from __future__ import annotations

from collections.abc import Sequence

from milepost.domain import registry as rules
from milepost.domain.registry import (
    LATEST,
    PROMPT_TAG,
    PROMPT_TYPE_TAG,
    By,
    ModelVersion,
    RegisteredModel,
    Stage,
)
from milepost.domain.tracking import Tag
from milepost.domain.webhooks import Action, Entity, Event
from milepost.errors import Exists, Invalid, NotFound
from milepost.services.registry.journal import Entry, Journal
from milepost.services.registry.versions import no_version
from milepost.services.tracking import now
from milepost.store.registry import models, trash, versions
from milepost.store.registry.tags import MODEL_TAGS
from milepost.store.tx import Tx


def no_model(name: str) -> NotFound:
    """The Problem for an unknown model."""
    return NotFound(f"Registered Model with name={name} not found")


def locked(tx: Tx, name: str) -> RegisteredModel:
    """A model that is about to change."""
    found = models.lock(tx, name)
    if found is None:
        raise no_model(name)
    return found


class Models:
    """The verbs of registered models."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def create(
        self, tx: Tx, by: By, name: str, description: str = "", tags: Sequence[Tag] = ()
    ) -> RegisteredModel:
        """Create a model. Raises Exists when the name is taken."""
        rules.check_model_name(name)
        for tag in tags:
            rules.check_tag(tag)
        if models.find(tx, name) is not None:
            raise Exists(f"Registered Model (name={name}) already exists.")
        at, is_prompt = now(), rules.marks_prompt(tags)
        number = models.add(tx, name, by.actor, description, at, is_prompt=is_prompt)
        MODEL_TAGS.set(tx, number, [(tag.key, tag.value) for tag in tags])
        model = self.get(tx, name)
        self._journal.record(tx, at, by, model, Entry("model.created", new=description or None))
        for tag in model.tags:
            entry = Entry("model.tag.set", tag.key, new=tag.value)
            self._journal.record(tx, at, by, model, entry)
        entity = Entity.PROMPT if is_prompt else Entity.REGISTERED_MODEL
        hidden = (PROMPT_TAG, PROMPT_TYPE_TAG) if is_prompt else ()
        shown = {tag.key: tag.value for tag in model.tags if tag.key not in hidden}
        data = {"name": name, "tags": shown, "description": description}
        self._journal.tell(tx, at, Event(entity, Action.CREATED), data)
        return model

    def get(self, tx: Tx, name: str) -> RegisteredModel:
        """A model with tags, aliases and the latest version of each stage."""
        found = models.find(tx, name)
        if found is None:
            raise no_model(name)
        return models.filled(tx, [found])[0]

    def rename(self, tx: Tx, by: By, name: str, new_name: str) -> RegisteredModel:
        """Give a model another name."""
        rules.check_model_name(new_name)
        model = locked(tx, name)
        if new_name != name and models.find(tx, new_name) is not None:
            raise Exists(f"Registered Model (name={new_name}) already exists.")
        at = now()
        models.rename(tx, model.id, new_name, at)
        if new_name != name:
            self._journal.record(tx, at, by, model, Entry("model.renamed", old=name, new=new_name))
        return self.get(tx, new_name)

    def describe(self, tx: Tx, by: By, name: str, description: str) -> RegisteredModel:
        """Set the description."""
        model = locked(tx, name)
        at = now()
        models.describe(tx, model.id, description, at)
        if description != model.description:
            entry = Entry("model.described", old=model.description, new=description)
            self._journal.record(tx, at, by, model, entry)
        return self.get(tx, name)

    def delete(self, tx: Tx, by: By, name: str) -> None:
        """Move a model with its versions to the trash. Its name is free then."""
        model = locked(tx, name)
        at = now()
        self._journal.record(tx, at, by, model, Entry("model.deleted", old=model.description))
        trash.put(tx, model.id, at)

    def require_approval(self, tx: Tx, by: By, name: str, *, needed: bool) -> RegisteredModel:
        """Choose whether only an approved request brings a version to Production."""
        model = locked(tx, name)
        if needed != model.needs_approval:
            models.set_needs_approval(tx, model.id, needed=needed)
            old, new = (str(value).lower() for value in (model.needs_approval, needed))
            self._journal.record(tx, now(), by, model, Entry("model.approval", old=old, new=new))
        return self.get(tx, name)

    # Tags

    def set_tag(self, tx: Tx, by: By, name: str, tag: Tag) -> None:
        """Set or replace a tag."""
        rules.check_tag(tag)
        model = locked(tx, name)
        at, old = now(), MODEL_TAGS.get(tx, model.id, tag.key)
        MODEL_TAGS.set(tx, model.id, [(tag.key, tag.value)])
        if tag.key == PROMPT_TAG:
            models.set_prompt(tx, model.id, is_prompt=rules.marks_prompt([tag]))
        if old != tag.value:
            entry = Entry("model.tag.set", tag.key, old, tag.value)
            self._journal.record(tx, at, by, model, entry)
        if model.is_prompt:
            data = {"name": name, "key": tag.key, "value": tag.value}
            self._journal.tell(tx, at, Event(Entity.PROMPT_TAG, Action.SET), data)

    def delete_tag(self, tx: Tx, by: By, name: str, key: str) -> None:
        """Remove a tag; not there is fine."""
        model = locked(tx, name)
        at, old = now(), MODEL_TAGS.get(tx, model.id, key)
        if old is None:
            return
        MODEL_TAGS.delete(tx, model.id, key)
        if key == PROMPT_TAG:
            models.set_prompt(tx, model.id, is_prompt=False)
        self._journal.record(tx, at, by, model, Entry("model.tag.deleted", key, old))
        if model.is_prompt:
            data = {"name": name, "key": key}
            self._journal.tell(tx, at, Event(Entity.PROMPT_TAG, Action.DELETED), data)

    # Aliases and latest versions

    def set_alias(self, tx: Tx, by: By, name: str, alias: str, version: int) -> None:
        """Point an alias to a version, wherever it pointed before."""
        rules.check_new_alias(alias)
        model = models.lock(tx, name)
        if model is None or versions.find(tx, name, version) is None:
            raise no_version(name, version)
        at, old = now(), models.aliased(tx, model.id, alias)
        models.set_alias(tx, model.id, alias, version)
        if old != version:
            before = None if old is None else str(old)
            entry = Entry("alias.set", alias, before, str(version))
            self._journal.record(tx, at, by, model, entry, version)
        data = {"name": name, "alias": alias, "version": str(version)}
        self._journal.tell(tx, at, Event(_alias_entity(model), Action.CREATED), data)

    def delete_alias(self, tx: Tx, by: By, name: str, alias: str) -> None:
        """Remove an alias; not there is fine."""
        rules.check_alias_form(alias)
        model = locked(tx, name)
        at, old = now(), models.aliased(tx, model.id, alias)
        if old is None:
            return
        models.delete_alias(tx, model.id, alias)
        self._journal.record(tx, at, by, model, Entry("alias.deleted", alias, str(old)), old)
        data = {"name": name, "alias": alias}
        self._journal.tell(tx, at, Event(_alias_entity(model), Action.DELETED), data)

    def by_alias(self, tx: Tx, name: str, alias: str) -> ModelVersion:
        """The version an alias points to; `latest` is the highest."""
        rules.check_alias_form(alias)
        model = models.find(tx, name)
        if model is None:
            raise no_model(name)
        is_latest = alias.lower() == LATEST
        number = (
            versions.highest(tx, model.id) if is_latest else models.aliased(tx, model.id, alias)
        )
        found = None if number is None else versions.find(tx, name, number)
        if found is None and is_latest:
            raise NotFound(f"Latest version not found for model {name}.")
        if found is None:
            raise Invalid(f"Registered model alias {alias} not found.")
        return versions.aliased(tx, versions.tagged(tx, [found]))[0]

    def latest(self, tx: Tx, name: str, stages: Sequence[Stage]) -> list[ModelVersion]:
        """The highest version in each of the stages, of all if none is named."""
        model = models.find(tx, name)
        if model is None:
            raise no_model(name)
        wanted = tuple(dict.fromkeys(stages)) or tuple(Stage)
        return versions.aliased(tx, versions.latest(tx, [model.id], wanted))


def _alias_entity(model: RegisteredModel) -> Entity:
    return Entity.PROMPT_ALIAS if model.is_prompt else Entity.MODEL_VERSION_ALIAS
