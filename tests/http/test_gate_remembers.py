"""What the gate remembers, what it asks again, and how it slows down who guesses."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from milepost.domain.access import Account
from milepost.errors import Unavailable
from milepost.http import attempts, gate
from milepost.http.caller import USER
from milepost.http.gate import Gate
from milepost.services.access import Access


class Users:
    """Accounts in memory whose passwords are kept as they are; counts what is asked of it."""

    def __init__(self) -> None:
        self.passwords = {"ann": "s3cret", "bob": "hunter2"}
        self.looked_up = 0
        self.away = False

    def account(self, name: str) -> Account | None:
        if self.away:
            raise Unavailable("The database of the users is away.")
        password = self.passwords.get(name)
        return Account(name, password, True, 0, 0) if password else None

    def sign_in(self, name: str, password: str) -> Account | None:
        self.looked_up += 1
        account = self.account(name)
        return account if account and account.password == password else None

    def close(self) -> None:
        pass


class Door:
    """A gate, and those who knock."""

    def __init__(self) -> None:
        self.users = Users()
        self.gate = Gate(cast(Access, self.users))

    async def knock(self, name: str, password: str, address: str = "10.0.0.1") -> int:
        """The status a request gets; 200 where it is let through as its user."""
        answer: list[int] = []

        async def send(message: Any) -> None:
            answer.append(message["status"])

        basic = b"Basic " + b64encode(f"{name}:{password}".encode())
        scope: dict[str, Any] = {
            "method": "GET", "path": "/", "client": (address, 1),
            "headers": [(b"authorization", basic)],
        }  # fmt: skip
        if await self.gate.admits(scope, send):
            assert scope[USER] == name
            return 200
        return answer[0]


Visit = Callable[[Door], Coroutine[Any, Any, None]]


def run(visit: Visit) -> None:
    door = Door()
    # In a thread of its own, as the browser's driver keeps a loop running in ours.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, visit(door)).result()
    door.gate.close()


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays fresh."""
    monkeypatch.setattr(gate, "_FRESH_SECONDS", -1.0)


def test_a_password_is_looked_up_once() -> None:
    async def visit(door: Door) -> None:
        assert [await door.knock("ann", "s3cret") for _ in range(3)] == [200] * 3
        assert door.users.looked_up == 1
        assert await door.knock("ann", "wrong") == 401

    run(visit)


def test_of_many_at_once_one_is_looked_up() -> None:
    async def visit(door: Door) -> None:
        found = await asyncio.gather(*(door.knock("ann", "s3cret") for _ in range(100)))
        assert found == [200] * 100
        assert door.users.looked_up == 1

    run(visit)


@pytest.mark.usefixtures("forgetful")
def test_a_password_that_changed_is_found_out() -> None:
    async def visit(door: Door) -> None:
        assert await door.knock("ann", "s3cret") == 200
        assert await door.knock("ann", "s3cret") == 200
        assert door.users.looked_up == 1
        door.users.passwords["ann"] = "new"
        assert await door.knock("ann", "s3cret") == 401
        assert await door.knock("ann", "new") == 200
        del door.users.passwords["ann"]
        assert await door.knock("ann", "new") == 401

    run(visit)


@pytest.mark.usefixtures("forgetful")
def test_while_the_users_cannot_be_asked_those_known_come_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def visit(door: Door) -> None:
        assert await door.knock("ann", "s3cret") == 200
        door.users.away = True
        assert await door.knock("ann", "s3cret") == 200
        assert await door.knock("bob", "hunter2") == 503
        monkeypatch.setattr(gate, "_KEPT_SECONDS", -1.0)
        assert await door.knock("ann", "s3cret") == 503

    run(visit)


def test_who_guesses_waits_and_holds_up_nobody_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FIRST_PAUSE_SECONDS", 30.0)
    monkeypatch.setattr(attempts, "_LONGEST_PAUSE_SECONDS", 30.0)

    async def visit(door: Door) -> None:
        assert await door.knock("ann", "s3cret") == 200
        guesses = [asyncio.create_task(door.knock("bob", f"guess {i}")) for i in range(100)]
        await asyncio.sleep(0)
        done, waiting = await asyncio.wait(guesses, timeout=0.5)
        assert {task.result() for task in done} == {429}
        assert len(waiting) == 32
        assert door.users.looked_up == 2
        # The same address, but known before; and another address.
        assert await door.knock("ann", "s3cret") == 200
        assert await door.knock("bob", "hunter2", "10.0.0.2") == 200
        for task in waiting:
            task.cancel()

    run(visit)


def test_each_wrong_one_waits_longer_until_one_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    async def visit(door: Door) -> None:
        monkeypatch.setattr(asyncio, "sleep", pause)
        for i in range(12):
            await door.knock("ann", f"guess {i}")
        assert paused == sorted(paused)
        assert (paused[0], paused[-1]) == (0.002, 1.024)
        await door.knock("ann", "s3cret")
        await door.knock("ann", "guess")
        assert paused[-1] == paused[0]

    run(visit)


def test_addresses_and_headers_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MOST_ADDRESSES", 4)
    monkeypatch.setattr(gate, "_MOST_KNOWN", 4)

    async def visit(door: Door) -> None:
        for i in range(20):
            await door.knock("ann", "wrong", f"10.0.1.{i}")
            door.users.passwords[f"user {i}"] = "x"
            assert await door.knock(f"user {i}", "x") == 200
        assert len(door.gate._attempts._lines) == 4
        assert len(door.gate._known) == 4
        assert door.gate._tasks == {}

    run(visit)


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.0.0.1", 80), "10.0.0.1"),
        (("2001:db8:1:2:3:4:5:6", 80), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::", 80), "2001:db8:1:2::/64"),
        (("::ffff:10.0.0.1", 80), "10.0.0.1"),
        (("testclient", 80), "testclient"),
        (None, "a local socket"),
    ],
)
def test_one_who_has_many_addresses_is_one(client: tuple[str, int] | None, address: str) -> None:
    assert attempts.address_of({"client": client}) == address


def test_being_known_costs_next_to_nothing() -> None:
    """Not a time, but what it is made of: no thread, no task, no look at the users."""

    async def visit(door: Door) -> None:
        await door.knock("ann", "s3cret")
        door.users.away = True
        knocking = door.knock("ann", "s3cret")
        with pytest.raises(StopIteration) as ended:
            knocking.send(None)
        assert ended.value.value == 200

    run(visit)
