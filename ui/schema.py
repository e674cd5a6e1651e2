"""Writes src/api/schema.ts from the server's own messages: `python ui/schema.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from milepost.mlflow_api import milepost_ui

TARGET = Path(__file__).parent / "src" / "api" / "schema.ts"
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean",
          "null": "null"}  # fmt: skip


def generate() -> str:
    """The TypeScript of all messages and replies of Milepost's own routes."""
    requests = [*milepost_ui.MESSAGES]
    _, found = msgspec.json.schema_components(
        [*requests, *milepost_ui.REPLIES], ref_template="{name}"
    )
    parts = ["/** Made from the server's messages by ui/schema.py; do not edit. */\n"]
    for name, schema in sorted(found.items()):
        parts.append(_interface(name, schema) if "properties" in schema else _enum(name, schema))
    return "\n".join(parts)


def _interface(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", []))
    lines = [
        f"  {field}{'' if field in required else '?'}: {_type(kind)};"
        for field, kind in schema["properties"].items()
    ]
    return f"export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def _enum(name: str, schema: dict[str, Any]) -> str:
    return f"export type {name} = {' | '.join(map(str, schema['enum']))};\n"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(_type(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        inner = _type(schema["items"]) if schema.get("items") else "unknown"
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    return _PLAIN.get(schema.get("type", ""), "unknown")


if __name__ == "__main__":
    text = generate()
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text() != text)
    TARGET.write_text(text)
