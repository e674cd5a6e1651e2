"""Writes src/api/schema.ts from the server's own description: `python ui/schema.py`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from milepost.http.health import HealthReply
from milepost.http.live import Topics
from milepost.mlflow_api.errors import ErrorReply
from milepost.mlflow_api.schema import ROUTES

TARGET = Path(__file__).parent / "src" / "api" / "schema.ts"
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean",
          "null": "null"}  # fmt: skip
# A name that two modules have comes with the path of its module.
_LONG = re.compile(r"milepost\.mlflow_api\.(\w+)\.(\w+)")


def generate() -> str:
    """The TypeScript of all routes that pages call, with their messages and replies."""
    messages = [message for route in ROUTES.values() for message in route]
    others = [HealthReply, ErrorReply, Topics]
    schemas, found = msgspec.json.schema_components([*messages, *others], ref_template="{name}")
    parts = ["/** Made from the server's description by ui/schema.py; do not edit. */\n"]
    for name, schema in sorted((_name(name), schema) for name, schema in found.items()):
        parts.append(_interface(name, schema) if "properties" in schema else _enum(name, schema))
    parts.append(f"export type Topics = {_type(schemas[-1])};\n")
    parts.append(_routes([_type(schema) for schema in schemas]))
    return "\n".join(parts)


def _name(name: str) -> str:
    if long := _LONG.fullmatch(name):
        return "".join(part.capitalize() for part in long[1].split("_")) + long[2]
    return name


def _interface(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", []))
    lines = [
        f"  {field}{'' if field in required else '?'}: {_type(kind)};"
        for field, kind in schema["properties"].items()
    ]
    if not lines:
        return f"export type {name} = Record<string, never>;\n"
    return f"export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def _enum(name: str, schema: dict[str, Any]) -> str:
    return f"export type {name} = {_type(schema)};\n"


def _routes(types: list[str]) -> str:
    pairs = zip(ROUTES, types[::2], types[1::2], strict=False)
    lines = [f'  "{route}": {{ takes: {takes}; gives: {gives} }};' for route, takes, gives in pairs]
    return "export interface Routes {\n" + "\n".join(lines) + "\n}\n"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _name(schema["$ref"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        inner = _type(schema["items"]) if schema.get("items") else "unknown"
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if schema.get("type") == "object":
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    return _PLAIN.get(schema.get("type", ""), "unknown")


if __name__ == "__main__":
    text = generate()
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text() != text)
    TARGET.write_text(text)
