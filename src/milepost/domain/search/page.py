"""Page tokens of searches: how many rows the reader already has."""

from __future__ import annotations

import base64
import json

from milepost.errors import Invalid

_LARGEST = 2**63 - 1


def encode_page_token(offset: int) -> str:
    """The token of the page that starts after `offset` rows; clients treat it as opaque."""
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def decode_page_token(token: str | None) -> int:
    """The number of rows to skip: 0 without a token, otherwise what `encode_page_token` put in."""
    if not token:
        return 0
    try:
        decoded = base64.b64decode(token, validate=True)
    except ValueError:
        raise Invalid("Invalid page token, could not base64-decode") from None
    try:
        parsed = json.loads(decoded)
    except (ValueError, RecursionError):
        raise Invalid(f"Invalid page token, decoded value={decoded!r:.100}") from None
    offset = parsed.get("offset") if isinstance(parsed, dict) else None
    if type(offset) is not int or not 0 < offset <= _LARGEST:
        raise Invalid(f"Invalid page token, parsed value={parsed!r:.100}")
    return offset
