"""How requests may be written: names, types, content types, half-broken JSON."""

from __future__ import annotations

from tests.differential.pair import API, Call, get, post, raw

_GET = get("runs/get", run_id="$run")
_CREATE = "experiments/create"
_METRIC = b'{"run_id": "$run", "key": "m", "value": 1, "timestamp": 1, "step": 0}'

CASES: dict[str, list[Call]] = {
    "content types": [
        raw("runs/log-metric", _METRIC, kind)
        for kind in (
            "application/json; charset=utf-8", "text/plain", None, "application/jsonx",
            "application/x-www-form-urlencoded", "APPLICATION/JSON", "",
        )
    ],
    "a name in both spellings": [
        post("runs/create", {"experiment_id": "$exp", "experimentId": "$exp"}),
        post("runs/update", {"run_id": "$run", "runId": "$run"}),
        post("runs/log-batch",
             {"run_id": "$run", "tags": [{"key": "a", "value": "b"}]}),
    ],
    "camelCase everywhere": [
        post("runs/create", {"experimentId": "$exp", "userId": "u", "runName": "n",
                             "startTime": 5}),
        post("runs/search", {"experimentIds": ["$exp"], "maxResults": 3, "orderBy": ["run_name"],
                             "runViewType": "ALL"}),
        post("runs/log-inputs",
             {"runId": "$run",
              "datasets": [{"dataset": {"name": "n", "digest": "d", "sourceType": "t",
                                        "source": "s"}}]}),
        _GET,
    ],
    "unknown fields": [
        post("runs/set-tag", {"run_id": "$run", "key": "k", "value": "v", "x": {"y": [1]}}),
        post("runs/log-batch",
             {"run_id": "$run", "params": [{"key": "p", "value": "1", "color": "red"}], "z": None}),
        _GET,
    ],
    "null counts as absent": [
        post("runs/set-tag", {"run_id": "$run", "key": "k", "value": None}),
        post("runs/log-batch", {"run_id": "$run", "params": None, "metrics": None, "tags": None}),
        post("runs/update", {"run_id": "$run", "status": None, "end_time": None}),
        _GET,
    ],
    "a body encoded twice": [
        raw("runs/log-metric",
            b'"{\\"run_id\\": \\"$run\\", \\"key\\": \\"m\\", \\"value\\": 2, '
            b'\\"timestamp\\": 3}"'),
        _GET,
    ],
    "bodies that are no objects": [
        raw(_CREATE, body) for body in (b"[]", b"5", b"null", b"true", b'"text"', b"")
    ],
    "bodies that are no JSON": [
        raw(_CREATE, body)
        for body in (b"{", b'{"name": "x"', b"name=x", b"{'name': 'x'}", b"\xff\xfe", b"\x00",
                     b'{"name": "x"} trailing')
    ],
    "text in other alphabets": [
        raw("runs/log-parameter",
            '{"run_id": "$run", "key": "p", "value": "naïve"}'.encode("latin-1")),
        raw("runs/log-parameter",
            b'{"run_id": "$run", "key": "q", "value": "\\u4f60\\u597d \\ud83d\\ude00"}'),
        _GET,
    ],
    "a name that comes twice": [
        raw("runs/set-tag", b'{"run_id": "$run", "key": "k", "value": "1", "value": "2"}'),
        _GET,
    ],
    "numbers written in other ways": [
        raw("runs/log-metric",
            b'{"run_id": "$run", "key": "a", "value": 1e2, "timestamp": 1.0, "step": 2e0}'),
        raw("runs/log-metric",
            b'{"run_id": "$run", "key": "b", "value": "1e-2", "timestamp": "2", "step": "-3"}'),
        raw("runs/log-metric", b'{"run_id": "$run", "key": "c", "value": -0, "timestamp": 1}'),
        _GET,
    ],
    "a number too large": [
        raw("runs/log-metric",
            b'{"run_id": "$run", "key": "a", "value": 1e999, "timestamp": 1, "step": 1}'),
        _GET,
    ],
    "run ids under both names": [
        post("runs/log-metric", {"run_id": "$run", "run_uuid": "$run", "key": "m", "value": 1,
                                 "timestamp": 1}),
        post("runs/log-metric", {"run_id": "$run", "run_uuid": "other", "key": "m", "value": 2,
                                 "timestamp": 2}),
        post("runs/set-tag", {"run_id": "", "run_uuid": "$run", "key": "k", "value": "v"}),
        _GET,
    ],
    "query arguments": [
        get("runs/get", run_id="$run", color="red"),
        Call("GET", "runs/get", query=[("run_id", "$run"), ("run_id", "other")]),
        Call("GET", "runs/get", query=[("run_id", "other"), ("run_id", "$run")]),
        Call("GET", "experiments/get?experiment_id=%30"),
        Call("GET", "experiments/get?experiment_id=0&"),
        Call("GET", "experiments/get?experiment_id"),
        Call("GET", "experiments/get-by-name?experiment_name=Def%61ult"),
        Call("GET", "experiments/get-by-name?experiment_name=a+b"),
        Call("GET", "experiments/get-by-name?experiment_name=%ff"),
    ],
    "other methods": [
        Call(method, path)
        for method, path in (
            ("GET", "runs/create"), ("PUT", "runs/create"), ("DELETE", "runs/get"),
            ("PATCH", "runs/update"), ("POST", "runs/get"), ("HEAD", "experiments/get"),
        )
    ],
    "unknown routes": [
        Call("GET", path)
        for path in ("runs/none", "/api/2.0/none", "/api/9.0/mlflow/runs/get", f"{API}runs/get/",
                     "/none", "/api/2.0/mlflow", "/ajax-api/2.0/preview/mlflow/runs/get")
    ] + [post("runs/none"), post("/api/2.0/preview/mlflow/runs/create")],
}  # fmt: skip
