"""A process beside the server that writes small files to an artifact store.

A small file costs a dozen system calls, and after each of them a thread of the server has to get
the interpreter back from the event loop: it waits for that as long as for the disk. A process of
its own has nobody in its way. On a local disk, what comes while it writes is its next lot.

Run as `python -m milepost.blobs.scribe URI SECONDS`, with a socket as its standard input: the URI
of a store, and how long the store may take to answer. It ends when the other end of the socket is
closed. What goes each way is a number, sizes, and bytes of these sizes:

    file    "!III"  number, size of path, size of content; path, content
    answer  "!II"   number, size of text; text

The text is empty when the file is stored; a kind of Problem, "\\n" and its message; or a "\\n" when
something else went wrong, and whoever tries in another way may learn what. The first answer has the
number 0 and tells that the process is there.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from milepost import errors
from milepost.blobs.base import BlobStore, NewFile, put
from milepost.errors import Problem

_FILE = struct.Struct("!III")
_ANSWER = struct.Struct("!II")
_READ = 1 << 20
_THREADS = 16


class Answer(NamedTuple):
    """What came of a file: it is stored, it has a problem, or neither and it can be tried again."""

    number: int
    is_stored: bool
    problem: Problem | None


Say = Callable[[Sequence[Answer]], None]
Numbered = Sequence[tuple[int, NewFile]]
Write = Callable[[Numbered, Say], None]


def request(number: int, file: NewFile) -> bytes:
    """A file, as it goes to the process."""
    path = os.fsencode(file.path)
    head = _FILE.pack(number, len(path), sum(map(len, file.content)))
    return b"".join((head, path, *file.content))


def requests(received: bytearray) -> Iterator[tuple[int, NewFile]]:
    """The files that are complete, taken out of what was received."""
    for (number, *_), (path, content) in _taken(received, _FILE):
        yield number, NewFile(os.fsdecode(path), [content])


def reply(answer: Answer) -> bytes:
    """An answer, as it goes to the server."""
    number, is_stored, problem = answer
    text = "" if is_stored else "\n"
    if problem is not None:
        text = f"{type(problem).__name__}\n{problem.message}"
    return _ANSWER.pack(number, len(text.encode())) + text.encode()


def replies(received: bytearray) -> Iterator[Answer]:
    """The answers that are complete, taken out of what was received."""
    for (number, _), (text,) in _taken(received, _ANSWER):
        kind, _, message = text.decode().partition("\n")
        yield Answer(number, not text, getattr(errors, kind)(message) if kind else None)


def _taken(received: bytearray, head: struct.Struct) -> Iterator[tuple[Sequence[int], list[bytes]]]:
    """Of each complete message the numbers at its head, and the bytes whose sizes all of them but
    the first are."""
    place = 0
    while len(received) >= place + head.size:
        numbers = head.unpack_from(received, place)
        if len(received) < place + head.size + sum(numbers[1:]):
            break
        place += head.size
        parts = []
        for size in numbers[1:]:
            parts.append(bytes(received[place : place + size]))
            place += size
        yield numbers, parts
    del received[:place]


def serve(server: socket.socket, write: Write) -> None:
    """Write what `server` sends until it hangs up."""
    received, turn = bytearray(), Lock()

    def say(answers: Sequence[Answer]) -> None:
        with turn, suppress(ConnectionError):
            server.sendall(b"".join(map(reply, answers)))

    say([Answer(0, True, None)])
    with suppress(ConnectionError):
        while part := server.recv(_READ):
            received += part
            if files := list(requests(received)):
                write(files, say)


def in_lots(put_all: Callable[[Sequence[NewFile]], Sequence[Problem | None]]) -> Write:
    """To write what came together in one go."""

    def write(files: Numbered, say: Say) -> None:
        numbers = [number for number, _ in files]
        try:
            outcomes = put_all([file for _, file in files])
        except Exception:  # noqa: BLE001 - the server will meet it, too
            say([Answer(number, False, None) for number in numbers])
        else:
            say([Answer(n, o is None, o) for n, o in zip(numbers, outcomes, strict=True)])

    return write


def at_once(store: BlobStore, threads: ThreadPoolExecutor) -> Write:
    """To write every file in a thread."""

    def one(number: int, file: NewFile, say: Say) -> None:
        problem = None
        try:
            put(store, file)
        except Problem as error:
            problem = error
        except Exception:  # noqa: BLE001 - the server will meet it, too
            say([Answer(number, False, None)])
            return
        say([Answer(number, problem is None, problem)])

    def write(files: Numbered, say: Say) -> None:
        for number, file in files:
            threads.submit(one, number, file, say)

    return write


def main(uri: str, seconds: float) -> None:
    """Write into the store at `uri` for the server at standard input."""
    from milepost.blobs.local import LocalStore
    from milepost.blobs.stores import Options, Stores, local_path

    # What stops the server stops this by its silence, after what it has begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    store = Stores(Options([local_path(uri) or ""], seconds)).at(uri).store
    with socket.socket(fileno=os.dup(0)) as server, ThreadPoolExecutor(_THREADS) as threads:
        if isinstance(store, LocalStore):
            serve(server, in_lots(store.put_all))
        else:
            serve(server, at_once(store, threads))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
