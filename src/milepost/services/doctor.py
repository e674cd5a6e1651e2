"""Doctor: looks at everything a server needs, and says what to do about what is missing."""

from __future__ import annotations

import resource
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from msgspec import Struct

from milepost.blobs.stores import Spot, local_path
from milepost.config import Settings
from milepost.config.settings import masked_uri
from milepost.errors import Problem
from milepost.store import inspect
from milepost.store.dialect import Dialect

OK, WARN, FAIL = "ok", "warn", "fail"
_SKEW_MS = 5_000
_LITTLE, _TOO_LITTLE = 2 << 30, 200 << 20
_FEW_FILES = 1024
_LIBRARIES = {"s3": "boto3", "gs": "google.cloud.storage", "wasbs": "azure.storage.blob"}
_CREDENTIALS = {
    "s3": (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "wasbs": ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCESS_KEY", "AZURE_CLIENT_ID"),
}
_CREDENTIAL_FILES = {"s3": "~/.aws/credentials", "gs": "~/.config/gcloud"}
_CERTIFICATES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
)
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "glusterfs"}


class Finding(Struct):
    """One thing that was looked at. `fix` is what to do, "" where all is well."""

    check: str
    state: str
    found: str
    fix: str = ""


class Doctor:
    """Looks at one server's surroundings. `ask` asks the server of a URL what it says of itself,
    `place` gives the artifact store of the settings."""

    def __init__(
        self,
        settings: Settings,
        dialect: Callable[[], Dialect],
        place: Callable[[], Spot],
        clients: Callable[[], list[str] | None],
        environ: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._dialect = dialect
        self._place = place
        self._clients = clients
        self._environ = environ

    def findings(self) -> Iterator[Finding]:
        """Look at one thing after the other."""
        yield self._port()
        yield from self._database()
        yield from self._artifacts()
        yield from self._disk()
        yield self._open_files()
        yield from self._proxies()
        yield from self._certificates()
        yield self._client_versions()

    def _port(self) -> Finding:
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if self._clients() is not None:
                    return Finding("port", OK, f"a server answers on {host}:{port}")
                return Finding(
                    "port",
                    FAIL,
                    f"{host}:{port} cannot be used: {error.strerror}",
                    f"See who has it: lsof -i :{port}; stop that, or choose another with --port.",
                )
        return Finding("port", OK, f"{host}:{port} is free")

    def _database(self) -> Iterator[Finding]:
        uri = masked_uri(self._settings.store_uri)
        if not inspect.is_there(self._settings.store_uri):
            yield Finding("database", OK, f"{uri}: none yet; the server makes it when it starts")
            return
        try:
            dialect = self._dialect()
            version = inspect.server_version(dialect)
            state = inspect.schema(dialect)
            yield Finding("database", OK, f"{uri} answers ({dialect.name} {version})")
            yield self._schema(state)
            yield self._clock(inspect.clock(dialect) - time.time_ns() // 1_000_000)
        except Problem as problem:
            yield Finding("database", FAIL, f"{uri}: {problem.message}", self._database_fix())
            return
        yield from self._sqlite()

    def _database_fix(self) -> str:
        parts = urlsplit(self._settings.store_uri)
        scheme = parts.scheme.partition("+")[0]
        if scheme == "sqlite":
            return "Let the user of the server read and write the file and its folder."
        shown = f"-h {parts.hostname} -U {parts.username or 'USER'} {parts.path.lstrip('/')}"
        tool = "psql" if scheme.startswith("postgres") else "mysql"
        return (
            f"Try from this machine: {tool} {shown}. Check that the server runs, the name, the"
            " firewall, the password, and that the database exists (CREATE DATABASE ...)."
        )

    def _schema(self, state: inspect.SchemaState) -> Finding:
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
        if not self._settings.store_uri.startswith("sqlite"):
            return
        path = Path(self._settings.store_uri.partition("://")[2].removeprefix("/"))
        kind = _file_system(path.absolute().parent)
        if kind in _NETWORK_FILE_SYSTEMS:
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
        upload = spot.store.create(path)
        try:
            upload.write([b"probe"])
            upload.commit()
        except BaseException:
            upload.abort()
            raise
        reader = spot.store.open(path)
        reader.read()
        reader.close()
        spot.store.delete(path)

    def _credentials(self, scheme: str) -> Iterator[Finding]:
        library = _LIBRARIES.get(scheme)
        if library is None:
            return
        if find_spec(library.partition(".")[0]) is None:
            yield Finding(
                "library", FAIL, f"{library} is not installed", f"pip install 'milepost[{scheme}]'"
            )
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

    def _disk(self) -> Iterator[Finding]:
        places = {Path(self._settings.data_dir)}
        if (folder := local_path(self._settings.artifacts_uri)) is not None:
            places.add(Path(folder))
        seen: set[int] = set()
        for place in sorted(places):
            there = next(p for p in (place.absolute(), *place.absolute().parents) if p.exists())
            device = there.stat().st_dev
            if device not in seen:
                seen.add(device)
                yield _room(there)

    def _open_files(self) -> Finding:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit > _FEW_FILES or limit < 0:
            return Finding("open files", OK, f"up to {limit}")
        return Finding(
            "open files",
            WARN,
            f"only {limit} for each process",
            "Raise it: ulimit -n 65536, or LimitNOFILE= in the service.",
        )

    def _proxies(self) -> Iterator[Finding]:
        proxies = [
            n
            for n in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
            if self._environ.get(n)
        ]
        endpoint = urlsplit(self._environ.get("MLFLOW_S3_ENDPOINT_URL", "")).hostname
        if not proxies:
            yield Finding("proxy", OK, "no proxy variables")
            return
        past = self._environ.get("NO_PROXY") or self._environ.get("no_proxy") or ""
        hosts = [part.strip().lstrip(".") for part in past.split(",")]
        wanted = [host for host in ("localhost", "127.0.0.1", endpoint) if host]
        missing = [host for host in wanted if not any(_covers(rule, host) for rule in hosts)]
        if missing:
            yield Finding(
                "proxy",
                WARN,
                f"{', '.join(proxies)} also for {', '.join(missing)}",
                f"Add to NO_PROXY: {','.join(missing)}",
            )
        else:
            yield Finding("proxy", OK, f"{', '.join(proxies)}, past it for {past}")

    def _certificates(self) -> Iterator[Finding]:
        for name in _CERTIFICATES:
            path = self._environ.get(name)
            if path and not Path(path).exists():
                yield Finding(
                    "TLS",
                    FAIL,
                    f"{name} names {path}, which is not there",
                    f"Correct or unset {name}.",
                )
        for name in ("MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_S3_IGNORE_TLS"):
            if self._environ.get(name, "").lower() == "true":
                yield Finding(
                    "TLS",
                    WARN,
                    f"{name} switches the check of certificates off",
                    "Name the certificate of your authority instead.",
                )

    def _client_versions(self) -> Finding:
        seen = self._clients()
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


def _covers(rule: str, host: str) -> bool:
    return rule in ("*", host) or (rule != "" and host.endswith(f".{rule}"))


def _room(place: Path) -> Finding:
    usage = shutil.disk_usage(place)
    found = f"{place}: {usage.free / 2**30:.1f} GiB free of {usage.total / 2**30:.0f}"
    if usage.free < _TOO_LITTLE:
        return Finding("disk", FAIL, found, "Make room: milepost gc --older-than 0s --give-back")
    if usage.free < _LITTLE:
        return Finding("disk", WARN, found, "Plan for more, or a retention policy.")
    return Finding("disk", OK, found)


def _file_system(folder: Path) -> str:
    """The kind of file system a folder is on; "" where the machine does not tell."""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        _, mount, found, *_ = line.split()
        inside = str(folder) == mount or str(folder).startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind
