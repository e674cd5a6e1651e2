"""The outbox of webhooks: nothing is lost, one server sends, nobody holds up others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from milepost.breaker import Breakers, Rules
from milepost.domain.registry import By, Stage
from milepost.domain.tracking import Tag
from milepost.domain.webhooks import (
    Action,
    Delivery,
    DeliveryState,
    Entity,
    Event,
    Webhook,
    WebhookStatus,
)
from milepost.services.deliveries import LEASE, Deliverer
from milepost.services.locations import Locations
from milepost.services.registry import Registry, build_registry
from milepost.services.registry.versions import Draft as VersionDraft
from milepost.services.tracking import now
from milepost.services.webhooks import Draft, Outbox, Webhooks
from milepost.store import leases, webhooks
from milepost.store.db import Store, ensure_schema, open_dialect
from milepost.upstreams.webhook import Sender
from tests.parts.receiver import Receiver, hang, reply

CREATED = Event(Entity.REGISTERED_MODEL, Action.CREATED)
SENDER = Sender(frozenset({"http"}), allow_private=True, seconds=60)
AT_ONCE = (0.0, 0.0, 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    dialect = open_dialect(f"sqlite:///{tmp_path / 'milepost.db'}")
    ensure_schema(dialect)
    opened = Store(dialect)
    yield opened
    opened.close()


@pytest.fixture
def deliverer(store: Store) -> Iterator[Deliverer]:
    made = Deliverer(store, SENDER, poll=0.05, backoff=AT_ONCE)
    yield made
    made.close()


@pytest.fixture
def registry(deliverer: Deliverer) -> Registry:
    return build_registry(Locations("mlflow-artifacts:/", "unused"), Outbox(deliverer.wake))


def write(store: Store, verb: Callable[..., Any], *arguments: Any) -> Any:
    return store.write(lambda tx, _: verb(tx, *arguments), None)


def read(store: Store, verb: Callable[..., Any], *arguments: Any) -> Any:
    return store.read(lambda tx, _: verb(tx, *arguments), None)


def hook(store: Store, url: str, *events: Event, secret: str | None = None) -> Webhook:
    draft = Draft("hook", None, url, events or (CREATED,), secret, WebhookStatus.ACTIVE)
    made: Webhook = write(store, Webhooks().create, draft)
    return made


def log(store: Store, webhook: Webhook) -> list[Delivery]:
    """The delivery log, oldest first."""
    page = read(store, Webhooks().deliveries, webhook.id, 100, "")
    return list(reversed(page.items))


def until(condition: Callable[[], bool], receiver: Receiver) -> None:
    """Wait for what follows an answer; asked again whenever the receiver heard something."""
    with receiver.arrived:
        for _ in range(1200):
            if condition():
                return
            receiver.arrived.wait(0.05)
    raise AssertionError("it never came")


def test_a_change_is_delivered_and_signed(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    made = hook(store, receiver.url, secret="s3cret")
    deliverer.start()
    write(store, registry.models.create, By(), "net", "d", [Tag("team", "blue")])
    (received,) = receiver.wait(1)
    assert received.event == ("registered_model", "created")
    assert received.data == {"name": "net", "tags": {"team": "blue"}, "description": "d"}
    assert received.is_signed_with("s3cret")
    assert not received.is_signed_with("another")
    until(lambda: log(store, made)[0].state is DeliveryState.DELIVERED, receiver)
    (delivery,) = log(store, made)
    assert (delivery.id, delivery.body) == (received.id, received.body)
    assert (delivery.attempts, delivery.reply_status, delivery.reply_text) == (1, 200, "ok")


def test_every_kind_of_change_has_its_event(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    pairs = [
        (Entity.REGISTERED_MODEL, Action.CREATED), (Entity.MODEL_VERSION, Action.CREATED),
        (Entity.MODEL_VERSION_TAG, Action.SET), (Entity.MODEL_VERSION_TAG, Action.DELETED),
        (Entity.MODEL_VERSION_ALIAS, Action.CREATED), (Entity.MODEL_VERSION_ALIAS, Action.DELETED),
        (Entity.MODEL_VERSION_STAGE, Action.REQUESTED),
        (Entity.MODEL_VERSION_STAGE, Action.CHANGED),
    ]  # fmt: skip
    hook(store, receiver.url, *[Event(*pair) for pair in pairs])
    deliverer.start()
    models, versions, by = registry.models, registry.versions, By("ann", "better")
    write(store, models.create, by, "net")
    write(store, versions.create, by, "net", VersionDraft("s3://b/p", "r", description="x"))
    write(store, versions.set_tag, by, "net", 1, Tag("k", "v"))
    write(store, versions.delete_tag, by, "net", 1, "k")
    write(store, versions.delete_tag, by, "net", 1, "was never there")
    write(store, models.set_alias, by, "net", "best", 1)
    write(store, models.delete_alias, by, "net", "best")
    request = store.write(
        lambda tx, _: registry.approvals.request(
            tx, by, "net", 1, Stage.PRODUCTION, archive_existing=False
        ),
        None,
    )
    write(store, registry.approvals.approve, By("bob"), request.id)
    received = sorted(receiver.wait(len(pairs)), key=lambda r: pairs.index(_pair(r.event)))
    assert [_pair(r.event) for r in received] == pairs
    version = {"name": "net", "version": "1"}
    moved = {**version, "from_stage": "None", "to_stage": "Production"}
    assert [r.data for r in received] == [
        {"name": "net", "tags": {}, "description": ""},
        {**version, "source": "s3://b/p", "run_id": "r", "tags": {}, "description": "x"},
        {**version, "key": "k", "value": "v"},
        {**version, "key": "k"},
        {"name": "net", "alias": "best", "version": "1"},
        {"name": "net", "alias": "best"},
        {**moved, "request_id": str(request.id), "actor": "ann", "comment": "better"},
        {**moved, "actor": "bob", "comment": ""},
    ]


def _pair(event: tuple[str, str]) -> tuple[Entity, Action]:
    return Entity(event[0]), Action(event[1])


def test_a_change_that_fails_tells_nobody(
    store: Store, registry: Registry, receiver: Receiver
) -> None:
    made = hook(store, receiver.url)

    def created_and_regretted(tx: Any, _: None) -> None:
        registry.models.create(tx, By(), "net")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        store.write(created_and_regretted, None)
    assert log(store, made) == []


def test_a_failing_receiver_is_tried_again(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    answers = iter([500, 503, 200])
    receiver.answer = lambda handler: reply(handler, next(answers), b"")
    made = hook(store, receiver.url)
    deliverer.start()
    write(store, registry.models.create, By(), "net")
    received = receiver.wait(3)
    assert len({r.id for r in received}) == 1
    until(lambda: log(store, made)[0].state is DeliveryState.DELIVERED, receiver)
    assert log(store, made)[0].attempts == 3


def test_a_receiver_that_keeps_failing_is_left_alone(
    store: Store, registry: Registry, receiver: Receiver, other_receiver: Receiver
) -> None:
    """Its breaker opens: what waits for it uses up no attempts, and others are served."""
    receiver.answer = lambda handler: reply(handler, 500, b"out of order")
    failing, fine = hook(store, receiver.url), hook(store, other_receiver.url)
    breakers = Breakers(Rules(failure_threshold=2, reset_timeout=3600))
    deliverer = Deliverer(store, SENDER, breakers, poll=0.05, backoff=AT_ONCE)
    deliverer.start()
    name = f"webhook receiver 127.0.0.1:{receiver.port}"
    for i in range(3):
        write(store, registry.models.create, By(), f"net {i}")
    until(lambda: breakers.of(name).state == "open", receiver)
    for i in range(3, 6):
        write(store, registry.models.create, By(), f"net {i}")
    other_receiver.wait(6)
    until(lambda: all(d.state is DeliveryState.DELIVERED for d in log(store, fine)), receiver)
    deliverer.close()
    assert len(receiver.received) == 2
    assert sum(d.attempts for d in log(store, failing)) == 2
    assert {d.state for d in log(store, failing)} == {DeliveryState.WAITING}


def test_a_receiver_that_recovered_gets_everything(
    store: Store, registry: Registry, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answers = iter([500, 500])
    receiver.answer = lambda handler: reply(handler, next(answers, 200), b"")
    made = hook(store, receiver.url)
    breakers = Breakers(Rules(failure_threshold=2, reset_timeout=0.2))
    deliverer = Deliverer(store, SENDER, breakers, poll=0.05, backoff=AT_ONCE)
    deliverer.start()
    for i in range(3):
        write(store, registry.models.create, By(), f"net {i}")
    until(lambda: {d.state for d in log(store, made)} == {DeliveryState.DELIVERED}, receiver)
    deliverer.close()
    said = [r.getMessage() for r in caplog.records if "circuit breaker" in r.getMessage()]
    steps = ["closed -> open: answered 500", "open -> half_open", "half_open -> closed"]
    name = f"circuit breaker of the webhook receiver 127.0.0.1:{receiver.port}"
    assert said == [f"{name}: {step}" for step in steps]


def test_it_is_given_up_in_the_end(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    receiver.answer = lambda handler: reply(handler, 500, b"out of order")
    made = hook(store, receiver.url)
    deliverer.start()
    write(store, registry.models.create, By(), "net")
    until(lambda: log(store, made)[0].state is DeliveryState.FAILED, receiver)
    (delivery,) = log(store, made)
    assert len(receiver.received) == delivery.attempts == len(AT_ONCE) + 1
    assert (delivery.reply_status, delivery.reply_text) == (500, "out of order")


def test_what_can_never_succeed_is_not_tried_again(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    receiver.answer = lambda handler: reply(handler, 410, b"gone")
    made = hook(store, receiver.url)
    deliverer.start()
    write(store, registry.models.create, By(), "net")
    until(lambda: log(store, made)[0].state is DeliveryState.FAILED, receiver)
    assert log(store, made)[0].attempts == 1


def test_the_wait_grows_with_each_failure(
    store: Store, registry: Registry, receiver: Receiver
) -> None:
    receiver.answer = lambda handler: reply(handler, 500, b"")
    made = hook(store, receiver.url)
    slow = Deliverer(store, SENDER, poll=0.05, backoff=(3600.0, 7200.0))
    slow.start()
    write(store, registry.models.create, By(), "net")
    until(lambda: log(store, made)[0].attempts == 1, receiver)
    slow.close()
    (delivery,) = log(store, made)
    assert delivery.state is DeliveryState.WAITING
    assert delivery.due - delivery.created >= 3_600_000


def test_who_hangs_holds_up_nobody_else(
    store: Store,
    registry: Registry,
    deliverer: Deliverer,
    receiver: Receiver,
    other_receiver: Receiver,
) -> None:
    receiver.answer = hang(receiver)
    hook(store, receiver.url)
    hook(store, other_receiver.url)
    deliverer.start()
    for i in range(3):
        write(store, registry.models.create, By(), f"net {i}")
    received = other_receiver.wait(3)
    assert [r.data["name"] for r in received] == ["net 0", "net 1", "net 2"]
    receiver.released.set()


def test_what_waited_while_nobody_delivered_is_delivered(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    hook(store, receiver.url)
    for i in range(5):
        write(store, registry.models.create, By(), f"net {i}")
    deliverer.start()
    names = [r.data["name"] for r in receiver.wait(5)]
    assert names == [f"net {i}" for i in range(5)]


def test_one_of_several_delivers(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    others = [Deliverer(store, SENDER, poll=0.02, backoff=AT_ONCE) for _ in range(3)]
    made = hook(store, receiver.url)
    for each in (deliverer, *others):
        each.start()
    for i in range(30):
        write(store, registry.models.create, By(), f"net {i}")
    until(lambda: all(d.state is DeliveryState.DELIVERED for d in log(store, made)), receiver)
    for each in others:
        each.close()
    assert len(log(store, made)) == 30
    assert sorted(r.id for r in receiver.received) == sorted(d.id for d in log(store, made))


def test_who_stops_lets_another_go_on(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    hook(store, receiver.url)
    first = Deliverer(store, SENDER, poll=0.05)
    first.start()
    write(store, registry.models.create, By(), "net 1")
    receiver.wait(1)
    first.close()
    deliverer.start()
    write(store, registry.models.create, By(), "net 2")
    assert receiver.wait(2)[1].data["name"] == "net 2"


def test_who_dies_is_replaced_when_its_time_is_up(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    hook(store, receiver.url)
    at = now()
    assert write(store, leases.take, LEASE, "dead", at, at + 500)
    deliverer.start()
    write(store, registry.models.create, By(), "net")
    assert receiver.wait(1)[0].data["name"] == "net"
    assert not write(store, leases.take, LEASE, "late", now(), now())


def test_who_was_frozen_does_not_undo_what_another_did(
    store: Store, registry: Registry, receiver: Receiver
) -> None:
    made = hook(store, receiver.url)

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        (delivery,) = log(store, made)
        done = replace(delivery, state=DeliveryState.DELIVERED, finished=1, reply_text="by another")
        write(store, webhooks.update, done)
        reply(handler, 500, b"twice")

    receiver.answer = slowly
    frozen = Deliverer(store, SENDER, poll=0.05, backoff=AT_ONCE)
    frozen.start()
    write(store, registry.models.create, By(), "net")
    receiver.wait(1)
    frozen.close()
    (delivery,) = log(store, made)
    assert (delivery.state, delivery.reply_text) == (DeliveryState.DELIVERED, "by another")
    assert len(receiver.received) == 1


def test_a_disabled_webhook_hears_nothing(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    made = hook(store, receiver.url)
    write(store, registry.models.create, By(), "before")
    write(store, Webhooks().update, made.id, Draft(status=WebhookStatus.DISABLED))
    write(store, registry.models.create, By(), "after")
    deliverer.start()
    until(lambda: log(store, made)[0].state is DeliveryState.FAILED, receiver)
    assert len(log(store, made)) == 1
    assert receiver.received == []


def test_a_deleted_webhook_is_forgotten(
    store: Store, registry: Registry, deliverer: Deliverer, receiver: Receiver
) -> None:
    gone, kept = hook(store, receiver.url + "/gone"), hook(store, receiver.url)
    write(store, registry.models.create, By(), "net")
    write(store, Webhooks().delete, gone.id)
    deliverer.start()
    until(lambda: log(store, kept)[0].state is DeliveryState.DELIVERED, receiver)
    assert [r.path for r in receiver.received] == ["/hook"]


def test_the_secret_is_shown_nowhere(
    store: Store,
    registry: Registry,
    deliverer: Deliverer,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answer = lambda handler: reply(handler, 500, b"")
    made = hook(store, receiver.url, secret="very-s3cret")
    deliverer.start()
    write(store, registry.models.create, By(), "net")
    until(lambda: log(store, made)[0].state is DeliveryState.FAILED, receiver)
    shown = repr(made) + repr(log(store, made)) + caplog.text + repr(receiver.received)
    assert "very-s3cret" not in shown
