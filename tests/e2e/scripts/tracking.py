# mypy: ignore-errors
"""Run by a real MLflow client: everything about tracking, its answers as JSON on the last line."""

from __future__ import annotations

import json
import math
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

name = sys.argv[1]
facts = {}
client = MlflowClient()


def code_of(action) -> str:
    """The error code an action ends with."""
    try:
        action()
    except MlflowException as error:
        return error.error_code
    return "none"


# Experiments
new = mlflow.set_experiment(name)
again = mlflow.set_experiment(name)
facts["same experiment"] = new.experiment_id == again.experiment_id
facts["missing experiment"] = client.get_experiment_by_name("nobody has this name")
facts["taken name"] = code_of(lambda: mlflow.create_experiment(name))
mlflow.set_experiment_tag("team", "blue")
facts["experiment tag"] = client.get_experiment(new.experiment_id).tags["team"]

# A run with everything
with mlflow.start_run(run_name="first", tags={"kind": "demo"}) as run:
    first = run.info.run_id
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"depth": 3, "long": "x" * 5000})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"acc": 0.9, "nan": math.nan, "inf": math.inf})
    mlflow.set_tag("note", "schön")
    mlflow.set_tags({"a": "1", "b": "2"})
    facts["changed param"] = code_of(lambda: mlflow.log_param("lr", 0.2))
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("loss", 7)
found = client.get_run(first)
facts["status"] = found.info.status
facts["ended"] = found.info.end_time >= found.info.start_time
facts["params"] = {k: v for k, v in found.data.params.items() if k != "long"}
facts["long param"] = len(found.data.params["long"])
facts["metrics"] = {k: repr(v) for k, v in sorted(found.data.metrics.items())}
facts["tags"] = {k: v for k, v in sorted(found.data.tags.items()) if not k.startswith("mlflow.")}
facts["history"] = [[m.step, m.value] for m in client.get_metric_history(first, "loss")]
facts["parent"] = client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == first

# Resumed, failed, killed, renamed
with mlflow.start_run(run_id=first):
    mlflow.log_metric("loss", 0.1, step=9)
facts["resumed"] = client.get_run(first).data.metrics["loss"]
try:
    with mlflow.start_run(run_name="fails") as failing:
        raise ValueError("on purpose")
except ValueError:
    facts["failed"] = client.get_run(failing.info.run_id).info.status
client.set_terminated(failing.info.run_id, "KILLED")
facts["killed"] = client.get_run(failing.info.run_id).info.status
client.update_run(first, name="renamed")
facts["renamed"] = client.get_run(first).info.run_name
client.delete_tag(first, "a")
facts["deleted tag"] = "a" in client.get_run(first).data.tags
facts["missing tag"] = code_of(lambda: client.delete_tag(first, "a"))
facts["missing run"] = code_of(lambda: client.get_run("0" * 32))

# Batches and waiting for nothing
client.log_batch(
    first,
    metrics=[Metric("batch", float(i), i, i) for i in range(1000)],
    params=[Param(f"p{i}", str(i)) for i in range(3)],
    tags=[RunTag(f"t{i}", str(i)) for i in range(3)],
)
facts["batch"] = len(client.get_metric_history(first, "batch"))
with mlflow.start_run(run_name="async") as run:
    for step in range(50):
        mlflow.log_metric("late", step, step=step, synchronous=False)
    mlflow.log_params({"a": 1}, synchronous=False)
    mlflow.set_tags({"b": "2"}, synchronous=False)
    # 2.9.2 has no call that waits for all; the end of its queue does.
    mlflow.log_metrics({"last": 1}, synchronous=False).wait()
if hasattr(mlflow, "flush_async_logging"):
    mlflow.flush_async_logging()
history = client.get_metric_history(run.info.run_id, "late")
facts["async"] = sorted(m.step for m in history) == list(range(50))

# Data sets
import pandas as pd  # noqa: E402

with mlflow.start_run(run_name="data") as run:
    frame = pd.DataFrame({"x": [1, 2], "y": [3, 4]})
    mlflow.log_input(mlflow.data.from_pandas(frame, name="pairs"), context="training")
(used,) = client.get_run(run.info.run_id).inputs.dataset_inputs
facts["dataset"] = [used.dataset.name, [[t.key, t.value] for t in used.tags]]

# Searching
with_data = mlflow.search_runs(filter_string="dataset.name = 'pairs'", output_format="list")
facts["by dataset"] = [r.info.run_name for r in with_data]
facts["by metric"] = [
    r.info.run_name
    for r in mlflow.search_runs(
        filter_string="metrics.loss < 10", order_by=["metrics.loss DESC"], output_format="list"
    )
]
for i in range(7):
    client.create_run(
        new.experiment_id, run_name=f"many {i}", start_time=i + 1, tags={"many": "yes"}
    )
pages, token = [], None
while True:
    page = client.search_runs(
        [new.experiment_id], "tags.many = 'yes'", max_results=3, page_token=token,
        order_by=["attributes.start_time ASC"],
    )  # fmt: skip
    pages.append([r.info.run_name for r in page])
    token = page.token
    if not token:
        break
facts["pages"] = pages
found = mlflow.search_experiments(filter_string=f"name = '{name}'")
facts["search experiments"] = [e.name for e in found]
facts["bad filter"] = code_of(lambda: client.search_runs([new.experiment_id], "what is this"))

# Life cycle
client.delete_run(first)
facts["deleted"] = client.get_run(first).info.lifecycle_stage
facts["write to deleted"] = code_of(lambda: client.log_metric(first, "loss", 1))
deleted = client.search_runs([new.experiment_id], run_view_type=ViewType.DELETED_ONLY)
facts["deleted runs"] = [r.info.run_name for r in deleted]
client.restore_run(first)
client.delete_experiment(new.experiment_id)
facts["deleted experiment"] = client.get_experiment(new.experiment_id).lifecycle_stage
facts["set deleted experiment"] = code_of(lambda: mlflow.set_experiment(name))
client.restore_experiment(new.experiment_id)
facts["restored"] = client.get_run(first).info.lifecycle_stage
client.rename_experiment(new.experiment_id, f"{name} renamed")
facts["new name"] = client.get_experiment(new.experiment_id).name

print(json.dumps(facts))
