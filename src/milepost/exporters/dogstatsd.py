"""DogStatsD: metrics to a Datadog agent, over UDP.

Counters are summed and timings gathered between two sendings, so a busy server sends few packets.
Timings are distributions in seconds, so that the agent computes percentiles over all servers.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from threading import Lock

from milepost.exporters.series import Gauges

_PACKET = 1400  # bytes that fit one Ethernet frame
_MOST_TIMINGS = 20_000
_ESCAPES = str.maketrans({"|": "_", ",": "_", "\n": "_", "#": "_"})


class DogStatsD:
    """A Meter that speaks DogStatsD 1.1."""

    name = "Datadog"

    def __init__(self, host: str, port: int, gauges: Gauges | None = None) -> None:
        self._address = (host, port)
        self._all_gauges = gauges
        self._lock = Lock()
        self._counters: dict[tuple[str, str], float] = {}
        self._gauges: dict[tuple[str, str], float] = {}
        self._timings: dict[tuple[str, str], list[float]] = {}
        self._gathered = 0

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, _tags(labels))
        with self._lock:
            self._counters[key] = self._counters.get(key, 0) + amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Note a duration."""
        self.observe_all(name, (seconds,), **labels)

    def observe_all(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        """Note durations; between two sendings only so many are kept."""
        with self._lock:
            kept = seconds[: max(0, _MOST_TIMINGS - self._gathered)]
            self._timings.setdefault((name, _tags(labels)), []).extend(kept)
            self._gathered += len(kept)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge; it is sent each time."""
        with self._lock:
            self._gauges[name, _tags(labels)] = value

    def send(self) -> None:
        """Send everything gathered. What the network drops is lost, as UDP has it."""
        with self._lock:
            counters, self._counters = self._counters, {}
            timings, self._timings = self._timings, {}
            gauges, self._gathered = dict(self._gauges), 0
        if self._all_gauges is not None:
            # An agent keeps the last value it was sent, whichever worker sent it.
            gauges = {(n, _tags(dict(labels))): v for (n, labels), v in self._all_gauges().items()}
        lines = [f"{name}:{value:g}|c{tags}" for (name, tags), value in counters.items()]
        lines += [f"{name}:{value:g}|g{tags}" for (name, tags), value in gauges.items()]
        for (name, tags), values in timings.items():
            lines += _distributions(name, tags, values)
        family, kind, protocol, _, address = socket.getaddrinfo(
            *self._address, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as stream:
            for packet in _packets(lines):
                stream.sendto(packet, address)


def _tags(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "|#" + ",".join(f"{k}:{v.translate(_ESCAPES)}" for k, v in labels.items())


def _distributions(name: str, tags: str, values: list[float]) -> list[str]:
    room = max(1, (_PACKET - len(name) - len(tags) - 4) // 12)
    return [
        f"{name}:{':'.join(f'{v:.6g}' for v in values[i : i + room])}|d{tags}"
        for i in range(0, len(values), room)
    ]


def _packets(lines: list[str]) -> list[bytes]:
    packets: list[bytes] = []
    for line in lines:
        data = line.encode()
        if packets and len(packets[-1]) + len(data) < _PACKET:
            packets[-1] += b"\n" + data
        else:
            packets.append(data)
    return packets
