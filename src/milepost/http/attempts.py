"""Slows down who guesses passwords: of an address one is looked at at a time, and each that was
wrong holds up the next one longer. Other addresses do not wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import TypeVar

from milepost.http.asgi import Scope

log = logging.getLogger(__name__)
R = TypeVar("R")

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_MOST_WAITING = 32
_MOST_ADDRESSES = 10_000
_FORGOTTEN_SECONDS = 600.0
_NEIGHBOURHOOD = 64  # the bits of an IPv6 address that its holder does not choose


class CrowdError(Exception):
    """More attempts wait for their turn than one address may have waiting."""


class _Line:
    """Those who wait for their turn at one address."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.wrong = 0
        self.last = monotonic()


class Attempts:
    """The lines of one process."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    async def take(self, address: str, attempt: Callable[[], Awaitable[R | None]]) -> R | None:
        """What `attempt` finds, None for a wrong password, when it is its turn. Raises CrowdError
        where too many wait already."""
        line = self._line(address)
        if line.waiting >= _MOST_WAITING:
            raise CrowdError
        line.waiting += 1
        try:
            async with line.lock:
                found = await attempt()
                line.last = monotonic()
                line.wrong = 0 if found is not None else line.wrong + 1
                if found is None:
                    await _pause(address, line.wrong)
                return found
        finally:
            line.waiting -= 1

    def _line(self, address: str) -> _Line:
        line = self._lines.get(address)
        if line is None or (monotonic() - line.last > _FORGOTTEN_SECONDS and not line.waiting):
            line = self._lines[address] = _Line()
        self._lines.move_to_end(address)
        if len(self._lines) > _MOST_ADDRESSES:
            quietest, there = next(iter(self._lines.items()))
            if not there.waiting:
                del self._lines[quietest]
        return line


async def _pause(address: str, wrong: int) -> None:
    if wrong & (wrong - 1) == 0:  # the 1st, 2nd, 4th, 8th ...: a log must not grow with guesses
        log.warning("wrong password number %d in a row from %s", wrong, address)
    await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(wrong, 10)))


def address_of(scope: Scope) -> str:
    """Whose line a request stands in: its address, of IPv6 the network."""
    client = scope.get("client")
    if not client:
        return "a local socket"
    try:
        address = ip_address(client[0])
    except ValueError:
        return str(client[0])
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    network = IPv6Address(int(address) >> _NEIGHBOURHOOD << _NEIGHBOURHOOD)
    return f"{network}/{_NEIGHBOURHOOD}"
