"""The verbs of webhooks, and the outbox that changes fill."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from milepost.domain import webhooks as rules
from milepost.domain.search import decode_page_token, encode_page_token
from milepost.domain.webhooks import (
    Action,
    Delivery,
    DeliveryState,
    Entity,
    Event,
    Webhook,
    WebhookStatus,
)
from milepost.errors import Invalid, NotFound
from milepost.services.search import Page, page_of
from milepost.services.tracking import now
from milepost.store import webhooks
from milepost.store.tx import Tx

_NEWEST = 2**63 - 1
_ALIAS = {"alias": "example_alias"}
_TAG = {"key": "example_key"}
_VALUE = {"value": "example_value"}
_TAGS = {"tags": {"example_key": "example_value"}}


class Outbox:
    """Where events wait for their delivery, in the transaction of the change they tell of."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        """`wake` is called once something new waits for delivery."""
        self._wake = wake

    def add(self, tx: Tx, at: int, event: Event, *data: dict[str, Any]) -> None:
        """Enqueue an event, for each of the data, for each webhook that wants it."""
        listeners = webhooks.listening(tx, event)
        if not listeners:
            return
        webhooks.enqueue(
            tx,
            [
                Delivery(0, str(uuid.uuid4()), webhook.number, event.key, body, at,
                         DeliveryState.WAITING, 0, at, None, None, "")
                for body in (body_of(event, at, each) for each in data)
                for webhook in listeners
            ],
        )  # fmt: skip
        tx.after_commit(self._wake)


def body_of(event: Event, at: int, data: dict[str, Any]) -> str:
    """What a webhook receives."""
    return json.dumps(
        {
            "entity": event.entity.value,
            "action": event.action.value,
            "timestamp": datetime.fromtimestamp(at / 1000, UTC).isoformat(),
            "data": data,
        }
    )


class Draft(NamedTuple):
    """What a client says of a webhook. None leaves what there is."""

    name: str | None = None
    description: str | None = None
    url: str | None = None
    events: Sequence[Event] | None = None
    secret: str | None = None
    status: WebhookStatus | None = None


class Webhooks:
    """Who is told of changes."""

    def check(self, tx: Tx, webhook_id: str, draft: Draft) -> None:
        """Refuse a draft that breaks a rule, for a new webhook ("") or one that is there. Whether
        its URL may be reached is not asked here, as that may take long."""
        old = self.get(tx, webhook_id) if webhook_id else _new(0)
        _check(_with(old, draft))

    def create(self, tx: Tx, draft: Draft) -> Webhook:
        """Add a webhook."""
        webhook = _with(_new(now()), draft)
        _check(webhook)
        webhooks.add(tx, webhook)
        return self.get(tx, webhook.id)

    def get(self, tx: Tx, webhook_id: str) -> Webhook:
        """A webhook by id."""
        return _found(webhook_id, webhooks.get(tx, webhook_id))

    def update(self, tx: Tx, webhook_id: str, draft: Draft) -> Webhook:
        """Change what the draft names."""
        old = _found(webhook_id, webhooks.lock(tx, webhook_id))
        webhook = replace(_with(old, draft), updated=now())
        _check(webhook)
        webhooks.replace(tx, webhook)
        return self.get(tx, webhook_id)

    def delete(self, tx: Tx, webhook_id: str) -> None:
        """Remove a webhook, with what it was still to be told and its log."""
        webhooks.delete(tx, _found(webhook_id, webhooks.lock(tx, webhook_id)))

    def list(self, tx: Tx, limit: int, token: str, *, for_mlflow: bool = False) -> Page[Webhook]:
        """A page of webhooks, newest first; `for_mlflow` without those that hear of nothing that
        MLflow knows, as its clients cannot read these."""
        offset = decode_page_token(token)
        found = [w for w in webhooks.every(tx) if w.known_to_mlflow or not for_mlflow]
        return page_of(found[offset : offset + limit + 1], limit, offset)

    def deliveries(self, tx: Tx, webhook_id: str, limit: int, token: str) -> Page[Delivery]:
        """A page of the delivery log, newest first."""
        webhook = self.get(tx, webhook_id)
        before = decode_page_token(token) or _NEWEST
        found = webhooks.log(tx, webhook.number, before, limit + 1)
        more = len(found) > limit
        return Page(found[:limit], encode_page_token(found[limit - 1].number) if more else None)

    def example(self, tx: Tx, webhook_id: str, event: Event | None) -> tuple[Webhook, str]:
        """A webhook and what it would receive of an event, of its first one if none is named."""
        webhook = self.get(tx, webhook_id)
        chosen = event or webhook.events[0]
        rules.check_event(chosen)
        return webhook, body_of(chosen, now(), _EXAMPLES[chosen])


def _new(at: int) -> Webhook:
    return Webhook(0, str(uuid.uuid4()), "", None, "", [], None, WebhookStatus.ACTIVE, at, at)


def _check(webhook: Webhook) -> None:
    rules.check_name(webhook.name)
    rules.check_events(webhook.events)
    if len(webhook.url) > rules.MAX_URL:
        raise Invalid(f"'url' exceeds the maximum length of {rules.MAX_URL} characters")
    if len(webhook.secret or "") > rules.MAX_SECRET:
        raise Invalid(f"'secret' exceeds the maximum length of {rules.MAX_SECRET} characters")


def _with(webhook: Webhook, draft: Draft) -> Webhook:
    changes = {name: value for name, value in draft._asdict().items() if value is not None}
    if "events" in changes:
        changes["events"] = sorted(set(changes["events"]), key=lambda event: event.key)
    return replace(webhook, **changes)


def _found(webhook_id: str, webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise NotFound(f"Webhook with ID {webhook_id} not found.")
    return webhook


def _examples() -> dict[Event, dict[str, Any]]:
    model, prompt = {"name": "example_model"}, {"name": "example_prompt"}
    of_model, of_prompt = {**model, "version": "1"}, {**prompt, "version": "1"}
    made = {"source": "models:/123", "run_id": "abcd1234abcd5678", **_TAGS}
    stages = {**of_model, "from_stage": "Staging", "to_stage": "Production"}
    why = {"actor": "example_user", "comment": "An example comment"}
    budget = {
        "budget_policy_id": "bp-abc123", "budget_unit": "USD", "budget_amount": 100.0,
        "current_spend": 105.5, "duration_unit": "MONTHS", "duration_value": 1,
        "target_scope": "ENDPOINT", "workspace": "default", "target_value": "ep-abc123",
        "window_start": 1704067200000,
    }  # fmt: skip
    rows: dict[tuple[Entity, Action], dict[str, Any]] = {
        (Entity.REGISTERED_MODEL, Action.CREATED): {
            **model, **_TAGS, "description": "An example registered model"},
        (Entity.MODEL_VERSION, Action.CREATED): {
            **of_model, **made, "description": "An example model version"},
        (Entity.MODEL_VERSION_TAG, Action.SET): {**of_model, **_TAG, **_VALUE},
        (Entity.MODEL_VERSION_TAG, Action.DELETED): {**of_model, **_TAG},
        (Entity.MODEL_VERSION_ALIAS, Action.CREATED): {**model, **_ALIAS, "version": "1"},
        (Entity.MODEL_VERSION_ALIAS, Action.DELETED): {**model, **_ALIAS},
        (Entity.MODEL_VERSION_STAGE, Action.CHANGED): {**stages, **why},
        (Entity.MODEL_VERSION_STAGE, Action.REQUESTED): {**stages, "request_id": "1", **why},
        (Entity.PROMPT, Action.CREATED): {
            **prompt, **_TAGS, "description": "An example prompt"},
        (Entity.PROMPT_VERSION, Action.CREATED): {
            **of_prompt, "template": "Hello {{name}}!", **_TAGS,
            "description": "An example prompt version"},
        (Entity.PROMPT_TAG, Action.SET): {**prompt, **_TAG, **_VALUE},
        (Entity.PROMPT_TAG, Action.DELETED): {**prompt, **_TAG},
        (Entity.PROMPT_VERSION_TAG, Action.SET): {**of_prompt, **_TAG, **_VALUE},
        (Entity.PROMPT_VERSION_TAG, Action.DELETED): {**of_prompt, **_TAG},
        (Entity.PROMPT_ALIAS, Action.CREATED): {**prompt, **_ALIAS, "version": "1"},
        (Entity.PROMPT_ALIAS, Action.DELETED): {**prompt, **_ALIAS},
        (Entity.BUDGET_POLICY, Action.EXCEEDED): budget,
    }  # fmt: skip
    return {Event(entity, action): data for (entity, action), data in rows.items()}


_EXAMPLES = _examples()
