"""What a server and the process that writes files for it (scribe_process.py) tell each other.

Through a stream of bytes go orders one way and answers the other, in network byte order:

    order   "!IQII"  number, bytes of the file, size of path, size of content; path, content
    answer  "!IBI"   number, kind, size of text; text

If the content is shorter than the file, it is the beginning of it: the rest is to be read from a
client's connection, which comes through a second socket, along with the order's number as "!I". An
order without a path takes back the one of that number. The text of a problem is the name of its
class, "\\n", and its message.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from milepost import errors
from milepost.blobs.base import Content
from milepost.errors import Problem

NUMBER = struct.Struct("!I")
NUMBERS = 1 << 32
"""How many numbers there are; whoever has used the last goes on with the first."""
_ORDER = struct.Struct("!IQII")
_ANSWER = struct.Struct("!IBI")


class Order(NamedTuple):
    """A file to store."""

    number: int
    path: str
    """Empty to take back the order of that number."""

    content: Content
    """All of it, or the beginning of a large file."""

    length: int
    """Bytes of the whole file."""


class Kind(IntEnum):
    """What an answer says."""

    READY = 0
    """The process is there; a number means nothing."""

    STORED = 1
    PROBLEM = 2
    FAILED = 3
    """Something went wrong that nobody thought of."""

    WHOLE = 4
    """All of a large file has been read: the connection is the server's again."""

    GONE = 5
    """The client has gone, or is not waited for any longer."""


class Answer(NamedTuple):
    """What came of an order."""

    number: int
    kind: Kind
    problem: Problem | None = None


def pack_order(order: Order) -> bytes:
    """An order as it goes to the process."""
    path = os.fsencode(order.path)
    size = sum(map(len, order.content))
    head = _ORDER.pack(order.number, order.length, len(path), size)
    return b"".join((head, path, *order.content))


def orders(received: bytearray) -> Iterator[Order]:
    """The orders that are complete, taken out of what was received."""
    place = 0
    while len(received) >= place + _ORDER.size:
        number, length, path_size, size = _ORDER.unpack_from(received, place)
        start = place + _ORDER.size
        middle, end = start + path_size, start + path_size + size
        if len(received) < end:
            break
        path = os.fsdecode(bytes(received[start:middle]))
        yield Order(number, path, [bytes(received[middle:end])], length)
        place = end
    del received[:place]


def pack_answer(answer: Answer) -> bytes:
    """An answer as it goes to the server."""
    number, kind, problem = answer
    text = b"" if problem is None else f"{type(problem).__name__}\n{problem.message}".encode()
    return _ANSWER.pack(number, kind, len(text)) + text


def answers(received: bytearray) -> Iterator[Answer]:
    """The answers that are complete, taken out of what was received."""
    place = 0
    while len(received) >= place + _ANSWER.size:
        number, kind, size = _ANSWER.unpack_from(received, place)
        start, end = place + _ANSWER.size, place + _ANSWER.size + size
        if len(received) < end:
            break
        name, _, message = received[start:end].decode().partition("\n")
        yield Answer(number, Kind(kind), getattr(errors, name)(message) if name else None)
        place = end
    del received[:place]
