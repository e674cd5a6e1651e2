"""Alerts: looks at the metrics now and then, and tells people when a rule is broken."""

from __future__ import annotations

import logging
import smtplib
import socket
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from random import random
from time import sleep
from typing import Any, Literal

import msgspec
import yaml

from milepost.breaker import Breakers
from milepost.config import Settings
from milepost.config.blocks import AlertAction, AlertRule
from milepost.config.condition import QUANTILES, Condition, condition
from milepost.exporters.series import Histogram, Labels, Snapshot
from milepost.meter import Meter

log = logging.getLogger(__name__)

_TRIES = 3
_PAUSE_SECONDS = 2.0


@dataclass
class _State:
    """Where one rule stands."""

    rule: AlertRule
    condition: Condition
    since: float | None = None
    """When the condition began to hold."""

    firing: bool = False


@dataclass(frozen=True)
class Event:
    """An alert that begins or ends."""

    alert: str
    state: Literal["firing", "resolved"]
    condition: str
    value: float | None
    severity: str
    summary: str
    at: str
    server: str


class Alerts:
    """The rules of a server. `look` is to be called every so often by one process."""

    def __init__(
        self,
        settings: Settings,
        metrics: Callable[[], Snapshot],
        meter: Meter,
        breakers: Breakers,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._states = [_State(rule, condition(rule.condition)) for rule in settings.alerts]
        self._metrics = metrics
        self._meter = meter
        self._clock = clock
        self._log = Path(settings.alert_log or Path(settings.data_dir) / "alerts.jsonl")
        self._past: deque[tuple[float, Snapshot]] = deque()
        self._messenger = Messenger(
            settings.alert_actions, settings.client_connect_timeout, breakers
        )

    def look(self) -> None:
        """Compare the metrics with the rules, and tell of what changed."""
        now, current = self._clock(), self._metrics()
        self._past.append((now, current))
        longest = max((state.rule.window for state in self._states), default=0)
        while len(self._past) > 2 and self._past[1][0] <= now - longest:
            self._past.popleft()
        for state in self._states:
            before, past = self._before(now - state.rule.window)
            seconds = max(now - before, 1e-9)
            self._judge(state, value_of(state.condition, current.since(past), seconds), now)

    def _before(self, moment: float) -> tuple[float, Snapshot]:
        """The last look at or before a moment, else the first there was."""
        found = self._past[0]
        for entry in self._past:
            if entry[0] <= moment:
                found = entry
        return found

    def _judge(self, state: _State, value: float | None, now: float) -> None:
        slack = state.rule.hysteresis / 100 if state.firing else 0.0
        if value is None or not state.condition.holds(value, slack):
            state.since = None
            if state.firing:
                state.firing = False
                self._tell(state, "resolved", value, now)
            return
        if state.since is None:
            state.since = now
        if not state.firing and now - state.since >= state.rule.duration:
            state.firing = True
            self._tell(state, "firing", value, now)

    def _tell(
        self, state: _State, what: Literal["firing", "resolved"], value: float | None, now: float
    ) -> None:
        rule = state.rule
        at = datetime.fromtimestamp(now, UTC).isoformat()
        event = Event(
            rule.name, what, rule.condition, value, rule.severity, rule.summary, at,
            socket.gethostname(),
        )  # fmt: skip
        self._meter.gauge("mlflow_alerts_firing", float(state.firing), alert=rule.name)
        level = logging.WARNING if state.firing else logging.INFO
        log.log(level, "alert %s is %s: %s, now %s", rule.name, what, rule.condition, value)
        self._write(event)
        for name in rule.action:
            self._messenger.send(name, event)

    def _write(self, event: Event) -> None:
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as file:
                file.write(msgspec.json.encode(event) + b"\n")
        except OSError as error:
            log.warning("the alert log %s cannot be written: %s", self._log, error)

    def close(self) -> None:
        """Send what is under way, then stop."""
        self._messenger.close()


def value_of(wanted: Condition, news: Snapshot, seconds: float) -> float | None:
    """The value a condition compares, of what happened in so many seconds; None without data."""
    name = wanted.metric
    counters = [(labels, v) for (n, labels), v in news.counters.items() if n == name]
    if wanted.function == "error_rate":
        total = sum(v for _, v in counters)
        bad = sum(v for labels, v in counters if dict(labels)["status"].startswith("5"))
        return bad / total if total else None
    gauges = [v for (n, labels), v in news.gauges.items() if n == name and _fits(wanted, labels)]
    if wanted.function in _OF_GAUGES:
        return _OF_GAUGES[wanted.function](gauges) if gauges else None
    times = Histogram()
    for (n, labels), histogram in news.histograms.items():
        if n == name and _fits(wanted, labels):
            times = times.added(histogram)
    number = times.count + sum(v for labels, v in counters if _fits(wanted, labels))
    if wanted.function in ("rate", "count"):
        return number / seconds if wanted.function == "rate" else number
    if not number:
        return None
    if wanted.function == "avg":
        return times.total / number
    return times.quantile(QUANTILES[wanted.function])


_OF_GAUGES: Mapping[str, Callable[[list[float]], float]] = {"max": max, "min": min, "sum": sum}


def _fits(wanted: Condition, labels: Labels) -> bool:
    found = dict(labels)
    return all(m.allows(found.get(m.label, "")) for m in wanted.matchers)


class Messenger:
    """Carries events to people, in a thread, with a few tries."""

    def __init__(
        self, actions: Mapping[str, AlertAction], timeout: float, breakers: Breakers
    ) -> None:
        self._actions = actions
        self._timeout = timeout
        self._breakers = breakers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="milepost-alerts")

    def send(self, name: str, event: Event) -> None:
        """Take the action of that name; one that nobody defined is only logged."""
        action = self._actions.get(name)
        if action is None:
            log.warning("alert %s: there is no action %s; see alert_actions", event.alert, name)
            return
        self._thread.submit(self._try, name, action, event)

    def _try(self, name: str, action: AlertAction, event: Event) -> None:
        # The breaker only tells how this goes: an alert is worth a try whatever happened before.
        breaker = self._breakers.of(f"alert action {name}")
        for attempt in range(1, _TRIES + 1):
            try:
                _SENDERS[action.type](action, event, self._timeout)
            except Exception as error:  # noqa: BLE001 - an alert that cannot be sent is logged
                breaker.failed(str(error))
                log.warning("alert %s could not be sent to %s: %s", event.alert, name, error)
                if attempt < _TRIES:
                    sleep(_PAUSE_SECONDS * attempt * (0.5 + random()))  # noqa: S311 - no secret
            else:
                breaker.ok()
                return

    def close(self) -> None:
        """Wait for what is being sent; drop the rest."""
        self._thread.shutdown(cancel_futures=True)


def _webhook(action: AlertAction, event: Event, timeout: float) -> None:
    _post(action.url, msgspec.to_builtins(event), timeout)


def _slack(action: AlertAction, event: Event, timeout: float) -> None:
    color = {"firing": "danger", "resolved": "good"}[event.state]
    fields = [{"title": title, "value": text, "short": True} for title, text in _facts(event)]
    attachment = {"color": color, "fallback": _headline(event), "fields": fields}
    _post(action.url, {"text": _headline(event), "attachments": [attachment]}, timeout)


def _email(action: AlertAction, event: Event, timeout: float) -> None:
    message = EmailMessage()
    message["Subject"] = _headline(event)
    message["From"] = action.sender
    message["To"] = ", ".join(action.to)
    message.set_content("\n".join(f"{title}: {text}" for title, text in _facts(event)) + "\n")
    with smtplib.SMTP(action.smtp_host, action.smtp_port, timeout=timeout) as server:
        if action.starttls:
            server.starttls()
        if action.smtp_username:
            server.login(action.smtp_username, action.smtp_password)
        server.send_message(message)


_SENDERS: Mapping[str, Callable[[AlertAction, Event, float], None]] = {
    "webhook": _webhook,
    "slack": _slack,
    "email": _email,
}


def _headline(event: Event) -> str:
    return f"[{event.state}] {event.alert}" + (f": {event.summary}" if event.summary else "")


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    yield "Condition", event.condition
    yield "Value", "no data" if event.value is None else f"{event.value:g}"
    yield "Severity", event.severity
    yield "Server", event.server
    yield "At", event.at


def _post(url: str, body: Any, timeout: float) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "milepost"}
    data = msgspec.json.encode(body)
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - the operator's URL
    with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
        return


def prometheus_rules(settings: Settings) -> str:
    """The same rules for Prometheus, as the YAML of a rule file."""
    rules = [
        {
            "alert": rule.name,
            "expr": condition(rule.condition).promql(rule.window),
            "for": f"{round(rule.duration)}s",
            "labels": {"severity": rule.severity},
            "annotations": {"summary": rule.summary or rule.condition},
        }
        for rule in settings.alerts
    ]
    return yaml.safe_dump({"groups": [{"name": "milepost", "rules": rules}]}, sort_keys=False)
