# mypy: ignore-errors
"""Run by a real MLflow client: a server that asks for a password, without one and with it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

experiment, size = sys.argv[1], int(sys.argv[2])
password = os.environ.pop("MLFLOW_TRACKING_PASSWORD")
user = os.environ.pop("MLFLOW_TRACKING_USERNAME")
client = MlflowClient()


def complaint() -> str:
    """What a user is told."""
    try:
        client.get_experiment("0")
    except Exception as error:  # noqa: BLE001 - every release has its own
        return str(error)
    return ""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


facts = {"without": "401" in complaint()}
os.environ["MLFLOW_TRACKING_USERNAME"] = user
os.environ["MLFLOW_TRACKING_PASSWORD"] = "wrong"
facts["wrong"] = "You are not authenticated" in complaint()
os.environ["MLFLOW_TRACKING_PASSWORD"] = password
facts["right"] = complaint()

work = Path(tempfile.mkdtemp())
(work / "large.bin").write_bytes(os.urandom(size))
(work / "small.txt").write_text("small")
mlflow.set_experiment(experiment)
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_artifacts(str(work), "files")
client.create_registered_model(experiment)
client.create_model_version(experiment, f"{run.info.artifact_uri}/files", run.info.run_id)

history = client.get_metric_history(run.info.run_id, "loss")
download = getattr(mlflow, "artifacts", client).download_artifacts
back = Path(download(run_id=run.info.run_id, artifact_path="files"))
facts["history"] = len(history)
facts["same"] = [digest(work / n) == digest(back / n) for n in ("large.bin", "small.txt")]
facts["listed"] = [f.path for f in client.list_artifacts(run.info.run_id, "files")]
print(json.dumps(facts))
