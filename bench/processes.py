"""What a server and all its children are: found by their session, weighed and ended together."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

_PORTS = range(5940, 5970)
_turn = cycle(_PORTS)


def free_port() -> int:
    """A port nobody listens on; the next call gives another one."""
    for port in islice(_turn, len(_PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise RuntimeError(f"no free port in {_PORTS.start}-{_PORTS.stop - 1}")


def members(session: int) -> Iterator[int]:
    """Process ids of a session: its leader and every descendant that did not leave it."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # The name, in parentheses, may hold spaces; the session is the fourth field after it.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(folder.name)


def memory_mb(session: int) -> float:
    """Proportional set size of all members: shared pages are counted once."""
    return sum(_pss_kb(process) for process in members(session)) / 1024


def _pss_kb(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def end(session: int, how: signal.Signals = signal.SIGTERM, patience_s: float = 20) -> None:
    """Ask the leader to stop and wait for all; what is left after `patience_s` is killed."""
    with suppress(ProcessLookupError):
        os.kill(session, how)
    give_up = time.monotonic() + patience_s
    while list(members(session)) and time.monotonic() < give_up:
        time.sleep(0.05)
    for process in members(session):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
