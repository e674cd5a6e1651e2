"""Webhooks, and the outbox of what they are still to be told, which is also the delivery log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from milepost.domain.webhooks import (
    Delivery,
    DeliveryState,
    Event,
    Webhook,
    WebhookStatus,
    event_of,
)
from milepost.store.tx import Tx, marks

_WEBHOOK = "id, uuid, name, description, url, events, secret, status, created, updated"
_DELIVERY = (
    "id, uuid, webhook_id, event, body, created, state, attempts, due, finished, reply_status,"
    " reply_text"
)


def add(tx: Tx, webhook: Webhook) -> None:
    """Insert a webhook."""
    columns = _WEBHOOK.split(", ")[1:]
    tx.insert("webhooks", columns, [_row(webhook)])


def replace(tx: Tx, webhook: Webhook) -> None:
    """Write all of a webhook anew."""
    sets = ", ".join(f"{column} = ?" for column in _WEBHOOK.split(", ")[1:])
    tx.run(f"UPDATE webhooks SET {sets} WHERE id = ?", (*_row(webhook), webhook.number))


def _row(webhook: Webhook) -> tuple[Any, ...]:
    events = " ".join(event.key for event in webhook.events)
    return (
        webhook.id, webhook.name, webhook.description, webhook.url, events, webhook.secret,
        webhook.status, webhook.created, webhook.updated,
    )  # fmt: skip


def _webhook(row: Sequence[Any]) -> Webhook:
    events = [event_of(key) for key in row[5].split()]
    cells = [*row[:5], events, row[6], WebhookStatus(row[7]), *row[8:]]
    return Webhook(*cells)


def get(tx: Tx, webhook_id: str) -> Webhook | None:
    """A webhook by id."""
    return _one(tx, "uuid = ?", webhook_id)


def lock(tx: Tx, webhook_id: str) -> Webhook | None:
    """A webhook by id, held until the transaction ends."""
    return _one(tx, f"uuid = ?{tx.dialect.for_update}", webhook_id)


def by_number(tx: Tx, number: int) -> Webhook | None:
    """A webhook by its number."""
    return _one(tx, "id = ?", number)


def _one(tx: Tx, condition: str, value: object) -> Webhook | None:
    row = tx.row(f"SELECT {_WEBHOOK} FROM webhooks WHERE {condition}", (value,))
    return _webhook(row) if row else None


def every(tx: Tx) -> list[Webhook]:
    """All webhooks, newest first."""
    rows = tx.rows(f"SELECT {_WEBHOOK} FROM webhooks ORDER BY created DESC, id DESC")
    return [_webhook(row) for row in rows]


def listening(tx: Tx, event: Event) -> list[Webhook]:
    """Active webhooks that want an event."""
    rows = tx.rows(f"SELECT {_WEBHOOK} FROM webhooks WHERE status = ?", (WebhookStatus.ACTIVE,))
    return [webhook for webhook in map(_webhook, rows) if event in webhook.events]


def delete(tx: Tx, webhook: Webhook) -> None:
    """Remove a webhook, what it was still to be told, and its log."""
    tx.run("DELETE FROM webhook_deliveries WHERE webhook_id = ?", (webhook.number,))
    tx.run("DELETE FROM webhooks WHERE id = ?", (webhook.number,))


# Deliveries


def enqueue(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Put deliveries into the outbox; their numbers are given by the database."""
    tx.insert(
        "webhook_deliveries",
        ("uuid", "webhook_id", "event", "body", "created", "state", "attempts", "due",
         "reply_text"),
        [(d.id, d.webhook, d.event, d.body, d.created, d.state, d.attempts, d.due, d.reply_text)
         for d in deliveries],
    )  # fmt: skip


def next_due(tx: Tx) -> int | None:
    """When the next delivery is due (ms), None while nothing waits."""
    row = tx.row(
        "SELECT MIN(due) FROM webhook_deliveries WHERE state = ?", (DeliveryState.WAITING,)
    )
    return row[0] if row else None


def due(tx: Tx, now: int, busy: Collection[int], limit: int) -> list[Delivery]:
    """Deliveries whose time has come, oldest first, at most one for each webhook that is not
    busy."""
    others = f" AND webhook_id NOT IN ({marks(tuple(busy))})" if busy else ""
    rows = tx.rows(
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE id IN (SELECT MIN(id)"
        f" FROM webhook_deliveries WHERE state = ? AND due <= ?{others} GROUP BY webhook_id)"
        " ORDER BY id LIMIT ?",
        (DeliveryState.WAITING, now, *busy, limit),
    )
    return [_delivery(row) for row in rows]


def _delivery(row: Sequence[Any]) -> Delivery:
    cells = [*row[:6], DeliveryState(row[6]), *row[7:]]
    return Delivery(*cells)


def log(tx: Tx, webhook: int, before: int, limit: int) -> list[Delivery]:
    """Deliveries of a webhook with numbers below `before`, newest first."""
    rows = tx.rows(
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE webhook_id = ? AND id < ?"
        " ORDER BY id DESC LIMIT ?",
        (webhook, before, limit),
    )
    return [_delivery(row) for row in rows]


def update(tx: Tx, delivery: Delivery) -> None:
    """Write down how an attempt went, unless the delivery is finished: a server that was frozen
    meanwhile does not undo what the one that took over has done."""
    tx.run(
        "UPDATE webhook_deliveries SET state = ?, attempts = ?, due = ?, finished = ?,"
        " reply_status = ?, reply_text = ? WHERE id = ? AND state = ?",
        (delivery.state, delivery.attempts, delivery.due, delivery.finished,
         delivery.reply_status, delivery.reply_text, delivery.number, DeliveryState.WAITING),
    )  # fmt: skip


def forget(tx: Tx, before: int) -> None:
    """Remove what was finished before a time (ms) from the log."""
    for state in (DeliveryState.DELIVERED, DeliveryState.FAILED):
        tx.run("DELETE FROM webhook_deliveries WHERE state = ? AND finished < ?", (state, before))
