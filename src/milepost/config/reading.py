"""From the document to values: which setting a key is, and what its text means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from milepost.config.document import BODY, ENVIRONMENTS, Document, is_nothing
from milepost.config.field import (
    Key,
    is_block,
    is_list,
    is_map,
    item_kind,
    kinds,
    members,
    meta,
    parsed,
)
from milepost.config.interpolate import Expander
from milepost.config.settings import Settings

Tree = dict[str, Any]
"""Section name -> Tree, or setting name -> (field, key)."""

VARIABLES = "environment"
"""The section that sets environment variables."""


def _tree() -> Tree:
    tree: Tree = {}
    for item in fields(Settings):
        for key in meta(item).keys:
            *sections, last = key.path.split(".")
            node = tree
            for section in sections:
                node = node.setdefault(section, {})
            node[last] = (item, key)
    return tree


KEYS = _tree()


@dataclass(frozen=True)
class Found:
    """A value of the file and the place it stands at."""

    value: Any
    place: str


class Reader:
    """Reads settings out of a document; what is wrong gathers in `errors`."""

    def __init__(self, document: Document, expander: Expander) -> None:
        self._document = document
        self._expander = expander
        self.errors: list[str] = []
        self.failed: set[str] = set()
        """Settings of which something is wrong."""

    def variables(self) -> Iterator[tuple[str, Found]]:
        """What the `environment` section sets."""
        for prefix, layer in self._document.layers():
            for name, key, value in self._document.items(layer, prefix):
                if name == VARIABLES:
                    yield from self._variables(f"{prefix}{name}", key, value)

    def _variables(self, path: str, key: Node, value: Node) -> Iterator[tuple[str, Found]]:
        if not isinstance(value, MappingNode):
            self._wrong(key, path, "expected NAME: value lines")
            return
        for name, _, node in self._document.items(value, f"{path}."):
            text = self._text(node, f"{path}.{name}")
            if text is not None:
                yield name, Found(text, self._document.at(node))

    def settings(self) -> dict[str, Found]:
        """The settings that the file gives, by the name of their field."""
        found: dict[str, tuple[int, Found]] = {}
        for prefix, layer in self._document.layers():
            # Of several keys for one setting in one layer, the later in the field's list counts.
            here: dict[str, tuple[int, Found]] = {}
            for item, key, path, node in self._leaves(layer, KEYS, prefix):
                before = len(self.errors)
                value = self._decoded(kinds(Settings)[item.name], node, path, item, key)
                if len(self.errors) > before:
                    self.failed.add(item.name)
                rank = meta(item).keys.index(key)
                if value is not None and rank >= here.get(item.name, (0, None))[0]:
                    here[item.name] = (rank, Found(value, self._document.at(node)))
            found.update(here)
        self._check_other_environments()
        return {name: value for name, (_, value) in found.items()}

    def _leaves(
        self, node: MappingNode, tree: Tree, path: str
    ) -> Iterator[tuple[Field[Any], Key, str, Node]]:
        top = tree is KEYS
        for name, key, value in self._document.items(node, path):
            if top and self._is_section(name, path):
                self._expect_mapping(key, value, path + name)
                continue
            here = tree.get(name)
            if here is None:
                self._wrong(
                    key, path + name, f"unknown key{_nearest(name, self._known(tree, top))}"
                )
            elif is_nothing(value):
                continue
            elif isinstance(here, tuple):
                yield (*here, path + name, value)
            elif isinstance(value, MappingNode):
                yield from self._leaves(value, here, f"{path}{name}.")
            else:
                self._wrong(key, path + name, f"expected keys such as {', '.join(list(here)[:3])}")

    def _is_section(self, name: str, path: str) -> bool:
        in_body = path.endswith(f"{BODY}.")
        return name == VARIABLES or (
            not in_body
            and (name == BODY or (not path and name in (*ENVIRONMENTS, self._document.environment)))
        )

    def _known(self, tree: Tree, top: bool) -> list[str]:
        return [*tree, *((BODY, VARIABLES, *ENVIRONMENTS) if top else ())]

    def _expect_mapping(self, key: Node, value: Node, path: str) -> None:
        if not isinstance(value, MappingNode) and not is_nothing(value):
            self._wrong(key, path, "expected keys with values")

    def _check_other_environments(self) -> None:
        """Keys are checked in the sections of other environments too; their values may need
        variables that only exist there."""
        for name, _, value in self._document.items(self._document.root):
            other = name in ENVIRONMENTS and name != self._document.environment
            if other and isinstance(value, MappingNode):
                for _ in self._leaves(value, KEYS, f"{name}."):
                    pass

    def _decoded(self, kind: Any, node: Node, path: str, item: Field[Any], key: Key) -> Any:
        """The value of a node, or None after noting an error."""
        if is_map(kind):
            return self._map(kind, node, path)
        if is_list(kind) and isinstance(node, SequenceNode):
            return self._list(kind, node, path, item)
        if is_list(kind) and is_block(item_kind(kind)):
            return self._wrong(node, path, "expected a list (lines that begin with -)")
        if is_block(kind):
            return self._block(kind, node, path)
        text = self._text(node, path)
        if text is None:
            return None
        try:
            return parsed(kind, text, meta(item), key.unit)
        except ValueError as error:
            return self._wrong(node, path, str(error))

    def _map(self, kind: Any, node: Node, path: str) -> Any:
        if not isinstance(node, MappingNode):
            return self._wrong(node, path, "expected names with blocks")
        return {
            name: block
            for name, _, value in self._document.items(node, f"{path}.")
            if (block := self._block(item_kind(kind), value, f"{path}.{name}")) is not None
        }

    def _list(self, kind: Any, node: SequenceNode, path: str, item: Field[Any]) -> Any:
        one, key = item_kind(kind), Key(item.name)
        values = [
            self._decoded(one, value, f"{path}[{i}]", item, key)
            for i, value in enumerate(node.value)
        ]
        return tuple(value for value in values if value is not None)

    def _block(self, kind: Any, node: Node, path: str) -> Any:
        if not isinstance(node, MappingNode):
            return self._wrong(node, path, "expected keys with values")
        known = {key: (item, inner) for key, item, inner in members(kind)}
        values: dict[str, Any] = {}
        before = len(self.errors)
        for name, key_node, value in self._document.items(node, f"{path}."):
            here = f"{path}.{name}"
            if name not in known:
                self._wrong(key_node, here, f"unknown key{_nearest(name, list(known))}")
            elif not is_nothing(value):
                item, inner = known[name]
                values[item.name] = self._decoded(inner, value, here, item, Key(name))
        for name, (item, _) in known.items():
            if item.default is MISSING and item.name not in values:
                self._wrong(node, f"{path}.{name}", "is missing")
        if len(self.errors) > before:
            return None
        block = kind(**values)
        # Some blocks know what they lack as a whole.
        fault = block.fault() if hasattr(block, "fault") else ""
        return self._wrong(node, path, fault) if fault else block

    def _text(self, node: Node, path: str) -> str | None:
        if not isinstance(node, ScalarNode):
            self._wrong(node, path, "expected a single value")
            return None
        try:
            return self._expander.expand(str(node.value), (path.removeprefix(f"{BODY}."),))
        except ValueError as error:
            self._wrong(node, path, str(error))
            return None

    def _wrong(self, node: Node, path: str, what: str) -> None:
        self.errors.append(f"{self._document.at(node)}: {path}: {what}")


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1, 0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(sorted(known))}" if len(known) <= 8 else ""


def setting_by_name(name: str) -> Field[Any] | None:
    """The setting with this file key or field name."""
    for item in fields(Settings):
        if name == item.name or any(key.path == name for key in meta(item).keys):
            return item
    return None


def environment_value(item: Field[Any], environ: Mapping[str, str]) -> tuple[str, str] | None:
    """(variable, text) of the first variable of a setting that is set and not empty."""
    for name in meta(item).env:
        text = environ.get(name, "")
        # Kubernetes sets MLFLOW_PORT=tcp://... in every pod beside a service called mlflow.
        if text and not (item.name == "port" and text.startswith("tcp://")):
            return name, text
    return None
