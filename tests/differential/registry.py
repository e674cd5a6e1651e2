"""The model registry: models, versions, stages, aliases, tags, search, bad input."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get, post

_PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
_RM, _MV = "registered-models/", "model-versions/"


def _patch(path: str, body: Any = None) -> Call:
    return Call("PATCH", path, {} if body is None else body)


def _delete(path: str, body: Any = None) -> Call:
    return Call("DELETE", path, {} if body is None else body)


def _model(name: str = "$name", **more: Any) -> Call:
    return post(f"{_RM}create", {"name": name, **more})


def _version(name: str = "$name", source: str = "s3://b/p", **more: Any) -> Call:
    return post(f"{_MV}create", {"name": name, "source": source, **more})


def _get(name: str = "$name") -> Call:
    return Call("GET", f"{_RM}get", query=[("name", name)], unordered="latest_versions")


def _get_version(version: Any = 1, name: str = "$name") -> Call:
    return get(f"{_MV}get", name=name, version=version)


def _latest(stages: Any = None, name: str = "$name") -> Call:
    body = {"name": name} if stages is None else {"name": name, "stages": stages}
    return post(f"{_RM}get-latest-versions", body, unordered="model_versions")


def _move(version: Any, stage: str, name: str = "$name", **more: Any) -> Call:
    return post(f"{_MV}transition-stage",
                {"name": name, "version": version, "stage": stage, **more})  # fmt: skip


def _alias(alias: str, version: str = "1", name: str = "$name") -> Call:
    return post(f"{_RM}alias", {"name": name, "alias": alias, "version": version})


def _aliased(alias: str, name: str = "$name") -> Call:
    return get(f"{_RM}alias", name=name, alias=alias)


def _search(filter: str | None = None, route: str = _RM, **query: Any) -> Call:
    named: Any = {"filter": filter} if filter is not None else {}
    return get(f"{route}search", **named, **query)


def _tag(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


_ARCHIVE: Any = {"archive_existing_versions": True}
_MADE = [_model(), _version()]
_THREE = [_model(), *[_version(tags=[_tag("t", str(i))]) for i in range(3)]]
_FOUND = [
    *[_model(f"$a{i}", tags=[_tag("t", str(i % 2)), _tag("who", "$who")]) for i in range(5)],
    _model("$p", tags=[_PROMPT, _tag("who", "$who")]),
    _model("$q", tags=[_tag("mlflow.prompt.is_prompt", "false"), _tag("who", "$who")]),
]
_WHO = "tags.who = '$who'"
_IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"
_VERSIONS = [
    _model("$m"),
    *[_version("$m", f"s3://b/p{i}", run_id="$who" if i % 2 else "", tags=[_tag("t", str(i % 2))])
      for i in range(4)],
    _model("$o"),
    _version("$o", "s3://b/p1"),
    _delete(f"{_MV}delete", {"name": "$m", "version": "3"}),
]  # fmt: skip
_OF = "name = '$m'"

CASES: dict[str, list[Call]] = {
    "create a model": [
        _model(description="d", tags=[_tag("b", "1"), _tag("a", "")]), _get(),
        _model("$x", description=""), _get("$x"),
        _model("$y", tags=[{"key": "k"}]), _get("$y"),
        _model("$z", deployment_job_id="7"), _get("$z"),
    ],
    "create a model twice": [_model(), _model()],
    "create a model badly": [
        post(f"{_RM}create"),
        *[_model(name) for name in ("", "  ", "a/b", "a:b")],
        _model("$x", tags=[{"value": "1"}]),
        _model("$x", tags=[_tag("k" * 251, "v")]),
        _model("$x", tags=[_tag("k", "v" * 100_001)]),
        _model("$x", tags=[_tag("../k", "v")]),
        post(f"{_RM}create", {"name": 5}),
        post(f"{_RM}create", {"name": "$x", "tags": "v"}),
        _get("$x"),
    ],
    "a long name": [_model("$name" + "x" * 200), _model("$name" + "x" * 260)],
    "one tag twice": [_model(tags=[_tag("k", "1"), _tag("k", "2")]), _get()],
    "get badly": [get(f"{_RM}get"), _get(""), _get("nope")],
    "update a model": [
        _model(description="d"),
        _patch(f"{_RM}update", {"name": "$name", "description": "new"}), _get(),
        _patch(f"{_RM}update", {"name": "$name"}), _get(),
        _patch(f"{_RM}update", {"name": "nope", "description": "x"}),
        _patch(f"{_RM}update"),
    ],
    "rename a model": [
        *_MADE,
        post(f"{_RM}rename", {"name": "$name", "new_name": "$other"}),
        _get("$other"), _get(), _get_version(1, "$other"), _get_version(1),
        post(f"{_RM}rename", {"name": "$other", "new_name": "$other"}),
        _model("$third"),
        post(f"{_RM}rename", {"name": "$other", "new_name": "$third"}),
        post(f"{_RM}rename", {"name": "nope", "new_name": "$fourth"}),
        post(f"{_RM}rename", {"name": "$other"}),
        post(f"{_RM}rename", {"name": "$other", "new_name": ""}),
        post(f"{_RM}rename", {"name": "$other", "new_name": "a/b"}),
        post(f"{_RM}rename", {"name": "$other", "new_name": "$name"}),
    ],
    "delete a model": [
        *_MADE, _alias("al"),
        _delete(f"{_RM}delete", {"name": "$name"}), _get(), _get_version(1), _aliased("al"),
        _delete(f"{_RM}delete", {"name": "$name"}), _delete(f"{_RM}delete"),
        _model(), _version(), _aliased("al"),
    ],
    "tags of a model": [
        _model(tags=[_tag("a", "1")]),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("x", "1")}),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("a", "2")}),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("e", "")}),
        post(f"{_RM}set-tag", {"name": "$name", "key": "n"}),
        _get(),
        _delete(f"{_RM}delete-tag", {"name": "$name", "key": "x"}),
        _delete(f"{_RM}delete-tag", {"name": "$name", "key": "x"}),
        _get(),
    ],
    "tags of a model badly": [
        _model(),
        post(f"{_RM}set-tag", {"name": "$name", "value": "x"}),
        post(f"{_RM}set-tag", {"name": "nope", **_tag("x", "1")}),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("", "1")}),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("k" * 251, "1")}),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("k", "v" * 100_001)}),
        post(f"{_RM}set-tag", {"name": "$name", **_tag("a//b", "1")}),
        _delete(f"{_RM}delete-tag", {"name": "nope", "key": "x"}),
        _delete(f"{_RM}delete-tag", {"name": "$name"}),
        _get(),
    ],
    "create versions": [
        _model(), _version(),
        _version(run_id="nope", description="d", run_link="http://x",
                 tags=[_tag("a", "1"), _tag("b", "")]),
        _get_version(1), _get_version(2), _get(),
        get(f"{_MV}get-download-uri", name="$name", version=2),
    ],
    "create versions badly": [
        _model(),
        post(f"{_MV}create", {"name": "$name"}),
        _version(source=""),
        _version("nope"),
        post(f"{_MV}create", {"source": "s3://b/p"}),
        _version("a/b"),
        _version(tags=[_tag("k", "v" * 100_001)]),
        _version(tags=[_tag("../k", "v")]),
        _get(),
    ],
    "sources from a run": [
        _model(), get("runs/get", run_id="$run"),
        *[_version(source=source, **more) for source, more in (
            ("runs:/zz/model", {}), ("runs:/$run/model", {}),
            ("runs:/$run/model", {"run_id": "$run"}), ("runs:/$run", {"run_id": "$run"}),
            ("runs:/$run/../x", {"run_id": "$run"}), ("runs:/$run/model", {"run_id": "other"}),
            ("mlflow-artifacts:/$exp/$run/artifacts/model", {}),
            ("mlflow-artifacts:/$exp/$run/artifacts/model", {"run_id": "$run"}),
            ("mlflow-artifacts:/$exp/$run/artifacts", {"run_id": "$run"}),
            ("mlflow-artifacts:/$exp/$run/artifactsx", {"run_id": "$run"}),
            ("mlflow-artifacts:/other", {"run_id": "$run"}),
            ("mlflow-artifacts:/other", {"run_id": "nope"}),
            ("mlflow-artifacts:/$exp/$run/artifacts/../../x", {"run_id": "$run"}),
            ("mlflow-artifacts:/$exp/$run/artifacts/%2e%2e/x", {"run_id": "$run"}),
            ("mlflow-artifacts://host/other", {"run_id": "$run"}),
        )],
        get(f"{_MV}get-download-uri", name="$name", version=1),
    ],
    "sources of the machine": [
        _model(),
        *[_version(source=source, **more)
          for source in ("/tmp/x", "file:///tmp/x", "x/y", "./x", "/", "../x", "dummy-source")
          for more in ({}, {"run_id": "$run"})],
        _version(source="C:\\x\\y"),
    ],
    "sources elsewhere": [
        _model(),
        *[_version(source=source) for source in (
            "http://h/p", "https://h/p", "ftp://h/p", "hdfs://h/p", "r2://b@h/p", "abfss://c@a/p",
            "dbfs:/x", "gs://b/p", "wasbs://c@a/p", "weird:/p", "s3:/p", "uc-volume:/x",
            "s3://b/../p", "s3://b/%2e%2e/p", "s3://b/%252e%252e/p", "s3://b/p?x=1", "s3://b/p#f",
            "s3://b/p?a=../x", "s3://b/" + "x" * 600,
        )],
    ],
    "sources from the registry": [
        *_MADE, _alias("al"),
        *[_version(source=source) for source in (
            "models:/$name/1", "models:/$name/99", "models:/nope/1", "models:/$name@al",
            "models:/$name@no", "models:/$name/latest", "models:/$name/Production",
        )],
        _model("$x"),
        post(f"{_MV}create",
             {"name": "$x", "source": "runs:/$run/model", "run_id": "$run"}),
        _version(source="models:/$x/1"),
        *[get(f"{_MV}get-download-uri", name="$name", version=v) for v in (2, 3, 4, 5)],
    ],
    "prompts": [
        _model("$p", tags=[_PROMPT]),
        _version("$p", "dummy-source", tags=[_PROMPT, _tag("mlflow.prompt.text", "hi {{x}}")]),
        _version("$p", "prompt-template", tags=[_PROMPT]),
        _version("$p", "s3://b/p", tags=[_PROMPT]),
        _version("$p", "s3://b/p", tags=[_tag("mlflow.prompt.is_prompt", "false")]),
        _version("$p", "dummy-source", tags=[_tag("mlflow.prompt.is_prompt", "True")]),
        _get("$p"), _get_version(1, "$p"), _alias("prod", "1", "$p"), _aliased("prod", "$p"),
        get(f"{_MV}get-download-uri", name="$p", version=1),
    ],
    "get versions": [
        *_MADE,
        *[_get_version(v) for v in (1, "99", "abc", "-1", "1.0", " 1", "01", "9" * 30)],
        get(f"{_MV}get", name="$name"), get(f"{_MV}get", version=1), _get_version(1, "nope"),
        get(f"{_MV}get-download-uri", name="$name", version=99),
    ],
    "update versions": [
        *_MADE,
        _patch(f"{_MV}update", {"name": "$name", "version": "1", "description": "dd"}),
        _patch(f"{_MV}update", {"name": "$name", "version": "1"}), _get_version(1),
        _patch(f"{_MV}update", {"name": "$name", "version": "1", "description": ""}),
        _patch(f"{_MV}update", {"name": "$name", "version": "99", "description": ""}),
        _patch(f"{_MV}update", {"name": "$name"}),
        _patch(f"{_MV}update", {"name": "$name", "version": 1, "description": "x"}),
        _patch(f"{_MV}update", {"name": "$name", "version": "x", "description": "x"}),
    ],
    "stages": [
        *_THREE,
        _move("1", "production", archive_existing_versions=False),
        _move("2", "PRODUCTION", **_ARCHIVE), _get_version(1), _get_version(2),
        _move("3", "Production"), _get_version(2),
        _move("3", "Production", **_ARCHIVE), _get_version(2),
        _move("1", "Staging"), _move("1", "none"), _move("1", "Archived"), _get(),
    ],
    "stages badly": [
        *_MADE,
        _move("1", "bogus"), _move("1", ""),
        post(f"{_MV}transition-stage", {"name": "$name", "version": "1"}),
        _move("99", "Staging"), _move("99", "Staging", "nope"), _move("x", "Staging"),
        _move("1", "Staging", archive_existing_versions="maybe"),
        _get_version(1),
    ],
    "archiving what is in no active stage": [
        *_MADE, _move("1", "None", **_ARCHIVE), _move("1", "Archived", **_ARCHIVE),
    ],
    "latest versions": [
        *_THREE, _version(), _move("1", "Archived"), _move("2", "Staging"), _alias("al", "2"),
        _latest(), _latest([]), _latest(["staging", "Production"]), _latest(["Archived", "None"]),
        _latest(["None", "None"]), _latest(["Production"]),
        Call("GET", f"{_RM}get-latest-versions", query=[("name", "$name")],
             unordered="model_versions"),
        Call("GET", f"{_RM}get-latest-versions",
             query=[("name", "$name"), ("stages", "None"), ("stages", "Staging")],
             unordered="model_versions"),
        _get(),
    ],
    "latest versions badly": [
        *_MADE, _latest(["bogus"]), _latest(name="nope"), post(f"{_RM}get-latest-versions"),
        _latest([""]), _latest("None"),
    ],
    "aliases": [
        *_THREE, _alias("champ"), _aliased("champ"), _alias("champ", "2"), _aliased("champ"),
        _alias("b", "2"), _alias("a", "2"), _get_version(2), _get_version(1), _get(),
        _aliased("latest"), _aliased("LATEST"), _latest(["None"]),
        _delete(f"{_RM}alias", {"name": "$name", "alias": "champ"}), _aliased("champ"),
        _delete(f"{_RM}alias", {"name": "$name", "alias": "champ"}),
        _delete(f"{_RM}alias", {"name": "$name", "alias": "latest"}),
    ],
    "names of aliases": [
        *_MADE,
        *[_alias(a) for a in ("latest", "LaTest", "v1", "V12", "v1a", "a b", "a-b_c", "", "1", "é",
                              "x" * 255, "x" * 256, "a.b", "vv1", "v")],
        _get(),
    ],
    "aliases badly": [
        *_MADE, _alias("c", "99"), _alias("c", "1", "nope"), _alias("c", "x"),
        post(f"{_RM}alias", {"name": "$name", "alias": "c"}),
        post(f"{_RM}alias", {"name": "$name", "version": "1"}),
        _aliased("nope"), _aliased("c", "nope"), _aliased("v1"), _aliased("a b"),
        get(f"{_RM}alias", name="$name"),
        _delete(f"{_RM}alias", {"name": "nope", "alias": "c"}),
        _delete(f"{_RM}alias", {"name": "$name"}),
    ],
    "latest without versions": [
        _model(), _aliased("latest"), _latest(), _version(),
        _delete(f"{_MV}delete", {"name": "$name", "version": "1"}), _aliased("latest"), _latest(),
    ],
    "tags of a version": [
        *_MADE,
        post(f"{_MV}set-tag", {"name": "$name", "version": "1", **_tag("k", "v")}),
        post(f"{_MV}set-tag", {"name": "$name", "version": "1", **_tag("k", "w")}),
        post(f"{_MV}set-tag", {"name": "$name", "version": "1", "key": "n"}),
        _get_version(1),
        _delete(f"{_MV}delete-tag", {"name": "$name", "version": "1", "key": "k"}),
        _delete(f"{_MV}delete-tag", {"name": "$name", "version": "1", "key": "k"}),
        _get_version(1),
        post(f"{_MV}set-tag", {"name": "$name", "version": "1", "value": "x"}),
        post(f"{_MV}set-tag", {"name": "$name", "version": "9", **_tag("k", "v")}),
        post(f"{_MV}set-tag", {"name": "$name", "version": "x", **_tag("k", "v")}),
        post(f"{_MV}set-tag", {"name": "$name", **_tag("k", "v")}),
        _delete(f"{_MV}delete-tag", {"name": "$name", "version": "9", "key": "t"}),
    ],
    "delete versions": [
        *_THREE, _alias("al", "3"),
        _delete(f"{_MV}delete", {"name": "$name", "version": "3"}),
        _get(), _get_version(3), _aliased("al"),
        *[_delete(f"{_MV}delete", {"name": "$name", "version": v}) for v in ("3", "99", "x")],
        _delete(f"{_MV}delete", {"name": "$name"}),
        post(f"{_MV}set-tag", {"name": "$name", "version": "3", **_tag("k", "v")}),
        _alias("al", "3"), get(f"{_MV}get-download-uri", name="$name", version=3),
        _move("3", "Staging"),
        _version(), _get(),
    ],
    "search models": [
        *_FOUND, _search(_WHO),
        *[_search(f"{_WHO} AND {more}") for more in (
            "tag.t = '1'", "tags.t != '1'", "tags.t LIKE '%'", "tags.t ILIKE '1'",
            "name LIKE 'a1%'", "name ILIKE 'A1%'", "name = '$a1'", "name != '$a1'",
            "name IN ('$a1', '$a2')", "name NOT IN ('$a1')", "tags.none = '1'",
            "tags.none != '1'", "name = '$a1' AND name = '$a2'",
        )],
        _search("name = '$a3'"), _search("name = 'none'"),
    ],
    "search prompts": [
        *_FOUND,
        *[_search(f"{_WHO} AND {_IS_PROMPT} {test}")
          for test in ("= 'true'", "!= 'true'", "= 'false'", "!= 'false'")],
    ],
    "search models in order": [
        *_FOUND,
        *[_search(_WHO, order_by=order) for order in (
            "name DESC", "name", "timestamp DESC", "last_updated_timestamp", "timestamp ASC",
            ["timestamp", "name DESC"], ["name ASC"],
        )],
    ],
    "search models in pages": [
        *_FOUND,
        _search(_WHO, max_results=2),
        get(f"{_RM}search", filter=_WHO, max_results=4, save={"token": "next_page_token"}),
        _search(_WHO, max_results=4, page_token="$token"),
        _search(_WHO, max_results=6),
        _search(_WHO, page_token="xx"), _search(_WHO, max_results=1001),
        _search(_WHO, max_results="x"),
    ],
    "search models badly": [
        _search(bad) for bad in ("bogus = 'x'", "name", "name > 'a'", "name =", "name = 5",
                                 "metrics.x = 1", "name = 'x' AND", "current_stage = 'None'")
    ],
    "search models badly in order": [
        _search(order_by="bogus"), _search(order_by="name SIDEWAYS"), _search(order_by="tags.t"),
    ],
    "search versions": [
        *_VERSIONS, _search(_OF, _MV),
        *[_search(f"{_OF} AND {more}", _MV) for more in (
            "run_id = '$who'", "run_id != '$who'", "run_id IN ('$who')", "run_id NOT IN ('$who')",
            "run_id LIKE '%'", "run_id = ''", "source_path = 's3://b/p0'",
            "source_path LIKE '%p0'", "version_number > 1", "version_number = '1'",
            "version_number != 1", "version_number <= 2", "tags.t = '1'", "tag.t != '1'",
            "name LIKE 'm%'",
        )],
        _search("run_id = '$who'", _MV), _search("name = 'none'", _MV),
        _search("name IN ('$m', '$o')", _MV), _search("name LIKE '%$unique'", _MV),
    ],
    "search versions in order": [
        *_VERSIONS,
        *[_search(_OF, _MV, order_by=order) for order in (
            "version_number", "version_number DESC", "creation_timestamp DESC",
            "creation_timestamp", "last_updated_timestamp ASC", "last_updated_timestamp DESC",
            "name", ["name", "version_number ASC"],
        )],
        _patch(f"{_MV}update", {"name": "$m", "version": "1", "description": "last"}),
        _search(_OF, _MV),
    ],
    "search versions in pages": [
        *_VERSIONS,
        get(f"{_MV}search", filter=_OF, max_results=2, save={"token": "next_page_token"}),
        _search(_OF, _MV, max_results=2, page_token="$token"),
        _search(_OF, _MV, max_results=3),
        _search(_OF, _MV, max_results=0), _search(_OF, _MV, max_results=200_001),
    ],
    "search versions badly": [
        *[_search(bad, _MV) for bad in ("version = '1'", "current_stage = 'None'", "model_id = 'x'",
                                        "name", "version_number = 'x'", "tags.t > '1'")],
        _search(None, _MV, order_by="bogus"),
    ],
    "search versions of prompts": [
        _model("$p", tags=[_PROMPT]), _version("$p", "dummy-source", tags=[_PROMPT]),
        _search("name = '$p'", _MV), _search(f"name = '$p' AND {_IS_PROMPT} = 'true'", _MV),
    ],
    "search wider than MLflow": [
        *_FOUND,
        _search(f"{_WHO} AND (name = '$a1' OR name = '$a2')"),
        _search(f"{_WHO} AND NOT name = '$a1'"),
        _search(_WHO, order_by="creation_timestamp DESC"),
    ],
}  # fmt: skip
