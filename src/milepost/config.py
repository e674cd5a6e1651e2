"""Settings: everything an operator can choose, each in one place with its names and its help.

Precedence: command line, then environment, then default. Where two environment names are given the
first that is set wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from milepost.errors import Invalid

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}


def _setting(default: Any, *env: str, help: str, cli: bool = True) -> Any:
    return field(default=default, metadata={"env": env, "help": help, "cli": cli})


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings of one server. `""` means "not set"."""

    backend_store_uri: str = _setting(
        "", "MLFLOW_BACKEND_STORE_URI", "_MLFLOW_SERVER_FILE_STORE",
        help="Database: sqlite:///FILE, postgresql://... or mysql+pymysql://..."
        " Default: SQLite in the data folder.",
    )  # fmt: skip
    default_artifact_root: str = _setting(
        "", "MLFLOW_DEFAULT_ARTIFACT_ROOT", "_MLFLOW_SERVER_ARTIFACT_ROOT",
        help="Artifact location that new experiments get. Default: this server (mlflow-artifacts:/)"
        " when it serves artifacts, else the artifacts destination.",
    )  # fmt: skip
    artifacts_destination: str = _setting(
        "", "MLFLOW_ARTIFACTS_DESTINATION", "_MLFLOW_SERVER_ARTIFACT_DESTINATION",
        help="Where this server keeps the artifacts it serves. Default: a folder in the data"
        " folder.",
    )  # fmt: skip
    serve_artifacts: bool = _setting(
        True, "MLFLOW_SERVE_ARTIFACTS", "_MLFLOW_SERVER_SERVE_ARTIFACTS",
        help="Serve artifacts through this server.",
    )  # fmt: skip
    artifacts_only: bool = _setting(
        False, "MLFLOW_ARTIFACTS_ONLY", "_MLFLOW_SERVER_ARTIFACTS_ONLY",
        help="Serve artifacts and nothing else.",
    )  # fmt: skip
    host: str = _setting("127.0.0.1", "MLFLOW_HOST", help="Address to listen on.")
    port: int = _setting(5000, "MLFLOW_PORT", help="Port to listen on.")
    workers: int = _setting(
        1, "MLFLOW_WORKERS",
        help="Worker processes. One is right for SQLite; add more for PostgreSQL or MySQL.",
    )  # fmt: skip
    static_prefix: str = _setting(
        "", "MLFLOW_STATIC_PREFIX", "_MLFLOW_STATIC_PREFIX",
        help="URL prefix of every route, such as /mlflow.",
    )  # fmt: skip
    expose_prometheus: str = _setting(
        "", "MLFLOW_EXPOSE_PROMETHEUS", "prometheus_multiproc_dir",
        help="Serve Prometheus metrics at /metrics; the folder is for files shared by workers.",
    )  # fmt: skip
    allowed_hosts: str = _setting(
        "", "MLFLOW_SERVER_ALLOWED_HOSTS",
        help="Comma-separated Host headers to accept (* as wildcard). Default: local and private"
        " addresses.",
    )  # fmt: skip
    cors_allowed_origins: str = _setting(
        "", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",
        help="Comma-separated origins whose pages may call the API (* as wildcard)."
        " Default: pages on this machine.",
    )  # fmt: skip
    x_frame_options: str = _setting(
        "SAMEORIGIN", "MLFLOW_SERVER_X_FRAME_OPTIONS",
        help="X-Frame-Options header: SAMEORIGIN, DENY or NONE.",
    )  # fmt: skip
    disable_security_middleware: bool = _setting(
        False, "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
        help="Accept every Host and Origin. Only behind a proxy that checks them.",
    )  # fmt: skip
    trusted_artifact_schemes: str = _setting(
        "", "MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES",
        help="Comma-separated schemes that name a host (http, hdfs, abfss, ...) which clients may"
        " choose as artifact location.",
    )  # fmt: skip
    local_artifact_roots: str = _setting(
        "", "MILEPOST_LOCAL_ARTIFACT_ROOTS",
        help="Comma-separated folders of this machine, besides the server's own, in which artifact"
        " locations that clients choose may lie.",
    )  # fmt: skip
    artifact_timeout: float = _setting(
        60.0, "MILEPOST_ARTIFACT_TIMEOUT",
        help="Seconds an artifact store may take for one step (open, list, the next megabytes)"
        " before the request fails.",
    )  # fmt: skip
    data_dir: str = _setting(
        "milepost-data", "MILEPOST_DATA_DIR",
        help="Folder of the embedded database and the artifacts.",
    )  # fmt: skip
    sqlite_durability: str = _setting(
        "full", "MILEPOST_SQLITE_DURABILITY",
        help="full: an acknowledged write survives power loss. normal: it survives a crash of the"
        " server, but a power loss may take the last moments.",
    )  # fmt: skip
    max_body_bytes: int = _setting(
        64 * 2**20, "MILEPOST_MAX_BODY_BYTES",
        help="Largest accepted JSON request body, in bytes. Artifacts have no limit.",
    )  # fmt: skip
    body_timeout: float = _setting(
        60.0, "MILEPOST_BODY_TIMEOUT",
        help="Seconds a client may take to send a JSON request body.",
    )  # fmt: skip
    shutdown_timeout: float = _setting(
        10.0, "MILEPOST_SHUTDOWN_TIMEOUT",
        help="Seconds that running requests get to finish when the server stops.",
    )  # fmt: skip

    @property
    def store_uri(self) -> str:
        """The database to use."""
        return self.backend_store_uri or f"sqlite:///{Path(self.data_dir) / 'milepost.db'}"

    @property
    def artifacts_uri(self) -> str:
        """Where this server itself reads and writes artifacts."""
        return self.artifacts_destination or str(Path(self.data_dir).absolute() / "artifacts")

    @property
    def artifact_root(self) -> str:
        """What the locations of new experiments start with."""
        if self.default_artifact_root:
            return self.default_artifact_root
        return "mlflow-artifacts:/" if self.serve_artifacts else self.artifacts_uri


def load(environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings from flags (None = not given) over environment over defaults.

    Raises Invalid that names the setting whose value cannot be understood or breaks a rule.
    """
    values: dict[str, Any] = {}
    for item in fields(Settings):
        if flags.get(item.name) is not None:
            values[item.name] = flags[item.name]
            continue
        name = next((n for n in item.metadata["env"] if n in environ), None)
        if name is not None:
            values[item.name] = _parsed(item, environ[name], name)
    settings = Settings(**values)
    _check(settings)
    return settings


def _parsed(item: Field[Any], text: str, source: str) -> Any:
    kind = get_type_hints(Settings)[item.name]
    if kind is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise Invalid(f"{source}: expected true or false, got '{text}'")
    try:
        return kind(text)
    except ValueError:
        raise Invalid(f"{source}: expected a number, got '{text}'") from None


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65535:
        raise Invalid(f"port: {settings.port} is not a port number")
    if settings.workers < 1:
        raise Invalid("workers: at least 1")
    prefix = settings.static_prefix
    if prefix and (not prefix.startswith("/") or prefix.endswith("/") or set(prefix) & set("{}")):
        raise Invalid("static-prefix: must start with '/', not end with '/', and hold no braces")
    if settings.artifacts_only and not settings.serve_artifacts:
        raise Invalid("artifacts-only and no-serve-artifacts together would serve nothing")
    if settings.artifacts_only and settings.backend_store_uri:
        raise Invalid("artifacts-only serves no tracking API: leave out the backend store URI")
    if settings.sqlite_durability not in ("full", "normal"):
        raise Invalid("sqlite-durability: must be full or normal")


def default_of(item: Field[Any]) -> Any:
    """The default of a setting, for help texts."""
    return None if item.default is MISSING else item.default
