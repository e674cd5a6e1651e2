"""The parts are what they say they are: real, empty, durable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pymysql
import pytest
from playwright.sync_api import Browser

from tests.parts import need
from tests.parts.milepost import StartMilepost
from tests.parts.mlflow import MlflowClient
from tests.parts.s3 import S3


def test_postgres_is_durable_and_each_database_is_empty(postgres_uri: Callable[[], str]) -> None:
    first, second = postgres_uri(), postgres_uri()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE t (x int)")
        shown = connection.execute("SELECT current_setting('fsync')").fetchone()
    assert shown == ("on",)
    with psycopg.connect(second) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)


def test_mariadb_is_durable_and_each_database_is_empty(mariadb_uri: Callable[[], str]) -> None:
    first, second = (urlsplit(mariadb_uri()) for _ in range(2))
    assert first.scheme == "mysql+pymysql"
    assert first.path != second.path
    connection = pymysql.connect(
        host=first.hostname, port=first.port or 0, user=first.username, database=first.path[1:]
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit")
        assert cursor.fetchone() == (1,)
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == ()


def test_a_client_reports_its_own_version(mlflow_client: MlflowClient, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json, sys, mlflow\n"
        "print(json.dumps([mlflow.__version__, mlflow.get_tracking_uri(), sys.argv[1:]]))\n"
    )
    answer = mlflow_client.run(script, "http://127.0.0.1:1", "a", "b")
    assert answer == [mlflow_client.version, "http://127.0.0.1:1", ["a", "b"]]


def test_a_script_that_fails_fails_the_test(
    mlflow_client_of: Callable[[str], MlflowClient], tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit('no such luck')")
    with pytest.raises(AssertionError, match="no such luck"):
        mlflow_client_of("2.9.2").run(script, "http://127.0.0.1:1")


def test_the_mlflow_server_is_the_real_one(mlflow_server: str) -> None:
    assert httpx.get(f"{mlflow_server}/version").text == "3.17.2"


def test_milepost_starts_again_on_the_same_data(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    api = f"{server.url}/api/2.0/mlflow/experiments"
    made = httpx.post(f"{api}/create", json={"name": "kept"}).json()
    server.kill()
    server.start()
    found = httpx.get(f"{api}/get-by-name", params={"experiment_name": "kept"}).json()
    assert found["experiment"]["experiment_id"] == made["experiment_id"]


def test_a_store_is_fresh_for_each_test(store_uri: str, milepost_server: StartMilepost) -> None:
    server = milepost_server(store_uri)
    search = f"{server.url}/api/2.0/mlflow/experiments/search"
    names = [e["name"] for e in httpx.post(search, json={"max_results": 10}).json()["experiments"]]
    assert names == ["Default"]
    made = httpx.post(f"{server.url}/api/2.0/mlflow/experiments/create", json={"name": "mine"})
    assert made.status_code == 200


def test_s3_has_a_bucket_and_refuses_strangers(s3: S3, s3_bucket: str) -> None:
    assert httpx.get(f"{s3.files}/buckets/{s3_bucket}/").status_code == 200
    assert httpx.get(f"{s3.endpoint}/{s3_bucket}").status_code == 403


def test_the_browser_runs_a_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<p id=p></p><script>p.textContent = 6 * 7</script>")
    assert page.inner_text("#p") == "42"
    page.close()


def test_a_missing_part_skips_with_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_TEST_INSTALL_PARTS", "0")
    monkeypatch.delenv("MILEPOST_TEST_REQUIRE_PARTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-package"):
        need.program("no-such-program", ["no-package"])


def test_a_missing_part_fails_where_parts_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_TEST_INSTALL_PARTS", "0")
    monkeypatch.setenv("MILEPOST_TEST_REQUIRE_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install no-package"):
        need.program("no-such-program", ["no-package"])
