"""Runs on a real client: artifacts of a run, logged, listed, read back and deleted."""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

size = int(sys.argv[1])
work = Path(tempfile.mkdtemp())
big = work / "big file.bin"
block = os.urandom(1 << 20)
with big.open("wb") as out:
    for _ in range(size >> 20):
        out.write(block)
folder = work / "folder"
(folder / "inner").mkdir(parents=True)
for number in range(20):
    (folder / "inner" / f"{number}.txt").write_text(str(number))
(folder / "größe.json").write_text("{}")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


mlflow.set_experiment("artifacts")
with mlflow.start_run() as run:
    mlflow.log_artifact(str(big))
    mlflow.log_artifacts(str(folder), "some/where")
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"a": 1}, "notes/a.yaml")

client = MlflowClient()
run_id = run.info.run_id


def listing(path: str = "") -> list[list[object]]:
    return [[f.path, f.is_dir, f.file_size] for f in client.list_artifacts(run_id, path or None)]


back = Path(mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=str(work / "back")))

listed = {path: listing(path) for path in ("", "some/where", "notes", "notes/hello.txt", "none")}
get_artifact_repository(run.info.artifact_uri).delete_artifacts("some")

with mlflow.start_run() as emptied:
    mlflow.log_text("x", "some/file.txt")
    mlflow.log_text("x", "file.txt")
get_artifact_repository(emptied.info.artifact_uri).delete_artifacts()
print(
    json.dumps(
        {
            "run_id": run_id,
            "same": digest(big) == digest(back / "big file.bin"),
            "inner": sorted(p.name for p in (back / "some/where/inner").iterdir()),
            "text": mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt"),
            "listed": listed,
            "left": [listing("some/where/inner"), listing("notes")],
            # Some S3 servers keep a folder that lost its last file.
            "emptied": [f.path for f in client.list_artifacts(emptied.info.run_id) if not f.is_dir],
        }
    )
)
