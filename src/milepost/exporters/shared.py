"""Shared: the series of all worker processes, through files in a folder.

Each process writes its own series to a file of its own, once a second and whenever it is asked;
whoever is asked for metrics reads the files of the others. What a worker counted stays when it is
replaced by another.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from milepost.exporters.series import Histogram, Series, Snapshot, together

_WRITE_SECONDS = 1.0
_ENDING = ".series"

_Rows = list[tuple[str, list[tuple[str, str]], list[float]]]


class _File(msgspec.Struct, array_like=True):
    counters: _Rows
    gauges: _Rows
    histograms: _Rows


class Shared:
    """The series of this process and, with a folder, of its siblings."""

    def __init__(self, series: Series, folder: Path | None) -> None:
        self._series = series
        self._folder = folder
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._leading: int | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._thread = threading.Thread(target=self._run, name="milepost-series", daemon=True)
            self._thread.start()

    def everything(self) -> Snapshot:
        """The series of all processes together."""
        own = self._series.snapshot()
        if self._folder is None:
            return own
        self._write(own)
        alive, gone = [own], list[Snapshot]()
        for path in self._folder.glob(f"*{_ENDING}"):
            if path.stem != str(os.getpid()):
                with suppress(FileNotFoundError):
                    snapshot = _decoded(path.read_bytes())
                    (alive if _runs(int(path.stem)) else gone).append(snapshot)
        return together(alive, gone)

    def leads(self) -> bool:
        """Whether this is the one process that does what needs doing only once."""
        if self._folder is None:
            return True
        if self._leading is None:
            lock = os.open(self._folder / "leader", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                self._leading = lock
        return self._leading is not None

    def close(self) -> None:
        """Write the last numbers."""
        if self._folder is not None:
            self._stop.set()
            self._thread.join()
            self._write(self._series.snapshot())
        if self._leading is not None:
            os.close(self._leading)

    def _run(self) -> None:
        while not self._stop.wait(_WRITE_SECONDS):
            self._write(self._series.snapshot())

    def _write(self, snapshot: Snapshot) -> None:
        assert self._folder is not None
        path = self._folder / f"{os.getpid()}{_ENDING}"
        with self._lock:
            fresh = path.with_suffix(".new")
            # Whoever cleans up temporary folders must not stop the server.
            with suppress(FileNotFoundError):
                fresh.write_bytes(_encoded(snapshot))
                fresh.replace(path)


def forget(folder: Path) -> None:
    """Remove the files of processes that are gone, before new ones start."""
    for path in folder.glob(f"*{_ENDING}"):
        if not _runs(int(path.stem)):
            path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _encoded(snapshot: Snapshot) -> bytes:
    return msgspec.msgpack.encode(
        _File(
            [(n, list(pairs), [v]) for (n, pairs), v in snapshot.counters.items()],
            [(n, list(pairs), [v]) for (n, pairs), v in snapshot.gauges.items()],
            [
                (n, list(pairs), [h.total, *h.counts])
                for (n, pairs), h in snapshot.histograms.items()
            ],
        )
    )


def _decoded(data: bytes) -> Snapshot:
    file = msgspec.msgpack.decode(data, type=_File)
    return Snapshot(
        {(n, tuple(pairs)): v[0] for n, pairs, v in file.counters},
        {(n, tuple(pairs)): v[0] for n, pairs, v in file.gauges},
        {
            (n, tuple(pairs)): Histogram([int(c) for c in v[1:]], v[0])
            for n, pairs, v in file.histograms
        },
    )
