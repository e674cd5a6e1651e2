"""Leases: who of several servers does a job at the moment. A holder that dies loses its lease when
its time runs out; the servers' clocks need to agree only roughly."""

from __future__ import annotations

from milepost.store.tx import Tx


def take(tx: Tx, name: str, holder: str, now: int, until: int) -> bool:
    """Take or prolong a lease (times in ms); False while somebody else holds it."""
    tx.insert("leases", ("name", "holder", "until"), [(name, "", 0)], on_conflict="ignore")
    return bool(
        tx.run(
            "UPDATE leases SET holder = ?, until = ? WHERE name = ? AND (until <= ? OR holder = ?)",
            (holder, until, name, now, holder),
        )
    )


def holder(tx: Tx, name: str) -> str:
    """Who holds a lease, or held it last; "" for nobody."""
    row = tx.row("SELECT holder FROM leases WHERE name = ?", (name,))
    return str(row[0]) if row else ""


def free(tx: Tx, name: str, holder: str, until: int = 0) -> None:
    """Let go of a lease, now or at a given time."""
    tx.run(
        "UPDATE leases SET holder = '', until = ? WHERE name = ? AND holder = ?",
        (until, name, holder),
    )
