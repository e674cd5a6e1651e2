"""Runs on a real client: a large file to a run, by its whole path on the server, and back."""

import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

work = Path(tempfile.mkdtemp())
big = work / "big.bin"
big.write_bytes(os.urandom(int(sys.argv[1])))
with mlflow.start_run() as run:
    pass
folder = run.info.artifact_uri.replace("mlflow-artifacts:/", "")
get_artifact_repository("mlflow-artifacts:/").log_artifact(str(big), f"{folder}/models")

back = mlflow.artifacts.download_artifacts(
    run_id=run.info.run_id, artifact_path="models/big.bin", dst_path=str(work)
)
print(json.dumps({"run_id": run.info.run_id, "same": Path(back).read_bytes() == big.read_bytes()}))
