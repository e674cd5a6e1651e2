"""Export and import of Milepost's own, with 50,000 runs, killed half-way and resumed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.cli.session import Session
from tests.parts import bulk

MANY = 25_000


def _store(session: Session, runs: int) -> None:
    uri = f"sqlite:///{session.folder / 'milepost.db'}"
    bulk.fill(uri, runs)
    bulk.fill(uri, 3, experiment=2, name="long", points=60_000)
    file = session.folder / f"artifacts/1/{bulk.run_id(1, 5)}/artifacts/a b/ü.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(range(256)))


def _all(session: Session, flags: str = "") -> list[object]:
    line = f"milepost runs --view all --limit 60000 --order-by 'attributes.start_time ASC' {flags}"
    found: list[object] = session.json(line)
    return found


def test_out_and_in_again(session: Session) -> None:
    _store(session, 1000)
    made = session.json("milepost export --output out")
    assert (made["runs"], made["artifacts"]) == (1003, 1)
    done = session.json("milepost import out --data-dir other")
    assert done["comparison"]["differences"] == []
    assert done["comparison"]["counts"]["points"] == made["points"]
    assert _all(session, "--data-dir other") == _all(session)
    again = session.json("milepost import out --data-dir other")["imported"]["experiments"]
    assert [(e["runs"], e["already_there"]) for e in again] == [(0, 1000), (0, 3)]
    assert "sound" in session.text("milepost db check --data-dir other")


def test_the_same_twice(session: Session) -> None:
    """Nothing in an export depends on when it was made, but its own times."""
    _store(session, 500)
    session.run("milepost export --output one")
    session.run("milepost export --output two")
    session.run("milepost export --output two")
    files = {p.relative_to(session.folder / "one") for p in (session.folder / "one").rglob("*")}
    assert files == {
        p.relative_to(session.folder / "two") for p in (session.folder / "two").rglob("*")
    }
    for file in files:
        one, two = session.folder / "one" / file, session.folder / "two" / file
        if one.is_file() and file.name not in ("about.json", "manifest.jsonl"):
            assert one.read_bytes() == two.read_bytes(), file


def test_one_experiment_as_one_file(session: Session) -> None:
    _store(session, 300)
    session.run("milepost export --experiment long --output ./deep/er/long.tar.gz")
    assert "no experiment named 'nope'" in session.refusal(
        "milepost export --experiment nope --output x"
    )
    done = session.json("milepost import deep/er/long.tar.gz --data-dir other")
    assert [e["name"] for e in done["imported"]["experiments"]] == ["long"]
    assert done["comparison"]["counts"]["points"] == 2 * (3 * 60_000 + 1)
    assert not list((session.folder / "deep/er").glob("*.folder"))


def test_lines_are_plain_json(session: Session) -> None:
    """What the format promises to other programs."""
    _store(session, 200)
    session.run("milepost export --output out")
    part = session.folder / "out/experiments/1/part-00001.jsonl.gz"
    first, *rest = [json.loads(line) for line in gzip.decompress(part.read_bytes()).splitlines()]
    assert first["kind"] == "run"
    assert first["run"]["id"] == bulk.run_id(1, 0)
    assert first["run"]["params"][0] == {"key": "depth", "value": "0"} or first["run"]["params"]
    points = next(line for line in rest if line["kind"] == "points")
    assert points["values"][-1] is None  # the NaN of every hundredth run
    assert len(points["steps"]) == len(points["times"]) == len(points["values"]) == 4


def _killed_and_resumed_out(session: Session, target: str, runs: int) -> None:
    _store(session, runs)
    folder = session.folder / (f"{target}.folder" if target.endswith(".gz") else target)
    parts = folder / "experiments/1"
    session.killed(
        f"milepost export --output {target}",
        lambda: parts.is_dir() and len(list(parts.iterdir())) > runs // 1000,
    )
    assert session.refusal(f"milepost import {target} --data-dir other")
    made = session.json(f"milepost export --output {target}")
    assert made["continued"]
    assert made["runs"] == runs + 3


def test_killed_half_way_into_one_file(session: Session) -> None:
    _killed_and_resumed_out(session, "out.tar.gz", 5_000)
    done = session.json("milepost import out.tar.gz --data-dir other")
    assert done["comparison"]["differences"] == []
    assert done["comparison"]["counts"]["runs"] == 5_003


def test_killed_half_way_out_and_half_way_in(session: Session) -> None:
    _killed_and_resumed_out(session, "out", MANY)
    database = session.folder / "other/milepost.db"
    session.killed(
        "milepost import out --data-dir other",
        lambda: database.exists() and database.stat().st_size > 4_000_000,
    )
    assert "sound" in session.text("milepost db check --data-dir other")
    done = session.json("milepost import out --data-dir other")
    first = done["imported"]["experiments"][0]
    assert 0 < first["already_there"] < MANY
    assert first["runs"] + first["already_there"] == MANY
    assert done["comparison"]["differences"] == []
    assert _all(session, "--data-dir other") == _all(session)


def test_damage_is_refused(session: Session) -> None:
    _store(session, 300)
    session.run("milepost export --output out")
    file: Path = next((session.folder / "out").rglob("*.bin"))
    file.write_bytes(bytes(256))
    assert "SHA-256 differs" in session.refusal("milepost import out --data-dir other")
    part = session.folder / "out/experiments/1/part-00001.jsonl.gz"
    part.write_bytes(part.read_bytes()[:-1])
    assert "damaged" in session.refusal("milepost import out --data-dir third")


def test_a_difference_is_told(session: Session) -> None:
    """Something changed here since: the import leaves it, and says so."""
    _store(session, 300)
    session.run("milepost export --output out")
    session.run("milepost gc --older-than 0s")
    session.run("milepost retention apply --experiment long")
    found = session.json("milepost import out --no-verify")
    assert found["comparison"] is None
    told = session.json("milepost import out", code=3)["comparison"]
    assert len(told["differences"]) == 3
    assert all("lifecycle" in line for line in told["differences"])


def test_a_folder_of_something_else_is_left_alone(session: Session) -> None:
    _store(session, 10)
    (session.folder / "mine").mkdir()
    (session.folder / "mine/thesis.txt").write_text("years of work")
    assert "not ours" in session.refusal("milepost export --output mine")
    assert (session.folder / "mine/thesis.txt").read_text() == "years of work"
