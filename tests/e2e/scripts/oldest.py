# mypy: ignore-errors
"""Run by a real client of MLflow 1.x: what it can do, its answers as JSON on the last line."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

name = sys.argv[1]
experiment = mlflow.set_experiment(name).experiment_id
facts = {}
client = MlflowClient()
features, classes = load_iris(return_X_y=True)

# A run, under autolog
mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run(run_name="first") as run:
    model = LogisticRegression(C=0.5, max_iter=300).fit(features, classes)
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("team", "blue")
    mlflow.log_text("some text", "texts/note.txt")
    mlflow.sklearn.log_model(model, "net", registered_model_name=name)
run_id = run.info.run_id
found = client.get_run(run_id)
facts["run"] = [found.info.run_name, found.info.status, found.data.params["C"]]
facts["history"] = [m.step for m in client.get_metric_history(run_id, "loss")]
facts["artifacts"] = [f.path for f in client.list_artifacts(run_id, "texts")]
facts["logged models"] = len(json.loads(found.data.tags["mlflow.log-model.history"]))
facts["listed"] = name in [e.name for e in client.list_experiments()]
facts["infos"] = [info.run_id == run_id for info in client.list_run_infos(experiment)]
facts["searched"] = len(client.search_runs([experiment], "metrics.loss < 1 AND tags.team = 'blue'"))

# The registry, which these clients look for under /preview
second = mlflow.register_model(f"runs:/{run_id}/net", name)
client.transition_model_version_stage(name, second.version, "Production")
client.set_registered_model_tag(name, "team", "blue")
client.update_model_version(name, "1", "the first")
loaded = mlflow.pyfunc.load_model(f"models:/{name}/Production")
facts["predictions"] = len(loaded.predict(features))
facts["stages"] = {v.version: v.current_stage for v in client.get_latest_versions(name)}
facts["versions"] = sorted(v.version for v in client.search_model_versions(f"name = '{name}'"))
facts["models"] = name in [m.name for m in client.list_registered_models()]
client.rename_registered_model(name, f"{name} renamed")
client.delete_model_version(f"{name} renamed", "1")
client.delete_registered_model(f"{name} renamed")
facts["left"] = len(client.search_registered_models(f"name LIKE '{name}%'"))

print(json.dumps(facts))
