"""The registry on every database: random use agrees with a simple model, and the history has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from milepost.domain.registry import (
    By,
    Change,
    ModelVersion,
    RegisteredModel,
    RequestState,
    Stage,
)
from milepost.domain.tracking import Batch, Metric, Tag
from milepost.errors import Conflict, Denied, Exists, Invalid, NotFound
from milepost.mlflow_api.logged_models import dump_model
from milepost.services.locations import Locations
from milepost.services.logged_models import LoggedModels
from milepost.services.registry import Registry, build_registry
from milepost.services.registry.search import RegistrySearch
from milepost.services.registry.versions import Draft
from milepost.services.webhooks import Outbox
from milepost.store.registry import search as plans
from tests.store.conftest import Opened, opened

EXAMPLES = settings(
    max_examples=25,
    # Shrinking against a database takes minutes, and the blob that is printed repeats the failure.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
ANN, BOB = By("ann", "as agreed"), By("bob")
LOCATIONS = Locations("mlflow-artifacts:/", "unused")


@dataclass(frozen=True)
class Kept:
    """An open store with the registry's verbs."""

    on: Opened
    registry: Registry
    logged: LoggedModels

    def write(self, verb: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return self.on.store.write(lambda tx, _: verb(tx, *arguments, **more), None)

    def read(self, verb: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return self.on.store.read(lambda tx, _: verb(tx, *arguments, **more), None)

    def create(self, name: str, *tags: Tag, versions: int = 0) -> None:
        self.write(self.registry.models.create, ANN, name, "", tags)
        for _ in range(versions):
            self.register(name)

    def register(self, name: str, *tags: Tag, by: By = ANN, **more: Any) -> int:
        draft = Draft(more.pop("source", "s3://b/p"), tags=tags, **more)
        made: ModelVersion = self.write(self.registry.versions.create, by, name, draft)
        return made.version

    def model(self, name: str) -> RegisteredModel:
        found: RegisteredModel = self.read(self.registry.models.get, name)
        return found

    def move(self, name: str, version: int, stage: Stage, *, archive: bool = False) -> None:
        self.write(
            self.registry.versions.transition, ANN, name, version, stage, archive_existing=archive
        )

    def history(self, name: str, version: int | None = None) -> list[Change]:
        """Oldest first."""
        page = self.read(self.registry.journal.history, name, version, 1000, "")
        return list(reversed(page.items))

    def models(self, filter: str = "", *order: str, limit: int = 1000) -> list[str]:
        query = RegistrySearch(filter, order, limit, 0)
        return [m.name for m in self.read(self.registry.search.models, query).items]

    def versions(self, filter: str = "", *order: str, limit: int = 1000) -> list[tuple[str, int]]:
        query = RegistrySearch(filter, order, limit, 0)
        found = self.read(self.registry.search.versions, query).items
        return [(v.name, v.version) for v in found]


def kept_on(on: Opened) -> Kept:
    return Kept(on, build_registry(LOCATIONS, Outbox()), LoggedModels(on.tracking, LOCATIONS))


@pytest.fixture
def kept(on: Opened) -> Kept:
    return kept_on(on)


# Random use


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


# History


def test_history_has_who_what_when_and_why(kept: Kept) -> None:
    kept.create("net", Tag("team", "blue"))
    kept.register("net", Tag("k", "v"), run_id="r1")
    registry = kept.registry
    kept.write(registry.models.describe, BOB, "net", "better")
    kept.write(registry.models.set_tag, BOB, "net", Tag("team", "red"))
    kept.write(registry.models.set_tag, BOB, "net", Tag("team", "red"))
    kept.write(registry.models.delete_tag, BOB, "net", "team")
    kept.write(registry.versions.describe, BOB, "net", 1, None)
    kept.write(registry.models.set_alias, BOB, "net", "best", 1)
    kept.move("net", 1, Stage.STAGING)
    kept.write(registry.models.rename, BOB, "net", "mesh")
    kept.write(registry.versions.delete, BOB, "mesh", 1)
    kept.write(registry.models.delete, BOB, "mesh")
    found = kept.history("net") + kept.history("mesh")
    assert [(c.actor, c.version, c.action, c.subject, c.old, c.new) for c in found] == [
        ("ann", 0, "model.created", "", None, None),
        ("ann", 0, "model.tag.set", "team", None, "blue"),
        ("ann", 1, "version.created", "", None, "source=s3://b/p, run_id=r1, stage=None"),
        ("ann", 1, "version.tag.set", "k", None, "v"),
        ("bob", 0, "model.described", "", "", "better"),
        ("bob", 0, "model.tag.set", "team", "blue", "red"),
        ("bob", 0, "model.tag.deleted", "team", "red", None),
        ("bob", 1, "version.described", "", "", None),
        ("bob", 1, "alias.set", "best", None, "1"),
        ("ann", 1, "stage.changed", "", "None", "Staging"),
        ("bob", 0, "model.renamed", "", "net", "mesh"),
        ("bob", 1, "alias.deleted", "best", "1", None),
        ("bob", 1, "version.deleted", "", "source=s3://b/p, run_id=r1, stage=Staging", None),
        ("bob", 0, "model.deleted", "", "better", None),
    ]
    assert {c.note for c in found if c.actor == "ann"} == {"as agreed"}
    assert [c.at for c in found] == sorted(c.at for c in found)


def test_history_follows_a_renamed_model_and_its_name(kept: Kept) -> None:
    kept.create("first")
    kept.write(kept.registry.models.rename, ANN, "first", "second")
    kept.create("first", versions=1)
    assert [c.action for c in kept.history("second")] == ["model.created", "model.renamed"]
    assert [c.action for c in kept.history("first")] == [
        "model.created", "model.renamed", "model.created", "version.created",
    ]  # fmt: skip
    assert [c.action for c in kept.history("first", 1)] == ["version.created"]


def test_history_is_read_in_pages(kept: Kept) -> None:
    kept.create("net", versions=7)
    seen: list[int] = []
    token: str | None = ""
    while token is not None:
        page = kept.read(kept.registry.journal.history, "net", None, 3, token)
        seen += [c.version for c in page.items]
        token = page.next_token
    assert seen == [7, 6, 5, 4, 3, 2, 1, 0]


def test_history_of_nothing(kept: Kept) -> None:
    with pytest.raises(NotFound):
        kept.history("nobody")


def test_no_statement_changes_the_history() -> None:
    sources = (Path(__file__).parents[2] / "src" / "milepost").rglob("*.py")
    texts = {path.name: path.read_text() for path in sources}
    assert any("registry_history" in text for text in texts.values())
    for name, text in texts.items():
        assert "UPDATE registry_history" not in text, name
        assert "DELETE FROM registry_history" not in text, name


# Approvals


def test_production_waits_for_an_approval_where_it_must(kept: Kept) -> None:
    kept.create("net", versions=2)
    approvals = kept.registry.approvals
    kept.move("net", 1, Stage.PRODUCTION)
    kept.write(kept.registry.models.require_approval, ANN, "net", needed=True)
    with pytest.raises(Denied, match="needs an approval"):
        kept.move("net", 2, Stage.PRODUCTION)
    kept.move("net", 2, Stage.STAGING)
    kept.move("net", 1, Stage.PRODUCTION)  # where it already is
    asked = kept.write(approvals.request, ANN, "net", 2, Stage.PRODUCTION, archive_existing=True)
    with pytest.raises(Exists):
        kept.write(approvals.request, BOB, "net", 2, Stage.PRODUCTION, archive_existing=False)
    with pytest.raises(Denied, match="somebody else"):
        kept.write(approvals.approve, ANN, asked.id)
    granted = kept.write(approvals.approve, By("bob", "looks good"), asked.id)
    assert (granted.state, granted.decided_by, granted.decision_note) == (
        RequestState.APPROVED, "bob", "looks good",
    )  # fmt: skip
    assert {v.version: v.stage for v in kept.model("net").latest} == {
        1: Stage.ARCHIVED, 2: Stage.PRODUCTION,
    }  # fmt: skip
    with pytest.raises(Conflict, match="already approved"):
        kept.write(approvals.reject, BOB, asked.id)
    last = [(c.actor, c.version, c.action) for c in kept.history("net")][-4:]
    assert last == [
        ("ann", 2, "stage.requested"), ("bob", 2, "stage.approved"),
        ("bob", 2, "stage.changed"), ("bob", 1, "stage.changed"),
    ]  # fmt: skip


def test_a_request_can_be_turned_down(kept: Kept) -> None:
    kept.create("net", versions=1)
    approvals = kept.registry.approvals
    asked = kept.write(approvals.request, ANN, "net", 1, Stage.PRODUCTION, archive_existing=False)
    kept.write(approvals.reject, By("bob", "not yet"), asked.id)
    assert kept.model("net").latest[0].stage is Stage.NONE
    again = kept.write(approvals.request, ANN, "net", 1, Stage.PRODUCTION, archive_existing=False)
    assert again.id != asked.id
    listed = kept.read(approvals.of_model, None, "net", None, 10, "").items
    assert [(r.id, r.state) for r in listed] == [
        (again.id, RequestState.PENDING), (asked.id, RequestState.REJECTED),
    ]  # fmt: skip
    rejected = kept.read(approvals.of_model, RequestState.REJECTED, "net", 1, 10, "").items
    assert [r.decision_note for r in rejected] == ["not yet"]


def test_requests_that_make_no_sense(kept: Kept) -> None:
    kept.create("net", versions=1)
    ask = kept.registry.approvals.request
    with pytest.raises(Conflict, match="already in None"):
        kept.write(ask, ANN, "net", 1, Stage.NONE, archive_existing=False)
    with pytest.raises(NotFound):
        kept.write(ask, ANN, "net", 2, Stage.STAGING, archive_existing=False)
    with pytest.raises(Invalid):
        kept.write(ask, ANN, "net", 1, Stage.ARCHIVED, archive_existing=True)
    with pytest.raises(NotFound):
        kept.write(kept.registry.approvals.approve, BOB, 12345)


def test_a_deleted_version_takes_its_requests_along(kept: Kept) -> None:
    kept.create("net", versions=1)
    approvals = kept.registry.approvals
    asked = kept.write(approvals.request, ANN, "net", 1, Stage.STAGING, archive_existing=False)
    kept.write(kept.registry.versions.delete, ANN, "net", 1)
    with pytest.raises(NotFound):
        kept.write(approvals.approve, BOB, asked.id)


# Search


def test_search_agrees_however_it_is_planned(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        name = f"{'net' if i % 2 else 'Net'}_{i:02}"
        kept.create(name, Tag("team", "blue" if i % 3 else "red"), versions=i % 3)
    kept.register("net_05", Tag("best", "x" * 70 + "1"))
    kept.register("net_07", Tag("best", "x" * 70 + "2"))
    for few in (plans._FEW, 0):  # drive by the few that have a tag, or walk in order
        monkeypatch.setattr(plans, "_FEW", few)
        assert kept.models("name LIKE 'net%' AND tags.team = 'red'") == ["net_03", "net_09"]
        assert kept.models("name ILIKE 'net%' AND tags.team = 'red'") == [
            "Net_00", "Net_06", "net_03", "net_09",
        ]  # fmt: skip
        assert kept.models("tags.team = 'red'", "name DESC", limit=2) == ["net_09", "net_03"]
        assert kept.models("tags.none = 'red'") == []
        assert kept.models("tags.team = 'red' OR name = 'net_01'") == [
            "Net_00", "Net_06", "net_01", "net_03", "net_09",
        ]  # fmt: skip
        assert kept.versions(f"tags.best = '{'x' * 70}1'") == [("net_05", 3)]
        assert kept.versions("name = 'net_05'", "version_number DESC") == [
            ("net_05", 3), ("net_05", 2), ("net_05", 1),
        ]  # fmt: skip
        assert kept.versions("name = 'nobody'") == []
        assert len(kept.versions("name LIKE 'Net%'")) == 6


def test_names_are_in_order_of_their_letters_codes(kept: Kept) -> None:
    names = ["B", "a", "A", "b", "Z", "z ", "z", "ä", "1", "_"]
    for name in names:
        kept.create(name)
    assert kept.models() == sorted(names)


# Logged models


def test_metrics_of_a_logged_model(kept: Kept) -> None:
    experiment = kept.on.create_experiment("nets")
    run = kept.on.create_run(experiment)
    model = kept.write(kept.logged.create, experiment, "net", "", run, [], [])
    points = [
        Metric("acc", 0.5, 10, 1, model.id, "train", "d1"),
        Metric("acc", float("nan"), 11, 2, model.id),
        Metric("acc", 0.5, 10, 1, model.id, "train", "d1"),
        Metric("loss", 3.0, 10, 1),
    ]
    assert kept.on.log(Batch(run, points), Batch(run, points)) == [None, None]
    shown = dump_model(kept.read(kept.logged.get, model.id))["data"]["metrics"]
    assert [(m["key"], m["value"], m["step"], m.get("dataset_name")) for m in shown] == [
        ("acc", 0.5, 1, "train"), ("acc", "NaN", 2, None),
    ]  # fmt: skip
    assert {m.key for m in kept.on.get_run(run).metrics} == {"acc", "loss"}


def test_a_batch_for_an_unknown_model_leaves_nothing(kept: Kept) -> None:
    run = kept.on.create_run(kept.on.create_experiment("nets"))
    bad = Batch(run, [Metric("a", 1.0, 1), Metric("b", 1.0, 1, 0, "m-none")])
    good = Batch(run, [Metric("c", 1.0, 1)])
    refused, accepted = kept.on.log(bad, good)
    assert isinstance(refused, Invalid)
    assert accepted is None
    assert [m.key for m in kept.on.get_run(run).metrics] == ["c"]


# Lineage


def test_lineage_both_ways(kept: Kept) -> None:
    experiment = kept.on.create_experiment("nets")
    run, other = kept.on.create_run(experiment), kept.on.create_run(experiment)
    kept.on.log(Batch(run, tags=[Tag("mlflow.source.git.commit", "c0ffee")]))
    model = kept.write(kept.logged.create, experiment, "net", "", run, [], [])
    kept.create("by model")
    kept.create("by run")
    kept.register("by model", source=f"models:/{model.id}", logged_model=model.id)
    kept.register("by run", source=f"runs:/{run}/net", run_id=run)
    kept.register("by run", run_id=other)
    lineage = kept.registry.lineage
    origin = kept.read(lineage.of_version, "by model", 1)
    assert (origin.logged_model.id, origin.run.id) == (model.id, run)
    for found in (kept.read(lineage.of_run, run), kept.read(lineage.of_commit, "c0ffee")):
        assert [r.id for r in found.runs] == [run]
        assert [m.id for m in found.logged_models] == [model.id]
        assert {(v.name, v.version) for v in found.versions} == {("by model", 1), ("by run", 1)}
    assert kept.read(lineage.of_commit, "unknown").versions == []
    assert kept.read(lineage.of_dataset, "unknown", "").runs == []
    with pytest.raises(NotFound):
        kept.read(lineage.of_run, "nobody")
