"""Experiments: rows, life cycle, bad input."""

from __future__ import annotations

from tests.differential.pair import AJAX, Call, get, post, raw

LONG = "x" * 501
_CREATED = [post("experiments/create", {"name": "$name"}, save={"made": "experiment_id"})]


def _seen(experiment: str = "$made") -> Call:
    return get("experiments/get", experiment_id=experiment)


CASES: dict[str, list[Call]] = {
    "create and get": [*_CREATED, _seen(), get("experiments/get-by-name", experiment_name="$name")],
    "create with location and tags": [
        post(
            "experiments/create",
            {
                "name": "$name",
                "artifact_location": "s3://bucket/folder",
                "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": ""}],
            },
            save={"made": "experiment_id"},
        ),
        _seen(),
    ],
    "create in camelCase": [
        post("experiments/create", {"name": "$name", "artifactLocation": "s3://bucket/x"},
             save={"made": "experiment_id"}),
        _seen(),
    ],
    "create twice": [*_CREATED, post("experiments/create", {"name": "$name"})],
    "create without a name": [post("experiments/create"), post("experiments/create", {"name": ""})],
    "create with a name that is no text": [
        post("experiments/create", {"name": 5}),
        post("experiments/create", {"name": ["$name"]}),
        post("experiments/create", {"name": {"a": 1}}),
        post("experiments/create", {"name": True}),
        post("experiments/create", {"name": None}),
    ],
    "create with names at the limit": [
        post("experiments/create", {"name": "$name".ljust(400, "y")}),
        post("experiments/create", {"name": LONG}),
        post("experiments/create", {"name": " "}),
    ],
    "create with bad tags": [
        post("experiments/create", {"name": "$a", "tags": [{"key": "k" * 251, "value": "v"}]}),
        post("experiments/create", {"name": "$b", "tags": [{"key": "k", "value": "v" * 20001}]}),
        post("experiments/create", {"name": "$c", "tags": [{"key": "../k", "value": "v"}]}),
        post("experiments/create", {"name": "$d", "tags": [{"value": "v"}]}),
        post("experiments/create", {"name": "$e", "tags": "v"}),
        post("experiments/create", {"name": "$f", "tags": [5]}),
    ],
    "create with one tag twice": [
        post(
            "experiments/create",
            {"name": "$name", "tags": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]},
        ),
    ],
    "create at forbidden places": [
        post("experiments/create", {"name": "$name", "artifact_location": location})
        for location in (
            "runs:/x/y", "s3://b/p#fragment", "http://host/p", "hdfs://host/p",
            "mlflow-artifacts://host/p", "ftp://h/p", "abfss://c@h/p", "s3://b/p;x=1",
            "s3://b/p?a=../x", "s3://b/p?a=%2e%2e/x",
        )
    ],
    "create at unusual places": [
        post("experiments/create", {"name": f"$place{i}", "artifact_location": location})
        for i, location in enumerate(("s3://b/p?a=b", "s3://b/ü x", "gs://b", "file:///tmp/x"))
    ],
    "create at a place that climbs": [
        post("experiments/create", {"name": "$a", "artifact_location": "s3://b/../../p"}),
        post("experiments/create", {"name": "$b", "artifact_location": "s3://b/%2e%2e/p"}),
    ],
    "create at a place too long": [
        post("experiments/create", {"name": "$name", "artifact_location": "s3://b/" + "x" * 2048}),
    ],
    "create with unknown fields": [
        post("experiments/create", {"name": "$name", "color": "red"},
             save={"made": "experiment_id"}),
        _seen(),
    ],
    "create with a body encoded twice": [
        raw("experiments/create", b'"{\\"name\\": \\"$name\\"}"'),
        get("experiments/get-by-name", experiment_name="$name"),
    ],
    "create under the other roots": [
        Call("POST", f"{root}experiments/create", {"name": f"${name}"})
        for root, name in ((AJAX, "a"), ("/api/3.0/mlflow/", "b"), ("/ajax-api/3.0/mlflow/", "c"))
    ],
    "get the default one": [get("experiments/get", experiment_id="0")],
    "get by bad ids": [
        get("experiments/get", experiment_id="abc"),
        get("experiments/get", experiment_id="99999999"),
        get("experiments/get", experiment_id="-1"),
        get("experiments/get", experiment_id="1.5"),
        get("experiments/get"),
        get("experiments/get", experimentId="0"),
        get("experiments/get", experiment_id=""),
    ],
    "get by an id in a body": [
        Call("GET", "experiments/get", {"experiment_id": "0"}),
        Call("GET", "experiments/get", {"experiment_id": 0}),
    ],
    "get by name": [
        get("experiments/get-by-name", experiment_name="nobody has this name"),
        get("experiments/get-by-name"),
        get("experiments/get-by-name", experiment_name=""),
    ],
    "rename": [
        *_CREATED,
        post("experiments/update", {"experiment_id": "$made", "new_name": "$other"}),
        _seen(),
        get("experiments/get-by-name", experiment_name="$name"),
        post("experiments/update", {"experimentId": "$made", "newName": "$third"}),
        _seen(),
    ],
    "rename badly": [
        *_CREATED,
        post("experiments/update", {"experiment_id": "$made"}),
        post("experiments/update", {"experiment_id": "$made", "new_name": ""}),
        post("experiments/update", {"experiment_id": "$made", "new_name": 5}),
        post("experiments/update", {"new_name": "$other"}),
        post("experiments/update", {"experiment_id": "99999999", "new_name": "$other"}),
        post("experiments/update", {"experiment_id": "abc", "new_name": "$other"}),
        post("experiments/update", {"experiment_id": 7, "new_name": "$other"}),
        post("experiments/update", {"experiment_id": "$made", "new_name": LONG}),
        _seen(),
    ],
    "rename to a taken name": [
        *_CREATED,
        post("experiments/create", {"name": "$other"}),
        post("experiments/update", {"experiment_id": "$made", "new_name": "$other"}),
        _seen(),
    ],
    "rename to its own name": [
        *_CREATED,
        post("experiments/update", {"experiment_id": "$made", "new_name": "$name"}),
    ],
    "delete and restore": [
        post("runs/delete", {"run_id": "$run"}),
        post("experiments/delete", {"experiment_id": "$exp"}),
        _seen("$exp"),
        get("runs/get", run_id="$run"),
        get("runs/get", run_id="$run"),
        post("experiments/restore", {"experiment_id": "$exp"}),
        _seen("$exp"),
        get("runs/get", run_id="$run"),
    ],
    "delete and restore too often": [
        *_CREATED,
        post("experiments/restore", {"experiment_id": "$made"}),
        post("experiments/delete", {"experiment_id": "$made"}),
        post("experiments/delete", {"experiment_id": "$made"}),
        post("experiments/restore", {"experiment_id": "$made"}),
        post("experiments/restore", {"experiment_id": "$made"}),
    ],
    "delete badly": [
        post("experiments/delete"),
        post("experiments/delete", {"experiment_id": 5}),
        post("experiments/delete", {"experiment_id": "abc"}),
        post("experiments/delete", {"experiment_id": "99999999"}),
        post("experiments/restore"),
        post("experiments/restore", {"experiment_id": "99999999"}),
    ],
    "a deleted one keeps its name": [
        *_CREATED,
        post("experiments/delete", {"experiment_id": "$made"}),
        post("experiments/create", {"name": "$name"}),
        get("experiments/get-by-name", experiment_name="$name"),
    ],
    "a deleted one takes no writes": [
        *_CREATED,
        post("experiments/delete", {"experiment_id": "$made"}),
        post("experiments/set-experiment-tag",
             {"experiment_id": "$made", "key": "k", "value": "v"}),
        post("experiments/delete-experiment-tag", {"experiment_id": "$made", "key": "k"}),
        post("runs/create", {"experiment_id": "$made"}),
    ],
    "a deleted one is not renamed": [
        *_CREATED,
        post("experiments/delete", {"experiment_id": "$made"}),
        post("experiments/update", {"experiment_id": "$made", "new_name": "$other"}),
        _seen(),
    ],
    "tags": [
        post("experiments/set-experiment-tag", {"experiment_id": "$exp", "key": "k", "value": "v"}),
        post("experiments/set-experiment-tag", {"experiment_id": "$exp", "key": "k", "value": "w"}),
        post("experiments/set-experiment-tag", {"experiment_id": "$exp", "key": "e", "value": ""}),
        _seen("$exp"),
        post("experiments/delete-experiment-tag", {"experiment_id": "$exp", "key": "k"}),
        post("experiments/delete-experiment-tag", {"experiment_id": "$exp", "key": "k"}),
        _seen("$exp"),
    ],
    "tags badly": [
        post("experiments/set-experiment-tag", body)
        for body in (
            {},
            {"experiment_id": "$exp"},
            {"experiment_id": "$exp", "key": "k"},
            {"experiment_id": "$exp", "key": "", "value": "v"},
            {"experiment_id": "$exp", "key": 5, "value": "v"},
            {"experiment_id": "$exp", "key": "k", "value": 5},
            {"experiment_id": "$exp", "key": "k", "value": None},
            {"experiment_id": "$exp", "key": "k" * 251, "value": "v"},
            {"experiment_id": "$exp", "key": "k", "value": "v" * 20001},
            {"experiment_id": "$exp", "key": "k//l", "value": "v"},
            {"experiment_id": "$exp", "key": "k?", "value": "v"},
            {"experiment_id": "99999999", "key": "k", "value": "v"},
            {"experiment_id": "abc", "key": "k", "value": "v"},
            {"key": "k", "value": "v"},
        )
    ],
    "tags at the limit": [
        post("experiments/set-experiment-tag",
             {"experiment_id": "$exp", "key": "k" * 250, "value": "v" * 20000}),
        _seen("$exp"),
    ],
    "delete tags badly": [
        post("experiments/delete-experiment-tag"),
        post("experiments/delete-experiment-tag", {"experiment_id": "$exp"}),
        post("experiments/delete-experiment-tag", {"experiment_id": "$exp", "key": ""}),
        post("experiments/delete-experiment-tag", {"experiment_id": "99999999", "key": "k"}),
        post("experiments/delete-experiment-tag", {"experiment_id": "$exp", "key": 5}),
    ],
}  # fmt: skip
