"""Users and their passwords; what the database has a say in, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from milepost.domain import passwords
from milepost.services.access import Access
from milepost.store.db import Store, ensure_schema, ensure_users, open_dialect


def users(uri: str) -> Store:
    """A database that has nothing but users."""
    dialect = open_dialect(uri)
    ensure_users(dialect)
    return Store(dialect)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = users(f"sqlite:///{tmp_path / 'users.db'}")
    yield opened
    opened.close()


@pytest.fixture
def access(store: Store) -> Access:
    return Access(store)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost a fraction of what they do, as stored ones carry their own cost."""
    monkeypatch.setattr(passwords, "COST", (2, 1, 1))


def signs_in(access: Access, name: str, password: str) -> bool:
    return access.sign_in(name, password) is not None


def test_the_first_user_gets_the_password_of_the_settings(access: Access) -> None:
    assert access.settle("ann", "s3cret") == ("made", "", "")
    assert access.settle("ann", "s3cret") == ("kept", "", "")
    assert signs_in(access, "ann", "s3cret")
    for password in ["", "S3cret", "s3cret ", "\0s3cret", "\ud800", "🔑", "x" * 5000]:
        assert not signs_in(access, "ann", password)


def test_a_password_nobody_gave_is_made_up_once(access: Access) -> None:
    made = access.settle("ann", "")
    assert (made.outcome, len(made.generated) > 20) == ("made", True)
    assert signs_in(access, "ann", made.generated)
    assert access.settle("ann", "") == ("kept", "", "")
    assert signs_in(access, "ann", made.generated)


def test_what_the_settings_say_later_counts(access: Access) -> None:
    access.settle("ann", "old")
    assert access.settle("ann", "new") == ("changed", "", "")
    assert not signs_in(access, "ann", "old")
    assert access.settle("bob", "") == ("changed", "", "ann")
    assert signs_in(access, "bob", "new")
    assert not signs_in(access, "ann", "new")


def test_a_reset_makes_another_password(access: Access) -> None:
    first = access.reset("ann")
    second = access.reset("ann")
    assert not signs_in(access, "ann", first)
    assert signs_in(access, "ann", second)


def test_servers_that_start_at_once_agree_on_one_password(store_uri: str) -> None:
    stores = [users(store_uri) for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as threads:
        settled = list(threads.map(lambda store: Access(store).settle("ann", ""), stores))
    [made] = [s.generated for s in settled if s.generated]
    for store in stores:
        assert signs_in(Access(store), "ann", made)
        store.close()


def test_names_nobody_has(store_uri: str) -> None:
    """On a database of users, and once it has become one of everything."""
    dialect = open_dialect(store_uri)
    assert ensure_users(dialect) > 0
    store = Store(dialect)
    access = Access(store)
    access.settle("ann", "old")
    assert ensure_schema(dialect) > 0
    assert ensure_users(dialect) == ensure_schema(dialect) == 0
    assert access.settle("zoë", "s3cret").renamed == "ann"
    assert signs_in(access, "zoë", "s3cret")
    strange = [
        "",
        "Zoë",
        "zoe",
        "zoë\0",
        "\0",
        "zoë\n",
        "\ud800",
        "zoë🔑",
        "x" * 5000,
        "' OR 1=1 --",
    ]
    for name in [*strange, "ann", "%"]:
        assert not signs_in(access, name, "s3cret")
    store.close()


def test_a_password_is_not_kept_as_it_is(store: Store, access: Access) -> None:
    access.settle("ann", "s3cret")
    [[stored]] = store.read(lambda tx, _: tx.rows("SELECT password FROM accounts"), None)
    assert "s3cret" not in stored
    assert passwords.kept("s3cret") != passwords.kept("s3cret")


def test_a_password_kept_at_another_cost_is_still_right(monkeypatch: pytest.MonkeyPatch) -> None:
    before = passwords.kept("s3cret")
    monkeypatch.setattr(passwords, "COST", (4, 1, 2))
    assert passwords.matches("s3cret", before)
    assert not passwords.matches("other", before)


@pytest.mark.parametrize("password", ["", "a:b", "zoë ✓", "x" * 10_000, "\udcff"])
def test_any_text_is_a_password(password: str) -> None:
    assert passwords.matches(password, passwords.kept(password))
    assert not passwords.matches(password + ".", passwords.kept(password))
