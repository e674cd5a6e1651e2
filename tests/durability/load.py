"""Clients that write until the server dies, and remember what it promised them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

API = "/api/2.0/mlflow/"
BATCH = 40
LONG_BATCH = 900


@dataclass
class Sent:
    """What one client sent, and which of it was acknowledged."""

    numbers: list[int] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)


@dataclass
class Load:
    """A few clients, each writing one kind of thing in its own way as fast as it is answered."""

    url: str
    name: str
    sent: dict[str, Sent] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    created: dict[int, str] = field(default_factory=dict)
    experiment: str = ""
    refusals: list[httpx.Response] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        with self._client() as client:
            made = _post(client, "experiments/create", {"name": self.name})
            self.experiment = made.json()["experiment_id"]
            clients: list[tuple[str, Callable[[httpx.Client, str, int], httpx.Response]]] = [
                *[(f"metric {i}", self._metric) for i in range(3)],
                *[(f"batch {i}", self._batch) for i in range(2)],
                ("history", self._history),
                ("create", self._create),
            ]
            for name, write in clients:
                body = {"experiment_id": self.experiment, "run_name": name}
                run = _post(client, "runs/create", body).json()
                self.runs[name] = run["run"]["info"]["run_id"]
                self.sent[name] = Sent()
                thread = threading.Thread(target=self._write, args=(name, write), daemon=True)
                self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def acknowledged(self) -> int:
        return min(len(sent.acknowledged) for sent in self.sent.values())

    def stop(self) -> None:
        """Returns when no client waits for an answer any more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def _write(self, name: str, write: Callable[[httpx.Client, str, int], httpx.Response]) -> None:
        sent, number = self.sent[name], 0
        with self._client() as client:
            while not self._stop.is_set():
                number += 1
                sent.numbers.append(number)
                try:
                    reply = write(client, self.runs[name], number)
                except httpx.TransportError:
                    continue
                if reply.status_code == 200:
                    sent.acknowledged.add(number)
                else:
                    self.refusals.append(reply)

    @staticmethod
    def _metric(client: httpx.Client, run: str, i: int) -> httpx.Response:
        body = {"run_id": run, "key": "m", "value": i / 2, "timestamp": i, "step": i}
        return _post(client, "runs/log-metric", body)

    @staticmethod
    def _batch(client: httpx.Client, run: str, i: int) -> httpx.Response:
        points = _points("m", i, BATCH)
        params = [{"key": f"p{i}.{k}", "value": str(i)} for k in range(3)]
        tags = [{"key": f"t{i}.{k}", "value": str(i)} for k in range(3)]
        body = {"run_id": run, "metrics": points, "params": params, "tags": tags}
        return _post(client, "runs/log-batch", body)

    @staticmethod
    def _history(client: httpx.Client, run: str, i: int) -> httpx.Response:
        # Long enough to be packed while the others write.
        body = {"run_id": run, "metrics": _points("m", i, LONG_BATCH)}
        return _post(client, "runs/log-batch", body)

    def _create(self, client: httpx.Client, _: str, i: int) -> httpx.Response:
        tags = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
        body = {"experiment_id": self.experiment, "run_name": f"created {i}", "tags": tags}
        reply = _post(client, "runs/create", body)
        if reply.status_code == 200:
            self.created[i] = reply.json()["run"]["info"]["run_id"]
        return reply


def _points(key: str, i: int, size: int) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": float(step), "timestamp": step, "step": step}
        for step in range(i * size, (i + 1) * size)
    ]


def _post(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    return client.post(API + path, json=body)


def check(load: Load) -> None:
    """Everything acknowledged is there once, and nothing is there by half."""
    with httpx.Client(base_url=load.url, timeout=60, trust_env=False) as client:
        for name, sent in load.sent.items():
            if name == "create":
                _check_created(client, load, sent)
            else:
                size = {"metric": 1, "batch": BATCH, "history": LONG_BATCH}[name.split()[0]]
                _check_run(client, load.runs[name], sent, size, whole=name.startswith("batch"))


def _check_run(client: httpx.Client, run_id: str, sent: Sent, size: int, *, whole: bool) -> None:
    reply = client.get(f"{API}metrics/get-history", params={"run_id": run_id, "metric_key": "m"})
    steps = [metric["step"] for metric in reply.json()["metrics"]]
    assert len(steps) == len(set(steps)), "a point is there twice"
    there = set(steps)
    found = {i for i in sent.numbers if i * size in there}
    assert there == {step for i in found for step in range(i * size, (i + 1) * size)}
    assert sent.acknowledged <= found
    run = client.get(f"{API}runs/get", params={"run_id": run_id}).json()["run"]
    (last,) = run["data"]["metrics"]
    assert last["step"] == max(steps)
    if whole:
        params = {param["key"]: param["value"] for param in run["data"]["params"]}
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        del tags["mlflow.runName"]
        assert params == {f"p{i}.{k}": str(i) for i in found for k in range(3)}
        assert tags == {f"t{i}.{k}": str(i) for i in found for k in range(3)}


def _check_created(client: httpx.Client, load: Load, sent: Sent) -> None:
    filter_ = "run_name LIKE 'created %'"
    body = {"experiment_ids": [load.experiment], "max_results": 50000, "filter": filter_}
    runs = _post(client, "runs/search", body).json()["runs"]
    by_id = {run["info"]["run_id"]: run for run in runs}
    names = [run["info"]["run_name"] for run in runs]
    assert len(names) == len(set(names)), "a run is there twice"
    assert set(names) <= {f"created {i}" for i in sent.numbers}
    assert {by_id[load.created[i]]["info"]["run_name"] for i in sent.acknowledged} == {
        f"created {i}" for i in sent.acknowledged
    }
    for run in runs:
        assert {tag["key"] for tag in run["data"]["tags"]} == {"a", "b", "mlflow.runName"}
