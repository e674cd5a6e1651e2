"""Who asks: the name that comes with a request, for the history of what it changes.

This server checks no passwords. The name is as good as what stands before it: a proxy that signs
people in and says who they are, or else the word of the client.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from milepost.http.asgi import Scope, header

MOST = 256
"""The most characters of a name that are kept."""


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
    """Printable text, whatever was sent; old clients write Latin-1."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(c for c in text if c.isprintable()).strip()[:MOST]
