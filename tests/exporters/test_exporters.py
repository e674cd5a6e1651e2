from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from milepost.exporters.cloudwatch import CloudWatchApi, EmbeddedMetrics
from milepost.exporters.dogstatsd import DogStatsD
from milepost.exporters.otlp import Otlp
from milepost.exporters.prometheus import render
from milepost.exporters.series import Histogram, Key, Series
from milepost.exporters.shared import Shared, forget
from milepost.meter import Meter, Meters, NullMeter

REQUEST = {"method": "GET", "route": 'a"b\\c', "status": "200"}


def measure(meter: Meter) -> None:
    meter.count("mlflow_requests_total", 2, **REQUEST)
    meter.observe("mlflow_request_duration_seconds", 0.003, **REQUEST)
    meter.observe_all("mlflow_request_duration_seconds", [0.3, 1000.0], **REQUEST)
    meter.gauge("mlflow_active_experiments", 7)


def test_timings_nobody_wants_are_dropped() -> None:
    series = Series()
    measure(Meters([series, NullMeter()], {"mlflow_request_duration_seconds"}))
    assert series.snapshot().histograms == {}
    assert len(series.snapshot().counters) == 1


def test_quantiles_are_within_their_bucket() -> None:
    series = Series()
    series.observe_all("mlflow_request_duration_seconds", [0.004] * 90 + [0.7] * 10)
    (histogram,) = series.snapshot().histograms.values()
    assert 0.0025 < histogram.quantile(0.5) <= 0.005
    assert 0.5 < histogram.quantile(0.95) <= 1.0
    assert Histogram().quantile(0.5) == 0


def test_prometheus_text() -> None:
    series = Series()
    measure(series)
    text = render(series.snapshot(), "9.9")
    route = 'route="a\\"b\\\\c"'
    assert f'mlflow_requests_total{{method="GET",{route},status="200"}} 2\n' in text
    assert 'mlflow_http_request_total{method="GET",status="200"} 2\n' in text
    assert 'mlflow_http_request_duration_seconds_count{method="GET",status="200",' in text
    assert 'mlflow_exporter_info{version="9.9"} 1\n' in text
    assert 'le="0.005"} 1\n' in text
    assert 'le="300"} 2\n' in text
    assert 'le="+Inf"} 3\n' in text
    assert "mlflow_active_experiments 7\n" in text


_CHILD = """
import sys
from pathlib import Path
from milepost.exporters.series import Series
from milepost.exporters.shared import Shared
series = Series()
shared = Shared(series, Path(sys.argv[1]))
series.count("mlflow_writes_total", 5)
series.observe("mlflow_artifact_upload_seconds", 1)
series.gauge("mlflow_requests_in_progress", 3)
shared.everything()
print(shared.leads(), flush=True)
if len(sys.argv) > 2:
    sys.stdin.read()
shared.close()
"""


def test_workers_add_up_and_what_a_dead_one_counted_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CHILD, str(tmp_path)]
    gone = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert gone.stdout == "True\n"
    series = Series()
    shared = Shared(series, tmp_path)
    assert shared.leads()
    series.count("mlflow_writes_total", 1)
    series.gauge("mlflow_requests_in_progress", 1)
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, "stay"], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "False\n"
        everything = shared.everything()
        other.communicate("", timeout=60)
    assert everything.counters["mlflow_writes_total", ()] == 11
    assert everything.histograms["mlflow_artifact_upload_seconds", ()].count == 2
    assert everything.gauges["mlflow_requests_in_progress", ()] == 4, "only of those that run"
    shared.close()
    forget(tmp_path)
    assert [path.stem for path in tmp_path.glob("*.series")] == [str(os.getpid())]


def test_dogstatsd_packets() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(10)
        exporter = DogStatsD("127.0.0.1", agent.getsockname()[1])
        measure(exporter)
        exporter.count("mlflow_requests_total", 1, **REQUEST)
        exporter.send()
        lines = agent.recv(65536).decode().splitlines()
        exporter.observe_all("mlflow_artifact_upload_seconds", [0.123456] * 1000)
        exporter.send()
        timings = ""
        while timings.count("0.123456") < 1000:
            packet = agent.recv(65536)
            assert len(packet) <= 1400
            timings += packet.decode()
    tags = '|#method:GET,route:a"b\\c,status:200'
    assert lines == [
        f"mlflow_requests_total:3|c{tags}",
        "mlflow_active_experiments:7|g",
        f"mlflow_request_duration_seconds:0.003:0.3:1000|d{tags}",
    ]


def test_embedded_metric_format_tells_only_what_is_new() -> None:
    output = io.StringIO()
    exporter = EmbeddedMetrics("Team", output=output)
    measure(exporter)
    exporter.send()
    counter, gauge, histogram = [json.loads(line) for line in output.getvalue().splitlines()]
    about = counter["_aws"]["CloudWatchMetrics"][0]
    assert about["Namespace"] == "Team"
    assert about["Dimensions"] == [["method", "route", "status"]]
    assert about["Metrics"] == [{"Name": "mlflow_requests_total", "Unit": "Count"}]
    assert (counter["mlflow_requests_total"], counter["status"]) == (2, "200")
    assert gauge["mlflow_active_experiments"] == 7
    times = histogram["mlflow_request_duration_seconds"]
    assert (times["Counts"], times["Count"]) == ([1, 1, 1], 3)
    assert times["Sum"] == pytest.approx(1000.303)
    output.truncate(0)
    exporter.send()
    assert "mlflow_requests_total" not in output.getvalue()


Inbox = tuple[str, "SimpleQueue[tuple[str, Mapping[str, str], Any]]"]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """(URL, what was posted to it: path, headers, JSON)"""
    received: SimpleQueue[tuple[str, Mapping[str, str], Any]] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            received.put((self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_cloudwatch_by_its_api(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Amazon's own library, towards a server that only listens."""
    url, received = inbox
    for name, value in {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1", "NO_PROXY": "127.0.0.1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    exporter = CloudWatchApi("Team")
    measure(exporter)
    exporter.send()
    _, headers, body = received.get(timeout=60)
    assert headers["X-Amz-Target"].endswith(".PutMetricData")
    assert body["Namespace"] == "Team"
    counter, gauge, timing = body["MetricData"]
    assert (counter["MetricName"], counter["Value"]) == ("mlflow_requests_total", 2)
    assert {d["Name"] for d in counter["Dimensions"]} == {"method", "route", "status"}
    assert (gauge["MetricName"], gauge["Value"]) == ("mlflow_active_experiments", 7)
    assert (timing["Unit"], timing["Counts"]) == ("Seconds", [1, 1, 1])


def test_otlp_over_http(inbox: Inbox) -> None:
    url, received = inbox
    exporter = Otlp(url, "api-key=a%20b", "1.0", 60)
    measure(exporter)
    exporter.send()
    path, headers, body = received.get(timeout=60)
    assert path == "/v1/metrics"
    assert headers["Api-Key"] == "a b"
    (scope,) = body["resourceMetrics"][0]["scopeMetrics"]
    assert {m["name"] for m in scope["metrics"]} == {
        "mlflow_requests_total", "mlflow_request_duration_seconds", "mlflow_active_experiments",
    }  # fmt: skip


@pytest.mark.parametrize("leads", [True, False])
def test_gauges_are_sent_by_one_process_for_all(leads: bool) -> None:
    """An agent keeps the last value it gets: several workers' would overwrite each other's."""
    everybody: dict[Key, float] = {("mlflow_requests_in_progress", ()): 5.0} if leads else {}
    output = io.StringIO()
    lines = EmbeddedMetrics("Team", lambda: everybody, output)
    lines.gauge("mlflow_requests_in_progress", 1)
    lines.send()
    sent = [json.loads(line)["mlflow_requests_in_progress"] for line in output.getvalue().split()]
    assert sent == list(everybody.values())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(60)
        datagrams = DogStatsD("127.0.0.1", agent.getsockname()[1], lambda: everybody)
        datagrams.gauge("mlflow_requests_in_progress", 1)
        datagrams.count("mlflow_writes_total", 1)
        datagrams.send()
        said = agent.recv(65536).decode().splitlines()
    assert said == ["mlflow_writes_total:1|c", *(["mlflow_requests_in_progress:5|g"] * leads)]


def test_otlp_message() -> None:
    exporter = Otlp("http://collector:4318/", "api-key=a%20b, x=y", "1.0", 1)
    measure(exporter)
    (resource,) = exporter.message(exporter.snapshot())["resourceMetrics"]
    metrics = {metric["name"]: metric for metric in resource["scopeMetrics"][0]["metrics"]}
    counter = metrics["mlflow_requests_total"]["sum"]
    assert (counter["isMonotonic"], counter["aggregationTemporality"]) == (True, 2)
    assert counter["dataPoints"][0]["asDouble"] == 2
    (point,) = metrics["mlflow_request_duration_seconds"]["histogram"]["dataPoints"]
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    assert point["count"] == "3"
