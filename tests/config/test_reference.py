from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from milepost.config import Settings, reference
from milepost.config.field import meta
from milepost.config.load import load_text
from milepost.config.settings import masked_uri

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "examples" / "config").glob("*.yaml"))


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert page == reference.page(), "run: milepost config reference > docs/reference/settings.md"


def test_the_example_says_the_defaults() -> None:
    assert load_text(reference.example(), {}).settings == Settings()


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
def test_every_setting_can_be_given_and_is_explained(item: Any) -> None:
    about = meta(item)
    assert about.keys or about.env
    assert about.help.endswith(".")
    text = reference.example()
    assert all(key.path.rpartition(".")[2] + ":" in text for key in about.keys[:1])


def test_no_name_has_two_meanings() -> None:
    keys = [key.path for item in fields(Settings) for key in meta(item).keys]
    variables = [name for item in fields(Settings) for name in meta(item).env]
    assert len(set(keys)) == len(keys)
    assert len(set(variables)) == len(variables)


def test_the_schema_knows_every_key() -> None:
    schema = json.loads(json.dumps(reference.schema()))
    for item in fields(Settings):
        for key in meta(item).keys:
            here = schema["$defs"]["settings"]
            for part in key.path.split("."):
                here = here["properties"][part]
            assert here["description"] == meta(item).help


def test_secrets_are_masked() -> None:
    text = """
backend_store_uri: postgresql://u:hush@h/d
databases: {a: {password: hush}}
auth: {admin_password: hush}
alert_actions: {a: {url: 'https://hush'}}
"""
    shown = reference.shown(load_text(text, {"MLFLOW_DB_PASSWORD": "hush"}))
    assert "hush" not in json.dumps(shown)
    assert {row.name: row.source for row in shown}["db_password"] == "MLFLOW_DB_PASSWORD"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://u:p@ss@h:5/d", "postgresql://u:***@h:5/d"),
        ("postgresql://u:p/s@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d?password=p&sslmode=x", "postgresql://u@h/d?password=***&sslmode=x"),
        ("wasbs://c@a.net/p?sig_token=p", "wasbs://c@a.net/p?sig_token=***"),
        ("http://h:5000/a@b", "http://h:5000/a@b"),
        ("s3://bucket/a:b@c", "s3://bucket/a:b@c"),
        ("sqlite:////data/a.db", "sqlite:////data/a.db"),
    ],
)
def test_uris_are_shown_without_their_secrets(uri: str, shown: str) -> None:
    assert masked_uri(uri) == shown


def test_what_is_in_effect_is_shown() -> None:
    rows = {row.name: row for row in reference.shown(load_text("", {"MLFLOW_DB_HOST": "h"}))}
    assert rows["backend_store_uri"].value == "postgresql://mlflow@h:5432/mlflow"
    assert rows["default_artifact_root"].value == "mlflow-artifacts:/"
    assert (rows["port"].value, rows["port"].source) == (5000, "default")
    assert rows["db_host"].source == "MLFLOW_DB_HOST"


def test_exports_for_a_training_machine() -> None:
    text = "server: {host: 0.0.0.0, static_prefix: /m}\nexperiment_name: e\nserve_artifacts: false"
    aws = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    assert dict(reference.exports(load_text(text, {}).settings, aws)) == {
        "MLFLOW_TRACKING_URI": "http://localhost:5000/m",
        "MLFLOW_EXPERIMENT_NAME": "e",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "300",
        "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "300",
        **aws,
    }


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenarios_load(path: Path) -> None:
    secrets = {"TEAM_DB_PASSWORD": "x", "REMOTE_DB_PASSWORD": "x"}
    assert load_text(path.read_text(), secrets).warnings == []
