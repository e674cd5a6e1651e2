"""The pages: files built from ui/, served from the package with what a browser needs to keep them.

`/` is never kept without asking (its ETag answers that in one small exchange); the files under
/assets carry a hash of their content in their name and are kept for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from milepost.config import Settings
from milepost.http.asgi import HTML, Handler, Headers, Receive, Scope, Send, header, respond

FILES = Path(__file__).parent / "static"
_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": HTML,
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# Pages talk to the server they came from and to nobody else; no inline script or style.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    b" media-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-src 'self';"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PAGE_HEADERS: Headers = [
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
# A logged HTML file is written into this page: its scripts run, on an origin of their own, and can
# reach neither the API nor any host.
_PREVIEW = (
    b"<!doctype html><title>Preview</title><script>addEventListener('message',e=>{document.open();"
    b"document.write(e.data);document.close()},{once:true});parent.postMessage('ready','*')</script>"
)
_PREVIEW_POLICY = (
    b"sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data:"
    b" blob:; style-src 'unsafe-inline' data:; img-src data: blob:; font-src data:;"
    b" media-src data: blob:; worker-src blob:; frame-ancestors 'self'"
)
_PREVIEW_HEADERS: Headers = [
    (b"content-security-policy", _PREVIEW_POLICY),
    (b"cache-control", b"no-cache"),
]
_UNBUILT = (
    b"<!doctype html>\n<html lang=en>\n<title>Milepost</title>\n<h1>The pages are not built</h1>\n"
    b"<p>The API is up. Run <code>make ui</code>, then reload.</p>\n"
)


@dataclass(frozen=True, slots=True)
class _File:
    """One file in all its encodings."""

    content_type: bytes
    headers: Headers
    etag: bytes
    plain: bytes
    encoded: tuple[tuple[str, bytes], ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file in the best encoding the browser takes, or 304 when it has it."""
        headers = [*self.headers, (b"etag", self.etag), (b"vary", b"accept-encoding")]
        if self.etag.decode() in (header(scope, b"if-none-match") or ""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        accepted = _accepted(header(scope, b"accept-encoding") or "")
        for name, data in self.encoded:
            if name in accepted:
                headers.append((b"content-encoding", name.encode()))
                await respond(send, 200, self.content_type, data, headers)
                return
        await respond(send, 200, self.content_type, self.plain, headers)


def _accepted(value: str) -> set[str]:
    parts = [part.partition(";") for part in value.split(",")]
    return {name.strip() for name, _, q in parts if q.replace(" ", "") not in ("q=0", "q=0.0")}


def _file(path: Path, headers: Headers) -> _File:
    data = path.read_bytes()
    encoded = tuple(
        (name, path.with_name(path.name + ending).read_bytes())
        for name, ending in _ENCODINGS
        if path.with_name(path.name + ending).is_file()
    )
    etag = b'"' + sha256(data).hexdigest()[:20].encode() + b'"'
    return _File(_TYPES[path.suffix], headers, etag, data, encoded)


def routes(settings: Settings) -> Iterable[tuple[str, str, Handler]]:
    """(method, path, handler) of the page and of each file it loads."""
    index = FILES / "index.html"
    if not index.is_file():
        yield "GET", "/", _unbuilt
        return
    yield "GET", "/", _file(index, [*_PAGE_HEADERS, (b"cache-control", b"no-cache")])
    yield "GET", "/preview", _preview
    if settings.static_prefix:
        yield "GET", "", _to_folder(settings.static_prefix)
    kept: Headers = [(b"cache-control", b"public, max-age=31536000, immutable")]
    for path in sorted((FILES / "assets").iterdir()):
        if path.suffix in _TYPES:
            yield "GET", f"/assets/{path.name}", _file(path, kept)


async def _unbuilt(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, 503, HTML, _UNBUILT)


async def _preview(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, 200, HTML, _PREVIEW, _PREVIEW_HEADERS)


def _to_folder(prefix: str) -> Handler:
    """Redirect /prefix to /prefix/, without which the page's relative URLs would miss it."""
    target = [(b"location", f"{prefix.rpartition('/')[2]}/".encode())]

    async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 308, HTML, b"", target)

    return redirect
