"""What the registry answers costs the same however large it is.

Counted in steps of SQLite's machine, which depend on the plan and on nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, cast

import pytest

from milepost.app import App, build
from milepost.config import Settings
from milepost.domain.registry import Stage, VersionStatus
from milepost.services.registry.search import RegistrySearch
from milepost.store import keys
from milepost.store.names import Names
from milepost.store.tx import Tx

SMALL, LARGE = 1500, 30_000
"""Versions of the big model; there are as many further models."""

Ask = Callable[[App, Tx], Any]


def _models(filter: str, *order: str) -> Ask:
    return lambda app, tx: app.registry.search.models(tx, RegistrySearch(filter, order, 10, 0))


def _versions(filter: str, *order: str) -> Ask:
    return lambda app, tx: app.registry.search.versions(tx, RegistrySearch(filter, order, 10, 0))


QUESTIONS: dict[str, Ask] = {
    "a model": lambda app, tx: app.registry.models.get(tx, "big"),
    "a version": lambda app, tx: app.registry.versions.get(tx, "big", 777),
    "by alias": lambda app, tx: app.registry.models.by_alias(tx, "big", "best"),
    "the highest": lambda app, tx: app.registry.models.by_alias(tx, "big", "latest"),
    "latest of each stage": lambda app, tx: app.registry.models.latest(tx, "big", []),
    "latest in production": lambda app, tx: app.registry.models.latest(
        tx, "big", [Stage.PRODUCTION]
    ),
    "history": lambda app, tx: app.registry.journal.history(tx, "big", None, 10, ""),
    "history of a version": lambda app, tx: app.registry.journal.history(tx, "big", 777, 10, ""),
    "models": _models(""),
    "models, newest first": _models("", "last_updated_timestamp DESC"),
    "models by prefix": _models("name LIKE 'model-000%'"),
    "models by a rare tag": _models("tags.rare = 'yes'"),
    "models by a common tag": _models("tags.half = '1'"),
    "models by prefix and tag": _models("name LIKE 'model-000%' AND tags.half = '1'"),
    "versions": _versions(""),
    "versions of a model": _versions("name = 'big'"),
    "versions of a model, by number": _versions("name = 'big'", "version_number DESC"),
    "versions by a rare tag": _versions("tags.hash = 'h77'"),
    "versions by a common tag": _versions("tags.half = '1'"),
    "versions of a model by tag": _versions("name = 'big' AND tags.half = '1'"),
    "versions by prefix": _versions("name LIKE 'model-000%'"),
}


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, App]]:
    small, large = (
        build(Settings(data_dir=str(tmp_path_factory.mktemp("registry")))) for _ in range(2)
    )
    small.store.write(_fill, SMALL)
    large.store.write(_fill, LARGE)
    yield small, large
    small.close()
    large.close()


def _fill(tx: Tx, size: int) -> None:
    ids = keys.ensure(tx, ["rare", "hash", "half"])
    tx.insert(
        "registered_models",
        ("id", "name", "user_id", "description", "created", "updated", "last_version",
         "is_prompt", "needs_approval"),
        [(i + 1, f"model-{i:05}" if i else "big", "", "", i, i, 1 if i else size, 0, 0)
         for i in range(size)],
    )  # fmt: skip
    rows = [(ids["half"], i + 1, str(i % 2)) for i in range(size)]
    rows += [(ids["rare"], i * 300 + 1, "yes") for i in range(4)]
    tx.insert("registered_model_tags", ("key_id", "model_id", "value"), rows)
    numbers = [(1, number) for number in range(1, size + 1)]
    numbers += [(model, 1) for model in range(2, size + 1)]
    tx.insert(
        "model_versions",
        ("model_id", "version", "stage", "created", "updated", "user_id", "source", "location",
         "run_id", "run_link", "logged_model", "status", "is_prompt"),
        [(model, number, Stage.PRODUCTION if number == 500 else number % 2, number, number,
          "", "s", "s", "", "", "", VersionStatus.READY, 0) for model, number in numbers],
    )  # fmt: skip
    rows = [(ids["hash"], i, f"h{i}") for i in range(1, size + 1)]
    rows += [(ids["half"], i, str(i % 2)) for i in range(1, size + 1)]
    tx.insert("model_version_tags", ("key_id", "version_id", "value"), rows)
    tx.insert("registered_model_aliases", ("model_id", "alias", "version"), [(1, "best", 777)])
    tx.insert(
        "registry_history",
        ("model_id", "model_name", "version", "at", "actor", "action", "subject", "note"),
        [(1, "big", number, number, "", "version.created", "", "") for _, number in numbers],
    )


def _steps(app: App, ask: Ask) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with closing(cast(sqlite3.Connection, app.store.dialect.connect(True))) as connection:
        tx = Tx(cast(Any, connection), app.store.dialect, Names())
        connection.set_progress_handler(count, 1)
        assert ask(app, tx)
        connection.set_progress_handler(None, 0)
    return steps


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_cost_follows_the_answer(sizes: tuple[App, App], question: str) -> None:
    small, large = (_steps(app, QUESTIONS[question]) for app in sizes)
    assert large < 1.5 * small
