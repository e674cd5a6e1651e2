"""Runs under a real MLflow client: fills the tracking server with one of everything that moves.

Prints what it made, for whoever compares afterwards.
"""

import json
import os
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

client = MlflowClient()
T = 1_700_000_000_000


def experiment(name: str) -> str:
    made: str = client.create_experiment(name, tags={"team": "vision"})
    return made


def runs(number: str, count: int) -> list[str]:
    ids = []
    for i in range(count):
        run = client.create_run(
            number, start_time=T + i, tags={"mlflow.user": "ada"}, run_name=f"r{i}"
        )
        ids.append(run.info.run_id)
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("loss", 1.0 / (s + 1), T + s, s) for s in range(5)],
            params=[Param("lr", str(0.1 * i)), Param("opt", "adam")],
            tags=[RunTag("kind", f"k{i % 3}")],
        )
        client.set_terminated(run.info.run_id, "FINISHED" if i % 2 else "FAILED", T + 10_000 + i)
    return ids


def oddities(run_id: str) -> None:
    """What is easily lost: many points, NaN and infinity, one step twice, negative steps."""
    for start in range(0, 3000, 1000):
        client.log_batch(
            run_id, metrics=[Metric("long", s / 7, T + s, s) for s in range(start, start + 1000)]
        )
    odd = [("odd", float("nan"), 1), ("odd", float("inf"), 2), ("odd", -1.5, -3), ("odd", 2.5, 2)]
    client.log_batch(run_id, metrics=[Metric(k, v, T + 5, s) for k, v, s in odd])
    client.log_param(run_id, "text", "ümlaut ☃ 'quoted' \"twice\" 100%\nsecond line")
    client.set_tag(run_id, "empty", "")
    client.set_tag(run_id, "mlflow.note.content", "# Note\n" + "x" * 3000)


def artifacts(run_id: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inner = os.path.join(folder, "plots", "deep")
        os.makedirs(inner)
        for path, content in (
            ("notes.txt", b"hello"),
            ("plots/a b.bin", bytes(range(256)) * 300),
            ("plots/deep/empty", b""),
        ):
            with open(os.path.join(folder, path), "wb") as out:
                out.write(content)
        client.log_artifacts(run_id, folder)


def dataset(run_id: str) -> None:
    """1.x does not know them."""
    if not hasattr(client, "log_inputs"):
        return
    from mlflow.entities import Dataset, DatasetInput, InputTag

    made = Dataset(
        "train", "abc123", "local", json.dumps({"uri": "/data"}), schema="{}", profile="{}"
    )
    client.log_inputs(run_id, [DatasetInput(made, [InputTag("mlflow.data.context", "training")])])


def models(run_id: str) -> None:
    uri = client.get_run(run_id).info.artifact_uri
    client.create_registered_model("classifier", tags={"domain": "cats"}, description="sees cats")
    for i in range(3):
        client.create_model_version("classifier", f"{uri}/plots", run_id, tags={"n": str(i)})
    client.update_model_version("classifier", "2", "the second")
    client.transition_model_version_stage("classifier", "1", "Production")
    if hasattr(client, "set_registered_model_alias"):
        client.set_registered_model_alias("classifier", "champion", "2")
    client.delete_model_version("classifier", "3")
    client.create_registered_model("empty")


def logged_model(number: str, run_id: str, other_run: str) -> str | None:
    """Only 3.x knows them."""
    if not hasattr(client, "create_logged_model"):
        return None
    model = client.create_logged_model(
        number, "net", run_id, tags={"a": "b"}, params={"layers": "3"}, model_type="torch"
    )
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "MLmodel"), "w") as out:
            out.write("flavors: {}")
        client.log_model_artifacts(model.model_id, folder)
    client.log_metric(run_id, "f1", 0.5, timestamp=T, step=7, model_id=model.model_id)
    client.finalize_logged_model(model.model_id, "READY")
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 4)])
    client.log_inputs(other_run, models=[LoggedModelInput(model.model_id)])
    made: str = model.model_id
    return made


def main() -> None:
    name = os.environ.get("FILL_NAME", "moved")
    number = experiment(name)
    ids = runs(number, 12)
    oddities(ids[0])
    artifacts(ids[0])
    artifacts(ids[1])
    dataset(ids[1])
    client.delete_run(ids[2])
    other = experiment(f"{name}-deleted")
    ids += runs(other, 2)
    client.delete_experiment(other)
    with mlflow.start_run(experiment_id="0", run_name="parent"), mlflow.start_run(nested=True):
        mlflow.log_metric("x", 1)
    if os.environ.get("FILL_MODELS", "1") == "1":
        models(ids[0])
    model = logged_model(number, ids[3], ids[4])
    print(json.dumps({"experiment": number, "runs": ids, "model": model}))


main()
