"""One setting: a dataclass field that carries its names, its help and how its text is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(ms|s|m|h|d|w)?")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@dataclass(frozen=True)
class Key:
    """A place in the file. `unit` is what a bare number counts, for durations."""

    path: str
    unit: str = "s"


@dataclass(frozen=True)
class Meta:
    """What is known of a setting besides its type and default."""

    help: str
    env: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    flag: bool = False
    also: str = ""
    """More names of the flag, apart by spaces."""

    secret: bool = False
    """The value is never shown."""

    duration: bool = False
    """Seconds; text may say 500ms, 5m, 30d."""

    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    rule: Callable[[str], object] | None = None
    """Raises ValueError for a text that means nothing; asked unless it is empty."""


def setting(
    default: Any,
    help: str,
    *,
    env: str = "",
    file: str = "",
    default_factory: Any = MISSING,
    **more: Any,
) -> Any:
    """A field of Settings. `env` and `file` list names apart by spaces, the first being the one
    that is shown; a file key may end in `:ms` to count its bare numbers in milliseconds."""
    keys = tuple(Key(*key.split(":")) for key in file.split())
    meta = {"meta": Meta(help, tuple(env.split()), keys, **more)}
    if default_factory is not MISSING:
        return field(default_factory=default_factory, metadata=meta)
    return field(default=default, metadata=meta)


def part(default: Any = MISSING, help: str = "", *, key: str = "", **more: Any) -> Any:
    """A field of a block, such as one alert; without a default it must be given."""
    keys = (Key(key),) if key else ()
    return field(default=default, metadata={"meta": Meta(help, (), keys, **more)})


def meta(item: Field[Any]) -> Meta:
    """The Meta of a field."""
    found: Meta = item.metadata["meta"]
    return found


@cache
def kinds(owner: type) -> dict[str, Any]:
    """The type of each field of a dataclass."""
    return get_type_hints(owner)


def key_of(item: Field[Any]) -> str:
    """How a field of a block is called in the file."""
    keys = meta(item).keys
    return keys[0].path if keys else item.name


def members(block: Any) -> Iterator[tuple[str, Field[Any], Any]]:
    """(key in the file, field, type) of a block."""
    for item in fields(block):
        yield key_of(item), item, kinds(block)[item.name]


def is_block(kind: Any) -> bool:
    """Whether values of this type are mappings of their own."""
    return isinstance(kind, type) and is_dataclass(kind)


def is_list(kind: Any) -> bool:
    """Whether values of this type are lists."""
    return get_origin(kind) is tuple


def is_map(kind: Any) -> bool:
    """Whether values of this type map free names to blocks or texts."""
    return get_origin(kind) is Mapping


def item_kind(kind: Any) -> Any:
    """The type of the items of a list or map."""
    return get_args(kind)[1] if is_map(kind) else get_args(kind)[0]


def parsed(kind: Any, text: str, about: Meta, unit: str = "s") -> Any:
    """The value that `text` says. Raises ValueError that tells what was expected."""
    if kind is bool:
        return _truth(text)
    if is_list(kind):
        items = tuple(p.strip() for p in text.split(",") if p.strip())
        for item in items:
            check(item, about)
        return items
    value = _number(kind, text, about, unit) if kind in (int, float) else text
    check(value, about)
    return value


def check(value: Any, about: Meta) -> None:
    """Raises ValueError unless the value is one of the choices, within the bounds and by the
    rule."""
    if about.choices and value not in about.choices:
        raise ValueError(f"expected {' or '.join(about.choices)}, got '{value}'")
    if about.least is not None and value < about.least:
        raise ValueError(f"expected at least {about.least:g}, got {value:g}")
    if about.most is not None and value > about.most:
        raise ValueError(f"expected at most {about.most:g}, got {value:g}")
    if about.rule is not None and value:
        about.rule(value)


def web_address(text: str) -> None:
    """A rule: http://HOST... or https://HOST..."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("expected http://HOST:PORT or https://HOST")  # it may hold a secret


def _truth(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"expected true or false, got '{text}'")


def _number(kind: Any, text: str, about: Meta, unit: str) -> Any:
    if about.duration:
        return duration(text, unit)
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"expected {wanted}, got '{text}'") from None


def duration(text: str, unit: str = "s") -> float:
    """Seconds of `90`, `500ms`, `5m`, `30d`. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a duration such as 30, 500ms, 5m or 7d, got '{text}'")
    return float(match[1]) * SECONDS[match[2] or unit]
