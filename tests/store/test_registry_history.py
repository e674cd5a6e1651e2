"""The registry keeps who changed what, waits for approvals, and knows where things come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from milepost.domain.registry import (
    By,
    RequestState,
    Stage,
    VersionStatus,
)
from milepost.domain.tracking import Batch, Dataset, DatasetInput, Tag
from milepost.errors import Conflict, Denied, Exists, Invalid, NotFound
from milepost.services.transfer.registered import add_registered
from milepost.store import transfer_models
from milepost.store.registry import models
from milepost.store.tx import Tx
from tests.store.conftest import Opened
from tests.store.registry_kit import ANN, BOB, Kept, kept_on


@pytest.fixture
def kept(on: Opened) -> Kept:
    return kept_on(on)


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
    found = kept.history("mesh")
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


def test_as_many_versions_are_archived_as_there_are(kept: Kept) -> None:
    """More than a statement of PostgreSQL can have parameters."""
    many = 66_000
    kept.create("net")

    def register(tx: Tx, _: None) -> None:
        model = models.lock(tx, "net")
        assert model is not None
        columns = ("model_id", "version", "user_id", "stage", "created", "updated", "source",
                   "location", "run_id", "run_link", "logged_model", "status",
                   "is_prompt")  # fmt: skip
        fixed = (Stage.STAGING, 1, 1, "s", "s", "", "", "", VersionStatus.READY, 0)
        rows = [(model.id, version, "", *fixed) for version in range(1, many + 1)]
        tx.insert("model_versions", columns, rows)

    kept.on.store.write(register, None)
    kept.move("net", 7, Stage.STAGING, archive=True)
    stages = {v.version: v.stage for v in kept.model("net").latest}
    assert stages == {7: Stage.STAGING, many: Stage.ARCHIVED}
    last = kept.history("net")
    assert len(last) == 1000
    assert {(c.action, c.old, c.new) for c in last} == {("stage.changed", "Staging", "Archived")}


# Lineage


def test_lineage_both_ways(kept: Kept) -> None:
    experiment = kept.on.create_experiment("nets")
    run, other = kept.on.create_run(experiment), kept.on.create_run(experiment)
    kept.on.log(Batch(run, tags=[Tag("mlflow.source.git.commit", "c0ffee")]))
    for digest, reader in (("d1", run), ("d2", other)):
        data = DatasetInput(Dataset("customers", digest, "local", "{}"))
        kept.write(kept.on.tracking.log_inputs, reader, [data], [])
    model = kept.write(kept.logged.create, experiment, "net", "", run, [], [])
    kept.create("by model")
    kept.create("by run")
    kept.register("by model", source=f"models:/{model.id}", logged_model=model.id)
    kept.register("by run", source=f"runs:/{run}/net", run_id=run)
    kept.register("by run", run_id=other)
    lineage = kept.registry.lineage
    origin = kept.read(lineage.of_version, "by model", 1)
    assert (origin.logged_model.id, origin.run.id) == (model.id, run)
    assert [item.dataset.digest for item in origin.run.datasets] == ["d1"]
    for found in (
        kept.read(lineage.of_run, run),
        kept.read(lineage.of_commit, "c0ffee"),
        kept.read(lineage.of_dataset, "customers", "d1"),
    ):
        assert [r.id for r in found.runs] == [run]
        assert [m.id for m in found.logged_models] == [model.id]
        assert {(v.name, v.version) for v in found.versions} == {("by model", 1), ("by run", 1)}
    whole = kept.read(lineage.of_dataset, "customers", "")
    assert {r.id for r in whole.runs} == {run, other}
    assert len(whole.versions) == 3
    assert kept.read(lineage.of_commit, "unknown").versions == []
    assert kept.read(lineage.of_dataset, "unknown", "").runs == []
    with pytest.raises(NotFound):
        kept.read(lineage.of_run, "nobody")


def test_a_copy_comes_from_where_the_original_came_from(kept: Kept) -> None:
    experiment = kept.on.create_experiment("nets")
    run, other = kept.on.create_run(experiment), kept.on.create_run(experiment)
    model = kept.write(kept.logged.create, experiment, "net", "", run, [], [])
    kept.create("net")
    kept.register("net", source=f"models:/{model.id}", logged_model=model.id)
    kept.create("copy")
    kept.register("copy", source="models:/net/1")
    kept.register("copy", source="models:/copy/1", run_id=run, logged_model=model.id)
    for number in (1, 2):
        origin = kept.read(kept.registry.lineage.of_version, "copy", number)
        assert (origin.logged_model.id, origin.run.id) == (model.id, run)
        assert origin.version.location == model.artifact_uri
    with pytest.raises(Invalid, match="must be those of the version"):
        kept.register("copy", source="models:/net/1", run_id=other)
    elsewhere = kept.write(kept.logged.create, experiment, "net", "", other, [], [])
    with pytest.raises(Invalid, match="must be those of the version"):
        kept.register("copy", source="models:/net/1", logged_model=elsewhere.id)


def test_what_is_imported_is_history_too(kept: Kept) -> None:
    kept.create("net", Tag("team", "blue"))
    kept.register("net", Tag("k", "v"), run_id="r1")
    kept.register("net")
    kept.move("net", 1, Stage.PRODUCTION)
    kept.write(kept.registry.models.set_alias, BOB, "net", "best", 1)
    kept.write(kept.registry.models.require_approval, BOB, "net", needed=True)
    record = kept.read(transfer_models.registered, "net")
    record.name = "copy"
    assert kept.write(add_registered, record) == 2
    assert [(c.version, c.action, c.subject, c.old, c.new) for c in kept.history("copy")] == [
        (0, "model.created", "", None, None),
        (0, "model.tag.set", "team", None, "blue"),
        (0, "model.approval", "", "false", "true"),
        (1, "version.created", "", None, "source=s3://b/p, run_id=r1, stage=Production"),
        (1, "version.tag.set", "k", None, "v"),
        (2, "version.created", "", None, "source=s3://b/p, stage=None"),
        (1, "alias.set", "best", None, "1"),
    ]
    assert {c.note for c in kept.history("copy")} == {"imported"}
    with pytest.raises(Denied):
        kept.move("copy", 2, Stage.PRODUCTION)

    record.versions.append(replace(record.versions[1], version=3, stage=Stage.STAGING))
    assert kept.write(add_registered, record) == 1
    last = kept.history("copy")[-1]
    assert (last.version, last.new) == (3, "source=s3://b/p, stage=Staging")
    assert len(kept.history("copy")) == 8


def test_a_deleted_model_keeps_what_it_did_under_earlier_names(kept: Kept) -> None:
    kept.create("first", versions=1)
    kept.write(kept.registry.models.rename, ANN, "first", "second")
    kept.move("second", 1, Stage.STAGING)
    kept.write(kept.registry.models.delete, BOB, "second")
    whole = ["model.created", "version.created", "model.renamed", "stage.changed", "model.deleted"]
    assert [c.action for c in kept.history("second")] == whole
    assert [c.action for c in kept.history("first")] == whole[:3]
    kept.create("second")
    assert [c.action for c in kept.history("second")] == [*whole[3:], "model.created"]
