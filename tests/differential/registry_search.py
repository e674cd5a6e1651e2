"""Searches of the model registry."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get
from tests.differential.registry import (
    MODELS,
    PROMPT,
    VERSIONS,
    delete,
    model,
    patch,
    tag,
    version,
)


def _search(filter: str | None = None, route: str = MODELS, **query: Any) -> Call:
    named: Any = {"filter": filter} if filter is not None else {}
    return get(f"{route}search", **named, **query)


_FOUND = [
    *[model(f"$a{i}", tags=[tag("t", str(i % 2)), tag("who", "$who")]) for i in range(5)],
    model("$p", tags=[PROMPT, tag("who", "$who")]),
    model("$q", tags=[tag("mlflow.prompt.is_prompt", "false"), tag("who", "$who")]),
]
_WHO = "tags.who = '$who'"
_IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"
_SOME_VERSIONS = [
    model("$m"),
    *[version("$m", f"s3://b/p{i}", run_id="$who" if i % 2 else "", tags=[tag("t", str(i % 2))])
      for i in range(4)],
    model("$o"),
    version("$o", "s3://b/p1"),
    delete(f"{VERSIONS}delete", {"name": "$m", "version": "3"}),
]  # fmt: skip
_OF = "name = '$m'"

CASES: dict[str, list[Call]] = {
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
        get(f"{MODELS}search", filter=_WHO, max_results=4, save={"token": "next_page_token"}),
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
        *_SOME_VERSIONS, _search(_OF, VERSIONS),
        *[_search(f"{_OF} AND {more}", VERSIONS) for more in (
            "run_id = '$who'", "run_id != '$who'", "run_id IN ('$who')", "run_id NOT IN ('$who')",
            "run_id LIKE '%'", "run_id = ''", "source_path = 's3://b/p0'",
            "source_path LIKE '%p0'", "version_number > 1", "version_number = '1'",
            "version_number != 1", "version_number <= 2", "tags.t = '1'", "tag.t != '1'",
            "name LIKE 'm%'",
        )],
        _search("run_id = '$who'", VERSIONS), _search("name = 'none'", VERSIONS),
        _search("name IN ('$m', '$o')", VERSIONS), _search("name LIKE '%$unique'", VERSIONS),
    ],
    "search versions in order": [
        *_SOME_VERSIONS,
        *[_search(_OF, VERSIONS, order_by=order) for order in (
            "version_number", "version_number DESC", "creation_timestamp DESC",
            "creation_timestamp", "last_updated_timestamp ASC", "last_updated_timestamp DESC",
            "name", ["name", "version_number ASC"],
        )],
        patch(f"{VERSIONS}update", {"name": "$m", "version": "1", "description": "last"}),
        _search(_OF, VERSIONS),
    ],
    "search versions in pages": [
        *_SOME_VERSIONS,
        get(f"{VERSIONS}search", filter=_OF, max_results=2, save={"token": "next_page_token"}),
        _search(_OF, VERSIONS, max_results=2, page_token="$token"),
        _search(_OF, VERSIONS, max_results=3),
        _search(_OF, VERSIONS, max_results=0), _search(_OF, VERSIONS, max_results=200_001),
    ],
    "search versions badly": [
        *[_search(bad, VERSIONS) for bad in (
            "version = '1'", "current_stage = 'None'", "model_id = 'x'", "name",
            "version_number = 'x'", "tags.t > '1'",
        )],
        _search(None, VERSIONS, order_by="bogus"),
    ],
    "search versions of prompts": [
        model("$p", tags=[PROMPT]), version("$p", "dummy-source", tags=[PROMPT]),
        _search("name = '$p'", VERSIONS),
        _search(f"name = '$p' AND {_IS_PROMPT} = 'true'", VERSIONS),
    ],
    "search wider than MLflow": [
        *_FOUND,
        _search(f"{_WHO} AND (name = '$a1' OR name = '$a2')"),
        _search(f"{_WHO} AND NOT name = '$a1'"),
        _search(_WHO, order_by="creation_timestamp DESC"),
    ],
}  # fmt: skip
