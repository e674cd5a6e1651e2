"""A server with data to look at, filled over its API."""

from __future__ import annotations

import math
import struct
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class Site:
    """A server under test and how tests put things into it. Ids are as the API gives them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def call(self, path: str, message: Mapping[str, Any], method: str = "POST") -> dict[str, Any]:
        reply = self._http.request(method, f"/api/2.0/mlflow/{path}", json=message)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def experiment(self, name: str, **tags: str) -> str:
        listed = [{"key": key, "value": value} for key, value in tags.items()]
        made = self.call("experiments/create", {"name": name, "tags": listed})
        return str(made["experiment_id"])

    def run(
        self,
        experiment: str,
        name: str,
        *,
        params: Mapping[str, str] | None = None,
        metrics: Mapping[str, Sequence[float]] | None = None,
        tags: Mapping[str, str] | None = None,
        parent: str | None = None,
        ended: bool = True,
        start: int | None = None,
    ) -> str:
        """A run; the values of a metric are logged at steps 0, 1, 2, ..."""
        all_tags = {**(tags or {}), **({"mlflow.parentRunId": parent} if parent else {})}
        begin = int(time.time() * 1000) - 60_000 if start is None else start
        made = self.call(
            "runs/create",
            {
                "experiment_id": experiment,
                "run_name": name,
                "start_time": begin,
                "user_id": "ada",
                "tags": [{"key": k, "value": v} for k, v in all_tags.items()],
            },
        )
        run_id = str(made["run"]["info"]["run_id"])
        self.log(run_id, metrics or {}, params or {}, begin)
        if ended:
            self.call(
                "runs/update",
                {"run_id": run_id, "status": "FINISHED", "end_time": begin + 42_000},
            )
        return run_id

    def log(
        self,
        run_id: str,
        metrics: Mapping[str, Sequence[float]],
        params: Mapping[str, str] | None = None,
        begin: int = 0,
        first: int = 0,
    ) -> None:
        points = [
            {"key": key, "value": value, "step": first + i, "timestamp": begin + i * 1000}
            for key, values in metrics.items()
            for i, value in enumerate(values)
        ]
        listed = [{"key": k, "value": v} for k, v in (params or {}).items()]
        for start in range(0, max(1, len(points)), 900):
            part = points[start : start + 900]
            self.call("runs/log-batch", {"run_id": run_id, "metrics": part, "params": listed})
            listed = []

    def put(self, experiment: str, run_id: str, path: str, data: bytes) -> None:
        target = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/{path}"
        assert self._http.put(target, content=data).status_code == 200


def falling(size: int, floor: float = 0.1) -> list[float]:
    return [floor + math.exp(-5 * i / size) for i in range(size)]


def png(width: int = 24, height: int = 24) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + bytes([200, 60, 90]) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
