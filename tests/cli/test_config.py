"""milepost config, as an operator and a script use it."""

from __future__ import annotations

import json

import pytest

from tests.cli.session import Session

SETTINGS = """
mlflow:
  backend_store_uri: postgresql://mlflow:hush@db/mlflow
  server: {port: 5001}
"""


@pytest.fixture
def here(session: Session) -> Session:
    (session.folder / "milepost.yaml").write_text(SETTINGS)
    return session


def test_show_says_what_is_in_effect_and_where_it_was_given(here: Session) -> None:
    here.env = {"MLFLOW_WORKERS": "3"}
    shown = here.json("milepost config show --host 0.0.0.0")
    assert shown["port"] == {"value": 5001, "source": "milepost.yaml:4"}
    assert shown["workers"] == {"value": 3, "source": "MLFLOW_WORKERS"}
    assert shown["host"] == {"value": "0.0.0.0", "source": "--host"}
    assert shown["log_level"] == {"value": "info", "source": "default"}
    given = here.json("milepost config show --given")
    assert given.keys() == {"backend_store_uri", "port", "workers"}
    assert "hush" not in here.text("milepost config show")


def test_show_says_of_what_a_setting_is_made(session: Session) -> None:
    session.env = {"MLFLOW_DB_NAME": "runs", "MLFLOW_ARTIFACTS_BUCKET": "files"}
    shown = session.json("milepost config show --given")
    assert shown["backend_store_uri"] == {
        "value": "postgresql://mlflow@localhost:5432/runs", "source": "made of db_name",
    }  # fmt: skip
    assert shown["artifacts_destination"] == {
        "value": "s3://files", "source": "made of artifacts_bucket",
    }  # fmt: skip
    assert "default_artifact_root" not in shown


def test_info_shows_no_password(session: Session) -> None:
    session.env = {"MLFLOW_TRACKING_URI": "http://ann:hush@mlflow:5000"}
    shown = session.run("milepost info").stdout + session.text("milepost info --json")
    assert "hush" not in shown
    assert "http://ann:***@mlflow:5000/health" in shown


def test_check_in_scripts(here: Session) -> None:
    assert here.json("milepost config check") == {"ok": True, "errors": [], "warnings": []}
    (here.folder / "milepost.yaml").write_text("prot: 1\nauth: {enabled: maybe}\n")
    found = here.json("milepost config check", code=1)
    assert [error.partition(": ")[0] for error in found["errors"]] == [
        "milepost.yaml:1", "milepost.yaml:2",
    ]  # fmt: skip
    assert here.text("milepost config check", code=1).count("Error: ") == 2


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--backend-store-uri mongodb://db/mlflow", "Unknown backend store 'mongodb'"),
        ("--artifacts-destination ftp://host/x", "cannot reach artifacts at 'ftp://host/x'"),
    ],
)
def test_check_knows_what_no_server_could_use(session: Session, flag: str, reason: str) -> None:
    (error,) = session.json(f"milepost config check {flag}", code=1)["errors"]
    assert reason in error


def test_a_server_does_not_start_with_a_wrong_configuration(here: Session) -> None:
    """Nothing is made, and every error is said."""
    (here.folder / "milepost.yaml").write_text("auth: {admin_username: 'a:b'}\nserver: {port: x}\n")
    said = here.refusal("milepost server")
    assert "without a colon" in said
    assert "expected a whole number" in said
    assert [path.name for path in here.folder.iterdir()] == ["milepost.yaml"]


def test_example_and_schema_fit_each_other(session: Session) -> None:
    """The example, given back, is a configuration that is fine."""
    (session.folder / "milepost.yaml").write_text(session.text("milepost config example"))
    session.env = {"MILEPOST_CONFIG": "milepost.yaml"}
    assert session.json("milepost config check")["ok"]
    schema = json.loads(session.text("milepost config schema"))
    assert schema["$defs"]["settings"]["properties"]["server"]["properties"]["port"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("postgresql://...", "'...' in the database's URI is no host name"),
        ("mysql://a..b/x", "'a..b' in the database's URI is no host name"),
        ("postgresql://u:pa/ss@host/x", "write %40 for @"),
        ("postgresql://u:pa@ss@host/x", "write %40 for @"),
        ("mysql://u:pa/ss@host/x", "write %40 for @"),
        ("mysql://u@host:99999/x", "the port in the database's URI cannot be one"),
        ("postgresql://u:pa@[::1/x", "not one of PostgreSQL's"),
        ("postgresql://u:pa@host/x?sslmod=disable", "sslmod"),
        ("mysql://u:pa@host/x?ssl_mode=required", "Unknown option 'ssl_mode'"),
    ],
)
def test_what_cannot_be_a_databases_uri(uri: str, said: str, session: Session) -> None:
    """Told before anybody connects, and without the password that may be part of the trouble."""
    session.env = {"MLFLOW_BACKEND_STORE_URI": uri}
    found = session.json("milepost config check", code=1)
    assert [said in error for error in found["errors"]] == [True], found
    assert "ss@host" not in found["errors"][0]
    assert "pa@" not in found["errors"][0]
