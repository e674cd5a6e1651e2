"""A golden request for every row of the endpoint table; what it must answer is in golden.json.

A row is `METHOD path`; its calls lead up to the last one, which is the golden one. After adding a
row, record its answer and read it before committing it:

    MILEPOST_RECORD=1 .venv/bin/python -m pytest tests/mlflow_api/test_table.py
"""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get, post
from tests.mlflow_api import golden_registry

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
_SERVED = "/api/2.0/mlflow-artifacts/"
_PLACE = "$exp/$run/artifacts/b"
_FILE = Call("PUT", f"{_SERVED}artifacts/$unique/a/b.txt", b"text")
_NAME: dict[str, Any] = {"name": "$name"}
_FIRST = {**_NAME, "version": "1"}
_MODEL = post(
    "registered-models/create",
    {**_NAME, "description": "about", "tags": [{"key": "a", "value": "1"}]},
)
_VERSION = post(
    "model-versions/create",
    {**_NAME, "source": "s3://bucket/model", "description": "about",
     "tags": [{"key": "v", "value": "1"}]},
)  # fmt: skip
_ALIAS = post("registered-models/alias", {**_FIRST, "alias": "best"})
_LOGGED_MODEL = post(
    "logged-models",
    {"experiment_id": "$exp", "name": "net", "model_type": "kind", "source_run_id": "$run",
     "params": [{"key": "p", "value": "1"}], "tags": [{"key": "a", "value": "1"}]},
    save={"logged": "model.info.model_id"},
)  # fmt: skip
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
    "POST mlflow/registered-models/create": [_MODEL],
    "GET mlflow/registered-models/get": [_MODEL, _VERSION, get("registered-models/get", **_NAME)],
    "POST mlflow/registered-models/rename": [
        _MODEL, post("registered-models/rename", {**_NAME, "new_name": "$other"}),
    ],
    "PATCH mlflow/registered-models/update": [
        _MODEL, Call("PATCH", "registered-models/update", {**_NAME, "description": "new"}),
    ],
    "DELETE mlflow/registered-models/delete": [
        _MODEL, Call("DELETE", "registered-models/delete", _NAME),
    ],
    "POST mlflow/registered-models/set-tag": [
        _MODEL, post("registered-models/set-tag", {**_NAME, **_TAG}),
    ],
    "DELETE mlflow/registered-models/delete-tag": [
        _MODEL, Call("DELETE", "registered-models/delete-tag", {**_NAME, "key": "a"}),
    ],
    "POST mlflow/registered-models/get-latest-versions": [
        _MODEL, _VERSION, post("registered-models/get-latest-versions", _NAME),
    ],
    "GET mlflow/registered-models/get-latest-versions": [
        _MODEL, _VERSION, get("registered-models/get-latest-versions", **_NAME, stages="None"),
    ],
    "POST mlflow/registered-models/alias": [_MODEL, _VERSION, _ALIAS],
    "DELETE mlflow/registered-models/alias": [
        _MODEL, _VERSION, _ALIAS, Call("DELETE", "registered-models/alias",
                                       {**_NAME, "alias": "best"}),
    ],
    "GET mlflow/registered-models/alias": [
        _MODEL, _VERSION, _ALIAS, get("registered-models/alias", **_NAME, alias="best"),
    ],
    "GET mlflow/registered-models/search": [
        _MODEL, get("registered-models/search", filter="name = '$name'"),
    ],
    "GET mlflow/registered-models/list": [
        # A name before all others that tests make.
        post("registered-models/create", {"name": "!$unique"}),
        _MODEL,
        get("/api/2.0/preview/mlflow/registered-models/list", max_results=1),
    ],
    "POST mlflow/model-versions/create": [_MODEL, _VERSION],
    "GET mlflow/model-versions/get": [_MODEL, _VERSION, get("model-versions/get", **_FIRST)],
    "GET mlflow/model-versions/get-download-uri": [
        _MODEL, _VERSION, get("model-versions/get-download-uri", **_FIRST),
    ],
    "PATCH mlflow/model-versions/update": [
        _MODEL, _VERSION, Call("PATCH", "model-versions/update", {**_FIRST, "description": "new"}),
    ],
    "DELETE mlflow/model-versions/delete": [
        _MODEL, _VERSION, Call("DELETE", "model-versions/delete", _FIRST),
    ],
    "POST mlflow/model-versions/transition-stage": [
        _MODEL,
        _VERSION,
        post("model-versions/transition-stage",
             {**_FIRST, "stage": "production", "archive_existing_versions": True}),
    ],
    "POST mlflow/model-versions/set-tag": [
        _MODEL, _VERSION, post("model-versions/set-tag", {**_FIRST, **_TAG}),
    ],
    "DELETE mlflow/model-versions/delete-tag": [
        _MODEL, _VERSION, Call("DELETE", "model-versions/delete-tag", {**_FIRST, "key": "v"}),
    ],
    "GET mlflow/model-versions/search": [
        _MODEL, _VERSION, get("model-versions/search", filter="name = '$name'"),
    ],
    "POST mlflow/logged-models": [_LOGGED_MODEL],
    "POST mlflow/logged-models/search": [
        _LOGGED_MODEL, post("logged-models/search", {"experiment_ids": ["$exp"]}),
    ],
    "GET mlflow/logged-models/{model_id}": [_LOGGED_MODEL, get("logged-models/$logged")],
    "PATCH mlflow/logged-models/{model_id}": [
        _LOGGED_MODEL,
        Call("PATCH", "logged-models/$logged",
             {"model_id": "$logged", "status": "LOGGED_MODEL_READY"}),
    ],
    "DELETE mlflow/logged-models/{model_id}": [
        _LOGGED_MODEL, Call("DELETE", "logged-models/$logged"),
    ],
    "PATCH mlflow/logged-models/{model_id}/tags": [
        _LOGGED_MODEL, Call("PATCH", "logged-models/$logged/tags", {"tags": [_TAG]}),
    ],
    "DELETE mlflow/logged-models/{model_id}/tags/{tag_key}": [
        _LOGGED_MODEL, Call("DELETE", "logged-models/$logged/tags/a"),
    ],
    "POST mlflow/logged-models/{model_id}/params": [
        _LOGGED_MODEL,
        post("logged-models/$logged/params",
             {"model_id": "$logged", "params": [{"key": "q", "value": "2"}]}),
    ],
    "GET mlflow/logged-models/{model_id}/artifacts/directories": [
        _LOGGED_MODEL,
        Call("PUT", "/api/2.0/mlflow-artifacts/artifacts/$exp/models/$logged/artifacts/MLmodel",
             b"text"),
        get("logged-models/$logged/artifacts/directories"),
    ],
    "POST milepost/trash/delete-forever": [
        post("runs/delete", {"run_id": "$run"}),
        post(f"{V3}trash/delete-forever", {"run_ids": ["$run"]}),
    ],
    "GET milepost/trash/models": [
        Call("GET", f"{V3}trash/models", varies=["registered_models", "logged_models"]),
    ],
    "POST milepost/trash/restore-models": [
        _LOGGED_MODEL, Call("DELETE", "logged-models/$logged"),
        post(f"{V3}trash/restore-models", {"model_ids": ["$logged"]}),
    ],
    "GET milepost/operations/storage": [
        Call("GET", f"{V3}operations/storage", varies=["experiments"]),
    ],
    "GET milepost/operations/database": [
        Call("GET", f"{V3}operations/database",
             varies=["server_version", "bytes", "counts", "artifacts", "jobs", "schema_version",
                     "wanted_schema_version"]),
    ],
    "GET milepost/operations/settings": [
        Call("GET", f"{V3}operations/settings", varies=["settings"]),
    ],
    "POST mlflow-artifacts/mpu/create": [
        post(f"{_SERVED}mpu/create", {"path": "b", "num_parts": 2}),
    ],
    # The local folder of this server knows no parts; a store that does has tests of its own.
    "POST mlflow-artifacts/mpu/create/{file}": [
        post(f"{_SERVED}mpu/create/{_PLACE}", {"path": "b", "num_parts": 2}),
    ],
    "POST mlflow-artifacts/mpu/complete/{file}": [
        post(f"{_SERVED}mpu/complete/{_PLACE}",
             {"path": "b", "upload_id": "u", "parts": [{"part_number": 1, "etag": "e"}]}),
    ],
    "POST mlflow-artifacts/mpu/abort/{file}": [
        post(f"{_SERVED}mpu/abort/{_PLACE}", {"path": "b", "upload_id": "u"}),
    ],
    "GET mlflow-artifacts/presigned/{file}": [get(f"{_SERVED}presigned/{_PLACE}")],
    "POST mlflow/artifacts/presigned-upload-url": [
        post("artifacts/presigned-upload-url", {"run_id": "$run", "path": "a"}),
    ],
    "POST mlflow/artifacts/presigned-download-url": [
        post("artifacts/presigned-download-url", {"run_id": "$run", "path": "a"}),
    ],
    "GET milepost/artifacts/usage": [get(f"{V3}artifacts/usage", experiment_id="$exp")],
    "POST milepost/artifacts/recount": [
        post(f"{V3}artifacts/recount", {"experiment_id": "$exp"}),
    ],
    **golden_registry.GOLDEN,
}  # fmt: skip
