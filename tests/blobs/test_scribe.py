"""The process that writes small files: what goes to it and back, and when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from milepost.blobs import scribe
from milepost.blobs.base import BlobStore, NewFile
from milepost.blobs.local import LocalStore
from milepost.blobs.scribe import Answer, replies, reply, request, requests
from milepost.errors import Denied, Full, Problem
from tests.blobs.kit import get, noise


@pytest.mark.parametrize("piece", [1, 7, 1000, 10**6])
def test_files_arrive_whatever_the_pieces(piece: int) -> None:
    files = [
        NewFile("a/b", [noise(3000), b"", noise(10)]),
        NewFile("empty", []),
        NewFile("ü/☃ \udcff", [b"\n"]),
    ]
    sent = b"".join(request(number, file) for number, file in enumerate(files, 5))
    received = bytearray()
    got: list[tuple[int, NewFile]] = []
    for start in range(0, len(sent), piece):
        received += sent[start : start + piece]
        got += requests(received)
    assert not received
    assert [(n, f.path, b"".join(f.content)) for n, f in got] == [
        (n, f.path, b"".join(f.content)) for n, f in enumerate(files, 5)
    ]


def test_answers_arrive_as_they_were() -> None:
    answers = [
        Answer(1, True, None),
        Answer(2, False, None),
        Answer(3, False, Full("No room.")),
        Answer(4, False, Denied("Line\nand line; ☃")),
        Answer(5, False, Problem("")),
    ]
    received = bytearray(b"".join(map(reply, answers)))
    got = list(replies(received))
    assert [(n, s, type(p), str(p)) for n, s, p in got] == [
        (n, s, type(p), str(p)) for n, s, p in answers
    ]


class Talk:
    """The server's side of a conversation."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.settimeout(60)
        self._received = bytearray()
        self._answers: list[Answer] = []

    def ask(self, *files: NewFile) -> None:
        """Send files, numbered from 1."""
        numbered = enumerate(files, 1)
        self.connection.sendall(b"".join(request(number, file) for number, file in numbered))

    def hear(self, count: int) -> list[Answer]:
        """So many answers, by number."""
        while len(self._answers) < count:
            part = self.connection.recv(65536)
            assert part, "hung up"
            self._received += part
            self._answers += replies(self._received)
        heard, self._answers = self._answers[:count], self._answers[count:]
        return sorted(heard, key=lambda answer: answer.number)


@contextmanager
def serving(write: scribe.Write) -> Iterator[Talk]:
    """A conversation with a thread."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(target=scribe.serve, args=(theirs, write))
        thread.start()
        talk = Talk(ours)
        assert talk.hear(1) == [Answer(0, True, None)]
        yield talk
        ours.shutdown(socket.SHUT_RDWR)
        thread.join(60)
        assert not thread.is_alive()


def test_what_comes_while_a_lot_is_written_is_the_next() -> None:
    lots: list[list[str]] = []
    go_on = threading.Event()
    begun = threading.Event()

    def put_all(files: Sequence[NewFile]) -> list[Problem | None]:
        lots.append([file.path for file in files])
        begun.set()
        assert go_on.wait(60)
        return [Denied("no") if file.path == "bad" else None for file in files]

    with serving(scribe.in_lots(put_all)) as talk:
        talk.ask(NewFile("a", [b"x"]))
        assert begun.wait(60)
        for path in ("b", "bad", "c"):
            talk.ask(NewFile(path, [b"x"]))
        go_on.set()
        kinds = [type(answer.problem) for answer in talk.hear(4)]
    assert lots == [["a"], ["b", "bad", "c"]]
    assert kinds.count(Denied) == 1
    assert kinds.count(type(None)) == 3


def test_a_bug_is_left_to_the_server_to_meet(s3_blobs: BlobStore, monkeypatch: Any) -> None:
    def broken(*_: object) -> list[Problem | None]:
        raise ZeroDivisionError

    with serving(scribe.in_lots(broken)) as talk:
        talk.ask(NewFile("a", [b"x"]), NewFile("b", [b"x"]))
        assert talk.hear(2) == [Answer(1, False, None), Answer(2, False, None)]
    monkeypatch.setattr(s3_blobs, "create", broken)
    with ThreadPoolExecutor(1) as threads, serving(scribe.at_once(s3_blobs, threads)) as talk:
        talk.ask(NewFile("a", [b"x"]))
        assert talk.hear(1) == [Answer(1, False, None)]


def test_one_file_after_the_other_does_not_wait_for_it_in_s3(s3_blobs: BlobStore) -> None:
    content = {f"f/{n}": noise(n * 100) for n in range(30)}
    with ThreadPoolExecutor(4) as threads, serving(scribe.at_once(s3_blobs, threads)) as talk:
        talk.ask(*(NewFile(path, [some]) for path, some in content.items()))
        assert talk.hear(30) == [Answer(n, True, None) for n in range(1, 31)]
    assert {path: get(s3_blobs, path) for path in content} == content


@contextmanager
def process(uri: str) -> Iterator[tuple[Talk, subprocess.Popen[bytes]]]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "milepost.blobs.scribe", uri, "30"]
    with ours, theirs, subprocess.Popen(command, stdin=theirs.fileno()) as started:
        theirs.close()
        try:
            talk = Talk(ours)
            talk.hear(1)
            yield talk, started
        finally:
            started.kill()


def test_a_process_writes_into_a_folder_of_any_name(tmp_path: Path) -> None:
    root = tmp_path / "a b%41#?ü"
    root.mkdir()
    store = LocalStore(str(root))
    assert store.scribe_uri is not None
    with process(store.scribe_uri) as (talk, _):
        talk.ask(NewFile("f/g", [b"content"]), NewFile("../up", [b"x"]))
        good, bad = talk.hear(2)
    assert good == Answer(1, True, None)
    assert str(bad.problem) == "Invalid path"
    assert get(store, "f/g") == b"content"


def test_it_ends_with_the_server_and_not_before(tmp_path: Path) -> None:
    with process(tmp_path.as_uri()) as (talk, started):
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(started.pid, number)
        talk.ask(NewFile("f", [b"content"]))
        assert talk.hear(1) == [Answer(1, True, None)]
        talk.ask(*(NewFile(f"more/{n}", [b"content"]) for n in range(20)))
        talk.connection.shutdown(socket.SHUT_WR)
        assert started.wait(60) == 0
    # What was asked for is done.
    assert len(os.listdir(tmp_path / "more")) == 20
