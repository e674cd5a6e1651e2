# mypy: ignore-errors
"""Run by a real MLflow client: artifacts there and back, its answers as JSON on the last line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, load_dict, load_text

mlflow.set_experiment(sys.argv[1])
facts = {}
client = MlflowClient()

here = Path("to-log")
(here / "sub dir").mkdir(parents=True)
(here / "a.txt").write_text("a")
(here / "sub dir" / "ü.bin").write_bytes(bytes(range(256)) * 5000)
(here / "empty").touch()

with mlflow.start_run() as run:
    mlflow.log_artifact(here / "a.txt")
    mlflow.log_artifacts(here, artifact_path="folder")
    mlflow.log_text("some text", "texts/note.txt")
    mlflow.log_dict({"x": [1, 2]}, "data.json")
    mlflow.log_table({"q": ["a", "b"], "n": [1, 2]}, "table.json")
root = run.info.artifact_uri


def listed(path: str = "") -> list:
    found = client.list_artifacts(run.info.run_id, path)
    return [[f.path, f.is_dir, f.file_size] for f in found if f.path != "table.json"]


facts["root"] = root.startswith("mlflow-artifacts:/")
facts["list"] = listed()
facts["folder"] = listed("folder")
facts["sub"] = listed("folder/sub dir")
facts["file"] = listed("a.txt")
facts["missing"] = listed("none")
facts["text"] = load_text(f"{root}/texts/note.txt")
facts["dict"] = load_dict(f"{root}/data.json")
facts["table"] = mlflow.load_table("table.json", run_ids=[run.info.run_id])["n"].tolist()
whole = Path(download_artifacts(run_id=run.info.run_id, dst_path="back"))
facts["round trip"] = all(
    (whole / "folder" / path.relative_to(here)).read_bytes() == path.read_bytes()
    for path in here.rglob("*")
    if path.is_file()
)
mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="a.txt", dst_path="one")
facts["one"] = Path("one/a.txt").read_text()
mlflow.MlflowClient().log_text(run.info.run_id, "other text", "texts/note.txt")
facts["written again"] = load_text(f"{root}/texts/note.txt")

print(json.dumps(facts))
