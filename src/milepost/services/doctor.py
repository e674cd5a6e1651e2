"""Doctor: looks at everything a server needs, and says what to do about what is missing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from milepost.blobs.base import NewFile, put
from milepost.blobs.stores import Spot
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.errors import Problem
from milepost.services import machine, serving_checks
from milepost.services.machine import FAIL, OK, WARN, Finding
from milepost.store import inspect
from milepost.store.dialect import Dialect

_TOOLS = {"postgresql": "psql", "postgres": "psql", "mysql": "mysql", "mariadb": "mariadb"}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SKEW_MS = 5_000
_LIBRARIES = {"s3": "boto3", "gs": "google.cloud.storage", "azure": "azure.storage.blob"}
_EXTRAS = {"gs": "gcs"}
_ALSO = {"wasbs": "azure", "abfss": "azure"}
"""Schemes that are another name of one."""

_CREDENTIALS = {
    "s3": (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "azure": ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCESS_KEY", "AZURE_CLIENT_ID"),
}
_CREDENTIAL_FILES = {"s3": "~/.aws/credentials", "gs": "~/.config/gcloud"}


class Doctor:
    """Looks at one server's surroundings. `place` gives the artifact store of the settings,
    `clients` the client releases that the running server has seen (None if none runs, a Problem
    where it does not tell), `reach` raises a Problem where no server answers at a URL."""

    def __init__(
        self,
        settings: Settings,
        dialect: Callable[[], Dialect],
        place: Callable[[], Spot],
        clients: Callable[[], list[str] | None],
        reach: Callable[[str], object],
        environ: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._dialect = dialect
        self._place = place
        self._clients = clients
        self._reach = reach
        self._environ = environ

    def findings(self) -> Iterator[Finding]:
        """Look at one thing after the other."""
        yield from self._switched_off()
        yield self._port()
        yield from self._tracking_uri()
        yield from self._database()
        yield from self._artifacts()
        yield from serving_checks.findings(self._settings, self._reach)
        yield from machine.disk(self._settings)
        yield machine.open_files()
        yield machine.proxies(self._environ)
        yield from machine.certificates(self._environ)
        yield self._client_versions()

    def _switched_off(self) -> Iterator[Finding]:
        if not self._settings.enabled:
            yield Finding(
                "enabled",
                FAIL,
                "the server is switched off: it ends at once",
                "Set MLFLOW_ENABLED=true, or `enabled: true` in the file.",
            )

    def _tracking_uri(self) -> Iterator[Finding]:
        """Where training machines are told to go."""
        uri = self._settings.tracking_uri
        if not uri:
            return
        if not uri.startswith(("http://", "https://")):
            yield Finding(
                "tracking URI",
                WARN,
                f"{masked_uri(uri)}: clients would write there themselves, past this server",
                "Give its address: http://HOST:PORT.",
            )
            return
        try:
            self._reach(uri)
        except Problem as problem:
            yield Finding(
                "tracking URI",
                WARN,
                problem.message,
                "Start the server, or correct tracking_uri; check the name, the proxy in front and"
                " the firewall.",
            )
        else:
            yield Finding("tracking URI", OK, f"{masked_uri(uri)} answers")

    def _port(self) -> Finding:
        host, port = self._settings.host, self._settings.port
        reach = " (only from this machine)" if host in _LOOPBACK else ""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if self._runs():
                    return Finding("port", OK, f"a server answers on {host}:{port}{reach}")
                return Finding(
                    "port",
                    FAIL,
                    f"{host}:{port} cannot be used: {error.strerror}",
                    f"See who has it: lsof -i :{port}; stop that, or choose another with --port.",
                )
        return Finding("port", OK, f"{host}:{port} is free{reach}")

    def _database(self) -> Iterator[Finding]:
        uri = masked_uri(self._settings.store_uri)
        if not inspect.is_there(self._settings.store_uri):
            made = f"{uri}: none yet; the server makes it when it starts"
            yield self._writable() or Finding("database", OK, made)
            return
        try:
            dialect = self._dialect()
            version = inspect.server_version(dialect)
            state = inspect.schema(dialect)
            megabytes = inspect.total_bytes(dialect) / 2**20
            answer = f"{uri} answers ({dialect.name} {version}, {megabytes:.1f} MiB)"
            yield self._writable() or Finding("database", OK, answer)
            yield self._schema(state, may_create=inspect.may_create(dialect))
            yield self._clock(inspect.clock(dialect) - time.time_ns() // 1_000_000)
        except Problem as problem:
            yield Finding("database", FAIL, f"{uri}: {problem.message}", self._database_fix())
            return
        yield from self._sqlite()

    def _writable(self) -> Finding | None:
        """What keeps the server from writing its SQLite file; None for nothing, or no SQLite."""
        path = self._sqlite_file()
        if path is None:
            return None
        folder = next(p for p in path.parents if p.exists())
        for place in (path, folder):
            if place.exists() and not os.access(place, os.W_OK):
                uri, fix = masked_uri(self._settings.store_uri), self._database_fix()
                return Finding("database", FAIL, f"{uri}: {place} cannot be written", fix)
        return None

    def _sqlite_file(self) -> Path | None:
        scheme, _, rest = self._settings.store_uri.partition("://")
        if scheme.partition("+")[0] != "sqlite":
            return None
        return Path(unquote(rest.partition("?")[0]).removeprefix("/")).absolute()

    def _database_fix(self) -> str:
        parts = urlsplit(self._settings.store_uri)
        scheme = parts.scheme.partition("+")[0]
        if scheme == "sqlite":
            return "Let the user of the server read and write the file and its folder."
        shown = f"-h {parts.hostname} -U {parts.username or 'USER'} {parts.path.lstrip('/')}"
        tool = _TOOLS.get(scheme)
        if tool is None:
            return "Correct backend_store_uri."
        return (
            f"Try from this machine: {tool} {shown}. Check that the server runs, the name, the"
            " firewall, the password, and that the database exists (CREATE DATABASE ...)."
        )

    def _schema(self, state: inspect.SchemaState, *, may_create: bool) -> Finding:
        found = f"schema {state.current}, this release wants {state.wanted}"
        if state.restoring:
            return Finding(
                "schema",
                FAIL,
                "a restore was cut short",
                "Run the same `milepost backup restore` again.",
            )
        if state.current == state.wanted:
            return Finding("schema", OK, found)
        if state.current < state.wanted and not may_create:
            return Finding(
                "schema",
                FAIL,
                f"{found}, and the user may not make tables",
                "As the administrator of PostgreSQL, in this database: GRANT ALL ON SCHEMA public"
                " TO the user.",
            )
        if state.current == 0:
            return Finding("schema", OK, "empty; the server makes the tables when it starts")
        if state.current < state.wanted:
            return Finding("schema", FAIL, found, "Run: milepost db upgrade")
        return Finding("schema", FAIL, found, "Start the newer Milepost this database is of.")

    def _clock(self, skew: int) -> Finding:
        if abs(skew) < _SKEW_MS:
            return Finding("clock", OK, f"agrees with the database's to {abs(skew)} ms")
        return Finding(
            "clock",
            WARN,
            f"differs from the database's by {abs(skew) / 1000:.0f} seconds",
            "Let both machines set their clocks by NTP: clients and servers write times.",
        )

    def _sqlite(self) -> Iterator[Finding]:
        path = self._sqlite_file()
        if path is None:
            return
        kind = machine.file_system(path.parent)
        if kind in machine.NETWORK_FILE_SYSTEMS:
            yield Finding(
                "file system",
                FAIL,
                f"the SQLite file is on {kind}, which cannot lock safely",
                "Put it on a local disk, or use PostgreSQL.",
            )
        if self._settings.workers > 1:
            yield Finding(
                "workers",
                WARN,
                f"{self._settings.workers} workers on SQLite, with its one writer",
                "Use one worker, or PostgreSQL.",
            )

    def _artifacts(self) -> Iterator[Finding]:
        uri = self._settings.artifacts_uri
        scheme = urlsplit(uri).scheme.lower()
        yield from self._credentials(scheme)
        try:
            self._probe(self._place())
            yield Finding("artifact store", OK, f"{uri}: wrote, read and deleted a probe")
        except Problem as problem:
            fix = {
                "s3": "Check MLFLOW_S3_ENDPOINT_URL, that the bucket exists, and that the key may"
                " s3:PutObject, s3:GetObject, s3:ListBucket and s3:DeleteObject in it.",
                "": "Let the user of the server write the folder: chown -R USER FOLDER.",
            }.get(scheme, "Check that it exists and that the server's credentials may write to it.")
            yield Finding("artifact store", FAIL, f"{uri}: {problem.message}", fix)

    def _probe(self, spot: Spot) -> None:
        path = "/".join(filter(None, (spot.path, f".milepost-probe-{uuid4().hex}")))
        put(spot.store, NewFile(path, [b"probe"]))
        reader = spot.store.open(path)
        reader.read()
        reader.close()
        spot.store.delete(path)

    def _credentials(self, scheme: str) -> Iterator[Finding]:
        scheme = _ALSO.get(scheme, scheme)
        library = _LIBRARIES.get(scheme)
        if library is None:
            return
        if not _is_installed(library):
            fix = f"pip install 'milepost[{_EXTRAS.get(scheme, scheme)}]'"
            yield Finding("library", FAIL, f"{library} is not installed", fix)
        names = _CREDENTIALS[scheme]
        there = [name for name in names if self._environ.get(name)]
        file = Path(_CREDENTIAL_FILES.get(scheme, "")).expanduser()
        if there or (scheme in _CREDENTIAL_FILES and file.exists()):
            yield Finding("credentials", OK, f"for {scheme}: {', '.join(there) or file}")
        else:
            yield Finding(
                "credentials",
                WARN,
                f"none for {scheme} in the environment or its usual file",
                f"Set {names[0]} (and its secret), unless the machine itself has a role.",
            )

    def _runs(self) -> bool:
        """Whether a server answers at the port, even if it does not tell its clients."""
        try:
            return self._clients() is not None
        except Problem:
            return True

    def _client_versions(self) -> Finding:
        try:
            seen = self._clients()
        except Problem as problem:
            return Finding("clients", WARN, problem.message, "Then ask again.")
        if seen is None:
            return Finding("clients", OK, "no server is running to ask which clients it has seen")
        old = [v for v in seen if v.split(".")[0] in ("0", "1")]
        if old:
            return Finding(
                "clients",
                WARN,
                f"seen: {', '.join(seen)}",
                "Clients before 2.0 lack newer calls: pip install -U mlflow.",
            )
        return Finding("clients", OK, f"seen: {', '.join(seen) or 'none yet'}")


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:  # not even the package it is in
        return False
