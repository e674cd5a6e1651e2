"""Small files through a process of their own, whatever happens to it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from milepost.blobs.base import NewFile
from milepost.blobs.local import LocalStore
from milepost.blobs.stores import Options, Stores
from milepost.errors import Invalid
from milepost.http import scribe
from milepost.http.protocol import Loan
from milepost.http.scribe import Scribe, Scribes
from milepost.http.scribe_wire import Answer, Kind
from tests.blobs.kit import get, noise
from tests.http.kit import LARGE, children, is_there, target, wait_for
from tests.parts.milepost import MilepostServer, StartMilepost

SMALL = 10_000


def run(root: Path, test: Callable[[Scribe], Awaitable[None]]) -> None:
    """The test on an event loop, in a thread of its own as the browser's driver keeps one in
    ours."""

    async def main() -> None:
        scribes = Scribes(30, 30)
        one = scribes.of(Stores(Options([str(root)])).at(str(root)).store)
        assert scribes.of(Stores(Options([str(root)])).at(str(root)).store) is one
        try:
            await test(one)
        finally:
            scribes.close()
        assert children(os.getpid()) == []

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, main()).result()


async def ready(one: Scribe) -> None:
    """Wait until files are taken."""
    give_up = time.monotonic() + 60
    while True:
        waiting = one.put(NewFile("first", [b"1"]))
        if waiting is not None:
            assert await waiting
            return
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)


def test_files_are_stored_and_problems_told(tmp_path: Path) -> None:
    content = {f"f/{n}": noise(n * 1000) for n in range(50)}

    async def test(one: Scribe) -> None:
        await ready(one)
        (tmp_path / "folder").mkdir()
        futures = [one.put(NewFile(path, [some])) for path, some in content.items()]
        bad = one.put(NewFile("folder", [b"x"]))
        assert bad is not None
        with pytest.raises(Invalid, match="directory"):
            await bad
        assert [await future for future in futures if future is not None] == [True] * 50

    run(tmp_path, test)
    store = LocalStore(str(tmp_path))
    assert {path: get(store, path) for path in content} == content


def test_what_a_dead_process_has_not_answered_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "_PAUSE_S", 0.5)

    async def test(one: Scribe) -> None:
        await ready(one)
        (child,) = children(os.getpid())
        os.kill(child, signal.SIGSTOP)
        waiting = [one.put(NewFile(f"f/{n}", [b"x"])) for n in range(10)]
        os.kill(child, signal.SIGKILL)
        assert [await each for each in waiting if each is not None] == [False] * 10
        # Another takes its place.
        await ready(one)
        (other,) = children(os.getpid())
        assert other != child

    run(tmp_path, test)


def test_a_large_file_that_was_read_is_no_small_one(tmp_path: Path) -> None:
    """Its process dies between the last byte and the answer."""

    async def test(one: Scribe) -> None:
        await ready(one)
        (child,) = children(os.getpid())
        backs: list[bool] = []
        ours, theirs = socket.socketpair()
        with theirs:
            reply = one.receive("f", Loan(ours, b"head", LARGE, backs.append))
            os.kill(child, signal.SIGSTOP)
            one._hear(Answer(one._number, Kind.WHOLE))
            os.kill(child, signal.SIGKILL)
            assert await reply is False
        assert backs == [True]

    run(tmp_path, test)


def test_what_nobody_waits_for_is_not_written_later(tmp_path: Path) -> None:
    async def test(one: Scribe) -> None:
        await ready(one)
        (child,) = children(os.getpid())
        os.kill(child, signal.SIGSTOP)
        waiting = one.put(NewFile("f", [b"old"]))
        assert waiting is not None
        waiting.cancel()
        await asyncio.sleep(0.05)
        assert one._waiting == {}
        (tmp_path / "f").write_bytes(b"new")
        os.kill(child, signal.SIGCONT)
        await ready(one)

    run(tmp_path, test)
    assert (tmp_path / "f").read_bytes() == b"new"


def test_whoever_goes_away_leaves_the_others_alone(tmp_path: Path) -> None:
    async def test(one: Scribe) -> None:
        await ready(one)
        waiting = [one.put(NewFile(f"f/{n}", [b"x"])) for n in range(3)]
        first, second, third = (each for each in waiting if each is not None)
        second.cancel()
        assert (await first, await third) == (True, True)
        assert await (one.put(NewFile("g", [b"x"])) or first)

    run(tmp_path, test)


def test_without_a_process_files_are_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", fail)

    async def test(one: Scribe) -> None:
        assert one.put(NewFile("f", [b"x"])) is None
        assert one.put(NewFile("f", [b"x"])) is None

    run(tmp_path, test)
    assert caplog.text.count("no more processes") == 1


# Through a server


class Load:
    """Clients that put small files until they are told to end."""

    def __init__(self, server: MilepostServer) -> None:
        self._server = server
        made = httpx.post(f"{server.url}/api/2.0/mlflow/runs/create", json={"experiment_id": "0"})
        self.run_id: str = made.json()["run"]["info"]["run_id"]
        self.stored: dict[str, bytes] = {}
        self.faults: list[str] = []
        self._end = Event()

    @contextmanager
    def running(self) -> Iterator[int]:
        """While they are at work; gives the process that writes for them, which is busy."""
        with ThreadPoolExecutor(6) as threads:
            for number in range(6):
                threads.submit(self._put, number)
            try:
                wait_for(lambda: bool(children(self._server.process.pid)))
                self.wait_for_more()
                yield children(self._server.process.pid)[0]
            finally:
                self._end.set()

    def wait_for_more(self) -> None:
        """Until many more files are stored."""
        before = len(self.stored)
        wait_for(lambda: len(self.stored) > before + 50)

    def _put(self, number: int) -> None:
        count = 0
        with httpx.Client(base_url=self._server.url, timeout=60) as client:
            while not self._end.is_set():
                count += 1
                name, content = f"{number}/{count}", noise(SMALL)
                try:
                    reply = client.put(target(self.run_id, name), content=content)
                except httpx.TransportError:
                    return
                if reply.status_code == 200:
                    self.stored[name] = content
                else:
                    self.faults.append(f"{reply.status_code} {reply.text}")


def test_nothing_is_lost_when_the_process_is_killed(
    server: MilepostServer, client: httpx.Client
) -> None:
    load = Load(server)
    with load.running() as writer:
        os.kill(writer, signal.SIGKILL)
        load.wait_for_more()
    assert load.faults == []
    for name, content in load.stored.items():
        assert client.get(target(load.run_id, name)).content == content


def test_it_does_not_outlive_a_killed_server(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    load = Load(server)
    with load.running() as writer:
        os.kill(server.process.pid, signal.SIGKILL)
    wait_for(lambda: not is_there(writer))
    # What was acknowledged is there as a whole, and nothing is there half.
    root = server.data / "artifacts" / "0" / load.run_id / "artifacts"
    for name, content in load.stored.items():
        assert (root / name).read_bytes() == content
    assert {file.stat().st_size for file in root.rglob("*") if file.is_file()} == {SMALL}


def test_a_server_that_stops_ends_it_and_answers_all(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    load = Load(server)
    with load.running() as writer:
        server.stop()
    assert not is_there(writer)
    assert load.faults == []
    assert "has ended" not in server.log
    assert "Traceback" not in server.log
