"""MLflow's wire for webhooks, and the log of their deliveries."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from milepost.app import App
from milepost.domain import webhooks as nouns
from milepost.domain.access import Action
from milepost.domain.webhooks import Delivery, Event, Webhook, WebhookStatus, event_of
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call, Endpoint, body, empty, query
from milepost.mlflow_api.wire import Int64, Message, Required, missing, present
from milepost.services.search import Page
from milepost.services.webhooks import Draft
from milepost.store.tx import Tx
from milepost.upstreams.webhook import Reply

MOST = 1000
DEFAULT = 100
_LANE = "webhooks"


class EventMessage(Message):
    """What a webhook wants to hear of"""

    entity: str = ""
    action: str = ""


class Create(Message):
    """webhooks"""

    name: Required
    url: Required
    events: list[EventMessage]
    description: str | None = None
    secret: str | None = None
    status: WebhookStatus = WebhookStatus.ACTIVE


class Update(Message):
    """PATCH webhooks/{webhook_id}; what is not sent stays"""

    name: str = ""
    url: str = ""
    events: list[EventMessage] = []
    description: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    status: WebhookStatus | UnsetType = UNSET


class Listing(Message):
    """webhooks, and their deliveries"""

    max_results: Int64 = DEFAULT
    page_token: str = ""


class Test(Message):
    """webhooks/{webhook_id}/test"""

    event: EventMessage | None = None


class _Drafted(NamedTuple):
    """A webhook to be made (id "") or changed."""

    webhook_id: str
    draft: Draft


def _event(message: EventMessage) -> Event:
    if not message.entity or not message.action:
        raise missing("events.entity" if not message.entity else "events.action")
    try:
        return Event(nouns.Entity[message.entity], nouns.Action[message.action])
    except KeyError as unknown:
        raise Invalid(f"Webhooks know no {unknown} as entity or action of an event.") from None


def dump_webhook(webhook: Webhook) -> dict[str, Any]:
    """A Webhook message, never with its secret. Events that only Milepost has stand apart, as
    MLflow's clients cannot read them."""
    own = [event for event in webhook.events if not event.known_to_mlflow]
    return present(
        webhook_id=webhook.id,
        name=webhook.name,
        description=webhook.description or None,
        url=webhook.url,
        events=[_dump_event(event) for event in webhook.events if event.known_to_mlflow],
        milepost_events=[_dump_event(event) for event in own],
        status=webhook.status.name,
        creation_timestamp=webhook.created,
        last_updated_timestamp=webhook.updated,
    )


def _dump_event(event: Event) -> dict[str, str]:
    return {"entity": event.entity.name, "action": event.action.name}


def _dump(webhook: Webhook) -> dict[str, Any]:
    return {"webhook": dump_webhook(webhook)}


def _dump_page(page: Page[Webhook]) -> dict[str, Any]:
    found = [dump_webhook(webhook) for webhook in page.items]
    return present(webhooks=found, next_page_token=page.next_token)


def _dump_delivery(delivery: Delivery) -> dict[str, Any]:
    waiting = delivery.state is nouns.DeliveryState.WAITING
    return present(
        delivery_id=delivery.id,
        event=_dump_event(event_of(delivery.event)),
        state=delivery.state.name,
        attempts=delivery.attempts,
        created=delivery.created,
        next_attempt=delivery.due if waiting else None,
        finished=delivery.finished,
        response_status=delivery.reply_status,
        response=delivery.reply_text,
        body=delivery.body,
    )


def _dump_log(page: Page[Delivery]) -> dict[str, Any]:
    found = [_dump_delivery(delivery) for delivery in page.items]
    return present(deliveries=found, next_page_token=page.next_token)


def _dump_reply(reply: Reply) -> dict[str, Any]:
    return {
        "result": present(
            success=reply.success,
            response_status=reply.status,
            response_body=None if reply.status is None else reply.text,
            error_message=reply.error or None,
        )
    }


_create_body, _update_body, _test_body = body(Create), body(Update), body(Test)
_list_query = query(Listing)


def _create(call: Call) -> _Drafted:
    m = _create_body(call)
    events = [_event(event) for event in m.events]
    return _Drafted("", Draft(m.name, m.description, m.url, events, m.secret, m.status))


def _update(call: Call) -> _Drafted:
    m = _update_body(call)
    draft = Draft(
        m.name or None,
        None if m.description is UNSET else m.description,
        m.url or None,
        [_event(event) for event in m.events] or None,
        None if m.secret is UNSET else m.secret,
        None if m.status is UNSET else m.status,
    )
    return _Drafted(call.path["webhook_id"], draft)


def _checked(app: App, tx: Tx, asked: _Drafted) -> _Drafted:
    """What can be found wrong without looking up a host."""
    app.webhooks.check(tx, asked.webhook_id, asked.draft)
    return asked


def _store(app: App, asked: _Drafted) -> Webhook:
    """Look the host up, which may take long, and only then write."""
    if asked.draft.url is not None:
        app.sender.check(asked.draft.url)

    def write(tx: Tx, _: None) -> Webhook:
        if asked.webhook_id:
            return app.webhooks.update(tx, asked.webhook_id, asked.draft)
        return app.webhooks.create(tx, asked.draft)

    return app.store.write(write, None)


def _listing(call: Call) -> Listing:
    message = _list_query(call)
    limit = message.max_results or DEFAULT
    if not 1 <= limit <= MOST:
        raise Invalid(f"max_results must be between 1 and {MOST}.")
    return Listing(limit, message.page_token)


def _test(call: Call) -> tuple[str, Event | None]:
    event = _test_body(call).event
    return call.path["webhook_id"], None if event is None else _event(event)


def _id(call: Call) -> str:
    return call.path["webhook_id"]


ENDPOINTS = [
    Endpoint(
        "POST", "mlflow/webhooks", Action.MANAGE_SERVER, "read", _create, _checked, _dump,
        after=_store, lane=_LANE,
    ),
    Endpoint(
        "GET", "mlflow/webhooks", Action.MANAGE_SERVER, "read", _listing,
        lambda app, tx, x: app.webhooks.list(tx, x.max_results, x.page_token, for_mlflow=True),
        _dump_page,
    ),
    Endpoint(
        "GET", "milepost/webhooks", Action.MANAGE_SERVER, "read", _listing,
        lambda app, tx, x: app.webhooks.list(tx, x.max_results, x.page_token),
        _dump_page,
    ),
    Endpoint(
        "GET", "mlflow/webhooks/{webhook_id}", Action.MANAGE_SERVER, "read", _id,
        lambda app, tx, x: app.webhooks.get(tx, x),
        _dump,
    ),
    Endpoint(
        "PATCH", "mlflow/webhooks/{webhook_id}", Action.MANAGE_SERVER, "read", _update, _checked,
        _dump, after=_store, lane=_LANE,
    ),
    Endpoint(
        "DELETE", "mlflow/webhooks/{webhook_id}", Action.MANAGE_SERVER, "write", _id,
        lambda app, tx, x: app.webhooks.delete(tx, x),
        empty,
    ),
    Endpoint(
        "POST", "mlflow/webhooks/{webhook_id}/test", Action.MANAGE_SERVER, "read", _test,
        lambda app, tx, x: app.webhooks.example(tx, *x),
        _dump_reply,
        after=lambda app, found: app.deliverer.send(found[0], str(uuid.uuid4()), found[1]),
        lane=_LANE,
    ),
    Endpoint(
        "GET", "milepost/webhooks/{webhook_id}/deliveries", Action.MANAGE_SERVER, "read",
        lambda call: (_id(call), _listing(call)),
        lambda app, tx, x: app.webhooks.deliveries(tx, x[0], x[1].max_results, x[1].page_token),
        _dump_log,
    ),
]  # fmt: skip
