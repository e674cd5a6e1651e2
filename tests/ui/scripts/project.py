# mypy: ignore-errors
"""What a data scientist's project leaves behind, logged with the real client: a sweep of nested
runs with data sets, figures, images by step, tables, Parquet, sound, HTML and models."""

import json
import math
import sys
import wave

import mlflow
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

EPOCHS = 60
RANDOM = np.random.default_rng(7)

# What log_figure writes of a Plotly figure: its library is left to a foreign host.
PLOTLY = """<html><body><div>
<script type="text/javascript">window.PlotlyConfig = {MathJaxConfig: 'local'};</script>
<script charset="utf-8" src="https://cdn.plot.ly/plotly-3.0.1.min.js"
 integrity="sha256-0" crossorigin="anonymous"></script>
<div id="figure" style="height:300px; width:400px;"></div>
<script type="text/javascript">Plotly.newPlot("figure",
 [{"type": "bar", "x": ["small", "large"], "y": [1, 3]}],
 {"title": {"text": "Sizes"}}, {"responsive": true})</script></div></body></html>"""


def sound(path: str) -> None:
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        tone = np.sin(np.arange(4000) * 440 * 2 * math.pi / 8000)
        out.writeframes((tone * 20000).astype("<i2").tobytes())


def figure(scale: float) -> Figure:
    shown = Figure(figsize=(4, 3))
    axes = shown.subplots()
    axes.matshow(RANDOM.random((6, 6)) * scale)
    return shown


def files(frame: pd.DataFrame, folder: str) -> None:
    mlflow.log_figure(figure(1.0), "plots/confusion.png")
    mlflow.log_table({"prompt": ["a", "b"], "score": [0.5, 0.25]}, "answers.json")
    mlflow.log_dict({"classes": 10, "augment": {"flip": True}}, "config.json")
    mlflow.log_text("# Report\n\nThe **best** so far.", "report.md")
    mlflow.log_text(PLOTLY, "plots/sizes.html")
    frame.to_csv(f"{folder}/scores.csv", index=False)
    frame.to_parquet(f"{folder}/scores.parquet")
    sound(f"{folder}/tone.wav")
    for name in ("scores.csv", "scores.parquet", "tone.wav"):
        mlflow.log_artifact(f"{folder}/{name}", "data")
    for step in range(3):
        image = (RANDOM.random((16, 16, 3)) * 255).astype("uint8")
        mlflow.log_image(image, key="sample", step=step)


def train(rate: float, width: int, features: np.ndarray, labels: np.ndarray) -> None:
    mlflow.log_params({"learning_rate": rate, "width": width, "optimizer": "adam"})
    for epoch in range(EPOCHS):
        loss = 0.1 + 50 * rate + math.exp(-epoch * width / 800) + RANDOM.normal(0, 0.01)
        values = {"train/loss": loss, "val/loss": loss * 1.1, "val/accuracy": 1 - loss / 2}
        mlflow.log_metrics(values, step=epoch)
        if epoch % 5 == 0:
            mlflow.log_metric("system/cpu_utilization_percentage", 40 + epoch % 7, step=epoch)
            mlflow.log_metric("system/gpu_0_memory_usage_megabytes", 900 + epoch, step=epoch)
    model = LogisticRegression().fit(features, labels)
    mlflow.sklearn.log_model(
        model,
        name="classifier",
        signature=infer_signature(features, model.predict(features)),
        pip_requirements=["scikit-learn"],
    )


def main(name: str, folder: str) -> dict[str, str]:
    features = RANDOM.random((40, 3))
    labels = (features.sum(axis=1) > 1.5).astype(int)
    frame = pd.DataFrame(features, columns=["age", "income", "tenure"]).assign(churned=labels)
    experiment = mlflow.set_experiment(name)
    mlflow.set_experiment_tag("mlflow.note.content", "# Churn\n\nWho leaves, and *why*.")
    mlflow.set_experiment_tag("team", "retention")
    children = []
    with mlflow.start_run(run_name="sweep") as parent:
        mlflow.log_input(mlflow.data.from_pandas(frame, name="customers"), context="training")
        for rate in (0.001, 0.01):
            for width in (16, 64):
                with mlflow.start_run(run_name=f"lr {rate} width {width}", nested=True) as run:
                    train(rate, width, features, labels)
                    children.append(run.info.run_id)
        with mlflow.start_run(run_id=children[0], nested=True):
            files(frame, folder)
        mlflow.log_metric("best", 0.15)
    found = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
    model = next(m for m in found if m.source_run_id == children[0])
    registered = f"{name} model"
    mlflow.register_model(f"models:/{model.model_id}", registered)
    return {
        "experiment": experiment.experiment_id,
        "parent": parent.info.run_id,
        "child": children[0],
        "other": children[1],
        "logged": model.model_id,
        "model": registered,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
