"""Problem kind -> HTTP status and MLflow error code."""

from __future__ import annotations

from msgspec import Struct

from milepost import errors
from milepost.errors import Problem

_CODES: dict[type[Problem], tuple[int, str]] = {
    errors.NotFound: (404, "RESOURCE_DOES_NOT_EXIST"),
    errors.Exists: (400, "RESOURCE_ALREADY_EXISTS"),
    errors.Invalid: (400, "INVALID_PARAMETER_VALUE"),
    # MLflow answers 500 here, which makes its clients retry for minutes what can never succeed.
    errors.Conflict: (400, "INVALID_STATE"),
    errors.Denied: (403, "PERMISSION_DENIED"),
    errors.Unauthenticated: (401, "UNAUTHENTICATED"),
    errors.Unavailable: (503, "TEMPORARILY_UNAVAILABLE"),
    errors.Unsupported: (501, "NOT_IMPLEMENTED"),
    errors.TooLarge: (413, "INVALID_PARAMETER_VALUE"),
    # A status that clients do not retry: waiting makes no room.
    errors.Full: (507, "RESOURCE_EXHAUSTED"),
}


class ErrorReply(Struct):
    """What went wrong: MLflow's code for it, and in words."""

    error_code: str
    message: str


def render(problem: Problem) -> tuple[int, ErrorReply]:
    """The status and the JSON body that tell a client about `problem`."""
    for kind in type(problem).__mro__:
        if kind in _CODES:
            status, code = _CODES[kind]
            return status, ErrorReply(code, problem.message)
    return 500, ErrorReply("INTERNAL_ERROR", problem.message)
