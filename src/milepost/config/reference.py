"""What is said about settings, made from their table: `config show`, the example file, the JSON
Schema for editors, and the reference page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from textwrap import wrap
from typing import Any, NamedTuple

from milepost.config.document import BODY, ENVIRONMENTS
from milepost.config.field import (
    Key,
    is_block,
    is_list,
    is_map,
    item_kind,
    kinds,
    members,
    meta,
)
from milepost.config.load import Loaded
from milepost.config.reading import KEYS, VARIABLES, Tree
from milepost.config.settings import Settings, masked_uri

DEFAULT = "default"
"""The source of what was not given."""

_MASK = "***"
_TEXT: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_KINDS: dict[Any, str] = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_TITLES = {
    "Stores": "Where the data is",
    "Listening": "The server",
    "Timeouts": "Timeouts",
    "Resilience": "Resilience",
    "Observation": "Metrics, logs and alerts",
    "Features": "Features",
}


_MADE_OF = {
    "backend_store_uri": (("db_host", "db_name", "db_user", "db_password"), ("data_dir",)),
    "artifacts_destination": (("artifact_store", "artifacts_bucket"), ("data_dir",)),
    "default_artifact_root": (("serve_artifacts",),),
}
"""What a setting that is not given itself is made of: the first of these groups with one that is
given."""


class Row(NamedTuple):
    """One effective setting, fit to be shown to anybody."""

    name: str
    value: Any
    source: str


def shown(loaded: Loaded) -> list[Row]:
    """Every setting with its value, secrets masked, and where it came from. What is made from other
    settings where it is not given itself is shown as it comes out."""
    settings = loaded.settings
    made = {
        "backend_store_uri": settings.store_uri,
        "artifacts_destination": settings.artifacts_uri,
        "default_artifact_root": settings.artifact_root,
    }
    return [
        Row(
            item.name,
            _plain(item, made.get(item.name) or getattr(settings, item.name)),
            loaded.sources.get(item.name) or _made_of(item.name, loaded),
        )
        for item in fields(Settings)
    ]


def _made_of(name: str, loaded: Loaded) -> str:
    for group in _MADE_OF.get(name, ()):
        given = [part for part in group if part in loaded.sources]
        if given:
            return f"made of {', '.join(given)}"
    return DEFAULT


def _plain(item: Field[Any], value: Any) -> Any:
    if meta(item).secret:
        return _MASK if value else ""
    if isinstance(value, str):
        return masked_uri(value)
    if isinstance(value, Mapping):
        return {name: _plain_block(block) for name, block in value.items()}
    if isinstance(value, tuple):
        return [_plain_block(each) if is_dataclass(each) else each for each in value]
    return value


def _plain_block(block: Any) -> dict[str, Any]:
    return {key: _plain(item, getattr(block, item.name)) for key, item, _ in members(type(block))}


def exports(settings: Settings, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """The environment of a training machine: (variable, value)."""
    host = settings.public_host or settings.host.replace("0.0.0.0", "localhost")  # noqa: S104 - a name
    found = {
        "MLFLOW_TRACKING_URI": settings.tracking_uri
        or f"http://{host}:{settings.port}{settings.static_prefix}",
        "MLFLOW_EXPERIMENT_NAME": settings.experiment_name,
        "MLFLOW_HTTP_REQUEST_TIMEOUT": f"{settings.client_read_timeout:.0f}",
        "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": f"{settings.client_write_timeout:.0f}",
    }
    if settings.gateway_enabled:
        found["MLFLOW_DEPLOYMENTS_TARGET"] = settings.gateway_uri or found["MLFLOW_TRACKING_URI"]
    if settings.auth_enabled:
        found["MLFLOW_TRACKING_USERNAME"] = settings.auth_username
        found["MLFLOW_TRACKING_PASSWORD"] = settings.auth_password
    if not settings.serve_artifacts or settings.default_artifact_root:
        # Clients go to the store themselves, so they need what the server was given for it.
        for name in ("MLFLOW_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            found[name] = environ.get(name, "")
    return [(name, value) for name, value in found.items() if value]


def example() -> str:
    """A file with every key at its default, commented; what has no default is commented out."""
    lines = ["# Every setting of Milepost. Keys may also stand at the top, without `mlflow:`.", ""]
    lines += [f"{BODY}:", *_example(KEYS, "  ")]
    lines += [
        "", "# Environment variables that are set unless the process has them already.",
        f"{VARIABLES}: {{}}", "",
        "# Settings of one environment, chosen by --env or ENVIRONMENT, over those above.",
        *(f"# {name}:\n#   tracking_uri: http://..." for name in ENVIRONMENTS[:3]),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _example(tree: Tree, indent: str) -> Iterator[str]:
    for name, here in tree.items():
        if isinstance(here, dict):
            inner = list(_example(here, indent + "  "))
            if inner:
                active = any(not line.lstrip().startswith("#") for line in inner)
                yield f"{indent}{name}:" if active else f"{indent}# {name}:"
                yield from inner
            continue
        item, key = here
        if key == meta(item).keys[0]:
            yield from _example_setting(name, item, key, indent)


def _example_setting(name: str, item: Field[Any], key: Key, indent: str) -> Iterator[str]:
    for line in wrap(meta(item).help, 96 - len(indent)):
        yield f"{indent}# {line}"
    kind = kinds(Settings)[item.name]
    if is_map(kind) or is_list(kind):
        block = item_kind(kind)
        if is_block(block):
            yield f"{indent}{name}: {'{}' if is_map(kind) else '[]'}"
            first = f"{indent}#   NAME:" if is_map(kind) else f"{indent}#   -"
            yield first
            for inner, part, _ in members(block):
                yield f"{indent}#     {inner}: {_default(part.default)}  # {meta(part).help}"
        else:
            yield f"{indent}{name}: {_default(item.default)}"
    elif item.default == "":
        yield f"{indent}# {name}:"
    else:
        value: Any = item.default
        if key.unit == "ms":
            value *= 1000
        yield f"{indent}{name}: {_default(value)}"


def _default(value: Any) -> str:
    if isinstance(value, bool | tuple | list):
        return json.dumps(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    if value == "" or not isinstance(value, str | int):
        return '""' if value == "" else "..."
    return json.dumps(value) if isinstance(value, str) else str(value)


def schema() -> dict[str, Any]:
    """A JSON Schema of the file."""
    body = _schema(KEYS)
    texts = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    everything = {**body["properties"], BODY: {"$ref": "#/$defs/settings"}, VARIABLES: texts}
    environment = {"type": "object", "additionalProperties": False, "properties": everything}
    sections = {name: {"$ref": "#/$defs/environment"} for name in ENVIRONMENTS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Milepost configuration",
        "$defs": {"settings": body, "environment": environment},
        "type": "object",
        "additionalProperties": False,
        "properties": {**everything, **sections},
    }


def _schema(tree: Tree) -> dict[str, Any]:
    properties = {
        name: _schema(here)
        if isinstance(here, dict)
        else _schema_of(kinds(Settings)[here[0].name], here[0])
        for name, here in tree.items()
    }
    return {"type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _schema_of(kind: Any, item: Field[Any]) -> dict[str, Any]:
    about: dict[str, Any] = {"description": meta(item).help}
    if is_map(kind):
        return about | {"type": "object", "additionalProperties": _block_schema(item_kind(kind))}
    if is_list(kind):
        inner = item_kind(kind)
        if is_block(inner):
            return about | {"type": "array", "items": _block_schema(inner)}
        one = {"enum": list(meta(item).choices)} if meta(item).choices else {"type": "string"}
        return about | {"anyOf": [{"type": "array", "items": one}, {"type": "string"}]}
    # Any value may be a text with ${...} in it; durations may have a unit.
    wider = ["string", "number", "boolean"] if kind is str else [_TEXT[kind], "string"]
    return about | {"type": [*wider, "null"]}


def _block_schema(kind: Any) -> dict[str, Any]:
    found = list(members(kind))
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _schema_of(inner, item) for key, item, inner in found},
        "required": [key for key, item, _ in found if not _has_default(item)],
    }


def _has_default(item: Field[Any]) -> bool:
    return item.default is not MISSING


def page() -> str:
    """The reference page, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Made by `milepost config reference`. Which way of giving a setting counts, and how it",
        "all is read: [configuration](../howto/configuration.md).",
    ]
    for owner in reversed(Settings.__mro__[1:-1]):
        if owner.__name__ in _TITLES:
            own = [f for f in fields(owner) if f.name in owner.__annotations__]
            lines += ["", f"## {_TITLES[owner.__name__]}", ""]
            lines += [line for item in own for line in _entry(item)]
    return "\n".join(lines).rstrip() + "\n"


def _entry(item: Field[Any]) -> Iterator[str]:
    about, kind = meta(item), kinds(Settings)[item.name]
    yield f"### {item.name}"
    yield ""
    yield about.help
    yield ""
    for title, names in (
        ("File", [k.path + (f" ({k.unit})" if k.unit != "s" else "") for k in about.keys]),
        ("Environment", [n for n in about.env if not n.startswith("_")]),
        ("Flag", [f"--{item.name.replace('_', '-')}", *about.also.split()] if about.flag else []),
    ):
        if names:
            yield f"- {title}: " + ", ".join(f"`{name}`" for name in names)
    yield f"- {_words(kind, item)}"
    if is_map(kind) or (is_list(kind) and is_block(item_kind(kind))):
        for inner, part, inner_kind in members(item_kind(kind)):
            yield f"  - `{inner}`: {meta(part).help} {_words(inner_kind, part)}"
    yield ""


def _words(kind: Any, item: Field[Any]) -> str:
    about = meta(item)
    if is_map(kind):
        return "Blocks by name:"
    if is_list(kind):
        inner = item_kind(kind)
        return "A list of blocks:" if is_block(inner) else "A list." + _one_of(about.choices)
    what = "Seconds, or text such as `500ms`, `5m`, `7d`." if about.duration else ""
    text = what or f"{_KINDS[kind].capitalize()}.{_one_of(about.choices)}"
    if about.secret:
        return text + " Never shown."
    if item.default == "" or not _has_default(item):
        return text
    return f"{text} Default: `{_default(item.default)}`."


def _one_of(choices: tuple[str, ...]) -> str:
    return f" One of {', '.join(f'`{c}`' for c in choices)}." if choices else ""
