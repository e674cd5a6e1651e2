"""The guides' blocks of configuration, each given to a server that then works as the block says.

Only host names, ports and secrets differ from what stands there: databases, buckets, users and
paths are the guides' own.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, answers, free_port
from tests.parts.milepost import COMMAND
from tests.parts.mlflow import MlflowClient
from tests.parts.postgres import Postgres
from tests.parts.s3 import S3
from tests.seeds import blocks, guides
from tests.seeds.conftest import Start
from tests.seeds.evidence import log_something, make_bucket, runs_in, stored

EXAMPLES = Path(__file__).parents[2] / "examples" / "config"


def test_the_complete_configuration(
    start: Start, address: str, postgres: Postgres, s3: S3, mlflow_client_of: Any, tmp_path: Path
) -> None:
    """With a real client behind the prefix, down to PostgreSQL and the bucket's folder."""
    make_bucket(s3, "nsc-mvp1")
    url = start(
        blocks.COMPLETE.replace("pass@host:5432", f"pass@{address}"),
        prefix="/mlflow", MLFLOW_ADMIN_PASSWORD="hush", **s3.environment,
    )  # fmt: skip
    client: MlflowClient = mlflow_client_of("3.17.2")
    script = tmp_path / "train.py"
    script.write_text(
        "import mlflow\n"
        "mlflow.set_experiment('my-project')\n"
        "with mlflow.start_run():\n"
        "    mlflow.log_metric('accuracy', 0.95)\n"
        "    mlflow.log_text('hello', 'notes.txt')\n"
        "mlflow.MlflowClient().create_registered_model('sentiment')\n"
        "print('[]')\n"
    )
    client.run(script, url)
    assert runs_in(postgres, "mlflow_db") == 1
    (file,) = stored(s3, "nsc-mvp1")
    assert file.startswith("onboarding-test/mlflow/1/")
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    assert 'pool="mlflow_integration"' in text
    details = httpx.get(f"{url}/health/details", trust_env=False).json()
    assert {name: part["breaker"] for name, part in details["parts"].items()} == {
        "database": "closed", "artifacts": "closed",
    }  # fmt: skip


@pytest.mark.parametrize("block", [blocks.CLI, blocks.SERVER], ids=["cli", "server"])
def test_server_and_cli_blocks(block: str, start: Start, address: str, postgres: Postgres) -> None:
    """Their artifact root is given to clients as it stands."""
    text = block.replace("@host:5432/", f"@{address}/").replace("@host/", f"@{address}/")
    assert address in text
    info = log_something(start(text))
    assert runs_in(postgres, "mlflow_db") == 1
    assert info["artifact_uri"].startswith(("s3://bucket/path/0/", "s3://mlflow-artifacts/0/"))


@pytest.mark.parametrize("text", [blocks.DATABASES, blocks.POOL], ids=["by uri", "by pool"])
def test_the_database_service(text: str, start: Start, address: str, postgres: Postgres) -> None:
    host, _, port = address.partition(":")
    log_something(
        start(text, MLFLOW_DB_HOST=host, MLFLOW_DB_PORT=port, MLFLOW_DB_PASSWORD="p@ss/word")
    )
    assert runs_in(postgres, "mlflow_db") == 1


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.yaml").read_text()


@pytest.mark.parametrize("text", [blocks.LOCAL, example("local")], ids=["guide", "example"])
def test_the_local_scenario(text: str, start: Start, tmp_path: Path) -> None:
    log_something(start(text))
    assert (tmp_path / "mlflow.db").exists()
    assert [file.name for file in (tmp_path / "mlflow-artifacts").rglob("*.txt")] == ["a.txt"]


@pytest.mark.parametrize("text", [blocks.TEAM, example("team")], ids=["guide", "example"])
def test_the_team_scenario(
    text: str, start: Start, address: str, postgres: Postgres, s3: S3
) -> None:
    make_bucket(s3, "team-mlflow")
    before = stored(s3, "team-mlflow")
    secrets = {"TEAM_DB_PASSWORD": "x", "TEAM_DB_HOST": address}
    url = start(text.replace("@db.internal/", f"@{address}/"), **secrets, **s3.environment)
    log_something(url)
    assert runs_in(postgres, "mlflow") == 1
    (file,) = set(stored(s3, "team-mlflow")).difference(before)
    assert file.startswith("artifacts/0/")
    name = {"host": "mlflow.team.internal"}
    assert httpx.get(f"{url}/version", headers=name, trust_env=False).status_code == 200


@pytest.mark.parametrize("text", [blocks.HYBRID, example("hybrid")], ids=["guide", "example"])
def test_the_hybrid_scenario(
    text: str, start: Start, address: str, postgres: Postgres, s3: S3
) -> None:
    bucket = s3.create_bucket()
    remote = {"REMOTE_DB_PASSWORD": "x", "REMOTE_DB_HOST": address, "REMOTE_BUCKET": bucket}
    text = text.replace("@remote-db/", f"@{address}/").replace("//mlflow-artifacts", f"//{bucket}")
    log_something(start(text, **remote, **s3.environment))
    assert runs_in(postgres, "mlflow") == 1
    assert len(stored(s3, bucket)) == 1


def test_the_managed_example(start: Start, address: str, postgres: Postgres, s3: S3) -> None:
    """What the platform sets in the environment, and what a training machine gets to know."""
    bucket = s3.create_bucket()
    text = example("managed")
    platform = {
        "MLFLOW_BACKEND_STORE_URI": f"postgresql://mlflow:x@{address}/mlflow",
        "MLFLOW_ARTIFACTS_ROOT": f"s3://{bucket}",
    }
    log_something(start(text, **platform, **s3.environment))
    assert runs_in(postgres, "mlflow") == 1
    assert len(stored(s3, bucket)) == 1


def test_the_table_of_variables(start: Start, address: str, postgres: Postgres, s3: S3) -> None:
    """The bucket is made by its name, the database is given in parts."""
    make_bucket(s3, "mlflow-artifacts")
    host, _, port = address.partition(":")
    env = {k: v for k, v in blocks.REFERENCE.items() if k != "MLFLOW_PORT"}
    env |= {"MLFLOW_DB_HOST": host, "MLFLOW_DB_PORT": port}
    url = start("", **env, **s3.environment)
    log_something(url)
    assert runs_in(postgres, "mlflow") == 1
    assert len(stored(s3, "mlflow-artifacts")) == 1
    assert httpx.get(f"{url}/version", trust_env=False).text == "2.9.2"


def test_telemetry_and_timeouts(start: Start, tmp_path: Path) -> None:
    """Each exporter switched on by its variable sends the timings that were asked for."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(60)
        telemetry = blocks.TELEMETRY.replace("collection_interval: 60", "collection_interval: 1")
        text = telemetry + blocks.TIMEOUTS.replace("mlflow:\n", "") + blocks.BREAKER
        url = start(
            text, DATADOG_ENABLED="true", CLOUDWATCH_ENABLED="true", DD_AGENT_HOST="127.0.0.1",
            DD_DOGSTATSD_PORT=str(agent.getsockname()[1]),
        )  # fmt: skip
        log_something(url)
        wanted = {
            "mlflow_request_duration_seconds", "mlflow_artifact_upload_seconds",
            "mlflow_database_query_seconds",
        }  # fmt: skip
        sent: set[str] = set()
        give_up = time.monotonic() + 120
        while not wanted <= sent:
            assert time.monotonic() < give_up, sent
            lines = agent.recv(65536).decode().splitlines()
            sent |= {line.partition(":")[0] for line in lines}
            log_something(url)
    exported = httpx.get(f"{url}/metrics", trust_env=False).text
    assert all(f"{name}_count" in exported for name in wanted)
    while not all(name in (tmp_path / "log").read_text() for name in wanted):
        assert time.monotonic() < give_up
        log_something(url)
    assert '"CloudWatchMetrics"' in (tmp_path / "log").read_text()


def shell(script: str, folder: Path, env: Mapping[str, str]) -> str:
    """What a shell script prints."""
    done = subprocess.run(
        ["/bin/sh", "-euc", script], check=True, cwd=folder, env=dict(env),
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("block", "environment", "uri"),
    [
        (blocks.CLIENT, "", "http://localhost:5000"),
        (blocks.ENVIRONMENT, "", "http://localhost:5000"),
        (blocks.MANAGED, "", "https://mlflow.company.com"),
        (blocks.ENVIRONMENTS, "development", "http://localhost:5000"),
        (blocks.ENVIRONMENTS, "production", "https://mlflow.company.com"),
    ],
)
def test_blocks_for_training_machines(
    block: str, environment: str, uri: str, tmp_path: Path
) -> None:
    """`eval` of what `config env` prints is all that a machine needs."""
    (tmp_path / "settings.yaml").write_text(block)
    env = {"ENVIRONMENT": environment, **blocks.VARIABLES}
    exports = f'eval "$({shlex.quote(str(COMMAND))} config env --config settings.yaml)"'
    printed = shell(f"{exports}; echo $MLFLOW_TRACKING_URI", tmp_path, env)
    assert printed == f"{uri}\n"
    if "demo_experiment" in block:
        name = shell(f"{exports}; echo $MLFLOW_EXPERIMENT_NAME", tmp_path, env)
        assert name == "demo_experiment\n"


def test_a_client_configured_by_the_file(
    start: Start, mlflow_client_of: Any, tmp_path: Path
) -> None:
    """The guide's program, which reads the block itself."""
    url = start(blocks.CLIENT)
    (tmp_path / "client.yaml").write_text(blocks.CLIENT.replace("http://localhost:5000", url))
    script = tmp_path / "client.py"
    script.write_text(
        "import sys, yaml\nconfig = yaml.safe_load(open(sys.argv[1]))\n"
        + guides.block("configuration, 1. Tracking URI (Client Configuration): python")
        + "print('[]')\n"
    )
    client: MlflowClient = mlflow_client_of("2.9.2")
    client.run(script, "http://nowhere", str(tmp_path / "client.yaml"))
    found = httpx.get(
        f"{url}/api/2.0/mlflow/experiments/get-by-name",
        params={"experiment_name": "demo_experiment"}, trust_env=False,
    )  # fmt: skip
    assert found.status_code == 200


LOAD_AND_START = guides.block("configuration, Using Configuration:: python")


def test_a_program_that_turns_the_file_into_flags(
    address: str, postgres: Postgres, tmp_path: Path
) -> None:
    """The guide's load_and_start_mlflow.py: `mlflow server` becomes `milepost server`."""
    port = free_port()
    text = blocks.COMPLETE.replace("pass@host:5432", f"pass@{address}").replace("5000", str(port))
    (tmp_path / "settings.yaml").write_text(text)
    program = LOAD_AND_START.replace("'mlflow', 'server'", f"{str(COMMAND)!r}, 'server'")
    # The server in the program's place, so that it is the one that is told to stop.
    program = program.replace("subprocess.run(cmd)", "__import__('os').execv(cmd[0], cmd)")
    url = f"http://127.0.0.1:{port}"
    python = str(COMMAND.with_name("python"))
    daemon = Daemon(
        [python, "-c", program], tmp_path / "log",
        answers(f"{url}/health/ready"), cwd=tmp_path,
    )  # fmt: skip
    daemon.start()
    info = log_something(url)
    assert daemon.stop() == 0
    assert info["artifact_uri"].startswith("s3://nsc-mvp1/onboarding-test/mlflow/0/")
    assert runs_in(postgres, "mlflow_db") == 1


def test_flags_taken_from_the_file_by_yq(address: str, postgres: Postgres, tmp_path: Path) -> None:
    """`--backend-store-uri $(yq .cli.backend_store_uri settings.yaml)`, as the guide has it."""
    yq = need.program("yq", ["yq"])
    (tmp_path / "settings.yaml").write_text(blocks.CLI.replace("@host/", f"@{address}/"))
    port = free_port()
    line = (
        f"exec {COMMAND} server --port {port}"
        f" --backend-store-uri $({yq} -r .cli.backend_store_uri settings.yaml)"
        f" --default-artifact-root $({yq} -r .cli.artifact_root settings.yaml)"
    )
    url = f"http://127.0.0.1:{port}"
    ready = answers(f"{url}/health/ready")
    daemon = Daemon(["/bin/sh", "-euc", line], tmp_path / "log", ready, cwd=tmp_path)
    daemon.start()
    assert log_something(url)["artifact_uri"].startswith("s3://bucket/path/0/")
    assert daemon.stop() == 0
    assert runs_in(postgres, "mlflow_db") == 1
