"""A tracking server that speaks MLflow's REST API: Milepost or MLflow itself."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from milepost.errors import Denied, Invalid, NotFound, Problem, Unauthenticated, Unavailable

_ATTEMPTS = 4
_PIECE = 1 << 20
_RETRIED = {408, 429, 500, 502, 503, 504}
_UNAUTHORIZED = 401
_KINDS: dict[int, type[Problem]] = {400: Invalid, 403: Denied, 404: NotFound}
_VARIABLES = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"

Query = Mapping[str, str | int | Sequence[str]]


class TrackingServer:
    """Calls over connections that are kept, one for each thread. Credentials, certificates and
    proxies come from the variables that MLflow's own client reads."""

    def __init__(self, url: str, *, timeout: float = 60) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid(f"'{url}' is no address of a server: write http://HOST:PORT.")
        self._parts = parts
        self._timeout = timeout
        self._local = threading.local()
        self._headers = {"User-Agent": "milepost", **_authorization(parts)}
        self.url = f"{parts.scheme}://{_host(parts)}{parts.path.rstrip('/')}"

    def call(self, method: str, path: str, message: Mapping[str, Any] | None = None) -> Any:
        """One call of the API; `message` is the query of a GET, else the JSON body."""
        body = None if method == "GET" else json.dumps(message or {}).encode()
        query: Query = (message or {}) if method == "GET" else {}
        response = self._answered(method, path, query, body)
        data = response.read()
        return json.loads(data) if data.strip() else {}

    def text(self, path: str) -> str:
        """A short answer as text."""
        return self._answered("GET", path, {}, None).read().decode(errors="replace").strip()

    def ask(self, path: str) -> tuple[int, str]:
        """One GET, once: the status, whatever it is, and the text. Raises Unavailable where nobody
        answers, Unauthenticated where a password is wanted."""
        try:
            response = self._send("GET", f"{self._parts.path.rstrip('/')}{quote(path)}", None)
            text = response.read().decode(errors="replace").strip()
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise Unavailable(f"{self.url} cannot be reached: {error}") from error
        if response.status == _UNAUTHORIZED:
            raise self._locked()
        return response.status, text

    def content(self, path: str, query: Query) -> Iterator[bytes]:
        """A file, piece by piece."""
        response = self._answered("GET", path, query, None)
        while piece := response.read(_PIECE):
            yield piece

    def _answered(
        self, method: str, path: str, query: Query, body: bytes | None
    ) -> http.client.HTTPResponse:
        target = f"{self._parts.path.rstrip('/')}{quote(path)}"
        target += f"?{urlencode(query, doseq=True)}" if query else ""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._send(method, target, body)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                if attempt == _ATTEMPTS:
                    raise Unavailable(f"{self.url} cannot be reached: {error}") from error
            else:
                if response.status < 300:
                    return response
                data = response.read()
                if response.status == _UNAUTHORIZED:
                    raise self._locked()
                if response.status not in _RETRIED or attempt == _ATTEMPTS:
                    raise _problem(response.status, data, f"{self.url}{path}")
            time.sleep(0.1 * 2**attempt)
        raise Unavailable(f"{self.url} does not answer.")

    def _locked(self) -> Unauthenticated:
        if "Authorization" in self._headers:
            return Unauthenticated(f"{self.url} does not accept {_VARIABLES}.")
        return Unauthenticated(f"{self.url} asks for a password: set {_VARIABLES}.")

    def _send(self, method: str, target: str, body: bytes | None) -> http.client.HTTPResponse:
        connection = self._connection()
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, target, body, headers)
        return connection.getresponse()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect(self._parts, self._timeout)
        return connection

    def _drop(self) -> None:
        if getattr(self._local, "connection", None) is not None:
            self._local.connection.close()
            self._local.connection = None


def _connect(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    if parts.scheme == "http" and proxy is None:
        return http.client.HTTPConnection(host, port, timeout=timeout)
    context = _tls() if parts.scheme == "https" else None
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    through = urlsplit(proxy)
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    options: dict[str, Any] = {"context": context} if context else {}
    connection = kind(through.hostname or "", through.port or 3128, timeout=timeout, **options)
    connection.set_tunnel(host, port or (443 if context else 80))
    return connection


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() == "true":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _authorization(parts: SplitResult) -> dict[str, str]:
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    user = unquote(parts.username or os.environ.get("MLFLOW_TRACKING_USERNAME", ""))
    password = unquote(parts.password or os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _problem(status: int, data: bytes, where: str) -> Problem:
    try:
        message = json.loads(data)["message"]
    except (ValueError, KeyError, TypeError):
        message = f"{where} answered {status}."
    return _KINDS.get(status, Unavailable)(str(message))
