"""How MLflow's messages travel as JSON and query strings: each quirk of the encoding, once.

Requests are msgspec Structs with snake_case fields. A body in the plain form that clients send is
decoded straight into its Struct. Whatever that refuses takes the patient path, which knows protobuf
JSON: camelCase names, integers as text, "NaN", enum names or numbers, a JSON string holding the
real body, unknown fields to ignore; and which words errors as MLflow does. Unlike MLflow, a body
that cannot be read whole is refused whole: nothing is stored from the half that could.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields as struct_fields

from milepost.errors import Invalid

T = TypeVar("T", bound=Struct)

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Required = Annotated[str, Meta(min_length=1)]
"""Text that must be sent and must not be empty."""

_NUL = b"\\u0000"  # the only way to write it in JSON, unless the backslash is escaped itself
_HINT = " See the API docs for more information about request parameters."


class Message(Struct, forbid_unknown_fields=True):
    """A request. Fields without a default are required."""


def missing(name: str) -> Invalid:
    """The Problem for a required parameter that was not sent."""
    return Invalid(f"Missing value for required parameter '{name}'.{_HINT}")


def invalid(name: str, value: object) -> Invalid:
    """The Problem for a parameter of the wrong type."""
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return Invalid(
        f"Invalid value {shown} for parameter '{name}' supplied:  Hint: Value was of type"
        f" '{type(value).__name__}'.{_HINT}"
    )


def body_parser(message: type[T]) -> Callable[[bytes], T]:
    """A function that reads a JSON body into `message`."""
    fast = msgspec.json.Decoder(message)

    def parse(body: bytes) -> T:
        if _NUL in body:
            return convert(read_json(body), message)
        try:
            return fast.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return convert(read_json(body), message)

    return parse


def query_parser(message: type[T]) -> Callable[[Mapping[str, list[str]], bytes], T]:
    """A function that reads query arguments into `message`; with none, the body is read instead.

    Query arguments go by their snake_case names only, and the first of several counts, as in
    MLflow.
    """
    known = {f.name: f for f in struct_fields(message)}
    from_body = body_parser(message)

    def parse(query: Mapping[str, list[str]], body: bytes) -> T:
        if not query and body:
            return from_body(body)
        values: dict[str, Any] = {
            name: texts if _is_list(message, name) else texts[0]
            for name, texts in query.items()
            if name in known
        }
        return convert(values, message, camel=False)

    return parse


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; an empty body is an empty object."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        if isinstance(value, str):
            value = json.loads(value, parse_constant=_refuse_constant)
    except RecursionError:
        raise Invalid("Malformed JSON in the request body: nested too deeply.") from None
    except ValueError as error:
        raise Invalid(f"Malformed JSON in the request body: {error}") from None
    if not isinstance(value, dict):
        raise Invalid("The request body must be a JSON object.")
    return value


def _refuse_constant(token: str) -> float:
    raise ValueError(f'{token} is not JSON; send it as text, "{token}"')


def convert(
    values: Mapping[str, Any], message: type[T], path: str = "", *, camel: bool = True
) -> T:
    """Build `message` from loosely typed values; raises Invalid naming the parameter at fault."""
    hints = _hints(message)
    arguments: dict[str, Any] = {}
    for field in struct_fields(message):
        value = _pick(values, field.name, camel=camel)
        name = path + field.name
        if value is None or (value == "" and hints[field.name] == Required):
            if field.required:
                raise missing(name)
            continue
        arguments[field.name] = _coerce(value, hints[field.name], name)
    return message(**{k: v for k, v in arguments.items() if v is not _IGNORED})


_IGNORED: Any = object()


def _pick(values: Mapping[str, Any], name: str, *, camel: bool) -> Any:
    head, *rest = name.split("_")
    other = head + "".join(part.capitalize() for part in rest)
    if not camel or other == name or other not in values:
        return values.get(name)
    if name in values:
        raise Invalid(f"Request specifies both '{name}' and '{other}'; send one of them.")
    return values[other]


def _coerce(value: Any, kind: Any, name: str) -> Any:
    origin = get_origin(kind)
    if origin is Annotated:
        kind = get_args(kind)[0]
        origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _coerce(value, next(a for a in get_args(kind) if a is not NoneType), name)
    if origin is list:
        if not isinstance(value, list):
            raise invalid(name, value)
        return [_coerce(v, get_args(kind)[0], f"{name}[{i}]") for i, v in enumerate(value)]
    if issubclass(kind, Struct):
        if not isinstance(value, dict):
            raise invalid(name, value)
        return convert(value, kind, f"{name}.")
    if issubclass(kind, IntEnum):
        return _enum(value, kind, name)
    return _SCALARS[kind](value, name)


def _enum(value: Any, kind: type[IntEnum], name: str) -> Any:
    """By name or number; an unknown name counts as not sent, as in MLflow."""
    if isinstance(value, str):
        if value in kind.__members__:
            return kind[value]
        return kind(int(value)) if value in {str(int(member)) for member in kind} else _IGNORED
    if type(value) is not int or value not in set(kind):
        raise invalid(name, value)
    return kind(value)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise invalid(name, value)
    if not _is_storable(value):
        raise Invalid(
            f"Invalid value for parameter '{name}' supplied: it holds a character that cannot be"
            " stored (NUL, or half of a surrogate pair)."
        )
    return value


def _is_storable(text: str) -> bool:
    """PostgreSQL cannot keep a NUL, and half of a surrogate pair is no character at all."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _integer(value: Any, name: str) -> int:
    number = value
    if isinstance(value, str) and "_" not in value:
        try:
            number = int(value)
        except ValueError:
            raise invalid(name, value) from None
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or not -(2**63) <= number < 2**63:
        raise invalid(name, value)
    return number


def _double(value: Any, name: str) -> float:
    if isinstance(value, int | float) or (isinstance(value, str) and "_" not in value):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise invalid(name, value)


def _boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise invalid(name, value)


_SCALARS: dict[Any, Callable[[Any, str], Any]] = {
    str: _text,
    int: _integer,
    float: _double,
    bool: _boolean,
}


@cache
def _hints(message: type[Struct]) -> dict[str, Any]:
    return get_type_hints(message, include_extras=True)


@cache
def _is_list(message: type[Struct], name: str) -> bool:
    return get_origin(_hints(message)[name]) is list


def double(value: float) -> float | str:
    """A double as it is sent: NaN as text, because JSON has no word for it."""
    return value if value == value else "NaN"


def present(**fields: Any) -> dict[str, Any]:
    """A reply without the empty lists and unset fields, which MLflow leaves out."""
    return {name: value for name, value in fields.items() if value is not None and value != []}
