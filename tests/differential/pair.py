"""The same calls to MLflow and to Milepost, and their answers in a form that can be compared.

A case is a list of calls. In paths, bodies and arguments `$exp`, `$run`, `$name` stand for an
experiment, a run and a text of the case's own on each server; each is made when first used, and
`$run2`, `$exp_b` and the like are further ones. `save={"model": "registered_model.name"}` keeps a
part of the answer for later calls.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

API = "/api/2.0/mlflow/"
AJAX = "/ajax-api/2.0/mlflow/"
START = 1_700_000_000_000

_VARIABLE = re.compile(r"\$(\w+)")
_HEX = re.compile(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-[0-9]{1,3}")
_EXTRA = {"sqlstate", "error_class", "workspace"}
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Call:
    """One request. `body` is sent as JSON unless it is bytes; `query` may repeat a name."""

    method: str
    path: str
    body: Any = None
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    save: Mapping[str, str] = field(default_factory=dict)
    unordered: str = ""
    """A field of the answer whose items come in no promised order."""

    varies: Sequence[str] = ()
    """Fields of the answer of which only the type is promised."""

    is_file: bool = False
    """The answer is a file: what it is, its name and its bytes count."""


def post(path: str, body: Any = None, **more: Any) -> Call:
    return Call("POST", path, {} if body is None else body, **more)


def get(path: str, /, save: Mapping[str, str] | None = None, **query: Any) -> Call:
    pairs = [
        (name, str(item))
        for name, value in query.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return Call("GET", path, query=pairs, save=save or {})


def raw(path: str, body: bytes, content_type: str | None = "application/json") -> Call:
    headers = {} if content_type is None else {"content-type": content_type}
    return Call("POST", path, body, headers=headers)


@dataclass(frozen=True)
class Answer:
    """What a server said, without what may differ: ids, the time of day, MLflow's extra fields."""

    status: int
    body: Any
    message: str = field(default="", compare=False)


class Side:
    """One of the two servers, in one case."""

    def __init__(self, client: httpx.Client, values: Mapping[str, str]) -> None:
        self._client = client
        self._values = dict(values)

    @property
    def values(self) -> Mapping[str, str]:
        """What the variables stand for."""
        return self._values

    def play(self, calls: Sequence[Call]) -> list[Answer]:
        """The answers to the calls of one case."""
        return [self._one(call) for call in calls]

    def _one(self, call: Call) -> Answer:
        path = self._fill(call.path)
        url = path if path.startswith("/") else API + path
        body = call.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(self._fill(body)).encode()
        elif body is not None:
            body = self._fill(body.decode("latin-1")).encode("latin-1")
        headers = {"content-type": "application/json"} if call.method != "GET" else {}
        if isinstance(call.body, bytes):
            headers = {}
        reply = self._client.request(
            call.method,
            url,
            content=body,
            params=self._fill([list(pair) for pair in call.query]) or None,
            headers={**headers, **call.headers},
        )
        return self._answer(call, reply)

    def _answer(self, call: Call, reply: httpx.Response) -> Answer:
        kind = reply.headers.get("content-type", "").partition(";")[0]
        if call.is_file:
            return Answer(reply.status_code, self._file(reply, kind))
        if reply.status_code == 200 and not reply.content and call.method != "HEAD":
            return Answer(200, {})  # as which clients read it
        if kind != "application/json" or call.method == "HEAD":
            # Whether plain text or a page, to a client it is only no JSON.
            return Answer(reply.status_code, kind.partition("/")[0], reply.text[:300])
        body = reply.json()
        for name, place in call.save.items():
            value: Any = body
            for part in place.split("."):
                value = value[int(part) if part.isdigit() else part]
            self._values[name] = str(value)
        if reply.status_code >= 400:
            return Answer(reply.status_code, body.get("error_code"), body.get("message", ""))
        for name in set(call.varies) & set(body):
            body[name] = f"<{type(body[name]).__name__}>"
        return Answer(reply.status_code, self._plain(body, unordered=call.unordered))

    @staticmethod
    def _file(reply: httpx.Response, kind: str) -> list[Any]:
        sent = reply.headers
        disposition = sent.get("content-disposition", "")
        names = re.findall(r"filename(\*?)=\"?(?:UTF-8'')?([^\";]+)", disposition, re.IGNORECASE)
        name = unquote(dict(names).get("*", "")) or dict(names).get("")
        return [kind, disposition.partition(";")[0], name, sent.get("content-range"), reply.content]

    def _fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._fill(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._fill(item) for item in value]
        if isinstance(value, str):
            return _VARIABLE.sub(lambda m: self._value(m[1]), value)
        return value

    def _value(self, name: str) -> str:
        if name not in self._values:
            self._values[name] = self._made(name)
        return self._values[name]

    def _made(self, name: str) -> str:
        named = f"{name} {self._values['unique']}"
        if name.startswith("exp"):
            made = self._create("experiments", {"name": named})
            return str(made["experiment_id"])
        if name.startswith("run"):
            body = {"experiment_id": self._value("exp"), "run_name": name, "start_time": START}
            return str(self._create("runs", body)["run"]["info"]["run_id"])
        return named

    def _create(self, kind: str, body: dict[str, Any]) -> Any:
        reply = self._client.post(f"{API}{kind}/create", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def _plain(self, value: Any, name: str = "", *, unordered: str = "") -> Any:
        if isinstance(value, dict):
            return {
                key: self._plain(item, key, unordered=unordered)
                for key, item in value.items()
                if key not in _EXTRA
            }
        if isinstance(value, list):
            items = [self._plain(item, unordered=unordered) for item in value]
            # History has steps in order; a run's latest metrics are one for each key.
            keys = [item["key"] for item in items if name == "metrics" and isinstance(item, dict)]
            one_each = 0 < len(keys) == len(set(keys))
            if name in _UNORDERED | {unordered} or one_each:
                items.sort(key=lambda item: json.dumps(item, sort_keys=True))
            return items
        if isinstance(value, str):
            return self._plain_text(value, name)
        if isinstance(value, int) and abs(value - time.time() * 1000) < _DAY_MS:
            return "<now>"
        return value

    def _plain_text(self, text: str, name: str) -> str:
        for variable, value in self._values.items():
            if text == value and (len(value) > 8 or name == "experiment_id"):
                return f"${variable}"
            if len(value) == 32 or name != "experiment_id":
                text = _replaced(text, value, variable)
        if name in ("experiment_id", "id") and text.isdecimal() and text != "0":
            return "<id>"
        text = re.sub(r"(mlflow-artifacts:/)[1-9][0-9]*", r"\1<id>", _HEX.sub("<hex>", text))
        is_name = name in ("run_name", "value") and _RANDOM_NAME.fullmatch(text)
        return "<random name>" if is_name else text


def _replaced(text: str, value: str, variable: str) -> str:
    return text.replace(value, f"${variable}") if len(value) > 8 else text


# MLflow returns these as its database happens to yield them.
_UNORDERED = {"params", "tags", "dataset_inputs", "model_inputs", "model_outputs"}
