"""Artifacts: files of runs, models and experiments, and which names they may have."""

from __future__ import annotations

import re
from enum import IntEnum
from urllib.parse import unquote

from msgspec import Struct

from milepost.errors import Invalid

MAX_PATH = 1024  # bytes; the longest key that S3 and Google Cloud Storage take
_MAX_PART = 255  # bytes; the longest file name of the common file systems
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\#]")
_DRIVE = re.compile(r"[a-zA-Z]:")


class OwnerKind(IntEnum):
    """What an artifact belongs to. Stored as the number."""

    experiment = 0
    run = 1
    model = 2


class Owner(Struct, frozen=True):
    """Whose artifact it is: `number` in our tables, `id` as clients know it, `lifecycle` as for
    runs, `root` the URI below which its artifacts are, as clients know it."""

    kind: OwnerKind
    number: int
    id: str
    experiment_id: int
    lifecycle: int
    root: str


class Usage(Struct, frozen=True):
    """What artifacts take up."""

    bytes: int
    files: int


def checked_path(text: str) -> str:
    """`text` as a relative path below an artifact root; "" and "." are the root itself.

    Raises Invalid for whatever could name something else: `..`, absolute paths, drive letters,
    backslashes, control characters, fragments, however often they are percent-encoded.
    """
    decoded = text
    while True:
        _check_form(decoded)
        again = unquote(decoded)
        if again == decoded:
            break
        decoded = again
    parts = [part for part in text.split("/") if part not in ("", ".")]
    path = "/".join(parts)
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH:
        raise Invalid(f"Invalid path: longer than {MAX_PATH} bytes")
    if any(len(part.encode()) > _MAX_PART for part in parts):
        raise Invalid(f"Invalid path: a name in it is longer than {_MAX_PART} bytes")
    return path


def _check_form(text: str) -> None:
    bad = (
        text.startswith("/")
        or _FORBIDDEN.search(text)
        or _DRIVE.match(text)
        or any(part == ".." for part in text.split("/"))
        or (not text.isascii() and not _is_unicode(text))
    )
    if bad:
        raise Invalid("Invalid path")


def _is_unicode(text: str) -> bool:
    """False for text with halves of characters, which no store could name a file by."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked_file_path(text: str) -> str:
    """As `checked_path`, for a file, which must have a name."""
    path = checked_path(text)
    if not path or text.endswith("/"):
        raise Invalid("Artifact path must include a filename (cannot end with '/').")
    return path
