"""Logged models: life, tags, params, metrics, search, and versions made from them."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get, post

_LM = "logged-models"
_SAVE = {"model": "model.info.model_id"}
_READY = "LOGGED_MODEL_READY"


def _patch(path: str, body: Any) -> Call:
    return Call("PATCH", path, body)


def _delete(path: str) -> Call:
    return Call("DELETE", path, {})


def _create(save: str = "model", **more: Any) -> Call:
    body = {"experiment_id": "$exp", "name": "nn", **more}
    return post(_LM, body, save={save: "model.info.model_id"})


def _measure(model: str, value: Any, time: int = 5, step: int = 1, **more: Any) -> Call:
    metric = {"key": "acc", "value": value, "timestamp": time, "step": step, "model_id": model}
    return post("runs/log-metric", {"run_id": "$run", **metric, **more})


def _search(filter: str = "", **more: Any) -> Call:
    return post(f"{_LM}/search", {"experiment_ids": ["$exp"], "filter": filter, **more})


_DATASET: Any = {"dataset_name": "d", "dataset_digest": "dd"}
_GET = get(f"{_LM}/$model")
_FULL = _create(
    model_type="agent",
    source_run_id="$run",
    params=[{"key": "b", "value": "1"}, {"key": "a", "value": ""}],
    tags=[{"key": "t", "value": "1"}, {"key": "s", "value": "2"}],
)
_SOME = [
    *[
        _create(f"model{i}", name=f"n{i}", model_type=f"t{i % 2}", source_run_id="$run",
                params=[{"key": "lr", "value": str(i)}], tags=[{"key": "t", "value": str(i)}])
        for i in range(4)
    ],
    _measure("$model1", 0.1), _measure("$model1", 0.9, 6, 0),
    _measure("$model2", 0.2, **_DATASET), _measure("$model3", 0.3),
]  # fmt: skip

CASES: dict[str, list[Call]] = {
    "create": [post(_LM, {"experiment_id": "$exp", "name": "nn"}, save=_SAVE), _FULL, _GET],
    "create badly": [
        post(_LM), post(_LM, {"experiment_id": "abc"}), post(_LM, {"experiment_id": "999999"}),
        *[post(_LM, {"experiment_id": "$exp", "name": name})
          for name in ("a/b", "a:b", "a.b", "a%b", 'a"b', "a'b")],
        post(_LM, {"experiment_id": "$exp", "name": 5}),
        post(_LM, {"experiment_id": "$exp", "params": "x"}),
    ],
    "create with odd keys": [
        _create(name="x", params=[{"key": "a?", "value": "1"}], tags=[{"key": "a?", "value": "1"}]),
        _create(name="x", params=[{"key": "a", "value": "v" * 7000}],
                tags=[{"key": "a", "value": "v" * 9000}]),
        _create(name="a b", source_run_id="nope"),
        _create(name="x" * 500),
    ],
    "create with one key twice": [
        post(_LM, {"experiment_id": "$exp", "name": "x",
                   "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}),
    ],
    "create with one tag twice": [
        post(_LM, {"experiment_id": "$exp", "name": "x",
                   "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}),
    ],
    "create in a deleted experiment": [
        post("experiments/delete", {"experiment_id": "$exp"}),
        post(_LM, {"experiment_id": "$exp", "name": "x"}),
    ],
    "get": [_FULL, _GET, get(f"{_LM}/nope"), get(f"{_LM}/search")],
    "finalize": [
        _FULL,
        _patch(f"{_LM}/$model", {}),
        _patch(f"{_LM}/$model", {"model_id": "$model"}),
        _patch(f"{_LM}/$model", {"status": _READY}),
        _patch(f"{_LM}/$model", {"model_id": "$model", "status": _READY}),
        _patch(f"{_LM}/$model", {"model_id": "$model", "status": 3}),
        _patch(f"{_LM}/$model", {"model_id": "$model", "status": "LOGGED_MODEL_PENDING"}),
        _patch(f"{_LM}/nope", {"model_id": "nope", "status": _READY}),
        _GET,
    ],
    "finalize as nothing": [
        _FULL,
        _patch(f"{_LM}/$model", {"model_id": "$model", "status": "bogus"}),
        _patch(f"{_LM}/$model",
               {"model_id": "$model", "status": "LOGGED_MODEL_STATUS_UNSPECIFIED"}),
    ],
    "tags": [
        _FULL,
        _patch(f"{_LM}/$model/tags",
               {"tags": [{"key": "t", "value": "9"}, {"key": "n", "value": "v"}]}),
        _patch(f"{_LM}/$model/tags", {"tags": []}),
        _patch(f"{_LM}/$model/tags", {}),
        _patch(f"{_LM}/$model/tags", {"tags": [{"key": "k"}]}),
        _patch(f"{_LM}/nope/tags", {"tags": [{"key": "k", "value": "v"}]}),
        _GET,
        _delete(f"{_LM}/$model/tags/t"), _delete(f"{_LM}/$model/tags/t"),
        _delete(f"{_LM}/nope/tags/t"), _delete(f"{_LM}/$model/tags/a%2Fb"),
        _GET,
    ],
    "params": [
        _FULL,
        post(f"{_LM}/$model/params", {"params": [{"key": "new", "value": "1"}]}),
        post(f"{_LM}/$model/params",
             {"model_id": "$model", "params": [{"key": "new", "value": "1"}]}),
        post(f"{_LM}/$model/params", {"model_id": "$model"}),
        post(f"{_LM}/nope/params", {"model_id": "nope", "params": [{"key": "n", "value": "1"}]}),
        _GET,
    ],
    "params again": [
        _FULL,
        post(f"{_LM}/$model/params", {"model_id": "$model", "params": [{"key": "a", "value": ""}]}),
        post(f"{_LM}/$model/params",
             {"model_id": "$model",
              "params": [{"key": "n", "value": "1"}, {"key": "n", "value": "2"}]}),
        _GET,
    ],
    "metrics": [
        _FULL, _measure("$model", 0.5), _measure("$model", 0.7, 6, 2, **_DATASET),
        _measure("$model", 0.6, 7, 0), _measure("$model", 0.5),
        post("runs/log-batch", {"run_id": "$run", "metrics": [
            {"key": "acc", "value": 0.9, "timestamp": 9, "step": 3, "model_id": "$model"},
            {"key": "loss", "value": "NaN", "timestamp": 9, "model_id": "$model"},
            {"key": "other", "value": 1, "timestamp": 9},
        ]}),
        Call("GET", f"{_LM}/$model", unordered="metrics"),
        get("runs/get", run_id="$run"),
    ],
    "metrics of no model": [
        _measure("nope", 0.5),
        post("runs/log-batch", {"run_id": "$run", "metrics": [
            {"key": "acc", "value": 0.9, "timestamp": 9, "step": 3, "model_id": "nope"}]}),
        get("runs/get", run_id="$run"),
    ],
    "delete": [
        _FULL, _delete(f"{_LM}/$model"), _GET, get(f"{_LM}/$model", allow_deleted="true"),
        get(f"{_LM}/$model", allow_deleted="false"), _delete(f"{_LM}/$model"),
        _delete(f"{_LM}/nope"), _search(),
    ],
    "change what is deleted": [
        _FULL, _delete(f"{_LM}/$model"),
        _patch(f"{_LM}/$model/tags", {"tags": [{"key": "t", "value": "9"}]}),
        _patch(f"{_LM}/$model", {"model_id": "$model", "status": _READY}),
    ],
    "outputs of a run": [
        _FULL,
        post("runs/outputs", {"run_id": "$run", "models": [{"model_id": "$model", "step": 1}]}),
        get("runs/get", run_id="$run"),
    ],
    "search": [
        *_SOME, _search(),
        *[_search(f) for f in (
            "name = 'n1'", "attributes.name = 'n1'", "name LIKE 'n%'", "name ILIKE 'N1'",
            "name != 'n1'", "name IN ('n1', 'n2')", "name NOT IN ('n1')", "model_type = 't1'",
            "source_run_id = '$run'", "status = '1'", "experiment_id = '$exp'",
            "creation_timestamp > 1", "creation_time > 1", "last_updated_timestamp > 1",
            "metrics.acc > 0.15", "metrics.acc < 0.15", "metrics.acc = 0.1", "metrics.acc = 0.9",
            "metrics.acc != 0.1", "metrics.none > 1", "params.lr = '1'", "params.lr != '1'",
            "params.lr = 1", "params.lr IN ('1', '2')", "tags.t = '1'", "tags.t LIKE '%'",
            "tags.`t` = '1'", "artifact_location LIKE '%mlflow%'", "lifecycle_stage = 'active'",
            "model_id IN ('$model1')", "name = 'n1' AND params.lr = '1' AND metrics.acc > 0.5",
        )],
    ],
    "search where": [
        *_SOME,
        post(f"{_LM}/search", {"experiment_ids": []}),
        post(f"{_LM}/search"),
        post(f"{_LM}/search", {"experiment_ids": ["abc"]}),
        post(f"{_LM}/search", {"experiment_ids": ["999999"]}),
        post(f"{_LM}/search", {"experiment_ids": ["$exp", "999999"]}),
    ],
    "search by data set": [
        *_SOME,
        *[_search(f, datasets=[_DATASET]) for f in ("", "metrics.acc > 0.1", "metrics.acc > 0.3",
                                                    "name = 'n1'")],
        _search("metrics.acc > 0.1", datasets=[{"dataset_digest": "dd"}]),
        _search("metrics.acc > 0.1", datasets=[{"dataset_name": "none", "dataset_digest": "x"}]),
    ],
    "search in order": [
        *_SOME,
        *[_search(order_by=[{"field_name": name, "ascending": up}])
          for name in ("name", "metrics.acc", "creation_timestamp", "creation_time",
                       "last_updated_timestamp", "metrics.none", "status")
          for up in (True, False)],
        _search(order_by=[{"field_name": "metrics.acc"}]),
        _search(order_by=[{"field_name": "metrics.acc", **_DATASET}]),
        _search(order_by=[{"field_name": "name", **_DATASET}]),
    ],
    "search badly": [
        *_SOME[:1],
        *[_search(f) for f in ("tag.t = '1'", "name", "last_updated_time > 1", "metrics.a = 'x'")],
        *[_search(order_by=[{"field_name": f}]) for f in ("params.lr", "bogus", "")],
        _search(order_by=[{}]),
    ],
    "search for an unknown attribute": [_search("bogus = '1'")],
    "search in pages": [
        *_SOME,
        post(f"{_LM}/search", {"experiment_ids": ["$exp"], "max_results": 3}),
        _search(max_results=4), _search(max_results=0),
    ],
    "a version of a logged model": [
        _FULL,
        _patch(f"{_LM}/$model", {"model_id": "$model", "status": _READY}),
        post("registered-models/create", {"name": "$name"}),
        *[post("model-versions/create", {"name": "$name", "source": source, **more})
          for source, more in (
            ("models:/$model", {}), ("models:/$model", {"model_id": "$model"}),
            ("models:/$model", {"model_id": "$model", "run_id": "$run"}),
            ("mlflow-artifacts:/$exp/models/$model/artifacts", {"model_id": "$model"}),
            ("mlflow-artifacts:/$exp/models/$model/artifacts/x", {"model_id": "$model"}),
            ("mlflow-artifacts:/$exp/models/$model", {"model_id": "$model"}),
            ("s3://b/p", {"model_id": "$model"}), ("s3://b/p", {"model_id": "m-nope"}),
        )],
        get("model-versions/get", name="$name", version=1),
        *[get("model-versions/get-download-uri", name="$name", version=v) for v in (1, 2, 3, 4, 5)],
        _GET,
    ],
    "a version of a logged model that is not there": [
        post("registered-models/create", {"name": "$name"}),
        post("model-versions/create", {"name": "$name", "source": "models:/m-" + "0" * 32,
                                       "model_id": "m-" + "0" * 32}),
    ],
}  # fmt: skip
