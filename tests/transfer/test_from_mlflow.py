"""Import from what real MLflow clients made, compared with MLflow's own answers over its API."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.session import Session
from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port
from tests.parts.milepost import StartMilepost
from tests.parts.mlflow import CLIENTS, QUIET, MlflowClient

FILL = Path(__file__).with_name("fill.py")
CLIENT = httpx.Client(trust_env=False, timeout=60)
"""One for all calls, as making one costs more than a call."""
FILES = ("notes.txt", "plots/a b.bin", "plots/deep/empty")


@contextmanager
def mlflow_server(version: str, home: Path, uri: str) -> Iterator[str]:
    """A real MLflow server of that version."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    programs = need.environment(f"mlflow-{version}")
    # 1.x looks for gunicorn on the path.
    env = {**QUIET, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = [
        str(programs / "mlflow"), "server",
        f"--backend-store-uri={uri}", f"--artifacts-destination={home / 'mlartifacts'}",
        "--serve-artifacts", "--host=127.0.0.1", f"--port={port}", "--workers=1",
    ]  # fmt: skip
    server = Daemon(command, home / "log", answers(f"{url}/health"), env=env, cwd=home)
    server.start()
    try:
        yield url
    finally:
        server.kill()


def answer(url: str, method: str, call: str, /, **message: Any) -> Any:
    """One call of MLflow's API."""
    query, body = (message, None) if method == "GET" else (None, message)
    done = CLIENT.request(method, f"{url}/api/2.0/mlflow/{call}", params=query, json=body)
    assert done.status_code == 200, done.text
    return done.json()


def everything(url: str) -> dict[str, Any]:
    """All that a client can ask for, without what a move may change: where artifacts are, and the
    order of lists that have none."""
    experiments = answer(url, "POST", "experiments/search", max_results=1000, view_type="ALL")
    found: dict[str, Any] = {}
    for e in experiments["experiments"]:
        runs = answer(
            url, "POST", "runs/search", experiment_ids=[e["experiment_id"]], max_results=1000,
            run_view_type="ALL",
        ).get("runs", [])  # fmt: skip
        found[e["name"]] = {
            "id": e["experiment_id"],
            "stage": e["lifecycle_stage"],
            "created": e.get("creation_time"),
            "tags": _pairs(e.get("tags", [])),
            "runs": {run["info"]["run_id"]: _run(url, run) for run in runs},
        }
    models = answer(url, "GET", "registered-models/search", max_results=1000)
    found["models"] = {m["name"]: _model(url, m) for m in models.get("registered_models", [])}
    return found


def _pairs(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["key"]: item.get("value", "") for item in items}


def _run(url: str, run: dict[str, Any]) -> dict[str, Any]:
    info, data = run["info"], run.get("data", {})
    kept = ("run_name", "status", "start_time", "end_time", "lifecycle_stage", "user_id")
    histories = {m["key"]: _history(url, info["run_id"], m["key"]) for m in data.get("metrics", [])}
    return {
        **{name: info.get(name) for name in kept},
        "params": _pairs(data.get("params", [])),
        "tags": _pairs(data.get("tags", [])),
        "last": {m["key"]: (m["value"], m["step"]) for m in data.get("metrics", [])},
        "histories": histories,
        "inputs": run.get("inputs", {}),
        "outputs": run.get("outputs", {}),
        "files": _files(url, info["run_id"], ""),
    }


def _history(url: str, run_id: str, key: str) -> list[Any]:
    points = answer(url, "GET", "metrics/get-history", run_id=run_id, metric_key=key,
                    max_results=25000)["metrics"]  # fmt: skip
    return sorted((p["step"], p["timestamp"], str(p["value"])) for p in points)


def _files(url: str, run_id: str, folder: str) -> dict[str, str]:
    where = {"path": folder} if folder else {}
    found: dict[str, str] = {}
    for item in answer(url, "GET", "artifacts/list", run_id=run_id, **where).get("files", []):
        if item["is_dir"]:
            found |= _files(url, run_id, item["path"])
            continue
        asked = {"run_id": run_id, "path": item["path"]}
        content = CLIENT.get(f"{url}/get-artifact", params=asked).content
        found[item["path"]] = hashlib.sha256(content).hexdigest()
    return found


def _model(url: str, model: dict[str, Any]) -> dict[str, Any]:
    versions = answer(
        url, "GET", "model-versions/search", filter=f"name = '{model['name']}'", max_results=1000
    ).get("model_versions", [])
    kept = ("current_stage", "creation_timestamp", "description", "run_id", "status")
    return {
        "description": model.get("description", ""),
        "tags": _pairs(model.get("tags", [])),
        "aliases": {a["alias"]: a["version"] for a in model.get("aliases", [])},
        "versions": {
            v["version"]: {
                **{name: v.get(name) or "" for name in kept},
                "tags": _pairs(v.get("tags", [])),
            }
            for v in versions
        },
    }


def check_same(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    """Compare piece by piece, so that a difference names itself."""
    assert wanted.keys() == found.keys()
    assert wanted["models"] == found["models"]
    for name in wanted.keys() - {"models"}:
        assert wanted[name]["runs"].keys() == found[name]["runs"].keys()
        for run_id, run in wanted[name]["runs"].items():
            for part, value in run.items():
                assert found[name]["runs"][run_id][part] == value, (name, run_id, part)
        for part in ("stage", "created", "tags"):
            if (name, part) != ("Default", "created"):  # that one was here before
                assert found[name][part] == wanted[name][part], (name, part)


@pytest.mark.parametrize("version", ["1.30.1", *CLIENTS])
def test_from_a_database_and_from_a_running_server(
    version: str,
    session: Session,
    mlflow_client_of: Callable[[str], MlflowClient],
    milepost_server: StartMilepost,
) -> None:
    """The same MLflow, once through its database and once through its API."""
    home = session.folder / "mlflow"
    home.mkdir()
    database = f"sqlite:///{home / 'mlflow.db'}"
    with mlflow_server(version, home, database) as url:
        made = mlflow_client_of(version).run(FILL, url)
        wanted = everything(url)
        assert wanted["moved"]["runs"][made["runs"][0]]["files"].keys() == set(FILES)
        session.run(f"milepost import {url} --data-dir live")
    before = (home / "mlflow.db").read_bytes()
    done = session.json(
        f"milepost import {database} --artifacts-from {home / 'mlartifacts'} --data-dir stored"
    )
    assert (home / "mlflow.db").read_bytes() == before
    assert done["comparison"]["differences"] == []
    for folder in ("live", "stored"):
        server = milepost_server(
            f"sqlite:///{session.folder / folder / 'milepost.db'}",
            f"--artifacts-destination={session.folder / folder / 'artifacts'}",
        )
        check_same(wanted, everything(server.url))
        _check_logged_model(server.url, made)
        _check_where_versions_lie(server.url, made)


def _check_logged_model(url: str, made: dict[str, Any]) -> None:
    if made["model"] is None:
        return
    model = answer(url, "GET", f"logged-models/{made['model']}")["model"]
    assert model["info"]["status"] == "LOGGED_MODEL_READY"
    assert _pairs(model["info"]["tags"])["a"] == "b"
    assert _pairs(model["data"]["params"]) == {"layers": "3"}
    (point,) = model["data"]["metrics"]
    assert (point["key"], point["value"], point["step"]) == ("f1", 0.5, 7)
    assert point["run_id"] == made["runs"][3]


def _check_where_versions_lie(url: str, made: dict[str, Any]) -> None:
    found = answer(url, "GET", "model-versions/get-download-uri", name="classifier", version="1")
    root = answer(url, "GET", "runs/get", run_id=made["runs"][0])["run"]["info"]["artifact_uri"]
    assert found["artifact_uri"] == f"{root}/plots"


@pytest.mark.parametrize("version", CLIENTS)
def test_from_a_file_store(
    version: str, session: Session, mlflow_client_of: Callable[[str], MlflowClient]
) -> None:
    folder = session.folder / "mlruns"
    made = mlflow_client_of(version).run(FILL, folder.as_uri(), MLFLOW_ALLOW_FILE_STORE="true")
    # A store that has been moved to another place since.
    folder.rename(session.folder / "elsewhere")
    done = session.json("milepost import elsewhere")
    counts = done["comparison"]["counts"]
    assert done["comparison"]["differences"] == []
    assert (counts["runs"], counts["inputs"] > 0, counts["model_versions"]) == (16, True, 2)
    assert counts["artifacts"] == 2 * len(FILES) + (made["model"] is not None)
    by_id = {r["info"]["run_id"]: r for r in session.json("milepost runs moved --view all")}
    assert set(by_id) == set(made["runs"][:12])
    first = by_id[made["runs"][0]]
    assert _pairs(first["data"]["params"])["text"].startswith("ümlaut ☃")
    assert _pairs(first["data"]["tags"])["empty"] == ""
    assert by_id[made["runs"][2]]["info"]["lifecycle_stage"] == "deleted"
    last = {m["key"]: m["value"] for m in first["data"]["metrics"]}
    assert last["odd"] == 2.5 or last["odd"] > 1e308
    notes = session.folder / f"artifacts/{made['experiment']}/{made['runs'][0]}/artifacts/notes.txt"
    assert notes.read_bytes() == b"hello"


def test_from_a_database_server(
    session: Session,
    postgres_uri: Callable[[], str],
    mlflow_client_of: Callable[[str], MlflowClient],
) -> None:
    """MLflow's tables on PostgreSQL, Milepost's in another database of the same server."""
    source, target = postgres_uri(), postgres_uri()
    client = mlflow_client_of("3.17.2")
    client.run(FILL, source.replace("postgresql://", "postgresql+psycopg2://"))
    session.run(f"milepost import {source} --backend-store-uri {target}")
    again = session.json(f"milepost import {source} --backend-store-uri {target}")
    assert sum(e["runs"] for e in again["imported"]["experiments"]) == 0
    assert again["comparison"]["differences"] == []
    assert "sound" in session.text(f"milepost db check --backend-store-uri {target}")


def test_ids_that_are_taken_and_names_that_are_there(
    session: Session, mlflow_client_of: Callable[[str], MlflowClient]
) -> None:
    """Two trackers into one: experiments of a name become one, taken ids are mapped."""
    client = mlflow_client_of("2.9.2")
    for name in ("one", "two"):
        database = f"sqlite:///{session.folder}/{name}.db"
        client.run(FILL, database, FILL_NAME=name, FILL_MODELS="1" if name == "one" else "0")
    session.run(f"milepost import sqlite:///{session.folder}/one.db")
    done = session.json(f"milepost import sqlite:///{session.folder}/two.db")
    assert done["comparison"]["differences"] == []
    by_name = {e["name"]: e for e in done["imported"]["experiments"]}
    assert by_name["Default"]["merged"]
    assert (by_name["two"]["source_id"], by_name["two"]["id"]) == (1, 3)
    assert {e["name"] for e in session.json("milepost experiments --view all")} == {
        "Default", "one", "one-deleted", "two", "two-deleted",
    }  # fmt: skip


def test_artifacts_may_stay_where_they_are(
    session: Session, mlflow_client_of: Callable[[str], MlflowClient]
) -> None:
    made = mlflow_client_of("2.9.2").run(FILL, f"sqlite:///{session.folder}/old.db")
    session.run(f"milepost import sqlite:///{session.folder}/old.db --artifacts keep")
    runs = session.json("milepost runs moved --limit 100 --view all")
    uris = {r["info"]["run_id"]: r["info"]["artifact_uri"] for r in runs}
    assert os.path.isdir(uris[made["runs"][0]])
    assert not (session.folder / "artifacts").exists()


def test_what_is_no_source(session: Session) -> None:
    (session.folder / "empty").mkdir()
    assert "no mlruns folder" in session.refusal("milepost import empty")
    assert "There is no" in session.refusal("milepost import nowhere")
    assert "no database file" in session.refusal("milepost import sqlite:///nowhere.db")
    session.run("milepost db upgrade --backend-store-uri sqlite:///own.db")
    assert "not the database of an MLflow" in session.refusal("milepost import sqlite:///own.db")
    assert "cannot be reached" in session.refusal("milepost import http://127.0.0.1:9")
