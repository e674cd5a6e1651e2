"""milepost backup and db: copies while servers write, between databases, killed and resumed."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import threading
from pathlib import Path

import httpx
import pytest

from tests.cli.session import Session
from tests.parts import bulk
from tests.parts.milepost import StartMilepost

RUNS = 3_000


@pytest.fixture
def here(session: Session) -> Session:
    """A terminal where the data folder is the current one and has runs."""
    session.env = {"MILEPOST_DATA_DIR": "."}
    bulk.fill(f"sqlite:///{session.folder / 'milepost.db'}", RUNS, points=4)
    bulk.fill(
        f"sqlite:///{session.folder / 'milepost.db'}", 3, experiment=2, name="long", points=5000
    )
    file = session.folder / "artifacts/1/x/artifacts/a b/ü.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(range(256)))
    return session


def _tables(session: Session, flags: str = "") -> dict[str, int]:
    found = session.json(f"milepost db stats {flags}")["tables"]
    return {table["name"]: table["rows"] for table in found}


def test_there_and_back(here: Session) -> None:
    assert here.json("milepost backup list") == []
    made = here.json("milepost backup create --artifacts")
    (listed,) = here.json("milepost backup list")
    assert {**listed, "continued": False} == made
    assert "all there" in here.text(f"milepost backup verify {made['name']}")
    done = here.json(f"milepost backup restore backups/{made['name']} --data-dir other")
    assert done["rows"] == made["rows"] == sum(_tables(here).values())
    assert _tables(here, "--data-dir other") == _tables(here)
    assert "sound" in here.text("milepost db check --data-dir other")
    copy = here.folder / "other/artifacts/1/x/artifacts/a b/ü.bin"
    assert copy.read_bytes() == bytes(range(256))
    first = here.json("milepost runs big --limit 50")
    assert here.json("milepost runs big --limit 50 --data-dir other") == first


def test_as_one_file(here: Session) -> None:
    here.run("milepost backup create --output backups/b.tar.gz")
    assert [b["name"] for b in here.json("milepost backup list")] == ["b.tar.gz"]
    assert here.run("milepost backup verify b.tar.gz").returncode == 0
    here.run("milepost backup restore --from b.tar.gz --backend-store-uri sqlite:///new.db")
    assert _tables(here, "--backend-store-uri sqlite:///new.db") == _tables(here)
    assert "overwrites" in here.refusal("milepost backup create --output backups/b.tar.gz")


def test_places_that_will_not_do(here: Session) -> None:
    """A line each, no trace."""
    (here.folder / "file").write_text("something")
    for line, said in (
        ("backup create --output file", "file is there already"),
        ("backup create --output /proc/x/b", "/proc/x: No such file"),
        ("export --output file", "file: File exists"),
        ("backup list --folder nowhere", "no folder nowhere"),
        ("backup verify nowhere", "nowhere holds no"),
    ):
        assert said in here.refusal(f"milepost {line}")
    here.run("milepost export --output e.tar.gz")
    assert "e.tar.gz is a milepost-export" in here.refusal("milepost backup restore e.tar.gz")


def test_only_into_an_empty_database_unless_forced(here: Session) -> None:
    here.run("milepost backup create --output b")
    before = _tables(here)
    assert "not empty" in here.refusal("milepost backup restore b")
    assert _tables(here) == before
    here.run("milepost gc --older-than 0s")
    assert _tables(here) != before
    here.run("milepost backup restore b --force")
    assert _tables(here) == {**before, "leases": 0}


def test_damage_is_found(here: Session) -> None:
    here.run("milepost backup create --output b")
    part = next((here.folder / "b/tables").glob("runs-*"))
    original = part.read_bytes()
    part.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    problems = here.json("milepost backup verify b", code=3)["problems"]
    assert any("SHA-256" in line for line in problems)
    assert "damaged" in here.refusal("milepost backup restore b --data-dir other")
    part.unlink()
    assert here.json("milepost backup verify b", code=3)["problems"]


def test_rows_that_are_missing_are_found(here: Session) -> None:
    """Hashes that fit do not help where the counts do not."""
    here.run("milepost backup create --output b")
    about = here.folder / "b/about.json"
    header = json.loads(about.read_bytes())
    header["counts"]["tables"]["runs"] += 1
    about.write_text(json.dumps(header))
    (problem,) = here.json("milepost backup verify b", code=3)["problems"]
    assert "runs" in problem


def _cut_short_and_made_again(here: Session, target: str, runs: int) -> None:
    """It is none until then."""
    bulk.fill(f"sqlite:///{here.folder / 'milepost.db'}", runs, experiment=3, name="many")
    parts = here.folder / (f"{target}.folder" if target.endswith(".gz") else target) / "tables"
    line = f"milepost backup create --output {target}"
    here.killed(line, lambda: any(parts.glob("runs-*.gz")))
    assert here.refusal(f"milepost backup restore {target} --data-dir other")
    unfinished = here.json("milepost backup list --folder .")
    assert [b["finished"] for b in unfinished] == [None]
    # What is left of it must not get into the next one.
    (parts / "runs-99999.jsonl.gz").write_bytes(b"left over")
    made = here.json(line)
    assert made["rows"] == sum(_tables(here).values())
    assert not made["continued"]  # as the snapshot was not read to its end
    assert [b["name"] for b in here.json("milepost backup list --folder .")] == [target]
    assert here.json(f"milepost backup verify {target}")["problems"] == []
    assert "overwrites" in here.refusal(line)


def test_killed_half_way_into_one_file(here: Session) -> None:
    _cut_short_and_made_again(here, "b.tar.gz", 1_000)


def test_killed_half_way_out_and_half_way_back(here: Session) -> None:
    _cut_short_and_made_again(here, "b", 50_000)
    database = here.folder / "other/milepost.db-wal"
    line = "milepost backup restore b --data-dir other"
    here.killed(line, lambda: database.exists() and database.stat().st_size > 4_000_000)
    assert "cut short" in here.refusal("milepost experiments --data-dir other")
    assert "cut short" in here.json("milepost db check --data-dir other", code=3)["problems"][0]
    assert here.json(line)["continued"]
    assert _tables(here, "--data-dir other") == _tables(here)
    here.run("milepost experiments --data-dir other")


def test_one_killed_among_its_artifacts_goes_on(here: Session) -> None:
    """With the snapshot as it was, and without copying again what is there and has not changed."""
    folder = here.folder / "artifacts/1/many"
    folder.mkdir(parents=True)
    for number in range(3000):
        (folder / f"{number:04d}").write_bytes(b"%d" % number)
    rows = sum(_tables(here).values())
    line = "milepost backup create --artifacts --output b"
    copies = here.folder / "b/artifacts/1/many"
    here.killed(line, lambda: copies.exists() and len(os.listdir(copies)) > 100)
    copied = {path: path.stat().st_ino for path in (here.folder / "b").rglob("*") if path.is_file()}
    assert 100 <= len(list(copies.glob("????"))) < 3000
    first = min(copies.glob("????"))
    (folder / first.name).write_bytes(b"changed")
    bulk.fill(f"sqlite:///{here.folder / 'milepost.db'}", 2, experiment=3, name="later")

    made = here.json(line)
    assert (made["continued"], made["rows"], made["artifacts"]) == (True, rows, 3001)
    assert here.json("milepost backup verify b")["problems"] == []
    assert first.read_bytes() == b"changed"
    again = [
        path for path, inode in copied.items()
        if path.exists() and path.stat().st_ino != inode and path.suffix != ".json"
    ]  # fmt: skip
    # And the one that was complete when it was killed, but not yet in the manifest.
    assert first in again
    assert len(again) <= 2
    here.run("milepost backup restore b --data-dir other")
    assert "later" not in here.text("milepost experiments --data-dir other")


def test_one_of_another_database_does_not_go_on(here: Session) -> None:
    bulk.fill(f"sqlite:///{here.folder / 'other.db'}", 2)
    folder = here.folder / "artifacts/1/many"
    folder.mkdir(parents=True)
    for number in range(1000):
        (folder / f"{number:04d}").write_bytes(b"x")
    line = "milepost backup create --artifacts --output b"
    here.killed(line, (here.folder / "b/artifacts").exists)
    made = here.json(f"{line} --backend-store-uri sqlite:///other.db")
    assert not made["continued"]
    assert here.json("milepost backup verify b")["problems"] == []


def test_one_killed_while_it_was_packed_is_only_packed(here: Session) -> None:
    line = "milepost backup create --output b.tar.gz"
    about = here.folder / "b.tar.gz.folder/about.json"

    def packing() -> bool:
        return about.exists() and json.loads(about.read_bytes())["finished"] is not None

    here.killed(line, packing)
    begun = json.loads(about.read_bytes())["started"]
    made = here.json(line)
    assert (made["continued"], made["started"]) == (True, begun)
    assert not about.exists()
    assert here.json("milepost backup verify b.tar.gz")["problems"] == []


def test_two_do_not_write_into_one_folder(here: Session) -> None:
    folder = here.folder / "b"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert "Another command is writing" in here.refusal("milepost backup create --output b")
    assert "Another command is writing" in here.refusal("milepost export --output b")
    os.close(lock)
    here.run("milepost backup create --output b")


def test_another_backup_does_not_go_on_where_one_was_cut_short(here: Session) -> None:
    here.run("milepost backup create --output b")
    here.run("milepost backup create --output c")
    database = here.folder / "other/milepost.db-wal"
    here.killed(
        "milepost backup restore b --data-dir other",
        lambda: database.exists() and database.stat().st_size > 1_000_000,
    )
    assert "not empty" in here.refusal("milepost backup restore c --data-dir other")
    assert not here.json("milepost backup restore c --data-dir other --force")["continued"]
    assert _tables(here, "--data-dir other") == _tables(here)


@pytest.mark.parametrize(("first", "second"), [("postgres", "mariadb"), ("mariadb", "postgres")])
def test_between_kinds_of_database(
    here: Session, first: str, second: str, request: pytest.FixtureRequest
) -> None:
    """From SQLite to one server to the other and back: the same runs, and new ones get new ids."""
    one = request.getfixturevalue(f"{first}_uri")()
    two = request.getfixturevalue(f"{second}_uri")()
    here.run("milepost backup create --output b")
    here.run(f"milepost backup restore b --backend-store-uri {one}")
    here.run(f"milepost backup create --output c --backend-store-uri {one}")
    here.run(f"milepost backup restore c --backend-store-uri {two}")
    here.run(f"milepost backup create --output d --backend-store-uri {two}")
    here.run("milepost backup restore d --backend-store-uri sqlite:///back.db")
    order = "--order-by 'attributes.start_time ASC' --limit 3000"
    wanted = here.json(f"milepost runs big long {order}")
    for uri in (one, two, "sqlite:///back.db"):
        flag = f"--backend-store-uri {uri}"
        assert here.json(f"milepost runs big long {order} {flag}") == wanted
        assert "sound" in here.text(f"milepost db check {flag}")
        assert _tables(here, flag) == _tables(here)
        bulk.fill(_absolute(here, uri), 2, experiment=9, name="after")


def _absolute(session: Session, uri: str) -> str:
    return uri.replace("sqlite:///", f"sqlite:///{session.folder}/")


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
def test_consistent_while_a_server_writes(
    session: Session, kind: str, request: pytest.FixtureRequest, milepost_server: StartMilepost
) -> None:
    """Each run gets a param and a tag in one write: no copy may hold the one without the other."""
    uri = None if kind == "sqlite" else request.getfixturevalue(f"{kind}_uri")()
    server = milepost_server(uri)
    uri = uri or f"sqlite:///{server.data / 'milepost.db'}"
    stop = threading.Event()
    written = threading.Event()

    def write() -> None:
        with httpx.Client(base_url=f"{server.url}/api/2.0/mlflow/", trust_env=False) as client:
            while not stop.is_set():
                made = client.post("runs/create", json={"experiment_id": "0"}).json()
                batch = {
                    "run_id": made["run"]["info"]["run_id"],
                    "params": [{"key": "p", "value": "1"}],
                    "tags": [{"key": "t", "value": "1"}],
                    "metrics": [{"key": "m", "value": 1, "timestamp": 1, "step": 1}],
                }
                assert client.post("runs/log-batch", json=batch).status_code == 200
                written.set()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    written.wait()
    for i in range(3):
        session.run(f"milepost backup create --output b{i} --backend-store-uri {uri}")
    stop.set()
    for thread in threads:
        thread.join()
    for i in range(3):
        rows = _rows(session.folder / f"b{i}/tables")
        assert rows["params"] == rows["metrics"] == rows["recent"]
        # Besides the tag of the write, each run has its name as a tag from the start.
        assert rows["tags"] == rows["params"] + rows["runs"]
        assert rows["params"] <= rows["runs"] <= rows["params"] + 4


def _rows(tables: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in tables.iterdir():
        lines = gzip.decompress(path.read_bytes()).count(b"\n")  # the first names the columns
        table = path.name.rpartition("-")[0]
        found[table] = found.get(table, 0) + lines
    return found


def test_db_upgrade_and_check(session: Session) -> None:
    session.env = {"MILEPOST_DATA_DIR": "."}
    assert "no database" in session.refusal("milepost db check")
    made = session.json("milepost db upgrade")
    assert made["from"] == 0
    assert made["statements"] > 0
    assert session.json("milepost db upgrade") == {
        "from": made["to"], "to": made["to"], "statements": 0,
    }  # fmt: skip
    assert session.json("milepost db check")["problems"] == []
