"""Real clients train, log, register and load models."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from tests.parts.mlflow import MlflowClient

SCRIPT = Path(__file__).parent / "scripts" / "models.py"
ROWS = 150


def test_models(mlflow_client: MlflowClient, milepost_url: str) -> None:
    name = f"models {uuid4().hex}"
    # The client's autolog looks for a module that newer Pythons lack unless told otherwise.
    facts = mlflow_client.run(SCRIPT, milepost_url, name, SETUPTOOLS_USE_DISTUTILS="stdlib")
    assert facts == {
        "params": ["0.5", "300"],
        "score": True,
        "plots": ["training_confusion_matrix.png"],
        "inputs": 1,
        "autologged": True,
        "versions": [1, 2],
        "tags": "hand",
        "logged": ROWS,
        "stage": ["1"],
        "alias": "2",
        "description": "second",
        "/1": ROWS,
        "/Production": ROWS,
        "@best": ROWS,
        "registered": [name],
        "copied": ["1", True],
        "copy": ROWS,
        "deleted version": "RESOURCE_DOES_NOT_EXIST",
        "renamed": f"{name} renamed",
        "left": 0,
    }
