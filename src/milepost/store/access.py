"""Who may sign in."""

from __future__ import annotations

from milepost.domain.access import Account
from milepost.store.dialect import Row
from milepost.store.tx import Tx

_COLUMNS = "name, password, configured, created, updated"


def named(tx: Tx, name: str) -> Account | None:
    """The account of a user."""
    return _account(tx.row(f"SELECT {_COLUMNS} FROM accounts WHERE name = ?", (name,)))


def configured(tx: Tx) -> Account | None:
    """The account of the user whom the settings name."""
    return _account(tx.row(f"SELECT {_COLUMNS} FROM accounts WHERE configured = 1"))


def lock_configured(tx: Tx) -> Account | None:
    """The same, held until the transaction ends."""
    held = tx.dialect.for_update
    return _account(tx.row(f"SELECT {_COLUMNS} FROM accounts WHERE configured = 1{held}"))


def _account(row: Row | None) -> Account | None:
    return Account(row[0], row[1], bool(row[2]), row[3], row[4]) if row else None


def add(tx: Tx, account: Account) -> None:
    """Insert an account, unless another server has just done so."""
    row = (
        account.name, account.password, int(account.configured), account.created, account.updated
    )  # fmt: skip
    tx.insert("accounts", _COLUMNS.split(", "), [row], keys=("name",), on_conflict="ignore")


def replace(tx: Tx, name: str, account: Account) -> None:
    """Write a new name and password over the account named `name`."""
    tx.run(
        "UPDATE accounts SET name = ?, password = ?, updated = ? WHERE name = ?",
        (account.name, account.password, account.updated, name),
    )
