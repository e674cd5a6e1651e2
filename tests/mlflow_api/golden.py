"""A golden request for every row of the endpoint table; what it must answer is in golden.json.

A row is `METHOD path`; its calls lead up to the last one, which is the golden one. After adding a
row, record its answer and read it before committing it:

    MILEPOST_RECORD=1 .venv/bin/python -m pytest tests/mlflow_api/test_table.py
"""

from __future__ import annotations

from tests.differential.pair import Call, get, post

V3 = "/api/3.0/milepost/"
_TAG = {"key": "team", "value": "blue"}
_LOGGED = post(
    "runs/log-batch",
    {
        "run_id": "$run",
        "metrics": [
            {"key": "loss", "value": value, "timestamp": 1000 + step, "step": step}
            for step, value in enumerate((0.5, "NaN", 0.25))
        ],
        "params": [{"key": "lr", "value": "0.1"}],
        "tags": [_TAG],
    },
)
_USED = post(
    "runs/log-inputs",
    {
        "run_id": "$run",
        "datasets": [
            {
                "dataset": {
                    "name": "cars", "digest": "d1", "source_type": "http", "source": "{}",
                    "schema": "s", "profile": "p",
                },
                "tags": [{"key": "mlflow.data.context", "value": "train"}],
            }
        ],
        "models": [{"model_id": "m-1"}],
    },
)  # fmt: skip
_FILE = Call("PUT", "/api/2.0/mlflow-artifacts/artifacts/$unique/a/b.txt", b"text")
_COLUMNS = [{"kind": "metric", "key": "loss"}, {"kind": "param", "key": "lr"}]

GOLDEN: dict[str, list[Call]] = {
    "POST mlflow/experiments/create": [
        post("experiments/create", {"name": "$name", "tags": [_TAG]}),
    ],
    "GET mlflow/experiments/get": [
        post("experiments/set-experiment-tag", {"experiment_id": "$exp", **_TAG}),
        get("experiments/get", experiment_id="$exp"),
    ],
    "GET mlflow/experiments/get-by-name": [
        post("experiments/create", {"name": "$name"}, save={"exp": "experiment_id"}),
        get("experiments/get-by-name", experiment_name="$name"),
    ],
    "POST mlflow/experiments/update": [
        post("experiments/update", {"experiment_id": "$exp", "new_name": "$name"}),
    ],
    "POST mlflow/experiments/delete": [post("experiments/delete", {"experiment_id": "$exp"})],
    "POST mlflow/experiments/restore": [
        post("experiments/delete", {"experiment_id": "$exp"}),
        post("experiments/restore", {"experiment_id": "$exp"}),
    ],
    "POST mlflow/experiments/set-experiment-tag": [
        post("experiments/set-experiment-tag", {"experiment_id": "$exp", **_TAG}),
    ],
    "POST mlflow/experiments/delete-experiment-tag": [
        post("experiments/set-experiment-tag", {"experiment_id": "$exp", **_TAG}),
        post("experiments/delete-experiment-tag", {"experiment_id": "$exp", "key": "team"}),
    ],
    "POST mlflow/experiments/search": [
        post("experiments/create", {"name": "$name"}, save={"exp": "experiment_id"}),
        post("experiments/search", {"max_results": 5, "filter": "name = '$name'"}),
    ],
    "GET mlflow/experiments/search": [
        post("experiments/create", {"name": "$name"}, save={"exp": "experiment_id"}),
        Call("GET", "experiments/search",
             query=[("max_results", "5"), ("filter", "name = '$name'")]),
    ],
    "GET mlflow/experiments/list": [
        post("experiments/create", {"name": "$name"}),
        get("experiments/list", max_results=1),
    ],
    "POST mlflow/experiments/search-datasets": [
        _USED,
        post("experiments/search-datasets", {"experiment_ids": ["$exp"]}),
    ],
    "POST mlflow/runs/create": [
        post("runs/create",
             {"experiment_id": "$exp", "user_id": "ann", "run_name": "one", "start_time": 5,
              "tags": [_TAG]}),
    ],
    "GET mlflow/runs/get": [_LOGGED, _USED, get("runs/get", run_id="$run")],
    "POST mlflow/runs/update": [
        post("runs/update",
             {"run_id": "$run", "status": "FINISHED", "end_time": 1_800_000_000_000}),
    ],
    "POST mlflow/runs/delete": [post("runs/delete", {"run_id": "$run"})],
    "POST mlflow/runs/restore": [
        post("runs/delete", {"run_id": "$run"}),
        post("runs/restore", {"run_id": "$run"}),
    ],
    "POST mlflow/runs/log-metric": [
        post("runs/log-metric", {"run_id": "$run", "key": "m", "value": 1, "timestamp": 1}),
    ],
    "POST mlflow/runs/log-parameter": [
        post("runs/log-parameter", {"run_id": "$run", "key": "p", "value": "1"}),
    ],
    "POST mlflow/runs/set-tag": [post("runs/set-tag", {"run_id": "$run", **_TAG})],
    "POST mlflow/runs/delete-tag": [
        _LOGGED,
        post("runs/delete-tag", {"run_id": "$run", "key": "team"}),
    ],
    "POST mlflow/runs/log-batch": [_LOGGED],
    "POST mlflow/runs/log-inputs": [_USED],
    "POST mlflow/runs/outputs": [
        post("runs/outputs", {"run_id": "$run", "models": [{"model_id": "m-1", "step": 2}]}),
    ],
    "POST mlflow/runs/log-model": [
        post("runs/log-model",
             {"run_id": "$run",
              "model_json": '{"run_id": "$run", "artifact_path": "model", "flavors": {},'
              ' "utc_time_created": "2026-01-01 00:00:00"}'}),
    ],
    "POST mlflow/runs/search": [
        _LOGGED,
        _USED,
        post("runs/search",
             {"experiment_ids": ["$exp"], "filter": "params.lr = '0.1'",
              "order_by": ["metrics.loss"]}),
    ],
    "GET mlflow/metrics/get-history": [
        _LOGGED, get("metrics/get-history", run_id="$run", metric_key="loss", max_results=2),
    ],
    "GET mlflow/metrics/get-history-bulk": [
        post("runs/log-metric", {"run_id": "$run", "key": "m", "value": 1, "timestamp": 1}),
        get("metrics/get-history-bulk", run_id="$run", metric_key="m"),
    ],
    "GET mlflow/metrics/get-history-bulk-interval": [
        _LOGGED,
        get("metrics/get-history-bulk-interval", run_ids="$run", metric_key="loss", max_results=2),
    ],
    "GET mlflow/artifacts/list": [
        Call("PUT", "/api/2.0/mlflow-artifacts/artifacts/$exp/$run/artifacts/a/b.txt", b"text"),
        get("artifacts/list", run_id="$run", path="a"),
    ],
    "GET mlflow-artifacts/artifacts": [
        _FILE, get("/api/2.0/mlflow-artifacts/artifacts", path="$unique/a"),
    ],
    "DELETE mlflow-artifacts/artifacts/{file}": [
        _FILE, Call("DELETE", "/api/2.0/mlflow-artifacts/artifacts/$unique/a"),
    ],
    "POST milepost/experiments/activity": [
        _LOGGED, post(f"{V3}experiments/activity", {"experiment_ids": ["$exp"]}),
    ],
    "POST milepost/experiments/keys": [
        _LOGGED, post(f"{V3}experiments/keys", {"experiment_ids": ["$exp"]}),
    ],
    "POST milepost/runs/table": [
        _LOGGED,
        post(f"{V3}runs/table",
             {"experiment_ids": ["$exp"], "columns": _COLUMNS, "counted": True}),
    ],
    "POST milepost/runs/groups": [
        _LOGGED,
        post(f"{V3}runs/groups",
             {"experiment_ids": ["$exp"], "by": _COLUMNS[1:], "metric": _COLUMNS[0]}),
    ],
    "GET milepost/runs/summary": [_LOGGED, get(f"{V3}runs/summary", run_id="$run")],
    "POST milepost/metrics/curves": [
        _LOGGED, post(f"{V3}metrics/curves", {"run_ids": ["$run"], "keys": ["loss"]}),
    ],
}  # fmt: skip
