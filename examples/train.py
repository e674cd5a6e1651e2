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
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "wine-classifier"


def train(c: float, x_train, x_test, y_train, y_test) -> tuple[str, float]:
    """One run: autolog records params and training metrics, we add a learning curve."""
    with mlflow.start_run(run_name=f"logistic-{c:g}") as run:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500))
        with mlflow.utils.autologging_utils.disable_autologging():
            for size in range(30, len(x_train), 10):
                model.fit(x_train[:size], y_train[:size])
                mlflow.log_metric(
                    "test_log_loss", log_loss(y_test, model.predict_proba(x_test)), size
                )
        model.fit(x_train, y_train)
        accuracy = accuracy_score(y_test, model.predict(x_test))
        mlflow.log_metric("test_accuracy", accuracy)
        mlflow.set_tag("stage", "example")
        mlflow.log_text("\n".join(load_wine().feature_names), "features.txt")
        signature = infer_signature(x_train, model.predict(x_train))
        mlflow.sklearn.log_model(model, "model", signature=signature)
        return run.info.run_id, accuracy


def main() -> None:
    """Train three models, register the best one, load it back and predict."""
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"))
    mlflow.set_experiment("wine")
    mlflow.sklearn.autolog(log_models=False, silent=True)
    data = load_wine()
    parts = train_test_split(data.data, data.target, test_size=0.3, random_state=7)

    results = [train(c, *parts) for c in (0.001, 0.1, 10.0)]
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
