# mypy: ignore-errors
"""Run by a real MLflow client: a model trained under autolog, logged, registered, loaded."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

name = sys.argv[1]
newer = not mlflow.__version__.startswith("2.")
mlflow.set_experiment(name)
facts = {}
client = MlflowClient()
features, classes = load_iris(return_X_y=True, as_frame=True)


def place(path: str) -> dict:
    """How each release of the client says where in its run a model goes."""
    return {"name": path} if newer else {"artifact_path": path}


# Autolog
mlflow.sklearn.autolog()
with mlflow.start_run() as run:
    model = LogisticRegression(C=0.5, max_iter=300).fit(features, classes)
mlflow.sklearn.autolog(disable=True)
found = client.get_run(run.info.run_id)
facts["params"] = [found.data.params["C"], found.data.params["max_iter"]]
facts["score"] = found.data.metrics["training_score"] > 0.9
facts["plots"] = sorted(
    f.path for f in client.list_artifacts(run.info.run_id) if f.path.endswith(".png")
)
facts["inputs"] = len(found.inputs.dataset_inputs)
again = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
facts["autologged"] = (again.predict(features) == model.predict(features)).all().item()

# Logged and registered by hand
with mlflow.start_run() as run:
    logged = mlflow.sklearn.log_model(
        model, **place("net"), registered_model_name=name, input_example=features.head(2)
    )
second = mlflow.register_model(f"runs:/{run.info.run_id}/net", name, tags={"by": "hand"})
facts["versions"] = sorted(int(v.version) for v in client.search_model_versions(f"name = '{name}'"))
facts["tags"] = client.get_model_version(name, second.version).tags.get("by")
facts["logged"] = mlflow.pyfunc.load_model(logged.model_uri).predict(features).shape[0]

# Stages, aliases, tags
client.transition_model_version_stage(name, "1", "Production")
client.set_registered_model_alias(name, "best", "2")
client.set_registered_model_tag(name, "team", "blue")
client.set_model_version_tag(name, "1", "checked", "yes")
client.update_model_version(name, "2", description="second")
facts["stage"] = [v.version for v in client.get_latest_versions(name, ["Production"])]
facts["alias"] = client.get_model_version_by_alias(name, "best").version
facts["description"] = client.get_model_version(name, "2").description
for uri in (f"models:/{name}/1", f"models:/{name}/Production", f"models:/{name}@best"):
    loaded = mlflow.pyfunc.load_model(uri)
    facts[uri.removeprefix(f"models:/{name}")] = loaded.predict(features).shape[0]
facts["registered"] = [
    m.name for m in client.search_registered_models(f"name = '{name}' AND tags.team = 'blue'")
]

# Copied to another model, with the run and the files of the original
copy = client.copy_model_version(f"models:/{name}@best", f"{name} copy")
facts["copied"] = [copy.version, copy.run_id == run.info.run_id]
loaded = mlflow.pyfunc.load_model(f"models:/{copy.name}/{copy.version}")
facts["copy"] = loaded.predict(features).shape[0]
client.delete_registered_model(copy.name)

# Away with it
client.delete_registered_model_alias(name, "best")
client.delete_model_version(name, "2")
try:
    client.get_model_version(name, "2")
except MlflowException as error:
    facts["deleted version"] = error.error_code
client.rename_registered_model(name, f"{name} renamed")
facts["renamed"] = client.get_model_version(f"{name} renamed", "1").name
client.delete_registered_model(f"{name} renamed")
facts["left"] = len(client.search_registered_models(f"name LIKE '{name}%'"))

print(json.dumps(facts))
