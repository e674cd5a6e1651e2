"""Random use of the registry agrees with a simple model, on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from milepost.domain.registry import (
    Stage,
)
from milepost.domain.tracking import Tag
from milepost.errors import Invalid, NotFound
from milepost.services.registry.search import RegistrySearch
from tests.store.conftest import opened
from tests.store.registry_kit import ANN, Kept, kept_on

EXAMPLES = settings(
    max_examples=25,
    # Shrinking against a database takes minutes, and the blob that is printed repeats the failure.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Model:
    """What the registry should say of one model."""

    last: int = 0
    stages: dict[int, Stage] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    tags: dict[int, dict[str, str]] = field(default_factory=dict)
    changes: int = 1


NUMBERS = st.integers(1, 6)
STEPS = st.one_of(
    st.tuples(st.just("register")),
    st.tuples(st.just("delete"), NUMBERS),
    st.tuples(st.just("move"), NUMBERS, st.sampled_from(list(Stage)), st.booleans()),
    st.tuples(st.just("alias"), st.sampled_from(("a", "A", "b-c")), NUMBERS),
    st.tuples(st.just("no alias"), st.sampled_from(("a", "A", "b-c"))),
    st.tuples(st.just("tag"), NUMBERS, st.sampled_from("xy"), st.sampled_from(("", "1", "ä"))),
    st.tuples(st.just("no tag"), NUMBERS, st.sampled_from("xy")),
)


@pytest.fixture(scope="module")
def stores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Kept]]:
    """One store of each kind for all examples; each example takes names of its own."""
    made: dict[str, Kept] = {}

    def get(kind: str) -> Kept:
        if kind not in made:
            if kind == "sqlite":
                uri = f"sqlite:///{tmp_path_factory.mktemp('registry') / 'milepost.db'}"
            else:
                uri = request.getfixturevalue(kind).create(f"registry_{uuid4().hex}")
            made[kind] = kept_on(opened(uri))
        return made[kind]

    yield get
    for kept in made.values():
        kept.on.store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
@given(st.lists(STEPS, max_size=25))
@EXAMPLES
def test_random_use(kind: str, stores: Callable[[str], Kept], steps: Sequence[Any]) -> None:
    kept, name, model = stores(kind), uuid4().hex, Model()
    kept.create(name)
    for step in steps:
        try:
            _take(kept, name, step)
        except NotFound:
            assert step[0] != "register"
            assert _number(step) not in model.stages
        except Invalid:
            assert step[0] == "move"
            assert step[3]
            assert step[2] in (Stage.NONE, Stage.ARCHIVED)
        else:
            _expect(model, step)
    _compare(kept, name, model)


def _number(step: Any) -> int:
    number: int = step[2] if step[0] == "alias" else step[1]
    return number


def _take(kept: Kept, name: str, step: Any) -> None:
    registry = kept.registry
    match step:
        case ("register",):
            kept.register(name)
        case ("delete", number):
            kept.write(registry.versions.delete, ANN, name, number)
        case ("move", number, stage, archive):
            kept.move(name, number, stage, archive=archive)
        case ("alias", alias, number):
            kept.write(registry.models.set_alias, ANN, name, alias, number)
        case ("no alias", alias):
            kept.write(registry.models.delete_alias, ANN, name, alias)
        case ("tag", number, key, value):
            kept.write(registry.versions.set_tag, ANN, name, number, Tag(key, value))
        case ("no tag", number, key):
            kept.write(registry.versions.delete_tag, ANN, name, number, key)


def _expect(model: Model, step: Any) -> None:
    match step:
        case ("register",):
            model.last += 1
            model.stages[model.last], model.tags[model.last] = Stage.NONE, {}
            model.changes += 1
        case ("delete", number):
            del model.stages[number]
            lost = [a for a, v in model.aliases.items() if v == number]
            for alias in lost:
                del model.aliases[alias]
            model.changes += 1 + len(lost)
        case ("move", number, stage, archive):
            moved = [v for v, s in model.stages.items() if archive and s is stage and v != number]
            model.changes += (model.stages[number] is not stage) + len(moved)
            model.stages |= dict.fromkeys(moved, Stage.ARCHIVED) | {number: stage}
        case ("alias", alias, number):
            model.changes += model.aliases.get(alias) != number
            model.aliases[alias] = number
        case ("no alias", alias):
            model.changes += model.aliases.pop(alias, None) is not None
        case ("tag", number, key, value):
            model.changes += model.tags[number].get(key) != value
            model.tags[number][key] = value
        case ("no tag", number, key):
            model.changes += model.tags[number].pop(key, None) is not None


def _compare(kept: Kept, name: str, model: Model) -> None:
    found = kept.model(name)
    latest: dict[Stage, int] = {}
    for version, stage in model.stages.items():
        latest[stage] = max(version, latest.get(stage, 0))
    assert {v.stage: v.version for v in found.latest} == latest
    assert {a.alias: a.version for a in found.aliases} == model.aliases
    assert found.last_version == model.last
    page = RegistrySearch(f"name = '{name}'", ("version_number DESC",), 100, 0)
    versions = kept.read(kept.registry.search.versions, page).items
    assert [v.version for v in versions] == sorted(model.stages, reverse=True)
    for version in versions:
        assert version.stage is model.stages[version.version]
        assert {t.key: t.value for t in version.tags} == model.tags[version.version]
        single = kept.read(kept.registry.versions.get, name, version.version)
        expected = sorted(a for a, v in model.aliases.items() if v == version.version)
        assert single.aliases == expected
    assert len(kept.history(name)) == model.changes
