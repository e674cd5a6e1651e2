"""Train, log, register, load and use a model: the whole life of one, on data that ships with
scikit-learn.

    pip install "mlflow>=2.9" scikit-learn
    python examples/train.py                      # against http://127.0.0.1:5000
    MLFLOW_TRACKING_URI=http://host:5000 python examples/train.py
"""

from __future__ import annotations

import os

import mlflow
from mlflow.models import infer_signature
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

MODEL = "wine-classifier"


def train(trees: int, x_train, x_test, y_train, y_test) -> tuple[str, float]:
    """One run: autolog records params and training metrics, we add a curve over the trees."""
    with mlflow.start_run(run_name=f"forest-{trees}") as run:
        forest = RandomForestClassifier(random_state=7, warm_start=True)
        for step, size in enumerate(range(5, trees + 1, 5)):
            forest.set_params(n_estimators=size).fit(x_train, y_train)
            mlflow.log_metric("test_log_loss", log_loss(y_test, forest.predict_proba(x_test)), step)
        accuracy = accuracy_score(y_test, forest.predict(x_test))
        mlflow.log_metric("test_accuracy", accuracy)
        mlflow.set_tag("stage", "example")
        mlflow.log_text("\n".join(load_wine().feature_names), "features.txt")
        mlflow.sklearn.log_model(
            forest, "model", signature=infer_signature(x_train, forest.predict(x_train))
        )
        return run.info.run_id, accuracy


def main() -> None:
    """Train three forests, register the best one, load it back and predict."""
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"))
    mlflow.set_experiment("wine")
    mlflow.sklearn.autolog(log_models=False, silent=True)
    data = load_wine()
    parts = train_test_split(data.data, data.target, test_size=0.3, random_state=7)

    results = [train(trees, *parts) for trees in (10, 25, 50)]
    run_id, accuracy = max(results, key=lambda result: result[1])
    print(f"best run {run_id}: accuracy {accuracy:.3f}")

    version = mlflow.register_model(f"runs:/{run_id}/model", MODEL)
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(MODEL, "champion", version.version)
    print(f"registered {MODEL} version {version.version} as @champion")

    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    print("predictions:", model.predict(parts[1][:5]).tolist(), "truth:", parts[3][:5].tolist())

    found = mlflow.search_runs(
        experiment_names=["wine"],
        filter_string="metrics.test_log_loss.min < 0.5 AND tags.stage = 'example'",
        order_by=["metrics.test_log_loss.min ASC"],
    )
    print(found[["tags.mlflow.runName", "metrics.test_accuracy"]].head().to_string(index=False))


if __name__ == "__main__":
    main()
