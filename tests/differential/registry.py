"""The model registry: models, versions, stages, aliases, tags, search, bad input."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get, post

PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
MODELS, VERSIONS = "registered-models/", "model-versions/"


def patch(path: str, body: Any = None) -> Call:
    return Call("PATCH", path, {} if body is None else body)


def delete(path: str, body: Any = None) -> Call:
    return Call("DELETE", path, {} if body is None else body)


def model(name: str = "$name", **more: Any) -> Call:
    return post(f"{MODELS}create", {"name": name, **more})


def version(name: str = "$name", source: str = "s3://b/p", **more: Any) -> Call:
    return post(f"{VERSIONS}create", {"name": name, "source": source, **more})


def _get(name: str = "$name") -> Call:
    return Call("GET", f"{MODELS}get", query=[("name", name)], unordered="latest_versions")


def _get_version(version: Any = 1, name: str = "$name") -> Call:
    return get(f"{VERSIONS}get", name=name, version=version)


def _latest(stages: Any = None, name: str = "$name") -> Call:
    body = {"name": name} if stages is None else {"name": name, "stages": stages}
    return post(f"{MODELS}get-latest-versions", body, unordered="model_versions")


def _move(version: Any, stage: str, name: str = "$name", **more: Any) -> Call:
    return post(f"{VERSIONS}transition-stage",
                {"name": name, "version": version, "stage": stage, **more})  # fmt: skip


def _alias(alias: str, version: str = "1", name: str = "$name") -> Call:
    return post(f"{MODELS}alias", {"name": name, "alias": alias, "version": version})


def _aliased(alias: str, name: str = "$name") -> Call:
    return get(f"{MODELS}alias", name=name, alias=alias)


def tag(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


_ARCHIVE: Any = {"archive_existing_versions": True}
_MADE = [model(), version()]
_THREE = [model(), *[version(tags=[tag("t", str(i))]) for i in range(3)]]
CASES: dict[str, list[Call]] = {
    "create a model": [
        model(description="d", tags=[tag("b", "1"), tag("a", "")]), _get(),
        model("$x", description=""), _get("$x"),
        model("$y", tags=[{"key": "k"}]), _get("$y"),
        model("$z", deployment_job_id="7"), _get("$z"),
    ],
    "create a model twice": [model(), model()],
    "create a model badly": [
        post(f"{MODELS}create"),
        *[model(name) for name in ("", "  ", "a/b", "a:b")],
        model("$x", tags=[{"value": "1"}]),
        model("$x", tags=[tag("k" * 251, "v")]),
        model("$x", tags=[tag("k", "v" * 100_001)]),
        model("$x", tags=[tag("../k", "v")]),
        post(f"{MODELS}create", {"name": 5}),
        post(f"{MODELS}create", {"name": "$x", "tags": "v"}),
        _get("$x"),
    ],
    "a long name": [model("$name" + "x" * 200), model("$name" + "x" * 260)],
    "one tag twice": [model(tags=[tag("k", "1"), tag("k", "2")]), _get()],
    "get badly": [get(f"{MODELS}get"), _get(""), _get("nope")],
    "update a model": [
        model(description="d"),
        patch(f"{MODELS}update", {"name": "$name", "description": "new"}), _get(),
        patch(f"{MODELS}update", {"name": "$name"}), _get(),
        patch(f"{MODELS}update", {"name": "nope", "description": "x"}),
        patch(f"{MODELS}update"),
    ],
    "rename a model": [
        *_MADE,
        post(f"{MODELS}rename", {"name": "$name", "new_name": "$other"}),
        _get("$other"), _get(), _get_version(1, "$other"), _get_version(1),
        post(f"{MODELS}rename", {"name": "$other", "new_name": "$other"}),
        model("$third"),
        post(f"{MODELS}rename", {"name": "$other", "new_name": "$third"}),
        post(f"{MODELS}rename", {"name": "nope", "new_name": "$fourth"}),
        post(f"{MODELS}rename", {"name": "$other"}),
        post(f"{MODELS}rename", {"name": "$other", "new_name": ""}),
        post(f"{MODELS}rename", {"name": "$other", "new_name": "a/b"}),
        post(f"{MODELS}rename", {"name": "$other", "new_name": "$name"}),
    ],
    "delete a model": [
        *_MADE, _alias("al"),
        delete(f"{MODELS}delete", {"name": "$name"}), _get(), _get_version(1), _aliased("al"),
        delete(f"{MODELS}delete", {"name": "$name"}), delete(f"{MODELS}delete"),
        model(), version(), _aliased("al"),
    ],
    "tags of a model": [
        model(tags=[tag("a", "1")]),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("x", "1")}),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("a", "2")}),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("e", "")}),
        post(f"{MODELS}set-tag", {"name": "$name", "key": "n"}),
        _get(),
        delete(f"{MODELS}delete-tag", {"name": "$name", "key": "x"}),
        delete(f"{MODELS}delete-tag", {"name": "$name", "key": "x"}),
        _get(),
    ],
    "tags of a model badly": [
        model(),
        post(f"{MODELS}set-tag", {"name": "$name", "value": "x"}),
        post(f"{MODELS}set-tag", {"name": "nope", **tag("x", "1")}),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("", "1")}),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("k" * 251, "1")}),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("k", "v" * 100_001)}),
        post(f"{MODELS}set-tag", {"name": "$name", **tag("a//b", "1")}),
        delete(f"{MODELS}delete-tag", {"name": "nope", "key": "x"}),
        delete(f"{MODELS}delete-tag", {"name": "$name"}),
        _get(),
    ],
    "create versions": [
        model(), version(),
        version(run_id="nope", description="d", run_link="http://x",
                 tags=[tag("a", "1"), tag("b", "")]),
        _get_version(1), _get_version(2), _get(),
        get(f"{VERSIONS}get-download-uri", name="$name", version=2),
    ],
    "create versions badly": [
        model(),
        post(f"{VERSIONS}create", {"name": "$name"}),
        version(source=""),
        version("nope"),
        post(f"{VERSIONS}create", {"source": "s3://b/p"}),
        version("a/b"),
        version(tags=[tag("k", "v" * 100_001)]),
        version(tags=[tag("../k", "v")]),
        _get(),
    ],
    "sources from a run": [
        model(), get("runs/get", run_id="$run"),
        *[version(source=source, **more) for source, more in (
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
        get(f"{VERSIONS}get-download-uri", name="$name", version=1),
    ],
    "sources of the machine": [
        model(),
        *[version(source=source, **more)
          for source in ("/tmp/x", "file:///tmp/x", "x/y", "./x", "/", "../x", "dummy-source")
          for more in ({}, {"run_id": "$run"})],
        version(source="C:\\x\\y"),
    ],
    "sources elsewhere": [
        model(),
        *[version(source=source) for source in (
            "http://h/p", "https://h/p", "ftp://h/p", "hdfs://h/p", "r2://b@h/p", "abfss://c@a/p",
            "dbfs:/x", "gs://b/p", "wasbs://c@a/p", "weird:/p", "s3:/p", "uc-volume:/x",
            "s3://b/../p", "s3://b/%2e%2e/p", "s3://b/%252e%252e/p", "s3://b/p?x=1", "s3://b/p#f",
            "s3://b/p?a=../x", "s3://b/" + "x" * 600,
        )],
    ],
    "sources from the registry": [
        *_MADE, _alias("al"),
        *[version(source=source) for source in (
            "models:/$name/1", "models:/$name/99", "models:/nope/1", "models:/$name@al",
            "models:/$name@no", "models:/$name/latest", "models:/$name/Production",
        )],
        model("$x"),
        post(f"{VERSIONS}create",
             {"name": "$x", "source": "runs:/$run/model", "run_id": "$run"}),
        version(source="models:/$x/1"),
        *[get(f"{VERSIONS}get-download-uri", name="$name", version=v) for v in (2, 3, 4, 5)],
        *[version(source=source, run_id=run) for source, run in (
            ("models:/$x/1", "$run"), ("models:/$x/1", "other"), ("models:/$name/1", "$run"),
        )],
    ],
    "prompts": [
        model("$p", tags=[PROMPT]),
        version("$p", "dummy-source", tags=[PROMPT, tag("mlflow.prompt.text", "hi {{x}}")]),
        version("$p", "prompt-template", tags=[PROMPT]),
        version("$p", "s3://b/p", tags=[PROMPT]),
        version("$p", "s3://b/p", tags=[tag("mlflow.prompt.is_prompt", "false")]),
        version("$p", "dummy-source", tags=[tag("mlflow.prompt.is_prompt", "True")]),
        _get("$p"), _get_version(1, "$p"), _alias("prod", "1", "$p"), _aliased("prod", "$p"),
        get(f"{VERSIONS}get-download-uri", name="$p", version=1),
    ],
    "get versions": [
        *_MADE,
        *[_get_version(v) for v in (1, "99", "abc", "-1", "1.0", " 1", "01", "9" * 30)],
        get(f"{VERSIONS}get", name="$name"),
        get(f"{VERSIONS}get", version=1),
        _get_version(1, "nope"),
        get(f"{VERSIONS}get-download-uri", name="$name", version=99),
    ],
    "update versions": [
        *_MADE,
        patch(f"{VERSIONS}update", {"name": "$name", "version": "1", "description": "dd"}),
        patch(f"{VERSIONS}update", {"name": "$name", "version": "1"}), _get_version(1),
        patch(f"{VERSIONS}update", {"name": "$name", "version": "1", "description": ""}),
        patch(f"{VERSIONS}update", {"name": "$name", "version": "99", "description": ""}),
        patch(f"{VERSIONS}update", {"name": "$name"}),
        patch(f"{VERSIONS}update", {"name": "$name", "version": 1, "description": "x"}),
        patch(f"{VERSIONS}update", {"name": "$name", "version": "x", "description": "x"}),
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
        post(f"{VERSIONS}transition-stage", {"name": "$name", "version": "1"}),
        _move("99", "Staging"), _move("99", "Staging", "nope"), _move("x", "Staging"),
        _move("1", "Staging", archive_existing_versions="maybe"),
        _get_version(1),
    ],
    "archiving what is in no active stage": [
        *_MADE, _move("1", "None", **_ARCHIVE), _move("1", "Archived", **_ARCHIVE),
    ],
    "latest versions": [
        *_THREE, version(), _move("1", "Archived"), _move("2", "Staging"), _alias("al", "2"),
        _latest(), _latest([]), _latest(["staging", "Production"]), _latest(["Archived", "None"]),
        _latest(["None", "None"]), _latest(["Production"]),
        Call("GET", f"{MODELS}get-latest-versions", query=[("name", "$name")],
             unordered="model_versions"),
        Call("GET", f"{MODELS}get-latest-versions",
             query=[("name", "$name"), ("stages", "None"), ("stages", "Staging")],
             unordered="model_versions"),
        _get(),
    ],
    "latest versions badly": [
        *_MADE, _latest(["bogus"]), _latest(name="nope"), post(f"{MODELS}get-latest-versions"),
        _latest([""]), _latest("None"),
    ],
    "aliases": [
        *_THREE, _alias("champ"), _aliased("champ"), _alias("champ", "2"), _aliased("champ"),
        _alias("b", "2"), _alias("a", "2"), _get_version(2), _get_version(1), _get(),
        _aliased("latest"), _aliased("LATEST"), _latest(["None"]),
        delete(f"{MODELS}alias", {"name": "$name", "alias": "champ"}), _aliased("champ"),
        delete(f"{MODELS}alias", {"name": "$name", "alias": "champ"}),
        delete(f"{MODELS}alias", {"name": "$name", "alias": "latest"}),
    ],
    "names of aliases": [
        *_MADE,
        *[_alias(a) for a in ("latest", "LaTest", "v1", "V12", "v1a", "a b", "a-b_c", "", "1", "é",
                              "x" * 255, "x" * 256, "a.b", "vv1", "v")],
        _get(),
    ],
    "aliases badly": [
        *_MADE, _alias("c", "99"), _alias("c", "1", "nope"), _alias("c", "x"),
        post(f"{MODELS}alias", {"name": "$name", "alias": "c"}),
        post(f"{MODELS}alias", {"name": "$name", "version": "1"}),
        _aliased("nope"), _aliased("c", "nope"), _aliased("v1"), _aliased("a b"),
        get(f"{MODELS}alias", name="$name"),
        delete(f"{MODELS}alias", {"name": "nope", "alias": "c"}),
        delete(f"{MODELS}alias", {"name": "$name"}),
    ],
    "latest without versions": [
        model(), _aliased("latest"), _latest(), version(),
        delete(f"{VERSIONS}delete", {"name": "$name", "version": "1"}),
        _aliased("latest"), _latest(),
    ],
    "tags of a version": [
        *_MADE,
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "1", **tag("k", "v")}),
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "1", **tag("k", "w")}),
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "1", "key": "n"}),
        _get_version(1),
        delete(f"{VERSIONS}delete-tag", {"name": "$name", "version": "1", "key": "k"}),
        delete(f"{VERSIONS}delete-tag", {"name": "$name", "version": "1", "key": "k"}),
        _get_version(1),
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "1", "value": "x"}),
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "9", **tag("k", "v")}),
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "x", **tag("k", "v")}),
        post(f"{VERSIONS}set-tag", {"name": "$name", **tag("k", "v")}),
        delete(f"{VERSIONS}delete-tag", {"name": "$name", "version": "9", "key": "t"}),
    ],
    "delete versions": [
        *_THREE, _alias("al", "3"),
        delete(f"{VERSIONS}delete", {"name": "$name", "version": "3"}),
        _get(), _get_version(3), _aliased("al"),
        *[delete(f"{VERSIONS}delete", {"name": "$name", "version": v}) for v in ("3", "99", "x")],
        delete(f"{VERSIONS}delete", {"name": "$name"}),
        post(f"{VERSIONS}set-tag", {"name": "$name", "version": "3", **tag("k", "v")}),
        _alias("al", "3"), get(f"{VERSIONS}get-download-uri", name="$name", version=3),
        _move("3", "Staging"),
        version(), _get(),
    ],
}  # fmt: skip
