"""Logs two versions of a model that say which they are, promotes the first, and asks for it through
MLflow's deployments client: `serving.py GATEWAY ROUTE NAME`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import mlflow
from mlflow.deployments import get_deploy_client


class Says(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def __init__(self, word: str) -> None:
        self.word = word

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[str]:
        return [f"{self.word} {value}" for value in model_input.iloc[:, 0]]


gateway, route, name = sys.argv[1:]
with mlflow.start_run():
    for word in ("one", "two"):
        mlflow.pyfunc.log_model(
            name="model",
            python_model=Says(word),
            registered_model_name=name,
            signature=mlflow.models.infer_signature([{"text": "a"}], ["a"]),
            # Finding these out by itself takes the client a process for each model.
            pip_requirements=["mlflow"],
        )
mlflow.MlflowClient().transition_model_version_stage(name, "1", "Production")

client = get_deploy_client(gateway)
give_up = time.monotonic() + 120
while True:
    try:
        answer = client.predict(endpoint=route, inputs={"dataframe_records": [{"text": "a"}]})
        break
    except Exception:
        # Its model is being loaded.
        if time.monotonic() > give_up:
            raise
        time.sleep(0.1)
endpoints = [(e.name, e.model.name) for e in client.list_endpoints()]
print(json.dumps({"answer": answer, "endpoints": endpoints}))
