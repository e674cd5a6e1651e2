"""Runs: rows, life cycle, what is logged, bad input."""

from __future__ import annotations

import json
from typing import Any

from tests.differential.pair import AJAX, Call, get, post, raw

START = 1_600_000_000_000
_MADE = {"made": "run.info.run_id"}
_GET = get("runs/get", run_id="$run")
_LARGEST = 2**63 - 1


def _log(**fields: Any) -> Call:
    return post("runs/log-metric", {"run_id": "$run", "key": "m", "timestamp": 1, **fields})


def _batch(**fields: Any) -> Call:
    return post("runs/log-batch", {"run_id": "$run", **fields})


def _point(key: str = "m", value: Any = 1.5, timestamp: Any = 10, **more: Any) -> dict[str, Any]:
    return {"key": key, "value": value, "timestamp": timestamp, **more}


def _model(**fields: Any) -> str:
    return json.dumps(
        {
            "run_id": "$run",
            "artifact_path": "model",
            "utc_time_created": "2026-01-01 00:00:00",
            "flavors": {},
            **fields,
        }
    )


_DATASET = {
    "name": "d", "digest": "abc", "source_type": "local", "source": "{}",
    "schema": "s", "profile": "p",
}  # fmt: skip


_WRONG: list[dict[str, Any]] = [
    {"start_time": "abc"},
    {"user_id": 5},
    {"run_name": 5},
    {"tags": "x"},
    {"tags": {"key": "k", "value": "v"}},
    {"tags": [{"key": 5, "value": "v"}]},
    {"start_time": True},
    {"start_time": []},
    {"tags": [["k", "v"]]},
]

CASES: dict[str, list[Call]] = {
    "create": [
        post(
            "runs/create",
            {
                "experiment_id": "$exp",
                "user_id": "ann",
                "start_time": START,
                "run_name": "first",
                "tags": [{"key": "t", "value": "1"}],
            },
            save=_MADE,
        ),
        get("runs/get", run_id="$made"),
    ],
    "create with nothing but the experiment": [
        post("runs/create", {"experiment_id": "$exp"}, save=_MADE),
        get("runs/get", run_id="$made"),
    ],
    "create with a start time as text": [
        post("runs/create", {"experimentId": "$exp", "startTime": "123", "userId": "u"}),
    ],
    "create with a name in a tag": [
        post("runs/create",
             {"experiment_id": "$exp", "tags": [{"key": "mlflow.runName", "value": "n"}]}),
        post("runs/create",
             {"experiment_id": "$exp", "run_name": "n",
              "tags": [{"key": "mlflow.runName", "value": "n"}]}),
        post("runs/create",
             {"experiment_id": "$exp", "run_name": "n",
              "tags": [{"key": "mlflow.runName", "value": "m"}]}),
    ],
    "create with an empty name": [
        post("runs/create", {"experiment_id": "$exp", "run_name": ""}),
        post("runs/create",
             {"experiment_id": "$exp", "tags": [{"key": "mlflow.runName", "value": ""}]}),
    ],
    "create with one tag twice": [
        post("runs/create",
             {"experiment_id": "$exp", "run_name": "n",
              "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}),
    ],
    "create in no experiment": [
        post("runs/create", {}),
        post("runs/create", {"experiment_id": "99999999"}),
        post("runs/create", {"experiment_id": "abc"}),
        post("runs/create", {"experiment_id": 7}),
        post("runs/create", {"experiment_id": None}),
        post("runs/create", {"experiment_id": ""}),
        post("runs/create", {"experiment_id": "-1"}),
    ],
    "create with wrong types": [
        post("runs/create", {"experiment_id": "$exp", **wrong})
        for wrong in _WRONG
    ],
    "create with bad tags": [
        post("runs/create", {"experiment_id": "$exp", "tags": [{"key": "k?", "value": "v"}]}),
        post("runs/create", {"experiment_id": "$exp", "tags": [{"key": "a//b", "value": "v"}]}),
        post("runs/create", {"experiment_id": "$exp", "tags": [{"key": "k" * 251, "value": ""}]}),
    ],
    "create with a tag without a value": [
        post("runs/create", {"experiment_id": "$exp", "run_name": "n", "tags": [{"key": "k"}]}),
    ],
    "create with a long tag": [
        post("runs/create",
             {"experiment_id": "$exp", "run_name": "n",
              "tags": [{"key": "t", "value": "v" * 9000}]}),
    ],
    "get": [_GET, get("runs/get", run_uuid="$run"), get("runs/get", run_id="$run", run_uuid="x")],
    "get badly": [
        get("runs/get"),
        get("runs/get", run_id=""),
        get("runs/get", run_id="nope"),
        get("runs/get", run_uuid="nope"),
        get("runs/get", runId="$run"),
        get("runs/get", run_id="../x"),
    ],
    "update": [
        post("runs/update", {"run_id": "$run", "status": "FINISHED", "end_time": START}),
        post("runs/update", {"run_uuid": "$run", "status": "FAILED"}),
        post("runs/update", {"run_id": "$run", "run_name": "renamed"}),
        post("runs/update", {"run_id": "$run", "run_name": ""}),
        post("runs/update", {"run_id": "$run"}),
        post("runs/update", {"runId": "$run", "endTime": "5", "runName": "again"}),
        _GET,
    ],
    "update to every status": [
        post("runs/update", {"run_id": "$run", "status": status})
        for status in (1, 2, 3, 4, 5, "SCHEDULED", "KILLED", "RUNNING")
    ],
    "update to an unknown status": [
        post("runs/update", {"run_id": "$run", "status": "FINISHED"}),
        post("runs/update", {"run_id": "$run", "status": "WEIRD", "end_time": 7}),
        post("runs/update", {"run_id": "$run", "status": "finished"}),
        post("runs/update", {"run_id": "$run", "status": 99}),
        _GET,
    ],
    "update badly": [
        post("runs/update"),
        post("runs/update", {"status": "FINISHED"}),
        post("runs/update", {"run_id": "nope", "status": "FINISHED"}),
        post("runs/update", {"run_id": 5}),
        post("runs/update", {"run_id": "$run", "end_time": "abc"}),
        post("runs/update", {"run_id": "$run", "run_name": 5}),
        _GET,
    ],
    "delete and restore": [
        post("runs/delete", {"run_id": "$run"}),
        _GET,
        post("runs/delete", {"run_id": "$run"}),
        post("runs/restore", {"run_id": "$run"}),
        _GET,
        post("runs/restore", {"run_id": "$run"}),
    ],
    "delete and restore badly": [
        post("runs/delete"),
        post("runs/delete", {"run_id": "nope"}),
        post("runs/delete", {"run_uuid": "$run"}),
        post("runs/delete", {"run_id": 5}),
        post("runs/restore"),
        post("runs/restore", {"run_id": "nope"}),
        _GET,
    ],
    "a deleted run takes no writes": [
        post("runs/delete", {"run_id": "$run"}),
        _log(value=1.0),
        post("runs/log-parameter", {"run_id": "$run", "key": "p", "value": "1"}),
        post("runs/set-tag", {"run_id": "$run", "key": "t", "value": "1"}),
        post("runs/delete-tag", {"run_id": "$run", "key": "t"}),
        _batch(metrics=[_point()]),
        _batch(),
        post("runs/update", {"run_id": "$run", "status": "FINISHED"}),
        _GET,
    ],
    "inputs of a deleted run": [
        post("runs/delete", {"run_id": "$run"}),
        post("runs/log-inputs", {"run_id": "$run", "datasets": [{"dataset": _DATASET}]}),
        post("runs/log-model", {"run_id": "$run", "model_json": _model()}),
    ],
    # Params
    "params": [
        post("runs/log-parameter", {"run_id": "$run", "key": "p", "value": "1"}),
        post("runs/log-parameter", {"run_uuid": "$run", "key": "q", "value": "two words"}),
        post("runs/log-parameter", {"run_id": "$run", "run_uuid": "$run", "key": "r"}),
        post("runs/log-parameter", {"run_id": "$run", "key": "s", "value": ""}),
        post("runs/log-parameter", {"run_id": "$run", "key": "a/b.c-d e:f_g", "value": "ü"}),
        _GET,
    ],
    "params never change": [
        post("runs/log-parameter", {"run_id": "$run", "key": "p", "value": "1"}),
        post("runs/log-parameter", {"run_id": "$run", "key": "p", "value": "1"}),
        post("runs/log-parameter", {"run_id": "$run", "key": "p", "value": "2"}),
        _batch(params=[{"key": "q", "value": "1"}, {"key": "p", "value": "3"}]),
        _batch(params=[{"key": "p", "value": "1"}, {"key": "r", "value": "1"}]),
        _GET,
    ],
    "a param of the longest length": [
        post("runs/log-parameter", {"run_id": "$run", "key": "k" * 250, "value": "v" * 6000}),
        post("runs/log-parameter", {"run_id": "$run", "key": "long", "value": "v" * 6001}),
        post("runs/log-parameter", {"run_id": "$run", "key": "long", "value": "v" * 7000}),
        _GET,
    ],
    "params badly": [
        post("runs/log-parameter", body)
        for body in (
            {}, {"run_id": "$run"}, {"run_id": "$run", "key": ""}, {"key": "p", "value": "1"},
            {"run_id": "nope", "key": "p", "value": "1"},
            {"run_id": "$run", "key": 5, "value": "1"},
            {"run_id": "$run", "key": "p", "value": 5},
            {"run_id": "$run", "key": "p", "value": True},
            {"run_id": "$run", "key": "k" * 251, "value": "1"},
            {"run_id": "$run", "key": "k?", "value": "1"},
            {"run_id": "$run", "key": "/k", "value": "1"},
            {"run_id": "$run", "key": "k/", "value": "1"},
            {"run_id": "$run", "key": "..", "value": "1"},
            {"run_id": "$run", "key": ".", "value": "1"},
            {"run_id": "$run", "key": "a/../b", "value": "1"},
            {"run_id": "$run", "key": "a,b", "value": "1"},
            {"run_id": "$run", "key": "a\nb", "value": "1"},
            {"run_id": "$run", "key": "a\n", "value": "1"},
            {"run_id": "$run", "key": "ключ", "value": "1"},
        )
    ],
    # Tags
    "tags": [
        post("runs/set-tag", {"run_id": "$run", "key": "t", "value": "1"}),
        post("runs/set-tag", {"run_id": "$run", "key": "t", "value": "2"}),
        post("runs/set-tag", {"run_uuid": "$run", "key": "u", "value": ""}),
        post("runs/set-tag", {"run_id": "$run", "key": "v"}),
        _GET,
        post("runs/delete-tag", {"run_id": "$run", "key": "t"}),
        post("runs/delete-tag", {"run_id": "$run", "key": "t"}),
        post("runs/delete-tag", {"run_id": "$run", "key": "never seen by any run"}),
        _GET,
    ],
    "a tag over the limit is cut": [
        post("runs/set-tag", {"run_id": "$run", "key": "t", "value": "v" * 8001}),
        _batch(tags=[{"key": "u", "value": "v" * 9000}]),
        _GET,
    ],
    "tags badly": [
        post("runs/set-tag", body)
        for body in (
            {}, {"run_id": "$run"}, {"run_id": "$run", "key": ""}, {"key": "t", "value": "1"},
            {"run_id": "nope", "key": "t", "value": "1"},
            {"run_id": "$run", "key": 5, "value": "1"},
            {"run_id": "$run", "key": "t", "value": 5},
            {"run_id": "$run", "key": "k" * 251, "value": "1"},
            {"run_id": "$run", "key": "k#", "value": "1"},
        )
    ],
    "delete tags badly": [
        post("runs/delete-tag", body)
        for body in (
            {}, {"run_id": "$run"}, {"key": "t"}, {"run_id": "nope", "key": "t"},
            {"run_uuid": "$run", "key": "t"}, {"run_id": "$run", "key": 5},
        )
    ],
    "the name tag renames": [
        post("runs/set-tag", {"run_id": "$run", "key": "mlflow.runName", "value": "by tag"}),
        _GET,
        _batch(tags=[{"key": "mlflow.runName", "value": "by batch"}]),
        _GET,
        post("runs/delete-tag", {"run_id": "$run", "key": "mlflow.runName"}),
        _GET,
    ],
    # Metrics
    "metrics": [
        _log(value=1.5),
        _log(value=2, step=3, timestamp="5"),
        _log(key="n", value="0.25", step="7"),
        _log(key="neg", value=-1e-300, step=-5),
        _log(key="big", value=1e300, step=_LARGEST, timestamp=_LARGEST),
        _log(key="zero", value=0.0, timestamp=0),
        _log(key="minus zero", value=-0.0),
        post("runs/log-metric", {"run_uuid": "$run", "key": "u", "value": 1, "timestamp": 1}),
        _GET,
    ],
    "metrics that are no numbers": [
        _log(key="nan", value="NaN"),
        _log(key="inf", value="Infinity"),
        _log(key="minus", value="-Infinity"),
        _GET,
    ],
    "a metric that is true": [_log(key="yes", value=True), _GET],
    "the latest metric": [
        _log(value=5.0, step=2, timestamp=1),
        _log(value=4.0, step=1, timestamp=9),
        _log(value=3.0, step=2, timestamp=1),
        _GET,
        _log(value=1.0, step=2, timestamp=2),
        _log(value="NaN", step=2, timestamp=2),
        _GET,
        _log(value="NaN", step=3, timestamp=2),
        _log(value=-1.0, step=3, timestamp=2),
        _GET,
        _log(value=0.5, step=3, timestamp=2),
        _GET,
    ],
    "NaN beside zero": [
        _log(value=0.0), _log(value="NaN"), _GET, get("metrics/get-history", run_id="$run",
                                                      metric_key="m"),
    ],
    "NaN before zero": [_log(value="NaN"), _log(value=0.0), _GET],
    "metrics badly": [
        post("runs/log-metric", body)
        for body in (
            {}, {"run_id": "$run"}, {"key": "m", "value": 1, "timestamp": 1},
            {"run_id": "$run", "key": "m", "timestamp": 1},
            {"run_id": "$run", "key": "m", "value": 1},
            {"run_id": "$run", "value": 1, "timestamp": 1},
            {"run_id": "nope", "key": "m", "value": 1, "timestamp": 1},
            {"run_id": "$run", "key": "", "value": 1, "timestamp": 1},
            {"run_id": "$run", "key": "m", "value": "abc", "timestamp": 1},
            {"run_id": "$run", "key": "m", "value": None, "timestamp": 1},
            {"run_id": "$run", "key": "m", "value": [1], "timestamp": 1},
            {"run_id": "$run", "key": "m", "value": 1, "timestamp": "abc"},
            {"run_id": "$run", "key": "m", "value": 1, "timestamp": -1},
            {"run_id": "$run", "key": "m", "value": 1, "timestamp": 1, "step": "abc"},
            {"run_id": "$run", "key": "m" * 251, "value": 1, "timestamp": 1},
            {"run_id": "$run", "key": "m?", "value": 1, "timestamp": 1},
            {"run_id": "$run", "key": "a//b", "value": 1, "timestamp": 1},
            {"run_id": 5, "key": "m", "value": 1, "timestamp": 1},
            {"run_id": "$run", "key": 5, "value": 1, "timestamp": 1},
        )
    ],
    "a metric key of the longest length": [_log(key="m" * 250, value=1), _GET],
    "a metric with a step that is no whole number": [_log(value=1, step=1.5), _GET],
    "a metric with a step out of range": [_log(value=1, step=2**63), _GET],
    "a bare NaN": [
        raw("runs/log-metric",
            b'{"run_id": "$run", "key": "m", "value": NaN, "timestamp": 1, "step": 2}'),
        _GET,
    ],
    # Batches
    "batch": [
        _batch(
            metrics=[_point(), _point("m", 2.5, 11, step=1), _point("n", "NaN", "12", step="2")],
            params=[{"key": "p", "value": "1"}, {"key": "q"}],
            tags=[{"key": "t", "value": "1"}, {"key": "t", "value": "2"}],
        ),
        _GET,
        get("metrics/get-history", run_id="$run", metric_key="m"),
        _batch(),
        _GET,
    ],
    "batch of the same again": [
        _batch(metrics=[_point(), _point()], params=[{"key": "p", "value": "1"}]),
        _batch(metrics=[_point()], params=[{"key": "p", "value": "1"}]),
        get("metrics/get-history", run_id="$run", metric_key="m"),
    ],
    "batch over the limits": [
        _batch(metrics=[_point(timestamp=i) for i in range(1001)]),
        _batch(params=[{"key": f"p{i}", "value": "1"} for i in range(101)]),
        _batch(tags=[{"key": f"t{i}", "value": "1"} for i in range(101)]),
        _batch(
            metrics=[_point(timestamp=i) for i in range(950)],
            params=[{"key": f"p{i}", "value": "1"} for i in range(51)],
        ),
        _GET,
    ],
    "batch at the limits": [
        _batch(
            metrics=[_point(timestamp=i, value=i) for i in range(800)],
            params=[{"key": f"p{i}", "value": "1"} for i in range(100)],
            tags=[{"key": f"t{i}", "value": "1"} for i in range(100)],
        ),
        _GET,
    ],
    "batch with one param twice": [
        _batch(params=[{"key": "p", "value": "1"}, {"key": "p", "value": "1"}]),
        _GET,
    ],
    "batch with a long param": [_batch(params=[{"key": "p", "value": "v" * 6001}]), _GET],
    "batch with one bad item": [
        call
        for wrong in (
            {"metrics": [_point(), {"key": "m", "timestamp": 1}]},
            {"metrics": [_point(), {"value": 1, "timestamp": 1}]},
            {"metrics": [_point(), {"key": "m", "value": 1}]},
            {"metrics": [_point(), _point("k?")]},
            {"metrics": [_point(), _point("")]},
            {"metrics": [_point(), _point(timestamp=-1)]},
            {"metrics": "x"},
            {"metrics": [5]},
            {"params": [{"key": "p", "value": "1"}, {"value": "1"}]},
            {"params": [{"key": "p", "value": "1"}, {"key": "k" * 251, "value": "1"}]},
            {"params": [{"key": "p", "value": "1"}, {"key": "", "value": "1"}]},
            {"params": {"key": "p", "value": "1"}},
            {"tags": [{"key": "t", "value": "1"}, {"value": "1"}]},
            {"tags": [{"key": "t", "value": "1"}, {"key": "a//b", "value": "1"}]},
            {"tags": [{"key": "t", "value": "1"}, {"key": "", "value": "1"}]},
            {"tags": 5},
        )
        for call in (_batch(**wrong), _GET)
    ],
    "batch with a value that is no number": [_batch(metrics=[_point(value="abc"), _point("n")])],
    "batch to no run": [
        post("runs/log-batch"),
        post("runs/log-batch", {"run_id": "nope", "metrics": [_point()]}),
        post("runs/log-batch", {"run_uuid": "$run", "metrics": [_point()]}),
        post("runs/log-batch", {"run_id": 5}),
        post("runs/log-batch", {"run_id": "", "metrics": [_point()]}),
    ],
    "batch in camelCase": [
        post("runs/log-batch", {"runId": "$run", "metrics": [_point()]}),
        _GET,
    ],
    # Inputs and outputs
    "inputs": [
        post(
            "runs/log-inputs",
            {
                "run_id": "$run",
                "datasets": [
                    {"dataset": _DATASET,
                     "tags": [{"key": "mlflow.data.context", "value": "train"}]},
                    {"dataset": {"name": "e", "digest": "x", "source_type": "http", "source": "u"}},
                ],
            },
        ),
        _GET,
        post(
            "runs/log-inputs",
            {"run_id": "$run",
             "datasets": [{"dataset": {**_DATASET, "source": "other"},
                           "tags": [{"key": "mlflow.data.context", "value": "eval"}]}]},
        ),
        _GET,
        post("runs/log-inputs", {"run_id": "$run2", "datasets": [{"dataset": _DATASET}]}),
        get("runs/get", run_id="$run2"),
        post("runs/log-inputs", {"run_id": "$run"}),
        post("runs/log-inputs", {"run_id": "$run", "datasets": []}),
    ],
    "inputs with the same data set twice": [
        post("runs/log-inputs",
             {"run_id": "$run", "datasets": [{"dataset": _DATASET}, {"dataset": _DATASET}]}),
        _GET,
    ],
    "the data sets of an experiment": [
        post(
            "runs/log-inputs",
            {"run_id": run,
             "datasets": [{"dataset": {**_DATASET, "name": name},
                           "tags": [{"key": "mlflow.data.context", "value": context}]}]},
        )
        for run, name, context in (
            ("$run", "d", "train"), ("$run", "e", "eval"), ("$run2", "d", "train"),
            ("$run2", "e", "train"),
        )
    ] + [
        post("runs/log-inputs",
             {"run_id": "$run2", "datasets": [{"dataset": {**_DATASET, "name": "f"}}]}),
        *[post(f"{AJAX}experiments/search-datasets", {"experiment_ids": ids},
               unordered="dataset_summaries")
          for ids in (["$exp"], ["99999999"], [], ["$exp"] * 21)],
    ],
    "inputs with empty texts": [
        post("runs/log-inputs",
             {"run_id": "$run", "datasets": [{"dataset": {"name": "d", "digest": "",
                                                          "source_type": "", "source": ""}}]}),
        _GET,
    ],
    "inputs badly": [
        post("runs/log-inputs", body)
        for body in (
            {}, {"datasets": [{"dataset": _DATASET}]},
            {"run_id": "nope", "datasets": [{"dataset": _DATASET}]},
            {"run_id": "$run", "datasets": "x"},
            {"run_id": "$run", "datasets": [{"tags": []}]},
            {"run_id": "$run", "datasets": [{"dataset": {"digest": "x"}}]},
            {"run_id": "$run", "datasets": [{"dataset": {**_DATASET, "name": "n" * 501}}]},
            {"run_id": "$run", "datasets": [{"dataset": {**_DATASET, "digest": "n" * 37}}]},
            {"run_id": "$run",
             "datasets": [{"dataset": _DATASET, "tags": [{"key": "k" * 256, "value": "v"}]}]},
            {"run_id": "$run",
             "datasets": [{"dataset": _DATASET, "tags": [{"key": "k", "value": "v" * 501}]}]},
            {"run_id": "$run", "datasets": [{"dataset": {**_DATASET, "name": 5}}]},
        )
    ],
    "inputs without a digest": [
        post("runs/log-inputs",
             {"run_id": "$run", "datasets": [{"dataset": {"name": "n", "source": "s",
                                                          "source_type": "t"}}]}),
        _GET,
    ],
    "inputs without a source": [
        post("runs/log-inputs",
             {"run_id": "$run", "datasets": [{"dataset": {"name": "n", "digest": "d"}}]}),
        _GET,
    ],
    "models as inputs and outputs": [
        post("runs/log-inputs", {"run_id": "$run", "models": [{"model_id": "m-1"},
                                                              {"model_id": "m-2"}]}),
        post("runs/outputs", {"run_id": "$run", "models": [{"model_id": "m-3", "step": 4},
                                                           {"model_id": "m-4"}]}),
        _GET,
        post("runs/search", {"experiment_ids": ["$exp"]}),
    ],
    "outputs badly": [
        post("runs/outputs"),
        post("runs/outputs", {"models": [{"model_id": "m-1"}]}),
        post("runs/outputs", {"run_id": "nope", "models": [{"model_id": "m-1"}]}),
        post("runs/outputs", {"run_id": "$run"}),
        post("runs/outputs", {"run_id": "$run", "models": "x"}),
        post("runs/outputs", {"run_id": "$run", "models": [{"model_id": 5}]}),
    ],
    "log-model": [
        post("runs/log-model", {"run_id": "$run", "model_json": _model()}),
        post("runs/log-model", {"run_id": "$run", "model_json": _model(artifact_path="other")}),
        _GET,
    ],
    "log-model as clients describe it": [
        post("runs/log-model", {"run_id": "$run", "model_json": _model(
            model_uuid="0" * 32, mlflow_version="2.9.2", model_size_bytes=7, metadata={"a": 1},
            signature={"inputs": '[{"type": "long", "name": "a"}]', "outputs": None},
            saved_input_example_info={"artifact_path": "x.json", "type": "dataframe",
                                      "pandas_orient": "split"}, model_id=None, resources={},
            flavors={"sklearn": {"code": None, "pickled_model": "model.pkl", "config": {"a": 1}},
                     "python_function": {"env": {"conda": "conda.yaml"}, "loader_module": "x"}})}),
        _GET,
    ],
    "log-model badly": [
        post("runs/log-model", body)
        for body in (
            {}, {"run_id": "$run"}, {"model_json": _model()}, {"run_id": "$run", "model_json": "x"},
            {"run_id": "$run", "model_json": "{}"},
            {"run_id": "$run", "model_json": _model(run_id="another")},
            {"run_id": "nope", "model_json": _model(run_id="nope")},
            {"run_id": "$run", "model_json": 5},
        )
    ],
}  # fmt: skip
