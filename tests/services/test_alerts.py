from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import SimpleQueue
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from time import monotonic, sleep
from typing import Any, ClassVar

import pytest

from milepost.breaker import Breakers, Rules
from milepost.config import Settings
from milepost.config.blocks import AlertAction, AlertRule
from milepost.config.condition import condition
from milepost.exporters.series import Series
from milepost.services.alerts import Alerts, Event, Messenger, prometheus_rules

Inbox = tuple[str, "SimpleQueue[dict[str, Any]]"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """(URL, what was posted to it)"""
    received: SimpleQueue[dict[str, Any]] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()


class Watched:
    """Alerts over a series and a clock that the test moves."""

    def __init__(self, folder: Path, *rules: AlertRule, **actions: AlertAction) -> None:
        self.series, self.clock, self.log = Series(), Clock(), folder / "alerts.jsonl"
        settings = Settings(alerts=rules, alert_actions=actions, alert_log=str(self.log))
        self.alerts = Alerts(
            settings, self.series.snapshot, self.series, Breakers(), clock=self.clock
        )
        self.alerts.look()

    def after(self, seconds: float) -> list[str]:
        """What the log says after one more look."""
        self.clock.now += seconds
        self.alerts.look()
        if not self.log.exists():
            return []
        return [json.loads(line)["state"] for line in self.log.read_text().splitlines()]


def test_a_slow_response_fires_and_ends(tmp_path: Path) -> None:
    rule = AlertRule("slow", "response_time > 5000ms", ("notify_oncall",), window=60)
    watched = Watched(tmp_path, rule)
    watched.series.observe("mlflow_request_duration_seconds", 8, route="r", status="200")
    assert watched.after(10) == ["firing"]
    assert watched.after(10) == ["firing"]
    # Nobody asks for a while: the slow request leaves the window.
    assert watched.after(100) == ["firing", "resolved"]
    watched.alerts.close()


def test_a_condition_must_hold_for_its_duration(tmp_path: Path) -> None:
    watched = Watched(tmp_path, AlertRule("many", "mlflow_active_runs > 10", duration=30))
    watched.series.gauge("mlflow_active_runs", 11)
    assert watched.after(10) == []
    watched.series.gauge("mlflow_active_runs", 9)
    assert watched.after(10) == []
    watched.series.gauge("mlflow_active_runs", 11)
    assert watched.after(20) == []
    assert watched.after(29) == []
    assert watched.after(1) == ["firing"]
    watched.alerts.close()


def test_with_hysteresis_it_ends_well_below_the_limit(tmp_path: Path) -> None:
    watched = Watched(tmp_path, AlertRule("many", "mlflow_active_runs > 100", hysteresis=20))
    watched.series.gauge("mlflow_active_runs", 101)
    assert watched.after(1) == ["firing"]
    watched.series.gauge("mlflow_active_runs", 81)
    assert watched.after(1) == ["firing"]
    watched.series.gauge("mlflow_active_runs", 80)
    assert watched.after(1) == ["firing", "resolved"]
    watched.alerts.close()


def test_people_are_told(tmp_path: Path, inbox: Inbox) -> None:
    url, received = inbox
    rule = AlertRule("many", "mlflow_active_runs > 1", ("hook", "chat"), summary="Too many runs.")
    actions = {"hook": AlertAction("webhook", url), "chat": AlertAction("slack", url)}
    watched = Watched(tmp_path, rule, **actions)
    watched.series.gauge("mlflow_active_runs", 5)
    watched.after(1)
    gauges = watched.series.snapshot().gauges
    assert gauges["mlflow_alerts_firing", (("alert", "many"),)] == 1
    hook, chat = received.get(timeout=30), received.get(timeout=30)
    watched.alerts.close()
    assert (hook["alert"], hook["state"], hook["value"]) == ("many", "firing", 5)
    assert chat["text"] == "[firing] many: Too many runs."
    assert chat["attachments"][0]["color"] == "danger"


class MailServer(StreamRequestHandler):
    """Takes mail as SMTP has it, and keeps it."""

    received: ClassVar[SimpleQueue[str]] = SimpleQueue()

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.received.put(b"".join(lines).decode())
            self.wfile.write(b"250 fine\r\n")


def test_people_get_mail(tmp_path: Path) -> None:
    rule = AlertRule("many", "mlflow_active_runs > 1", ("mail",), summary="Too many runs.")
    with ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        action = AlertAction(
            "email", to=("ann@example.org", "bob@example.org"), sender="milepost@example.org",
            smtp_host="127.0.0.1", smtp_port=server.server_address[1],
        )  # fmt: skip
        watched = Watched(tmp_path, rule, mail=action)
        watched.series.gauge("mlflow_active_runs", 5)
        watched.after(1)
        mail = message_from_string(MailServer.received.get(timeout=60))
        watched.alerts.close()
        server.shutdown()
    assert mail["Subject"] == "[firing] many: Too many runs."
    assert mail["From"] == "milepost@example.org"
    assert mail["To"] == "ann@example.org, bob@example.org"
    assert "Condition: mlflow_active_runs > 1\nValue: 5\n" in str(mail.get_payload()).replace(
        "\r\n", "\n"
    )


def test_whom_an_alert_does_not_reach_gets_the_next_one(
    tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The breaker of an action tells how it goes; it never keeps an alert from being sent."""
    monkeypatch.setattr("milepost.services.alerts._PAUSE_SECONDS", 0.0)
    url, received = inbox
    breakers = Breakers(Rules(failure_threshold=1, reset_timeout=3600))
    event = Event("a", "firing", "c", 1.0, "warning", "", "now", "here")
    away = Messenger({"hook": AlertAction("webhook", "http://127.0.0.1:9")}, 5, breakers)
    away.send("hook", event)
    give_up = monotonic() + 60
    while breakers.states() != {"alert action hook": "open"}:
        assert monotonic() < give_up
        sleep(0.01)
    away.close()
    back = Messenger({"hook": AlertAction("webhook", url)}, 60, breakers)
    back.send("hook", event)
    assert received.get(timeout=60)["alert"] == "a"
    back.close()
    assert breakers.states() == {"alert action hook": "closed"}


def test_an_error_rate(tmp_path: Path) -> None:
    watched = Watched(tmp_path, AlertRule("errors", "error_rate > 10%"))
    assert watched.after(1) == [], "no requests, no rate"
    for status, amount in (("200", 89), ("503", 11)):
        watched.series.count("mlflow_requests_total", amount, status=status)
    assert watched.after(1) == ["firing"]
    watched.alerts.close()


CONDITIONS = {
    "response_time > 5000ms": "histogram_quantile(0.95, sum by (le)"
    " (rate(mlflow_request_duration_seconds_bucket[300s]))) > 5",
    "error_rate >= 5%": 'sum(rate(mlflow_requests_total{status=~"5.."}[300s]))'
    " / sum(rate(mlflow_requests_total[300s])) >= 0.05",
    'avg(mlflow_request_duration_seconds{route="a"}) > 1s': (
        'sum(rate(mlflow_request_duration_seconds_sum{route="a"}[300s]))'
        ' / sum(rate(mlflow_request_duration_seconds_count{route="a"}[300s])) > 1'
    ),
    "rate(mlflow_requests_total) < 0.1": "sum(rate(mlflow_requests_total[300s])) < 0.1",
    "mlflow_circuit_breaker_state == 2": "max(mlflow_circuit_breaker_state) == 2",
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_same_for_prometheus(text: str) -> None:
    assert condition(text).promql(300) == CONDITIONS[text]
    rules = prometheus_rules(Settings(alerts=(AlertRule("a", text, duration=60),)))
    assert "for: 60s" in rules


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("response_time", "is no condition"),
        ("response_time > 5 s s", "is no condition"),
        ("response_time > 5parsecs", "'parsecs' is no unit"),
        ("mlflow_active_run > 1", "did you mean mlflow_active_runs"),
        ("p95(mlflow_active_runs) > 1", "cannot be asked of a gauge; there are max, min, sum"),
        ("mlflow_active_runs{a} > 1", "is not a list such as"),
        ('rate(mlflow_requests_total{route=~"("}) > 1', "is no pattern"),
    ],
)
def test_conditions_that_cannot_be(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        condition(text)
