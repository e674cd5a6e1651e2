"""What can go wrong, as the domain sees it. Status numbers and wire codes live at the HTTP edge."""

from __future__ import annotations


class Problem(Exception):
    """Something the caller must know about; the message says what happened and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(Problem):
    """The named thing does not exist."""


class Exists(Problem):
    """The name is taken."""


class Invalid(Problem):
    """The request breaks a rule; it can never succeed as it stands."""


class Conflict(Problem):
    """The thing is in a state that does not allow this."""


class Denied(Problem):
    """The caller is known but may not do this."""


class Unauthenticated(Problem):
    """The caller did not prove who they are."""


class Unavailable(Problem):
    """A part Milepost depends on is down or too slow; the same request may succeed later."""


class Unsupported(Problem):
    """This server, as configured, does not offer the operation."""


class TooLarge(Problem):
    """The request is over a size limit."""


class Full(Problem):
    """There is no room left for what the request wants to store; it needs a human."""
