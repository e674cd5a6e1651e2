"""The guides' blocks of a line or two: troubles, the pool, folders by project, Prometheus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.session import Session
from tests.parts.postgres import Postgres
from tests.parts.s3 import S3
from tests.seeds import blocks
from tests.seeds.conftest import Start
from tests.seeds.evidence import log_something, make_bucket, runs_in, stored


@pytest.mark.parametrize(
    ("block", "check", "found", "fix"),
    [
        (blocks.UNREACHABLE, "tracking URI", "cannot be reached", "Start the server"),
        (blocks.UNWRITABLE, "artifact store", "InvalidAccessKeyId", "s3:PutObject"),
        (blocks.DATABASE_FAILED, "database", "127.0.0.1:9", "psql -h 127.0.0.1"),
        (blocks.NOT_PERSISTING, "database", "no host name", ""),
    ],
)  # fmt: skip
def test_troubles(block: str, check: str, found: str, fix: str, s3: S3, tmp_path: Path) -> None:
    """Each of them has its block; the doctor says what is wrong there and what to do."""
    text = block.replace("host:5432", "127.0.0.1:9").replace("localhost:5000", "127.0.0.1:9")
    (tmp_path / "milepost.yaml").write_text(text)
    away = {"MLFLOW_PORT": "0", "MLFLOW_S3_ENDPOINT_URL": s3.endpoint}
    done = Session(tmp_path, away).run("milepost doctor --json", code=None)
    (finding,) = [f for f in json.loads(done.stdout) if f["check"] == check]
    assert finding["state"] != "ok"
    assert found in finding["found"]
    assert fix in finding["fix"]


def test_the_pool_and_a_folder_for_each_project(
    start: Start, address: str, postgres: Postgres, s3: S3
) -> None:
    databases = blocks.DATABASES.partition("\nmlflow:")[0]
    host, _, port = address.partition(":")
    make_bucket(s3, "mlflow")
    url = start(
        databases + "\n" + blocks.POOLED + blocks.ORGANIZED, ENVIRONMENT="production",
        PROJECT="churn", MLFLOW_DB_HOST=host, MLFLOW_DB_PORT=port, MLFLOW_DB_PASSWORD="x",
        **s3.environment,
    )  # fmt: skip
    log_something(url)
    assert runs_in(postgres, "mlflow_db") == 1
    (file,) = stored(s3, "mlflow")
    assert file.startswith("production/churn/0/")


def test_an_alert_as_a_rule_of_prometheus(promtool: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "milepost.yaml").write_text(blocks.ALERTS)
    rules = Session(tmp_path).text("milepost config rules")
    (tmp_path / "rules.yaml").write_text(rules)
    assert "1 rules found" in promtool("check", "rules", str(tmp_path / "rules.yaml"))
    assert "mlflow_slow_response" in rules
