"""The process that writes files: what goes to it and back, and when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

from milepost.blobs.base import BlobStore, NewFile
from milepost.blobs.local import UPLOADS, LocalStore
from milepost.blobs.stores import Options, Stores
from milepost.errors import Denied, Full, Invalid, Problem, Unavailable
from milepost.http.scribe_process import AtOnce, InLots, Large, Small, serve
from milepost.http.scribe_wire import (
    NUMBER,
    Answer,
    Kind,
    Order,
    answers,
    orders,
    pack_answer,
    pack_order,
)
from tests.blobs.kit import get, noise
from tests.http.kit import wait_for
from tests.parts.s3 import S3

T = TypeVar("T")

LARGE = 3 * 2**20 + 123


@pytest.fixture
def s3_blobs(s3: S3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return Stores(Options()).at(f"s3://{s3_bucket}").store


def plain(order: Order) -> tuple[object, ...]:
    return order.number, order.path, b"".join(order.content), order.length


def in_pieces(stream: bytes, piece: int, parse: Callable[[bytearray], Iterator[T]]) -> list[T]:
    """All that `parse` finds in a stream that comes in pieces."""
    received = bytearray()
    got: list[T] = []
    for start in range(0, len(stream), piece):
        received += stream[start : start + piece]
        got += parse(received)
    assert not received
    return got


@pytest.mark.parametrize("piece", [1, 7, 1000, 10**6])
def test_orders_arrive_whatever_the_pieces(piece: int) -> None:
    sent = [
        Order(5, "a/b", [noise(3000), b"", noise(10)], 3010),
        Order(6, "empty", [], 0),
        Order(7, "large", [noise(100)], 2**40),
        Order(8, "", [], 0),
        Order(2**32 - 1, "ü/☃ \udcff", [b"\n"], 1),
    ]
    got = in_pieces(b"".join(map(pack_order, sent)), piece, orders)
    assert list(map(plain, got)) == list(map(plain, sent))


@pytest.mark.parametrize("piece", [1, 10**6])
def test_answers_arrive_as_they_were(piece: int) -> None:
    sent = [
        *(Answer(number, kind) for number, kind in enumerate(Kind)),
        Answer(3, Kind.PROBLEM, Full("No room.")),
        Answer(4, Kind.PROBLEM, Denied("Line\nand line; ☃")),
        Answer(5, Kind.PROBLEM, Problem("")),
    ]
    got = in_pieces(b"".join(map(pack_answer, sent)), piece, answers)
    assert [(n, k, type(p), str(p)) for n, k, p in got] == [
        (n, k, type(p), str(p)) for n, k, p in sent
    ]


class Talk:
    """The server's side of a conversation."""

    def __init__(self, connection: socket.socket, lend: socket.socket) -> None:
        self.connection = connection
        self.connection.settimeout(60)
        self._lend = lend
        self._received = bytearray()
        self._answers: list[Answer] = []
        self._numbers = count(1)

    def ask(self, *files: NewFile) -> None:
        """Order small files, numbered from 1."""
        self.connection.sendall(
            b"".join(
                pack_order(Order(next(self._numbers), path, content, sum(map(len, content))))
                for path, content in files
            )
        )

    def lend(self, order: Order, and_then: Sequence[Order] = ()) -> socket.socket:
        """Order a large file, and more with it; where its client writes."""
        client, connection = socket.socketpair()
        with connection:
            socket.send_fds(self._lend, [NUMBER.pack(order.number)], [connection.fileno()])
        self.connection.sendall(b"".join(map(pack_order, [order, *and_then])))
        return client

    def take_back(self, number: int) -> None:
        self.connection.sendall(pack_order(Order(number, "", [], 0)))

    def hear(self, many: int) -> list[Answer]:
        """So many answers, by number; those of one number as they came."""
        while len(self._answers) < many:
            part = self.connection.recv(65536)
            assert part, "hung up"
            self._received += part
            self._answers += answers(self._received)
        heard, self._answers = self._answers[:many], self._answers[many:]
        return sorted(heard, key=lambda answer: answer.number)


def no_store() -> LocalStore:
    return LocalStore("/nowhere")


@contextmanager
def serving(
    small: Small, store: BlobStore | None = None, body_seconds: float = 60
) -> Iterator[Talk]:
    """A conversation with a thread."""
    ours, theirs = socket.socketpair()
    lend, lent = socket.socketpair()
    large = Large(store or no_store(), 60, body_seconds)
    with ours, theirs, lend, lent:
        thread = threading.Thread(target=serve, args=(theirs, lent, small, large))
        thread.start()
        talk = Talk(ours, lend)
        assert talk.hear(1) == [Answer(0, Kind.READY)]
        try:
            yield talk
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            thread.join(60)
            large.close()
        assert not thread.is_alive()


class NothingSmall:
    def write(self, some: Sequence[Order], say: object) -> None:
        raise AssertionError("no small files")

    def take_back(self, number: int) -> None:
        """Nothing to take back."""


def test_what_comes_while_a_lot_is_written_is_the_next() -> None:
    lots: list[list[str]] = []
    go_on, begun = threading.Event(), threading.Event()

    def put_all(files: Sequence[NewFile]) -> list[Problem | None]:
        lots.append([file.path for file in files])
        begun.set()
        assert go_on.wait(60)
        return [Denied("no") if file.path == "bad" else None for file in files]

    with ThreadPoolExecutor(1) as thread, serving(small := InLots(put_all, thread)) as talk:
        talk.ask(NewFile("a", [b"x"]))
        assert begun.wait(60)
        for path in ("b", "bad", "never mind", "c"):
            talk.ask(NewFile(path, [b"x"]))
        wait_for(lambda: len(small._waiting) == 4)
        # Somebody who gave up may have written it in another way since.
        talk.take_back(4)
        wait_for(lambda: len(small._waiting) == 3)
        go_on.set()
        kinds = [answer.kind for answer in talk.hear(4)]
    assert lots == [["a"], ["b", "bad", "c"]]
    assert sorted(kinds) == [Kind.STORED] * 3 + [Kind.PROBLEM]


def test_a_bug_is_told_as_one(s3_blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Problem | None]:
        raise ZeroDivisionError

    with ThreadPoolExecutor(1) as thread, serving(InLots(broken, thread)) as talk:
        talk.ask(NewFile("a", [b"x"]), NewFile("b", [b"x"]))
        assert talk.hear(2) == [Answer(1, Kind.FAILED), Answer(2, Kind.FAILED)]
    monkeypatch.setattr(s3_blobs, "create", broken)
    with ThreadPoolExecutor(1) as threads, serving(AtOnce(s3_blobs, threads), s3_blobs) as talk:
        talk.ask(NewFile("a", [b"x"]))
        assert talk.hear(1) == [Answer(1, Kind.FAILED)]
        with talk.lend(Order(2, "large", [b""], LARGE)) as client:
            client.sendall(noise(LARGE))
            assert talk.hear(2) == [Answer(2, Kind.FAILED), Answer(2, Kind.WHOLE)]


def test_small_files_do_not_wait_for_each_other_in_s3(s3_blobs: BlobStore) -> None:
    content = {f"f/{n}": noise(n * 100) for n in range(30)}
    with ThreadPoolExecutor(4) as threads, serving(AtOnce(s3_blobs, threads)) as talk:
        talk.ask(*(NewFile(path, [some]) for path, some in content.items()))
        assert talk.hear(30) == [Answer(n, Kind.STORED) for n in range(1, 31)]
    assert {path: get(s3_blobs, path) for path in content} == content


def test_large_files_are_read_from_where_their_clients_write(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    content = {number: noise(LARGE + number) for number in range(1, 6)}
    with serving(NothingSmall(), store) as talk:
        clients = {
            n: talk.lend(Order(n, f"f/{n}", [c[: n * 1000]], len(c))) for n, c in content.items()
        }
        for n, client in clients.items():
            client.sendall(content[n][n * 1000 :] + b"NEXT")
        heard = talk.hear(10)
        assert heard == [Answer(n, kind) for n in content for kind in (Kind.WHOLE, Kind.STORED)]
        for client in clients.values():
            client.close()
    assert {n: get(store, f"f/{n}") for n in content} == content


def test_a_large_file_that_cannot_be_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with (
        serving(NothingSmall(), LocalStore(str(tmp_path))) as talk,
        talk.lend(Order(1, "folder", [b""], LARGE)) as client,
    ):
        client.sendall(noise(LARGE))
        problem, whole = talk.hear(2)
    assert (type(problem.problem), whole) == (Invalid, Answer(1, Kind.WHOLE))


def test_a_client_that_goes_or_waits_leaves_nothing(tmp_path: Path) -> None:
    with serving(NothingSmall(), LocalStore(str(tmp_path)), body_seconds=0.5) as talk:
        with talk.lend(Order(1, "f", [b"head"], LARGE)) as client:
            client.sendall(noise(LARGE // 2))
        assert talk.hear(1) == [Answer(1, Kind.GONE)]
        with talk.lend(Order(2, "f", [b"head"], LARGE)) as client:
            client.sendall(noise(LARGE // 2))
            problem, gone = talk.hear(2)
    assert "The client sent less than" in str(problem.problem)
    assert gone == Answer(2, Kind.GONE)
    assert os.listdir(tmp_path / UPLOADS) == []
    assert not (tmp_path / "f").exists()


def test_what_is_taken_back_is_not_stored(tmp_path: Path) -> None:
    content = noise(LARGE)
    with serving(NothingSmall(), LocalStore(str(tmp_path))) as talk:
        talk.take_back(7)
        with talk.lend(Order(1, "f", [b""], LARGE)) as client:
            client.sendall(content[:-1])
            talk.take_back(1)
            talk.ask()
            client.sendall(content[-1:] + b"NEXT")
            answers = talk.hear(1)
    # The connection is in order all the same; only if it was done already is the file there.
    assert answers == [Answer(1, Kind.WHOLE)]
    assert not (tmp_path / "f").exists()


def test_what_is_taken_back_at_once_is_given_back(tmp_path: Path) -> None:
    large = Order(1, "f", [b""], LARGE)
    small = Order(2, "g", [b"x"], 1)
    with serving(NothingSmall(), LocalStore(str(tmp_path))) as talk:
        client = talk.lend(large, and_then=[small, Order(1, "", [], 0), Order(2, "", [], 0)])
        with client:
            assert talk.hear(1) in ([Answer(1, Kind.GONE)], [Answer(1, Kind.WHOLE)])
    assert not (tmp_path / "f").exists()


def test_a_store_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch, s3_blobs: BlobStore) -> None:
    def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(s3_blobs, "create", away)
    with (
        serving(NothingSmall(), s3_blobs) as talk,
        talk.lend(Order(1, "f", [b""], LARGE)) as client,
    ):
        client.sendall(noise(LARGE))
        problem, whole = talk.hear(2)
    assert (str(problem.problem), whole) == ("away", Answer(1, Kind.WHOLE))


@contextmanager
def process(uri: str) -> Iterator[tuple[Talk, subprocess.Popen[bytes]]]:
    ours, theirs = socket.socketpair()
    lend, lent = socket.socketpair()
    arguments = [uri, "30", "30", str(lent.fileno())]
    command = [sys.executable, "-P", "-m", "milepost.http.scribe_process", *arguments]
    with (
        ours,
        lend,
        subprocess.Popen(command, stdin=theirs.fileno(), pass_fds=[lent.fileno()]) as started,
    ):
        theirs.close()
        lent.close()
        try:
            talk = Talk(ours, lend)
            talk.hear(1)
            yield talk, started
        finally:
            started.kill()


def test_a_process_writes_into_a_folder_of_any_name(tmp_path: Path) -> None:
    root = tmp_path / "a b%41#?ü"
    root.mkdir()
    with process(root.as_uri()) as (talk, _):
        talk.ask(NewFile("f/g", [b"content"]), NewFile("../up", [b"x"]))
        good, bad = talk.hear(2)
    assert good == Answer(1, Kind.STORED)
    assert str(bad.problem) == "Invalid path"
    assert (root / "f" / "g").read_bytes() == b"content"


def test_it_ends_with_the_server_and_not_before(tmp_path: Path) -> None:
    with process(tmp_path.as_uri()) as (talk, started):
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(started.pid, number)
        talk.ask(NewFile("f", [b"content"]))
        assert talk.hear(1) == [Answer(1, Kind.STORED)]
        with talk.lend(Order(99, "large", [b"head"], LARGE)) as client:
            client.sendall(noise(LARGE // 2))
            talk.ask(*(NewFile(f"more/{n}", [b"content"]) for n in range(20)))
            talk.connection.shutdown(socket.SHUT_WR)
            assert started.wait(60) == 0
    # What small files it was asked for are there, and nothing half.
    assert len(os.listdir(tmp_path / "more")) == 20
    assert not (tmp_path / "large").exists()
    assert os.listdir(tmp_path / UPLOADS) == []
