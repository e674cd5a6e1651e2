"""The verbs of logged models."""

from __future__ import annotations

import uuid

from milepost.domain import logged_models as rules
from milepost.domain.logged_models import LoggedModel, ModelStatus
from milepost.domain.names import random_name
from milepost.domain.tracking import Lifecycle, Param, Tag
from milepost.errors import Invalid, NotFound
from milepost.services.locations import Locations
from milepost.services.search import Page, page_of
from milepost.services.tracking import Tracking, now
from milepost.store import logged_models, logged_search
from milepost.store.logged_models import ModelKey
from milepost.store.logged_search import Query
from milepost.store.registry.tags import LOGGED_PARAMS, LOGGED_TAGS
from milepost.store.tx import Tx


def not_found(model_id: str) -> NotFound:
    """The Problem for an unknown logged model."""
    return NotFound(f"Logged model with ID '{model_id}' not found.")


class LoggedModels:
    """Models that runs saved."""

    def __init__(self, tracking: Tracking, locations: Locations) -> None:
        self._tracking = tracking
        self._locations = locations

    def create(
        self,
        tx: Tx,
        experiment: int,
        name: str,
        model_type: str,
        source_run: str,
        params: list[Param],
        tags: list[Tag],
    ) -> LoggedModel:
        """Begin a model; its files come next, then `finalize`. Without a name one is made up."""
        rules.check_name(name)
        rules.check_params(params)
        rules.check_tags(tags)
        parent = self._tracking.active_experiment(tx, experiment)
        model_id, at = f"m-{uuid.uuid4().hex}", now()
        model = LoggedModel(
            model_id, experiment, name or random_name(), model_type, source_run,
            self._locations.of_model(parent.artifact_location, model_id),
            ModelStatus.LOGGED_MODEL_PENDING, None, at, at, Lifecycle.active,
            params, list({tag.key: tag for tag in tags}.values()),
        )  # fmt: skip
        logged_models.add(tx, model)
        return model

    def get(self, tx: Tx, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
        """A model with all its data."""
        found = logged_models.get(tx, model_id)
        if found is None or (found.lifecycle is Lifecycle.deleted and not allow_deleted):
            raise not_found(model_id)
        return found

    def finalize(self, tx: Tx, model_id: str, status: ModelStatus) -> LoggedModel:
        """Say that the model is ready, or that it failed."""
        logged_models.set_status(tx, self._locked(tx, model_id).id, status, now())
        return self.get(tx, model_id)

    def delete(self, tx: Tx, model_id: str) -> None:
        """Move a model to the trash; done before is done."""
        logged_models.delete(tx, self._any(tx, model_id).id, now())

    def set_tags(self, tx: Tx, model_id: str, tags: list[Tag]) -> LoggedModel:
        """Set or replace tags."""
        rules.check_tags(tags)
        LOGGED_TAGS.set(tx, self._locked(tx, model_id).id, [(t.key, t.value) for t in tags])
        return self.get(tx, model_id)

    def delete_tag(self, tx: Tx, model_id: str, key: str) -> None:
        """Remove a tag."""
        number = self._locked(tx, model_id).id
        if LOGGED_TAGS.get(tx, number, key) is None:
            raise NotFound(f"No tag with key '{key}' found for model with ID '{model_id}'.")
        LOGGED_TAGS.delete(tx, number, key)

    def log_params(self, tx: Tx, model_id: str, params: list[Param]) -> None:
        """Add params; one that the model has cannot be logged again."""
        rules.check_params(params)
        number = self._locked(tx, model_id).id
        used = logged_models.used_params(tx, number, [param.key for param in params])
        if used:
            raise Invalid(f"Params of model '{model_id}' were already logged: {used}")
        LOGGED_PARAMS.set(tx, number, [(param.key, param.value) for param in params])

    def search(self, tx: Tx, query: Query) -> Page[LoggedModel]:
        """A page of models that are not in the trash."""
        rows = logged_search.search(tx, query._replace(limit=query.limit + 1))
        page = page_of(rows, query.limit, query.offset)
        return Page(logged_models.with_data(tx, page.items), page.next_token)

    def _any(self, tx: Tx, model_id: str) -> ModelKey:
        found = logged_models.lock(tx, model_id)
        if found is None:
            raise not_found(model_id)
        return found

    def _locked(self, tx: Tx, model_id: str) -> ModelKey:
        found = self._any(tx, model_id)
        if found.lifecycle != Lifecycle.active:
            raise not_found(model_id)
        return found
