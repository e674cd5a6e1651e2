"""Deleted models wait in the trash, unseen, and come back whole."""

from __future__ import annotations

import pytest

from milepost.domain.registry import Stage
from milepost.domain.tracking import Tag
from milepost.errors import Exists, NotFound
from milepost.services.registry.trash import remove_forever
from tests.store.conftest import Opened
from tests.store.registry_kit import ANN, BOB, Kept, kept_on


@pytest.fixture
def kept(on: Opened) -> Kept:
    return kept_on(on)


def _number(kept: Kept, name: str) -> int:
    registered, _ = kept.read(kept.registry.trash.listed)
    number: int = next(m.id for m in registered if m.name == name)
    return number


def _rows(kept: Kept, table: str) -> int:
    row = kept.on.store.read(lambda tx, _: tx.row(f"SELECT COUNT(*) FROM {table}"), None)
    assert row is not None
    count: int = row[0]
    return count


def test_a_model_comes_back_with_all_it_had(kept: Kept) -> None:
    kept.create("net", Tag("team", "blue"), versions=2)
    kept.register("net", Tag("k", "v"))
    kept.move("net", 2, Stage.PRODUCTION)
    kept.write(kept.registry.models.set_alias, ANN, "net", "best", 2)
    kept.write(kept.registry.models.require_approval, ANN, "net", needed=True)
    before, versions = kept.model("net"), kept.versions("name = 'net'")
    kept.write(kept.registry.models.delete, BOB, "net")

    assert kept.models("name = 'net'") == []
    assert kept.versions("name = 'net'") == []
    with pytest.raises(NotFound):
        kept.model("net")
    with pytest.raises(NotFound):
        kept.register("net")
    registered, _ = kept.read(kept.registry.trash.listed)
    found = next(m for m in registered if m.name == "net")
    assert (found.versions, found.user) == (3, "ann")

    kept.write(kept.registry.trash.restore, BOB, found.id)
    assert kept.model("net") == before
    assert kept.versions("name = 'net'") == versions
    assert kept.register("net") == 4
    last = kept.history("net")[-2]
    assert (last.actor, last.action) == ("bob", "model.restored")
    with pytest.raises(NotFound, match="in the trash"):
        kept.write(kept.registry.trash.restore, BOB, found.id)


def test_the_name_is_free_meanwhile(kept: Kept) -> None:
    kept.create("taken", versions=2)
    kept.write(kept.registry.models.delete, ANN, "taken")
    kept.create("taken")
    assert kept.versions("name = 'taken'") == []
    number = _number(kept, "taken")
    with pytest.raises(Exists, match="Rename or delete it"):
        kept.write(kept.registry.trash.restore, ANN, number)
    kept.write(kept.registry.models.rename, ANN, "taken", "other")
    kept.write(kept.registry.trash.restore, ANN, number)
    assert len(kept.versions("name = 'taken'")) == 2
    assert kept.versions("name = 'other'") == []


def test_forever_leaves_nothing_but_history(kept: Kept) -> None:
    tables = ("deleted_models", "model_versions", "model_version_tags", "registered_model_tags",
              "registered_model_aliases")  # fmt: skip
    before = [_rows(kept, table) for table in tables]
    kept.create("gone", Tag("a", "1"), versions=1)
    kept.register("gone", Tag("k", "v"))
    kept.write(kept.registry.models.set_alias, ANN, "gone", "best", 1)
    kept.write(kept.registry.models.delete, ANN, "gone")
    number = _number(kept, "gone")
    assert kept.write(remove_forever, number)
    assert not kept.write(remove_forever, number)
    assert [_rows(kept, table) for table in tables] == before
    actions = [c.action for c in kept.history("gone")]
    assert actions[0] == "model.created"
    assert actions[-2:] == ["model.deleted", "model.removed"]


def test_a_logged_model_comes_back(kept: Kept) -> None:
    experiment = kept.on.create_experiment("logged trash")
    model = kept.write(kept.logged.create, experiment, "net", "", "", [], [Tag("a", "1")])
    kept.write(kept.logged.delete, model.id)
    _, logged = kept.read(kept.registry.trash.listed)
    assert [(m.name, m.experiment_id) for m in logged if m.model_id == model.id] == [
        ("net", experiment)
    ]
    kept.write(kept.registry.trash.restore_logged, model.id)
    assert kept.read(kept.logged.get, model.id).tags == [Tag("a", "1")]
    _, logged = kept.read(kept.registry.trash.listed)
    assert model.id not in {m.model_id for m in logged}
    with pytest.raises(NotFound):
        kept.write(kept.registry.trash.restore_logged, "m-nowhere")
