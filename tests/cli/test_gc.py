"""milepost gc and retention, as an operator types them."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from milepost.blobs.stores import Options, Stores
from milepost.domain.tracking import Lifecycle
from milepost.errors import Conflict
from milepost.services.gc import Collector, Selection, process_name
from milepost.services.locations import Locations
from milepost.store import gc, migrate, runs
from milepost.store.db import Store, open_dialect
from milepost.store.tx import Tx
from tests.cli.session import Session
from tests.parts import bulk

RUNS = 2_000
DEAD = RUNS // 10


def _artifact(session: Session, experiment: int, run: str, *, old: bool = False) -> Path:
    path = session.folder / f"artifacts/{experiment}/{run}/artifacts/model.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 1000)
    if old:
        yesterday = time.time() - 2 * 24 * 3600
        os.utime(path, (yesterday, yesterday))
    return path


def _store(session: Session, runs: int = RUNS) -> str:
    session.env = {"MILEPOST_DATA_DIR": str(session.folder)}
    uri = f"sqlite:///{session.folder / 'milepost.db'}"
    bulk.fill(uri, runs)
    return uri


def _count(session: Session, sql: str) -> int:
    with sqlite3.connect(session.folder / "milepost.db") as connection:
        count: int = connection.execute(sql).fetchone()[0]
        return count


def test_what_was_deleted_is_removed_with_its_files(session: Session) -> None:
    _store(session)
    dead, alive = bulk.run_id(1, 9), bulk.run_id(1, 8)
    gone, kept = _artifact(session, 1, dead), _artifact(session, 1, alive)

    would = session.json("milepost gc --older-than 0s --dry-run")["collected"]
    assert (would["runs"], would["files"], would["bytes"]) == (DEAD, 1, 1000)
    assert gone.exists()
    assert _count(session, "SELECT COUNT(*) FROM runs") == RUNS

    did = session.json("milepost gc --older-than 0s")["collected"]
    assert {**would, "dry_run": False} == did
    assert not gone.parents[1].exists()
    assert kept.exists()
    assert _count(session, "SELECT COUNT(*) FROM runs WHERE lifecycle = 1") == 0
    assert _count(session, "SELECT COUNT(*) FROM runs") == RUNS - DEAD
    assert "sound" in session.text("milepost db check")
    assert session.json("milepost gc --older-than 0s")["collected"]["runs"] == 0


def test_only_what_is_old_enough_or_named_goes(session: Session) -> None:
    _store(session)
    assert session.json("milepost gc --older-than 36500d")["collected"]["runs"] == 0
    one = bulk.run_id(1, 19)
    assert session.json(f"milepost gc --older-than 0s --run {one}")["collected"]["runs"] == 1
    again = session.json(f"milepost gc --older-than 0s --run {one} --experiment 77")
    assert again["unknown"] == ["experiment 77", f"run {one}"]
    alive = bulk.run_id(1, 18)
    spared = session.json(f"milepost gc --older-than 0s --run {alive}")
    assert (spared["collected"]["runs"], spared["left"]) == (0, [f"run {alive}"])
    said = session.run(f"milepost gc --older-than 0s --run {alive},{one}").stderr
    assert f"{alive} stays" in said
    assert f"there is no run {one}" in said
    two = f"{bulk.run_id(1, 29)},{bulk.run_id(1, 39)}"
    assert session.json(f"milepost gc --older-than 0s --run-ids {two}")["collected"]["runs"] == 2
    assert _count(session, "SELECT COUNT(*) FROM runs") == RUNS - 3


def test_a_deleted_experiment_goes_with_everything_in_it(session: Session) -> None:
    uri = _store(session)
    bulk.fill(uri, 10, experiment=2, name="other")
    files = _artifact(session, 1, bulk.run_id(1, 0))
    with sqlite3.connect(session.folder / "milepost.db") as connection:
        connection.execute("UPDATE experiments SET lifecycle = 1 WHERE id = 1")
        connection.execute("UPDATE runs SET lifecycle = 1, deleted = 1 WHERE experiment_id = 1")
    done = session.json("milepost gc --older-than 0s --experiment 1")["collected"]
    assert (done["experiments"], done["runs"]) == (1, RUNS)
    assert not files.exists()
    assert [e["name"] for e in session.json("milepost experiments --view all")] == ["other"]


def test_files_that_nobody_owns_go_on_demand_once_they_are_a_day_old(session: Session) -> None:
    _store(session)
    young = _artifact(session, 1, "a" * 32)
    old = _artifact(session, 1, "b" * 32, old=True)
    lost = _artifact(session, 77, "c" * 32, old=True)
    owned = _artifact(session, 1, bulk.run_id(1, 0), old=True)
    mine = session.folder / "artifacts/notes"
    mine.mkdir()
    assert session.json("milepost gc")["collected"]["orphans"] == 0
    assert session.json("milepost gc --orphans")["collected"]["orphans"] == 2
    assert young.exists()
    assert owned.exists()
    assert mine.exists()
    assert not old.exists()
    assert not lost.parents[2].exists()


def test_files_that_cannot_be_removed_keep_their_run(session: Session) -> None:
    _store(session)
    run = bulk.run_id(1, 9)
    with sqlite3.connect(session.folder / "milepost.db") as connection:
        connection.execute("UPDATE runs SET artifact_uri = 'nope://x/y' WHERE uuid = ?", (run,))
    done = session.json("milepost gc --older-than 0s", code=3)["collected"]
    assert done["runs"] == DEAD - 1
    assert len(done["failures"]) == 1
    assert run in done["failures"][0]
    assert session.json("milepost gc --older-than 0s --keep-artifacts")["collected"]["runs"] == 1


def test_space_is_given_back(session: Session) -> None:
    _store(session)
    with sqlite3.connect(session.folder / "milepost.db") as connection:
        connection.execute("UPDATE runs SET lifecycle = 1, deleted = 1")
    done = session.json("milepost gc --older-than 0s --give-back")
    assert done["database_bytes_after"] < done["database_bytes_before"] / 2


def test_killed_half_way_it_goes_on(session: Session) -> None:
    """Files go first: what is left after the kill is whole, and the next collection takes it."""
    many = 50_000
    _store(session, many)
    for i in range(9, many, 10):
        _artifact(session, 1, bulk.run_id(1, i))
    folders = session.folder / "artifacts/1"
    session.killed("milepost gc --older-than 0s", lambda: len(os.listdir(folders)) < many // 20)
    assert "sound" in session.text("milepost db check")
    # The dead collector's lease has not run out, but everybody here can see that it is dead.
    assert _count(session, "SELECT until FROM leases WHERE name = 'gc'") > time.time() * 1000
    session.run("milepost gc --older-than 0s")
    assert _count(session, "SELECT COUNT(*) FROM runs WHERE lifecycle = 1") == 0
    assert os.listdir(folders) == []


def test_what_is_going_cannot_be_restored(session: Session) -> None:
    """Its files may be gone already."""
    uri = _store(session)
    store = Store(open_dialect(uri))
    going, staying = bulk.run_id(1, 9), bulk.run_id(1, 19)
    numbers = store.read(runs.numbers, [going, staying])
    assert store.write(gc.claim_runs, [numbers[going]]) == {numbers[going]}
    with pytest.raises(Conflict, match="being removed"):
        store.write(lambda tx, n: runs.set_lifecycle(tx, n, Lifecycle.active, None), numbers[going])
    store.write(lambda tx, n: runs.set_lifecycle(tx, n, Lifecycle.active, None), numbers[staying])
    assert store.write(gc.claim_runs, [numbers[staying]]) == set()
    store.close()
    done = session.json("milepost gc --older-than 0s")["collected"]
    assert done["runs"] == DEAD - 1


@pytest.mark.parametrize(
    "holder",
    ["elsewhere/1/2/abc", "x", f"{process_name(os.getpid())}/abc"],
    # Workers must agree on the names of tests, and each has a process of its own.
    ids=["elsewhere", "nameless", "here"],
)
def test_two_collections_do_not_run_at_once(session: Session, holder: str) -> None:
    uri = _store(session)
    store = Store(open_dialect(uri))
    until = int(time.time() * 1000) + 3_600_000
    row = ("gc", holder, until)
    store.write(lambda tx, _: tx.insert("leases", ("name", "holder", "until"), [row]), None)
    store.close()
    assert "running on another server" in session.refusal("milepost gc")


def test_a_long_collection_keeps_its_lease(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long one batch takes; and one that has lost it stops before the next."""
    monkeypatch.setattr("milepost.services.gc._PROLONG_SECONDS", 0.02)
    store = Store(open_dialect(_store(session)))
    seen: list[int] = []

    def until(tx: Tx, _: None) -> int:
        row = tx.row("SELECT until FROM leases WHERE name = 'gc'")
        assert row is not None
        return int(row[0])

    def watch(_: int) -> None:
        if not seen:
            first = store.read(until, None)
            give_up = time.monotonic() + 60
            while (now := store.read(until, None)) == first:
                assert time.monotonic() < give_up
                time.sleep(0.01)
            seen.extend((first, now))

    stores = Stores(Options([str(session.folder)]))
    locations = Locations("mlflow-artifacts:/", str(session.folder / "artifacts"))
    collector = Collector(store, locations, stores, str(session.folder / "artifacts"))
    assert collector.collect(Selection(0), watch).runs == DEAD
    assert seen[0] < seen[1]
    store.close()


def test_retention_keeps_the_best_the_tagged_and_the_young(session: Session) -> None:
    _store(session)
    line = "milepost retention apply --experiment 'b*' --older-than 30d --keep-top 5 --metric acc"
    would = session.json(f"{line} --keep-tag team=t1 --dry-run")["experiments"]
    alive = RUNS - DEAD
    team = sum(1 for i in range(RUNS) if i % 10 != 9 and i % 5 == 1)
    assert would[0]["kept"] - team in range(1, 6)
    assert would[0]["runs"] + would[0]["kept"] == alive
    did = session.json(f"{line} --keep-tag team=t1")["experiments"]
    assert did[0]["runs"] == would[0]["runs"]
    left = session.json("milepost runs big --order-by 'metrics.acc DESC' --limit 2000")
    assert len(left) == would[0]["kept"]
    assert session.json(f"{line} --keep-tag team=t1")["experiments"][0]["runs"] == 0
    assert session.json("milepost retention apply --experiment big --older-than 36500d")[
        "experiments"
    ][0]["runs"] == 0  # fmt: skip


def test_a_rule_that_cannot_be_meant_is_refused(session: Session) -> None:
    _store(session)
    assert "needs --experiment" in session.refusal("milepost retention apply --older-than 1d", 2)
    assert "No experiment is called 'bgi'" in session.refusal(
        "milepost retention apply --experiment bgi"
    )
    assert "'1x' is no id" in session.refusal("milepost gc --experiment 1,1x", 2)


def test_retention_rules_come_from_the_settings(session: Session) -> None:
    _store(session)
    (session.folder / "milepost.yaml").write_text(
        "mlflow:\n  retention:\n    - experiment: big\n      older_than: 30d\n      tag: team=t2\n"
    )
    assert session.json("milepost retention show")["rules"][0]["tag"] == "team=t2"
    done = session.json("milepost retention apply")["experiments"][0]
    assert done["runs"] == sum(1 for i in range(RUNS) if i % 10 != 9 and i % 5 == 2)


def test_a_run_of_a_registered_version_stays(session: Session) -> None:
    uri = _store(session)
    run = bulk.run_id(1, 0)

    def register(tx: Tx, _: None) -> None:
        number = tx.insert_id(
            "registered_models",
            ("name", "user_id", "description", "created", "updated", "last_version", "is_prompt",
             "needs_approval"),
            ("m", "", "", 1, 1, 1, 0, 0),
        )  # fmt: skip
        tx.insert(
            "model_versions",
            ("model_id", "version", "user_id", "stage", "created", "updated", "source", "location",
             "run_id", "run_link", "logged_model", "status", "is_prompt"),
            [(number, 1, "", 0, 1, 1, "", "", run, "", "", 3, 0)],
        )  # fmt: skip

    store = Store(open_dialect(uri))
    store.write(register, None)
    store.close()
    session.run("milepost retention apply --experiment '*'")
    assert [r["info"]["run_id"] for r in session.json("milepost runs big")] == [run]


def test_every_table_with_an_owner_is_known_to_gc() -> None:
    """A table added later must say what becomes of its rows when their owner goes."""
    owned: dict[str, set[str]] = {"run_id {int}": set(), "experiment_id {int}": set()}
    for statements in migrate.MIGRATIONS:
        for text in statements:
            for column, found in owned.items():
                if text.startswith("CREATE TABLE") and column in text:
                    found.add(text.split()[2])
    assert owned["run_id {int}"] == set(gc.RUN_TABLES)
    with_runs = {"runs", "metrics", "params", "tags", "logged_models", *gc.FILE_TABLES}
    assert owned["experiment_id {int}"] - with_runs == set(gc.EXPERIMENT_TABLES)
