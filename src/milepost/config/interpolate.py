"""`${...}` in the values of the file: variables, defaults, and other keys of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from yaml import ScalarNode

from milepost.config.document import Document, is_nothing

_NAME = re.compile(r"[A-Za-z_][\w.\-]*")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_IN_USERINFO = re.compile(r"[a-z][a-z0-9+.\-]*://[^/@\s]*", re.IGNORECASE)
_DEEPEST = 50
_LONGEST = 1 << 16
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


class Expander:
    """Fills in the `${...}` of one document.

    A name in capitals is an environment variable first; any other is a key of the file first.
    `${NAME:-text}` stands for the text where NAME is empty or missing, `$${` for a literal `${`.
    """

    def __init__(
        self,
        document: Document,
        environ: Mapping[str, str],
        setting: Callable[[str], str | None],
    ) -> None:
        self._document = document
        self._environ = environ
        self._setting = setting
        self._expanded: dict[str, str] = {}

    def expand(self, text: str, open_keys: tuple[str, ...] = ()) -> str:
        """`text` filled in. Raises ValueError that says what is missing or goes in a circle."""
        if "${" not in text:
            return text
        done = ""
        for literal, expression, rest in _pieces(text):
            done += literal
            if expression:
                value = self._value(expression, open_keys)
                # A password may hold any character, the user part of a URI may not.
                if _IN_USERINFO.fullmatch(done) and "@" in rest and not _ENCODED.search(value):
                    value = quote(value, safe="")
                done += value
            if len(done) > _LONGEST:
                raise ValueError(f"with all ${{...}} filled in it exceeds {_LONGEST} characters")
        return done

    def _value(self, expression: str, open_keys: tuple[str, ...]) -> str:
        name, separator, default = expression.partition(":-")
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise ValueError(f"'${{{expression}}}' is not a variable or key")
        value = self._found(name, open_keys)
        if separator and not value:
            return self.expand(default, open_keys)
        if value is None:
            kind = "variable" if _VARIABLE.fullmatch(name) else "key"
            raise ValueError(f"the {kind} {name} is not set; set it, or write ${{{name}:-default}}")
        return value

    def _found(self, name: str, open_keys: tuple[str, ...]) -> str | None:
        if _VARIABLE.fullmatch(name):
            return self._environ.get(name) or self._key(name, open_keys) or self._environ.get(name)
        found = self._key(name, open_keys)
        if found is None:
            found = self._setting(name)
        return self._environ.get(name) if found is None else found

    def _key(self, name: str, open_keys: tuple[str, ...]) -> str | None:
        node = self._document.scalar(name.split("."))
        if node is None or is_nothing(node):
            return None
        if name in open_keys:
            circle = " -> ".join([*open_keys[open_keys.index(name) :], name])
            raise ValueError(f"this goes in a circle: {circle}")
        if len(open_keys) == _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} keys refer to one another")
        if not isinstance(node, ScalarNode):
            raise ValueError(f"{name} is a block, not a value")
        if name not in self._expanded:
            self._expanded[name] = self.expand(str(node.value), (*open_keys, name))
        return self._expanded[name]


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """(text before, expression, text after) for each `${...}`, nested ones kept whole; the last
    piece has no expression."""
    literal, position = "", 0
    while True:
        start = text.find("${", position)
        if start < 0:
            yield literal + text[position:], "", ""
            return
        if start > 0 and text[start - 1] == "$":
            literal += text[position : start - 1] + "${"
            position = start + 2
            continue
        end = _closing(text, start + 2)
        yield literal + text[position:start], text[start + 2 : end], text[end + 1 :]
        literal, position = "", end + 1


def _closing(text: str, start: int) -> int:
    depth = 1
    for match in re.compile(r"\$\{|\}").finditer(text, start):
        depth += 1 if match[0] == "${" else -1
        if depth == 0:
            return match.start()
        if depth > _DEEPEST:
            raise ValueError(f"${{...}} nested more than {_DEEPEST} deep")
    raise ValueError(f"'{text}' lacks a closing brace")
