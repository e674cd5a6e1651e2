"""Who asks: the name that comes with a request, for the history of what it changes.

Where the server asks for passwords it is whoever signed in. Where it does not, the name is as good
as what stands before it: a proxy that signs people in and says who they are, or else the word of
the client.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from milepost.config import Settings
from milepost.http.asgi import Scope, header

USER = "milepost.user"
"""Key of the scope under which the gate leaves the name of who signed in."""

MOST = 256
"""The most characters of a name that are kept."""


def caller(settings: Settings) -> Callable[[Scope], str]:
    """A function that finds the name in a request."""
    return _signed_in if settings.auth_enabled else naming(settings.user_header)


def _signed_in(scope: Scope) -> str:
    name: str = scope.get(USER, "")
    return name


def naming(user_header: str) -> Callable[[Scope], str]:
    """A function that finds the name in a request: in `user_header`, or without one the user of
    HTTP Basic. No name is ""."""
    name = user_header.strip().lower().encode()

    def named(scope: Scope) -> str:
        if name:
            return _text((header(scope, name) or "").encode("latin-1"))
        return _basic_user(header(scope, b"authorization") or "")

    return named


def _basic_user(value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return _text(b64decode(credentials).partition(b":")[0])
    except ValueError:
        return ""


def _text(value: bytes) -> str:
    """Printable text, whatever was sent."""
    return "".join(c for c in decoded(value) if c.isprintable()).strip()[:MOST]


def decoded(value: bytes) -> str:
    """What was sent as text; old clients write Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
