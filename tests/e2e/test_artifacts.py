"""Real clients put artifacts on the server and get the same bytes back."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from tests.parts.mlflow import MlflowClient

SCRIPT = Path(__file__).parent / "scripts" / "artifacts.py"


def test_artifacts(mlflow_client: MlflowClient, milepost_url: str) -> None:
    assert mlflow_client.run(SCRIPT, milepost_url, f"artifacts {uuid4().hex}") == {
        "root": True,
        "list": [
            ["a.txt", False, 1],
            ["data.json", False, 29],
            ["folder", True, None],
            ["texts", True, None],
        ],
        "folder": [
            ["folder/a.txt", False, 1],
            ["folder/empty", False, 0],
            ["folder/sub dir", True, None],
        ],
        "sub": [["folder/sub dir/ü.bin", False, 1_280_000]],
        "file": [],
        "missing": [],
        "text": "some text",
        "dict": {"x": [1, 2]},
        "table": [1, 2],
        "round trip": True,
        "one": "a",
        "written again": "other text",
    }
