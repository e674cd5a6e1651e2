"""Requests that change the registry: they may say why, and the server knows who."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from milepost.domain.registry import By
from milepost.errors import Invalid
from milepost.mlflow_api.endpoint import Call
from milepost.mlflow_api.wire import Message, body_parser

MAX_COMMENT = 10_000


class Change(Message, kw_only=True):
    """A message with an optional comment for the history, which MLflow's clients do not send."""

    comment: str = ""


M = TypeVar("M", bound=Change)


class Asked(NamedTuple, Generic[M]):
    """A change as it was asked for."""

    by: By
    of: M
    path: dict[str, str]


def change(message: type[M]) -> Callable[[Call], Asked[M]]:
    """Parse the JSON body as `message`, with who sent it and why."""
    parse = body_parser(message)

    def asked(call: Call) -> Asked[M]:
        read = parse(call.body)
        if len(read.comment) > MAX_COMMENT:
            raise Invalid(f"'comment' exceeds the maximum length of {MAX_COMMENT} characters")
        return Asked(By(call.actor, read.comment), read, dict(call.path))

    return asked
