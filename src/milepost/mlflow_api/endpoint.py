"""Endpoint: one row of the wire. A route exists because a row exists, and each row says who may
call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from msgspec import Struct

from milepost.app import App
from milepost.domain.access import Action
from milepost.mlflow_api.wire import body_parser, query_parser
from milepost.store.tx import Tx

T = TypeVar("T", bound=Struct)


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint gets to see of a request."""

    query: Mapping[str, list[str]]
    body: bytes
    path: Mapping[str, str]
    """The parts of the URL that stand for `{name}` in the endpoint's path."""

    actor: str = ""
    """Who asks, for the history of what is changed; "" if nobody says."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Method and path, who may call, and the way down and back: parse, call, dump."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    """Below /api/2.0/ and its twins, with `{name}` for variable parts."""

    action: Action
    mode: Literal["read", "write"]
    parse: Callable[[Call], Any]
    call: Callable[[App, Tx, Any], Any]
    dump: Callable[[Any], Any]
    """The result as something that encodes to a JSON object."""

    merge: Callable[[App, Tx, Sequence[Any]], Sequence[Any]] | None = None
    """Applies many parsed requests at once; for each its result or the Problem to raise."""

    after: Callable[[App, Any], Any] | None = None
    """For what works on an artifact store, which may be slow and must not happen inside a
    transaction: called with the Place that `call` returned, in a thread of that store; its result
    is what is dumped."""

    lane: str = ""
    """The lane of threads for `after`; "" for that of the artifact store it works on."""

    status: int = 200


def body(message: type[T]) -> Callable[[Call], T]:
    """Parse the JSON body as `message`."""
    parse = body_parser(message)
    return lambda call: parse(call.body)


def query(message: type[T]) -> Callable[[Call], T]:
    """Parse the query string (or, without one, the body) as `message`."""
    parse = query_parser(message)
    return lambda call: parse(call.query, call.body)


def empty(_: Any) -> dict[str, Any]:
    """The reply of verbs that return nothing."""
    return {}
