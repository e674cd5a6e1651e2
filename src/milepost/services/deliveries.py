"""Delivers what waits in the outbox of webhooks, one server at a time.

A delivery stays in the outbox until an attempt was written down, so a crash loses none; it may be
sent twice then, with the same id. Attempts that failed are made again, later and later.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from uuid import uuid4

from msgspec.structs import replace

from milepost.breaker import Breaker, Breakers
from milepost.domain.webhooks import Delivery, DeliveryState, Webhook, WebhookStatus
from milepost.errors import Problem, Unavailable
from milepost.services.tracking import now
from milepost.store import leases, webhooks
from milepost.store.db import Store
from milepost.store.tx import Tx
from milepost.upstreams.webhook import Reply, Sender

log = logging.getLogger(__name__)

LEASE = "webhooks"
_LEASE_MS = 20_000  # longer than any attempt
_PAUSE_SECONDS = 10.0
_AT_ONCE = 8
_KEPT_MS = 30 * 24 * 3600 * 1000
_TIDY_SECONDS = 3600.0
BACKOFF = (10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0)
"""Seconds to wait after each attempt that failed; after one more it is given up."""


class Deliverer:
    """Sends from threads of its own. `poll` is how often (seconds) it looks for what other servers
    put into the outbox; what this one puts there it is woken for."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        breakers: Breakers | None = None,
        *,
        poll: float = 2.0,
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        self._store = store
        self._sender = sender
        self._breakers = breakers or Breakers()
        self._poll = poll
        self._backoff = backoff
        self._holder = uuid4().hex
        self._busy: set[int] = set()
        self._failing: dict[int, Breaker] = {}
        self._unreadable = False
        self._holds = False
        self._tidied = 0.0
        self._stopping = threading.Event()
        self._something = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="milepost-webhook")
        self._thread = threading.Thread(target=self._run, name="milepost-webhooks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._something.set()

    def close(self) -> None:
        """Finish the attempts under way, then let another server go on."""
        self._stopping.set()
        self.wake()
        if self._thread is not None and self._pool is not None:
            self._thread.join()
            self._pool.shutdown(cancel_futures=True)
            if self._holds:
                self._store.write(lambda tx, _: leases.free(tx, LEASE, self._holder), None)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._something.wait(self._poll)
            self._something.clear()
            try:
                self._round()
                self._unreadable = False
            except Problem as problem:
                if not self._unreadable:  # once is enough: an outage may last for hours
                    log.warning("The outbox of webhooks cannot be read: %s", problem.message)
                self._unreadable = True
                self._stopping.wait(_PAUSE_SECONDS)
            except Exception:
                log.exception("Delivering webhooks failed; trying again in %g s", _PAUSE_SECONDS)
                self._stopping.wait(_PAUSE_SECONDS)

    def _round(self) -> None:
        """Hand every delivery whose time has come to a thread, at most one for each webhook."""
        if self._stopping.is_set():
            return
        at = now()
        # Only a look without a write, as long as nothing waits.
        first = self._store.read(lambda tx, _: webhooks.next_due(tx), None)
        if first is not None and first <= at and self._hold():
            self._dispatch(at)
        if self._holds and time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            self._store.write(lambda tx, _: webhooks.forget(tx, at - _KEPT_MS), None)

    def _hold(self) -> bool:
        def take(tx: Tx, _: None) -> bool:
            at = now()
            return leases.take(tx, LEASE, self._holder, at, at + _LEASE_MS)

        self._holds = self._store.write(take, None)
        return self._holds

    def _dispatch(self, at: int) -> None:
        room = _AT_ONCE - len(self._busy)
        if room <= 0 or self._pool is None:
            return
        resting = [number for number, b in list(self._failing.items()) if b.resting]
        busy = frozenset(self._busy).union(resting)
        for delivery in self._store.read(lambda tx, _: webhooks.due(tx, at, busy, room), None):
            self._busy.add(delivery.webhook)
            self._pool.submit(self._attempt, delivery)

    def _attempt(self, delivery: Delivery) -> None:
        try:
            self._deliver(delivery)
        except Exception:
            log.exception("Writing down delivery %s failed; it will be made again", delivery.id)
        finally:
            self._busy.discard(delivery.webhook)
            self.wake()

    def _deliver(self, delivery: Delivery) -> None:
        webhook = self._store.read(lambda tx, _: webhooks.by_number(tx, delivery.webhook), None)
        if webhook is None:
            return  # removed in the meantime, and its deliveries with it
        if webhook.status is WebhookStatus.ACTIVE:
            reply = self._guarded(webhook, delivery)
            if reply is None:
                return
            done = self._after(delivery, reply)
        else:
            done = replace(
                delivery, state=DeliveryState.FAILED, finished=now(), reply_text="disabled"
            )
        self._store.write(lambda tx, _: webhooks.update(tx, done), None)

    def _guarded(self, webhook: Webhook, delivery: Delivery) -> Reply | None:
        """What the receiver answers; None if it is left alone for a while, because it has failed
        too often: the delivery then waits in the outbox and has used up no attempt."""
        breaker = self._breakers.of(_receiver(webhook.url))
        try:
            breaker.check()
        except Unavailable:
            self._failing[webhook.number] = breaker
            return None
        reply = self.send(webhook, delivery.id, delivery.body)
        if reply.worth_a_retry and not reply.success:
            breaker.failed(reply.error or f"answered {reply.status}")
            self._failing[webhook.number] = breaker
        else:
            breaker.ok()
            self._failing.pop(webhook.number, None)
        return reply

    def send(self, webhook: Webhook, delivery_id: str, body: str) -> Reply:
        """Post one message to a webhook, signed if it has a secret."""
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "milepost",
            "X-MLflow-Delivery-Id": delivery_id,
            "X-MLflow-Timestamp": stamp,
        }
        if webhook.secret:
            headers["X-MLflow-Signature"] = signature(webhook.secret, delivery_id, stamp, body)
        return self._sender.post(webhook.url, headers, body.encode())

    def _after(self, delivery: Delivery, reply: Reply) -> Delivery:
        """The delivery as it is after an attempt."""
        at, attempts = now(), delivery.attempts + 1
        done = replace(
            delivery, attempts=attempts, reply_status=reply.status,
            reply_text=reply.error or reply.text,
        )  # fmt: skip
        if reply.success:
            return replace(done, state=DeliveryState.DELIVERED, finished=at)
        if reply.worth_a_retry and attempts <= len(self._backoff):
            return replace(done, due=at + int(self._backoff[attempts - 1] * 1000))
        return replace(done, state=DeliveryState.FAILED, finished=at)


def _receiver(url: str) -> str:
    """The name of the breaker: one for each host, without what a URL may carry of secrets."""
    return f"webhook receiver {urlsplit(url).netloc.rpartition('@')[2]}"


def signature(secret: str, delivery_id: str, stamp: str, body: str) -> str:
    """What a receiver checks: made of id, time and body with the secret that both know."""
    signed = f"{delivery_id}.{stamp}.{body}".encode()
    return f"v1,{b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()}"
