# mypy: ignore-errors
"""Runs the guides' Python blocks one after the other, each as a program of its own.

    python programs.py BLOCKS.json

What a guide leaves to its reader (a model to train, files to log, a package of one's own) stands
here. PyTorch and TensorFlow have a stand-in of a few lines, as they weigh more than everything else
that the tests need together: it calls the same functions of the client that MLflow's own module
for the framework calls, and the client is the real one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
from sklearn.linear_model import LogisticRegression

MODEL = LogisticRegression().fit([[0.0], [1.0]], [0, 1])


class Constant(mlflow.pyfunc.PythonModel):
    """The model of a framework that is not here."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return [1] * len(model_input)


class Keras:
    """What `mlflow.tensorflow.autolog` makes of `fit`: params at first, metrics of each epoch."""

    def fit(self, *data: Any, epochs: int, batch_size: int, validation_data: Any) -> list[float]:
        mlflow.log_params({"epochs": epochs, "batch_size": batch_size})
        losses = [1 / (epoch + 1) for epoch in range(epochs)]
        for epoch, loss in enumerate(losses):
            mlflow.log_metrics({"loss": loss, "val_loss": 2 * loss}, step=epoch)
        return losses


class Wrapper:
    """The platform's own package, as its guide describes it."""

    def __init__(self, experiment_name: str, tags: dict[str, str]) -> None:
        mlflow.set_experiment(experiment_name)
        self.tags = tags

    def start_run(self, name: str) -> None:
        mlflow.start_run(run_name=name, tags=self.tags)

    def log_model(self, model: Any, path: str, flavor: str) -> None:
        getattr(mlflow, flavor).log_model(model, path)

    log_params = staticmethod(mlflow.log_params)
    log_metrics = staticmethod(mlflow.log_metrics)
    end_run = staticmethod(mlflow.end_run)


def module(name: str, **content: Any) -> None:
    """Put a module of that name in place."""
    made = ModuleType(name)
    vars(made).update(content)
    sys.modules[name] = made
    if name.startswith("mlflow."):
        setattr(mlflow, name.removeprefix("mlflow."), made)


def frameworks() -> None:
    module("torch")
    module(
        "mlflow.pytorch",
        log_model=lambda model, path: mlflow.pyfunc.log_model(path, python_model=model),
    )
    module("mlflow.tensorflow", autolog=lambda: None)
    module("mlflow_client", setup_mlflow_for_dolphinscheduler=Wrapper)


@dataclass
class Config:
    """What the guide's web service is sent."""

    experiment_name: str = "from-a-service"

    def dict(self) -> dict[str, int]:
        return {"depth": 3}


def left_to_the_reader() -> dict[str, Any]:
    """The names that the blocks use and do not define."""
    for name in ("confusion_matrix.png", "feature_importance.csv", "model.pkl"):
        Path(name).write_text("content")
    return {
        "params": {}, "input_data": [[1.0]], "X_train": [], "y_train": [], "X_val": [],
        "y_val": [], "dataloader": [], "val_dataloader": [], "optimizer": None,
        "train_model": lambda params: MODEL, "train": lambda config: MODEL,
        "evaluate": lambda *what: 0.9, "train_one_epoch": lambda *what: 0.1,
        "build_keras_model": Keras, "TrainingConfig": Config,
    }  # fmt: skip


def serve(names: dict[str, Any]) -> None:
    """One request to the guide's web service, and the task that it leaves behind."""
    tasks = names["BackgroundTasks"]()
    answer = asyncio.run(names["start_training"](Config(), tasks))
    assert answer == {"status": "Training started"}
    asyncio.run(tasks())


def main() -> None:
    frameworks()
    run_id = ""
    for name, text in json.loads(Path(sys.argv[1]).read_text()):
        names = left_to_the_reader()
        names["model"] = Constant() if "pytorch" in text else MODEL
        exec(compile(text.replace("abc123def456", run_id), name, "exec"), names)
        if "random-forest-v1" in text:
            run_id = mlflow.last_active_run().info.run_id
        if "start_training" in names:
            serve(names)
        if "predictions" in names:
            print("predictions:", [int(one) for one in names["predictions"]])
        mlflow.end_run()
    print("[]")


if __name__ == "__main__":
    main()
