"""The guides' Python programs with the real clients, and what they leave on the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.parts.milepost import MilepostServer, StartMilepost
from tests.parts.mlflow import MlflowClient
from tests.seeds import guides

PROGRAMS = [
    "nself, Python (MLflow SDK): python",
    "nself, Tracking with PyTorch: python",
    "nself, Tracking with TensorFlow/Keras: python",
    "nself, Registering a Model: python",
    "nself, Loading a Registered Model: python",
    "airflow, Example: Python API: python",
    "platform, MLFlow Client Library: python",
    "configuration, Telemetry Best Practices: python",
    "setup, 5.2 Python Configuration: python",
]
SERVICE = "nself, Using MLflow with nself Custom Services: python"  # needs FastAPI
ADDRESSES = (
    "http://mlflow:5000", "http://localhost:5001", "http://localhost:5000",
    "http://mlflow.internal:5000",
)  # fmt: skip
LISTING = next(
    line for b in guides.read() if b.guide == "nself" and b.language == "bash"
    for line in b.text.split("nself exec mlflow python -c ")[1:]
).split('"')[1]  # fmt: skip


@pytest.fixture
def server(milepost_server: StartMilepost) -> MilepostServer:
    return milepost_server()


def here(text: str, url: str) -> str:
    """A program with this server's address."""
    for address in ADDRESSES:
        text = text.replace(address, url)
    return text


def test_the_programs(server: MilepostServer, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    names = PROGRAMS + ([SERVICE] if mlflow_client.version.startswith("3") else [])
    blocks = [(name, here(guides.block(name), server.url)) for name in names]
    (tmp_path / "blocks.json").write_text(
        json.dumps([*blocks, ("listing", here(LISTING, server.url))])
    )
    # What a model needs is not looked for by loading it once more in another process.
    said = mlflow_client.output(
        Path(__file__).with_name("programs.py"), server.url, str(tmp_path / "blocks.json"),
        MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT="1",
    ).splitlines()  # fmt: skip
    assert {"Experiment: pytorch-image-classifier", server.url, "predictions: [1]"} <= set(said)
    assert any(line.startswith("[<Experiment:") for line in said)
    found = runs_by_experiment(server.url)
    (forest,) = found["my-classification-model"]
    assert forest["info"]["run_name"] == "random-forest-v1"
    assert values(forest, "params") == {
        "n_estimators": "100", "max_depth": "10", "learning_rate": "0.01",
    }  # fmt: skip
    assert values(forest, "metrics") == {"accuracy": 0.95, "f1_score": 0.93, "auc": 0.97}
    (torch,) = found["pytorch-image-classifier"]
    assert values(torch, "metrics") == {"train_loss": 0.1, "val_accuracy": 0.9}
    assert history(server.url, torch, "train_loss") == list(range(50))
    (keras,) = found["keras-text-classifier"]
    assert values(keras, "params") == {"epochs": "20", "batch_size": "64"}
    assert history(server.url, keras, "val_loss") == list(range(20))
    # The telemetry block names no experiment: it goes where the program was last.
    assert [values(run, "metrics").keys() for run in found["my_experiment"]] == [
        {"artifact_upload_time"}, {"accuracy"}, {"metric1"},
    ]  # fmt: skip
    assert ("from-a-service" in found) == (SERVICE in names)
    stages = {v["version"]: v["current_stage"] for v in versions(server.url)}
    assert stages == {"1": "Production"}


def runs_by_experiment(url: str) -> dict[str, list[Any]]:
    with httpx.Client(base_url=f"{url}/api/2.0/mlflow/", trust_env=False) as client:
        listed = client.get("experiments/search?max_results=99").json()["experiments"]
        found = {}
        for experiment in listed:
            asked = {"experiment_ids": [experiment["experiment_id"]]}
            answer = client.post("runs/search", json=asked).json()
            found[experiment["name"]] = answer.get("runs", [])
        return found


def values(run: Any, kind: str) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in run["data"].get(kind, [])}


def history(url: str, run: Any, key: str) -> list[int]:
    """The steps of a metric."""
    asked = {"run_id": run["info"]["run_id"], "metric_key": key}
    found = httpx.get(f"{url}/api/2.0/mlflow/metrics/get-history", params=asked, trust_env=False)
    return [point["step"] for point in found.json()["metrics"]]


def versions(url: str) -> list[Any]:
    asked = {"filter": "name = 'production-classifier'"}
    found = httpx.get(f"{url}/api/2.0/mlflow/model-versions/search", params=asked, trust_env=False)
    listed: list[Any] = found.json()["model_versions"]
    return listed
