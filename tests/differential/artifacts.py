"""Artifacts: files written through the server, read, listed and deleted; places that are none."""

from __future__ import annotations

from urllib.parse import quote

from tests.differential.pair import AJAX, Call, get, post

PROXY = "/api/2.0/mlflow-artifacts/"
_ROOT = f"{PROXY}artifacts/"
_OF_RUN = f"{_ROOT}$exp/$run/artifacts/"
_NAMES = (
    "a.txt", "b/c.json", "b/d/e.bin", "MLmodel", "sub dir/ü.csv", "x.html", "x.svg", "x.png",
    "x.tar.gz", "conda.yaml", "x.py", "x.md", "x.log", "x.ini", "no-suffix", "a+b 100%.txt",
)  # fmt: skip
_PLACES_THAT_ARE_NONE = (
    "../x", "..%2fx", "%2e%2e/x", "%252e%252e/x", "a/../../x", "/etc/x", "%2fetc/x", "C:/x",
    "a%23b", "b%c3%28",
)  # fmt: skip
_NAMES_MLFLOW_TAKES = ("a%5cb", "a%00b", "a:b")


def _put(name: str, content: bytes = b"", root: str = _OF_RUN) -> Call:
    return Call("PUT", root + quote(name), content or f"text of {name}".encode())


def _file(path: str, **headers: str) -> Call:
    return Call("GET", path, headers=headers, is_file=True)


def _list(run: str = "$run", **query: str) -> Call:
    return get("artifacts/list", None, run_id=run, **query)


def _listed(path: str) -> Call:
    return get(f"{PROXY}artifacts", path=path)


def _everywhere(place: str) -> list[Call]:
    """A place as each route that takes one may be told of it."""
    return [
        Call("PUT", f"{_ROOT}{place}", b"x"),
        Call("GET", f"{_ROOT}{place}"),
        Call("GET", f"{PROXY}artifacts?path={place}"),
        Call("GET", f"artifacts/list?run_id=$run&path={place}"),
        Call("GET", f"/get-artifact?run_id=$run&path={place}"),
        Call("POST", f"{AJAX}upload-artifact?run_uuid=$run&path={place}", b"x"),
    ]


_TREE = [_put(name) for name in ("a.txt", "b/c.json", "b/d/e.bin", "sub dir/ü.csv")]

CASES: dict[str, list[Call]] = {
    "there and back": [
        call for name in _NAMES for call in (_put(name), _file(_OF_RUN + quote(name)))
    ],
    "of a run": [
        call
        for name in _NAMES
        for call in (_put(name), _file(f"/get-artifact?run_id=$run&path={quote(name)}"))
    ],
    "under the old name of a run": [_put("a"), _file("/get-artifact?run_uuid=$run&path=a")],
    "by their pages": [
        _put("a.txt", root=_OF_RUN.replace("/api/", "/ajax-api/")),
        _file(f"{_OF_RUN.replace('/api/', '/ajax-api/')}a.txt"),
    ],
    "only the head": [_put("a.txt"), Call("HEAD", f"{_OF_RUN}a.txt")],
    "written again": [_put("a", b"one"), _put("a", b"two"), _file(f"{_OF_RUN}a")],
    "parts of a file": [
        _put("a.txt"),
        *[_file(f"{_OF_RUN}a.txt", range=f"bytes={part}") for part in ("0-2", "-2", "3-", "5-5")],
        Call("GET", f"{_OF_RUN}a.txt", headers={"range": "bytes=100-"}),
    ],
    "listed": [
        *_TREE,
        _list(), _list(path=""), _list(path="b"), _list(path="b/d"), _list(path="b/"),
        _list(path="sub dir"), _list(path="a.txt"), _list(path="none"),
        get("artifacts/list", run_uuid="$run", path="b"),
        get(f"{AJAX}artifacts/list", run_id="$run", path="b"),
    ],
    "listed as they lie": [
        *_TREE,
        *[_listed(f"$exp/$run/artifacts{part}")
          for part in ("", "/", "/b", "/b/", "/b/d", "/a.txt", "/none")],
        _listed("$exp"),
        get("/ajax-api/2.0/mlflow-artifacts/artifacts", path="$exp/$run/artifacts/b"),
    ],
    "of a run without any": [_list(), _listed("$exp/$run/artifacts")],
    "of no run": [
        get("artifacts/list"), get("artifacts/list", path="a"), _list(run=""), _list(run="nope"),
        get("artifacts/list", runId="$run"),
        Call("GET", "/get-artifact?run_id=nope&path=a"),
        Call("POST", f"{AJAX}upload-artifact?run_uuid=nope&path=a", b"x"),
    ],
    "that are not there": [
        *_TREE,
        *[Call("GET", _OF_RUN + name) for name in ("none", "b", "b/d", "a.txt/x")],
        *[Call("GET", f"/get-artifact?run_id=$run&path={name}") for name in ("none", "b")],
    ],
    "deleted": [
        *_TREE,
        Call("DELETE", f"{_OF_RUN}a.txt"), Call("DELETE", f"{_OF_RUN}a.txt"),
        Call("DELETE", f"{_OF_RUN}b"), Call("DELETE", f"{_OF_RUN}none/x"),
        _list(), Call("GET", f"{_OF_RUN}b/c.json"),
        Call("DELETE", f"{_OF_RUN}sub%20dir/%C3%BC.csv"), _list(), _list(path="sub dir"),
    ],
    "at places that are none": [
        call for place in _PLACES_THAT_ARE_NONE for call in _everywhere(place)
    ],
    "with names for one system only": [
        call for name in _NAMES_MLFLOW_TAKES for call in _everywhere(name)[:5]
    ],
    "without a name": [_put("dir/"), Call("PUT", f"{PROXY}artifacts", b"x")],
    "uploaded by pages": [
        Call("POST", f"{AJAX}upload-artifact?run_uuid=$run&path=d/up.txt", b"text"),
        _file(f"{_OF_RUN}d/up.txt"),
        Call("POST", f"{AJAX}upload-artifact?run_uuid=$run", b"x"),
        Call("POST", f"{AJAX}upload-artifact?path=a", b"x"),
    ],
    "of a logged model": [
        post("logged-models", {"experiment_id": "$exp", "name": "net"},
             save={"model": "model.info.model_id"}),
        _put("MLmodel", root=f"{_ROOT}$exp/models/$model/artifacts/"),
        _put("data/a.txt", root=f"{_ROOT}$exp/models/$model/artifacts/"),
        get("logged-models/$model/artifacts/directories"),
        get("logged-models/$model/artifacts/directories", artifact_directory_path="data"),
        _file(f"{AJAX}logged-models/$model/artifacts/files?artifact_file_path=data/a.txt"),
        Call("GET", f"{AJAX}logged-models/$model/artifacts/files"),
        Call("GET", f"{AJAX}logged-models/$model/artifacts/files?artifact_file_path=none"),
        Call("GET", f"{AJAX}logged-models/$model/artifacts/files?artifact_file_path=../x"),
        Call("GET", f"{AJAX}logged-models/nope/artifacts/files?artifact_file_path=a"),
        get("logged-models/nope/artifacts/directories"),
    ],
    "of a model version": [
        _put("model/MLmodel"),
        post("registered-models/create", {"name": "$name"}),
        post("model-versions/create",
             {"name": "$name", "source": "mlflow-artifacts:/$exp/$run/artifacts/model",
              "run_id": "$run"}),
        _file("/model-versions/get-artifact?name=$name&version=1&path=MLmodel"),
        Call("GET", "/model-versions/get-artifact?name=$name&version=1&path=none"),
        Call("GET", "/model-versions/get-artifact?name=$name&version=2&path=MLmodel"),
        Call("GET", "/model-versions/get-artifact?name=$name&version=1&path=../x"),
    ],
    "in parts, where a folder keeps them": [
        post(f"{PROXY}mpu/create/$exp/$run/artifacts/a", {"path": "a", "num_parts": 2}),
        post(f"{PROXY}mpu/abort/$exp/$run/artifacts/a", {"path": "a", "upload_id": "x"}),
        get(f"{PROXY}presigned/$exp/$run/artifacts/a"),
        post("artifacts/presigned-upload-url", {"run_id": "$run", "path": "a.txt"}),
        post("artifacts/presigned-download-url", {"run_id": "$run", "path": "a.txt"}),
    ],
    "other methods": [
        Call("POST", f"{_OF_RUN}a", b"x"), Call("PATCH", f"{_OF_RUN}a", b"x"),
        Call("DELETE", f"{PROXY}artifacts"), Call("GET", f"{PROXY}mpu/create/a"),
    ],
}  # fmt: skip
