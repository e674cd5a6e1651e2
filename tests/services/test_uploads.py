"""What clients upload past the server with signed URLs is counted once it is in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.app import App, build
from milepost.blobs.local import LocalStore
from milepost.config import Settings
from milepost.domain.artifacts import Owner
from milepost.domain.tracking import NewRun
from milepost.errors import Unavailable
from milepost.store import artifacts
from milepost.store.artifacts import Pending

HOUR_MS = 3600 * 1000


@pytest.fixture
def apps(store_uri: str, tmp_path: Path) -> Iterator[tuple[App, App]]:
    """Two servers on one database and one artifact store."""
    folder = str(tmp_path / "artifacts")
    settings = Settings(backend_store_uri=store_uri, artifacts_destination=folder)
    both = build(settings), build(settings)
    yield both
    for app in both:
        app.close()


@pytest.fixture
def app(apps: tuple[App, App]) -> App:
    return apps[0]


@pytest.fixture
def owner(app: App) -> Owner:
    made = app.store.write(
        lambda tx, _: app.tracking.create_run(tx, NewRun(0, "user", "run", 0)), None
    )
    return app.store.read(lambda tx, _: app.artifacts.run(tx, made.id), None)


def expect(app: App, owner: Owner, path: str, in_ms: int) -> None:
    until = time.time_ns() // 1_000_000 + in_ms
    app.store.write(artifacts.expect, Pending(owner, path, until))


def upload(app: App, owner: Owner, path: str, size: int) -> None:
    """As a client would, past the server."""
    place = app.artifacts.of_owner(owner, path)
    file = place.store.create(place.path)
    file.write([b"x" * size])
    file.commit()


def usage(app: App, owner: Owner) -> tuple[int, int]:
    found = app.store.read(app.artifacts.usage, owner)
    return found.bytes, found.files


def awaited(app: App) -> list[str]:
    return [pending.path for pending in app.store.read(artifacts.expected, 100)]


def test_it_is_counted_as_often_as_it_comes_while_the_url_is_good(app: App, owner: Owner) -> None:
    expect(app, owner, "a/f", HOUR_MS)
    app.direct.look()
    assert usage(app, owner) == (0, 0)
    for size in (5, 3):
        upload(app, owner, "a/f", size)
        app.direct.look()
        assert usage(app, owner) == (size, 1)
    assert awaited(app) == ["a/f"]


def test_it_is_forgotten_when_nothing_can_come_any_more(app: App, owner: Owner) -> None:
    for name, in_ms in (("there", -1), ("begun", -1), ("never", -2 * HOUR_MS)):
        expect(app, owner, name, in_ms)
    upload(app, owner, "there", 5)
    app.direct.look()
    assert usage(app, owner) == (5, 1)
    # An upload that began with a good URL may end long after it has run out.
    assert awaited(app) == ["begun"]
    upload(app, owner, "begun", 2)
    app.direct.look()
    assert usage(app, owner) == (7, 2)
    assert awaited(app) == []


def test_one_server_at_a_time_looks(apps: tuple[App, App], owner: Owner) -> None:
    first, second = apps
    expect(first, owner, "f", HOUR_MS)
    first.direct.look()
    upload(first, owner, "f", 5)
    second.direct.look()
    assert usage(second, owner) == (0, 0)
    first.direct.look()
    assert usage(second, owner) == (5, 1)


def test_a_store_that_is_away_is_asked_again(
    app: App, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(app, owner, "f", -2 * HOUR_MS)
    upload(app, owner, "f", 5)

    def away(*_: object) -> None:
        raise Unavailable("The artifact store cannot be reached.")

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "stat", away)
        app.direct.look()
    assert awaited(app) == ["f"]
    app.direct.look()
    assert usage(app, owner) == (5, 1)
    assert awaited(app) == []


def test_a_folder_in_its_place_is_no_file(app: App, owner: Owner) -> None:
    upload(app, owner, "f/inner", 5)
    expect(app, owner, "f", -2 * HOUR_MS)
    app.direct.look()
    assert usage(app, owner) == (0, 0)
    assert awaited(app) == []
