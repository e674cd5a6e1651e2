"""A client of MLflow 1.x logs and registers models, although MLflow's own server left it behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.parts.mlflow import MlflowClient

SCRIPT = Path(__file__).parent / "scripts" / "oldest.py"


def test_a_client_of_mlflow_1(
    mlflow_client_of: Callable[[str], MlflowClient], milepost_url: str
) -> None:
    name = f"oldest {uuid4().hex}"
    assert mlflow_client_of("1.30.1").run(SCRIPT, milepost_url, name) == {
        "run": ["first", "FINISHED", "0.5"],
        "history": [0, 1, 2],
        "artifacts": ["texts/note.txt"],
        "logged models": 1,
        "listed": True,
        "infos": [True],
        "searched": 1,
        "predictions": 150,
        "stages": {"1": "None", "2": "Production"},
        "versions": ["1", "2"],
        "models": True,
        "left": 0,
    }
