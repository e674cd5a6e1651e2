"""Users and their passwords. The settings name one user, who is the same for every server on one
database of users; what the settings say of the password counts from the next start."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

from milepost.domain import passwords
from milepost.domain.access import Account, may_be_name
from milepost.services.tracking import now
from milepost.store import access
from milepost.store.db import Store
from milepost.store.tx import Tx


class Settled(NamedTuple):
    """What became of the user whom the settings name."""

    outcome: Literal["made", "changed", "kept"]
    generated: str
    """The password, where one had to be made up; nobody can read it again."""

    renamed: str = ""
    """The name the user had before, if it was another."""


class _Wish(NamedTuple):
    name: str
    password: str
    """As it is stored."""

    overwrite: bool


class Access:
    """The users in one database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sign_in(self, name: str, password: str) -> Account | None:
        """The account, if the password is right. Takes as long for a name that nobody has, so that
        names cannot be found out."""
        account = self.account(name) if may_be_name(name) else None
        right = passwords.matches(password, account.password if account else passwords.NOBODY)
        return account if right else None

    def account(self, name: str) -> Account | None:
        """The account of a user."""
        return self._store.read(access.named, name)

    def settle(self, name: str, password: str) -> Settled:
        """Have the user whom the settings name as they say. Without a password in the settings the
        one there is stays, and a new user gets one that nobody knows before."""
        there = self._store.read(lambda tx, _: access.configured(tx), None)
        if there is not None and there.name == name and _fits(password, there):
            return Settled("kept", "")
        return self._put(name, password, overwrite=password != "")

    def reset(self, name: str) -> str:
        """Give the user whom the settings name a new password, and return it."""
        return self._put(name, "", overwrite=True).generated

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def _put(self, name: str, password: str, *, overwrite: bool) -> Settled:
        generated = "" if password else passwords.generated()
        wish = _Wish(name, passwords.kept(password or generated), overwrite)
        before, after = self._store.write(_put, wish)
        if after.password != wish.password:
            # Another server was quicker, or there is a password already.
            generated = ""
        if before is None:
            return Settled("made" if after.password == wish.password else "kept", generated)
        return Settled("changed", generated, before.name if before.name != name else "")


def _fits(password: str, there: Account) -> bool:
    return not password or passwords.matches(password, there.password)


def _put(tx: Tx, wish: _Wish) -> tuple[Account | None, Account]:
    """The account before and after."""
    moment = now()
    before = access.lock_configured(tx)
    if before is None:
        access.add(tx, Account(wish.name, wish.password, True, moment, moment))
    else:
        password = wish.password if wish.overwrite else before.password
        after = replace(before, name=wish.name, password=password, updated=moment)
        access.replace(tx, before.name, after)
    after_all = access.lock_configured(tx)
    assert after_all is not None
    return before, after_all
