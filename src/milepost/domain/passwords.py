"""Passwords as they are kept: scrypt, with a salt and the cost beside the result, so that a later
release can raise the cost and still check what an earlier one wrote."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from hashlib import scrypt
from hmac import compare_digest

COST = (2**14, 8, 5)
"""scrypt's n, r and p. One of the settings OWASP recommends: 16 MB and about 0.2 s a guess."""

_SALT_BYTES = 16
_DERIVED_BYTES = 64
_GENERATED_BYTES = 18


def generated() -> str:
    """A new password that nobody guesses, of characters that need no quotes in a shell."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def kept(password: str) -> str:
    """What is stored instead of a password; another text each time."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return _written(salt, _derived(password, salt, *COST))


def matches(password: str, stored: str) -> bool:
    """Whether `stored` is of this password. Takes as long for a wrong one as for the right one."""
    _, cost, salt, wanted = stored.split("$")
    n, r, p = map(int, cost.split(":"))
    return compare_digest(_derived(password, b64decode(salt), n, r, p), b64decode(wanted))


def _derived(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    most = 128 * r * (n + p + 4)  # bytes that it takes, and a little more
    return scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=most, dklen=_DERIVED_BYTES)


def _written(salt: bytes, derived: bytes) -> str:
    cost = ":".join(map(str, COST))
    return f"scrypt${cost}${b64encode(salt).decode()}${b64encode(derived).decode()}"


NOBODY = _written(bytes(_SALT_BYTES), bytes(_DERIVED_BYTES))
"""What no password matches; finding out costs as much as for a real one."""
