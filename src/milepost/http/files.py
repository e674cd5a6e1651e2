"""The head of a response that carries a stored file.

What is stored comes from anyone who may log to a run, and is answered from the origin of the user
interface. So every file is an attachment, its type is not for the browser to guess (the guard says
nosniff), and should one be shown in a page all the same, it is in a sandbox without scripts.
"""

from __future__ import annotations

import mimetypes
import re
from email.utils import formatdate
from urllib.parse import quote

from milepost.blobs.base import Span, Stat
from milepost.http.asgi import Headers, Scope, header

_TEXTS = {
    *("txt", "log", "err", "md", "rst", "py", "py3", "js", "json", "csv", "tsv", "xml"),
    *("cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml"),
    *("MLmodel", "MLproject"),
}
_SPAN = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_MOST_DIGITS = 19
_FAR = 2**62


def media_type(name: str) -> str:
    """The content type for a file name, as MLflow has it: what is readable is plain text."""
    if name.rpartition(".")[2] in _TEXTS:
        return "text/plain"
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Whatever its ending, a script is nothing that a page of ours may load.
    return "text/plain" if guessed.endswith(("javascript", "ecmascript")) else guessed


def head(name: str, stat: Stat) -> Headers:
    """Headers for a stored file, without its length."""
    return [
        (b"content-type", media_type(name).encode()),
        (b"content-disposition", _disposition(name)),
        (b"content-security-policy", b"sandbox; default-src 'none'; style-src 'unsafe-inline'"),
        (b"accept-ranges", b"bytes"),
        (b"etag", stat.etag.encode("latin-1")),
        (b"last-modified", formatdate(stat.modified, usegmt=True).encode()),
        (b"cache-control", b"private, no-cache"),
    ]


def _disposition(name: str) -> bytes:
    plain = re.sub(r"[^\w.\- ()+,=@~]", "_", name, flags=re.ASCII)
    text = f'attachment; filename="{plain}"'
    if plain != name:
        text += f"; filename*=UTF-8''{quote(name, safe='')}"
    return text.encode()


def wanted_span(scope: Scope) -> Span | None:
    """The part that a Range header asks for; None for the whole file, also where the header is in
    a form that need not be honoured (several ranges, other units)."""
    match = _SPAN.fullmatch((header(scope, b"range") or "").replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    first, last = map(_number, match.groups())
    if first is None:
        return Span(-last) if last else Span(_FAR)
    if last is not None and last < first:
        return None
    return Span(first, last)


def _number(digits: str) -> int | None:
    """None for no digits; what is far beyond any file is as good as any number there."""
    if not digits:
        return None
    return int(digits) if len(digits) < _MOST_DIGITS else _FAR


def is_known(scope: Scope, stat: Stat) -> bool:
    """Whether the client already has this content (If-None-Match)."""
    known = header(scope, b"if-none-match")
    if known is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return "*" in tags or stat.etag.removeprefix("W/") in tags


def is_other(scope: Scope, stat: Stat) -> bool:
    """Whether the client wants a part of a content that is no longer there (If-Range)."""
    wanted = header(scope, b"if-range")
    if wanted is None:
        return False
    return wanted not in (stat.etag, formatdate(stat.modified, usegmt=True))
