"""Which Host and Origin headers are accepted: the guard against DNS rebinding and foreign pages.

The defaults and answers are those of MLflow 3.5 and later.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from milepost.config import Settings
from milepost.http.asgi import TEXT, Handler, Headers, Receive, Scope, Send, header, respond

_LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - a name to accept, no bind
_UNCHECKED = ("/health", "/health/ready", "/version")
_APIS = ("/api/", "/ajax-api/", "/gateway/", "/endpoints/")
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


class Guard:
    """Checks each request before it is routed and adds the headers that protect a browser."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.static_prefix
        self._hosts = _listed(settings.allowed_hosts)
        self._origins = _listed(settings.cors_allowed_origins)
        self._public_host = settings.public_host.lower()
        self._off = settings.disable_security_middleware
        self.headers: Headers = [(b"x-content-type-options", b"nosniff")]
        if settings.x_frame_options.upper() != "NONE":
            self.headers.append((b"x-frame-options", settings.x_frame_options.upper().encode()))
        self._host_allowed = lru_cache(maxsize=1024)(self._check_host)

    def wrap(self, inner: Handler) -> Handler:
        """`inner` behind this guard."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            origin = header(scope, b"origin")
            extra = self.headers if origin is None else self.headers + self._cors(origin)

            async def sending(message: object) -> None:
                if message["type"] == "http.response.start":  # type: ignore[index]
                    message["headers"].extend(extra)  # type: ignore[index]
                await send(message)  # type: ignore[arg-type]

            refusal = None if self._off else self._refusal(scope, origin)
            if refusal is not None:
                await respond(sending, 403, TEXT, refusal)
            elif scope["method"] == "OPTIONS":
                await self._options(scope, origin, sending)
            else:
                await inner(scope, receive, sending)

        return guarded

    def _refusal(self, scope: Scope, origin: str | None) -> bytes | None:
        path = scope["path"].removeprefix(self._prefix)
        if path not in _UNCHECKED and not self._host_allowed(header(scope, b"host") or ""):
            return b"Invalid Host header - possible DNS rebinding attack detected"
        api = path.startswith(_APIS)
        if origin and api and scope["method"] in _WRITES and not self._may_write(scope, origin):
            return b"Cross-origin request blocked"
        return None

    def _may_write(self, scope: Scope, origin: str) -> bool:
        """Our own pages may, under whatever name of ours they were asked for. Ports are not
        compared, as proxies leave them out of the Host header."""
        own = _hostname(header(scope, b"host") or "")
        ours = own != "" and _hostname(origin.partition("://")[2]) == own
        return ours or self._origin_allowed(origin)

    def _check_host(self, host: str) -> bool:
        if self._hosts:
            return _matches(host, self._hosts) or _matches(_hostname(host), self._hosts)
        name = _hostname(host)
        return _is_local(name) or (name != "" and name == self._public_host)

    def _origin_allowed(self, origin: str) -> bool:
        if urlsplit(origin).hostname in _LOCAL:
            return True
        return _matches(origin, self._origins)

    def _cors(self, origin: str) -> Headers:
        vary = (b"vary", b"Origin")
        if self._origins == ["*"]:
            return [(b"access-control-allow-origin", b"*"), vary]
        if self._off or self._origin_allowed(origin):
            return [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
                vary,
            ]
        return [vary]

    async def _options(self, scope: Scope, origin: str | None, send: Send) -> None:
        wanted = header(scope, b"access-control-request-method")
        if origin is None or wanted is None:
            await respond(send, 204, TEXT, b"", [(b"allow", _METHODS)])
        elif not (self._off or self._origin_allowed(origin)):
            await respond(send, 400, TEXT, b"Disallowed CORS origin")
        else:
            asked = header(scope, b"access-control-request-headers") or "content-type"
            allowed = [
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", asked.encode("latin-1")),
                (b"access-control-max-age", b"600"),
            ]
            await respond(send, 200, TEXT, b"OK", allowed)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _matches(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_local(name: str) -> bool:
    if name in _LOCAL:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_private and not address.is_link_local
