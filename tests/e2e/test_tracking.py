"""Real clients log, search and tidy up, and get the answers that MLflow's own server gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.parts.mlflow import MlflowClient

SCRIPT = Path(__file__).parent / "scripts" / "tracking.py"


def _facts(name: str) -> dict[str, object]:
    return {
        "same experiment": True,
        "missing experiment": None,
        "taken name": "RESOURCE_ALREADY_EXISTS",
        "experiment tag": "blue",
        "changed param": "INVALID_PARAMETER_VALUE",
        "status": "FINISHED",
        "ended": True,
        "params": {"lr": "0.1", "depth": "3"},
        "long param": 5000,
        "metrics": {"acc": "0.9", "inf": "1.7976931348623157e+308", "loss": "0.2", "nan": "nan"},
        "tags": {"a": "1", "b": "2", "kind": "demo", "note": "schön"},
        "history": [[step, 1 / (step + 1)] for step in range(5)],
        "parent": True,
        "resumed": 0.1,
        "failed": "FAILED",
        "killed": "KILLED",
        "renamed": "renamed",
        "deleted tag": False,
        "missing tag": "RESOURCE_DOES_NOT_EXIST",
        "missing run": "RESOURCE_DOES_NOT_EXIST",
        "batch": 1000,
        "async": True,
        "dataset": ["pairs", [["mlflow.data.context", "training"]]],
        "by dataset": ["data"],
        "by metric": ["child", "renamed"],
        "pages": [["many 0", "many 1", "many 2"], ["many 3", "many 4", "many 5"], ["many 6"]],
        "search experiments": [name],
        "bad filter": "INVALID_PARAMETER_VALUE",
        "deleted": "deleted",
        "write to deleted": "INVALID_PARAMETER_VALUE",
        "deleted runs": ["renamed"],
        "deleted experiment": "deleted",
        "set deleted experiment": "INVALID_PARAMETER_VALUE",
        "restored": "active",
        "new name": f"{name} renamed",
    }


def test_tracking(mlflow_client: MlflowClient, milepost_url: str) -> None:
    name = f"e2e {uuid4().hex}"
    assert mlflow_client.run(SCRIPT, milepost_url, name) == _facts(name)


def test_the_same_on_mlflow(
    mlflow_client_of: Callable[[str], MlflowClient], mlflow_server: str
) -> None:
    """What the facts are measured by."""
    name = f"e2e {uuid4().hex}"
    assert mlflow_client_of("3.17.2").run(SCRIPT, mlflow_server, name) == _facts(name)
