"""The configuration file as a tree that knows its lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from milepost.errors import Invalid

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
ENVIRONMENTS = (
    "development", "staging", "production", "testing",
    "dev", "stage", "prod", "test", "ci", "local",
)  # fmt: skip
"""Sections of the file that hold for one environment."""

BODY = "mlflow"
"""The section whose keys may just as well stand at the top."""


@dataclass
class Document:
    """A parsed file. `warnings` grows while it is read."""

    name: str
    root: MappingNode
    environment: str = ""
    warnings: list[str] = field(default_factory=list)

    def at(self, node: Node) -> str:
        """`file:line` of a node."""
        return f"{self.name}:{node.start_mark.line + 1}"

    def items(self, node: MappingNode, path: str = "") -> Iterator[tuple[str, Node, Node]]:
        """(key, key node, value node) of a mapping. Of a key given twice the last one counts, and
        there is a warning; keys merged from an anchor (`<<`) give way to the mapping's own."""
        found: dict[str, tuple[Node, Node]] = {}
        own: set[str] = set()
        for key, value in [*_merged(node), *_unmerged(node)]:
            name = str(key.value)
            if name in own and (key, value) in node.value:
                self._warn_twice(path + name, found[name][0], key)
            if (key, value) in node.value:
                own.add(name)
            found[name] = (key, value)
        for name, (key, value) in found.items():
            yield name, key, value

    def _warn_twice(self, path: str, first: Node, second: Node) -> None:
        if any(warning.startswith(f"{self.at(second)}: ") for warning in self.warnings):
            return
        line = first.start_mark.line + 1
        self.warnings.append(
            f"{self.at(second)}: {path}: given before on line {line}; this one counts"
        )

    def layers(self) -> Iterator[tuple[str, MappingNode]]:
        """(prefix for messages, mapping) of everything that holds settings, least first: the top,
        `mlflow`, then the same of the chosen environment."""
        yield from self._layers("", self.root)
        for name, _, value in self.items(self.root):
            if name == self.environment and isinstance(value, MappingNode):
                yield from self._layers(f"{name}.", value)

    def _layers(self, prefix: str, node: MappingNode) -> Iterator[tuple[str, MappingNode]]:
        yield prefix, node
        for name, _, value in self.items(node, prefix):
            if name == BODY and isinstance(value, MappingNode):
                yield f"{prefix}{BODY}.", value

    def environments(self) -> list[str]:
        """Names of the environments the file has sections for."""
        names = [name for name, _, _ in self.items(self.root)]
        return [name for name in names if name in (*ENVIRONMENTS, self.environment)]

    def scalar(self, path: Sequence[str]) -> Node | None:
        """The value at a path of any layer, the strongest first."""
        for _, layer in reversed(list(self.layers())):
            node: Node | None = layer
            for part in path:
                node = self._child(node, part)
            if node is not None:
                return node
        return None

    def _child(self, node: Node | None, name: str) -> Node | None:
        if isinstance(node, MappingNode):
            return next((value for key, _, value in self.items(node) if key == name), None)
        if isinstance(node, SequenceNode) and name.isdigit() and int(name) < len(node.value):
            found: Node = node.value[int(name)]
            return found
        return None


def _unmerged(node: MappingNode) -> list[tuple[Node, Node]]:
    return [pair for pair in node.value if pair[0].tag != _MERGE]


def _merged(node: MappingNode, within: tuple[MappingNode, ...] = ()) -> Iterator[tuple[Node, Node]]:
    """What `<<` adds; a mapping merged into itself adds nothing."""
    within = (*within, node)
    for key, value in node.value:
        if key.tag == _MERGE:
            sources = value.value if isinstance(value, SequenceNode) else [value]
            for source in reversed(sources):
                if isinstance(source, MappingNode) and source not in within:
                    yield from [*_merged(source, within), *_unmerged(source)]


def is_nothing(node: Node) -> bool:
    """Whether a value is empty or null: not given."""
    return isinstance(node, ScalarNode) and node.tag == _NULL


def parse(text: str, name: str, environment: str = "") -> Document:
    """The document in `text`. Raises Invalid with the line of what is not YAML."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise Invalid(f"{name}{line}: this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise Invalid(f"{name}: this is not YAML: {error}") from None
    if root is None or is_nothing(root):
        root = MappingNode("tag:yaml.org,2002:map", [])
    if not isinstance(root, MappingNode):
        raise Invalid(f"{name}:1: expected keys with values, such as `mlflow:`")
    return Document(name, root, environment)


def read(path: Path, environment: str = "") -> Document:
    """The document in a file. Raises Invalid when it cannot be read."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise Invalid(f"Cannot read the configuration file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Invalid(f"{path}: this is not UTF-8 text") from None
    return parse(text, str(path), environment)
