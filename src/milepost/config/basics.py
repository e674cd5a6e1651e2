"""Where the data is and how the server listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from milepost.config.blocks import Database
from milepost.config.field import setting


def _prefix(text: str) -> None:
    if not text.startswith("/") or text.endswith("/") or set(text) & set("{}"):
        raise ValueError("must start with '/', not end with '/', and hold no braces")


@dataclass(frozen=True)
class Stores:
    """Addresses of metadata and artifacts. `""` means "not set"."""

    tracking_uri: str = setting(
        "", env="MLFLOW_TRACKING_URI", file="tracking_uri cli.tracking_uri",
        help="Where training machines reach the server; `milepost config env` hands it on.",
    )  # fmt: skip
    backend_store_uri: str = setting(
        "", env="MLFLOW_BACKEND_STORE_URI _MLFLOW_SERVER_FILE_STORE", flag=True,
        file="backend_store_uri server.backend_store_uri cli.backend_store_uri",
        help="Database: sqlite:///FILE, postgresql://... or mysql+pymysql://..."
        " Default: SQLite in the data folder. <<MANAGED_BY_CONNECTION_POOL>> takes the one of"
        " `databases` that stands behind the shared pool.",
    )  # fmt: skip
    db_host: str = setting(
        "", env="MLFLOW_DB_HOST",
        help="PostgreSQL server, where the backend store is given in parts instead of by URI."
        " One part is enough; the others are localhost, 5432, mlflow and mlflow.",
    )  # fmt: skip
    db_port: int = setting(0, "Its port.", env="MLFLOW_DB_PORT", least=0, most=65535)
    db_name: str = setting("", "Name of the database on it.", env="MLFLOW_DB_NAME")
    db_user: str = setting("", "User of the database.", env="MLFLOW_DB_USER")
    db_password: str = setting(
        "", "Password of the database user.", env="MLFLOW_DB_PASSWORD", secret=True
    )
    databases: Mapping[str, Database] = setting(
        None, "Databases by name, for ${databases.NAME.username} and the shared pool.",
        file="databases", default_factory=dict,
    )  # fmt: skip
    artifact_store: str = setting(
        "", env="MLFLOW_ARTIFACTS_ROOT MLFLOW_ARTIFACT_URI", file="artifact_store",
        help="Where artifacts are kept: a folder, s3://, gs://, azure:// ... The server passes them"
        " on when it serves artifacts; otherwise clients go there themselves.",
    )  # fmt: skip
    artifacts_bucket: str = setting(
        "", env="MLFLOW_ARTIFACTS_BUCKET", file="artifacts_bucket",
        help="The same, as the bare name of an S3 bucket.",
    )  # fmt: skip
    default_artifact_root: str = setting(
        "", env="MLFLOW_DEFAULT_ARTIFACT_ROOT _MLFLOW_SERVER_ARTIFACT_ROOT", flag=True,
        file="default_artifact_root server.default_artifact_root cli.artifact_root",
        help="Artifact location that new experiments get. Default: this server (mlflow-artifacts:/)"
        " when it serves artifacts, else the artifacts destination.",
    )  # fmt: skip
    artifacts_destination: str = setting(
        "", env="MLFLOW_ARTIFACTS_DESTINATION _MLFLOW_SERVER_ARTIFACT_DESTINATION", flag=True,
        file="artifacts_destination server.artifacts_destination",
        help="Where this server keeps the artifacts it serves. Default: the artifact store, else a"
        " folder in the data folder.",
    )  # fmt: skip
    trusted_artifact_schemes: str = setting(
        "", env="MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES", flag=True,
        file="server.trusted_artifact_schemes",
        help="Comma-separated schemes that name a host (http, hdfs, abfss, ...) which clients may"
        " choose as artifact location.",
    )  # fmt: skip
    local_artifact_roots: str = setting(
        "", env="MILEPOST_LOCAL_ARTIFACT_ROOTS", flag=True, file="server.local_artifact_roots",
        help="Comma-separated folders of this machine, besides the server's own, in which artifact"
        " locations that clients choose may lie.",
    )  # fmt: skip
    direct_transfers: bool = setting(
        True, env="MILEPOST_DIRECT_TRANSFERS", flag=True, file="server.direct_transfers",
        help="Where artifacts are in S3, Google Cloud Storage or Azure, let clients upload large"
        " files there and download from there themselves, with signed URLs. They must be able to"
        " reach the store.",
    )  # fmt: skip
    signed_download_seconds: int = setting(
        300, env="MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS", file="server.signed_download_seconds",
        least=1, most=7 * 86400,
        help="Seconds for which a signed URL lets a client download, where it names no other time.",
    )  # fmt: skip
    data_dir: str = setting(
        "milepost-data", env="MILEPOST_DATA_DIR", flag=True, file="data_dir",
        help="Folder of the embedded database and the artifacts.",
    )  # fmt: skip
    sqlite_durability: str = setting(
        "full", env="MILEPOST_SQLITE_DURABILITY", flag=True, file="sqlite_durability",
        choices=("full", "normal"),
        help="full: an acknowledged write survives power loss. normal: it survives a crash of the"
        " server, but a power loss may take the last moments.",
    )  # fmt: skip


@dataclass(frozen=True)
class Listening:
    """The server process and who may talk to it."""

    enabled: bool = setting(
        True, env="MLFLOW_ENABLED", file="enabled",
        help="Off: `milepost server` says so and ends, for stacks that switch services so.",
    )  # fmt: skip
    host: str = setting(
        "127.0.0.1", "Address to listen on.", env="MLFLOW_HOST", file="server.host", flag=True,
        also="-h",
    )  # fmt: skip
    port: int = setting(
        5000, "Port to listen on.", env="MLFLOW_PORT", file="server.port", flag=True,
        also="-p", least=0, most=65535,
    )  # fmt: skip
    workers: int = setting(
        1, env="MLFLOW_WORKERS", file="server.workers", flag=True, also="-w", least=1,
        help="Worker processes. One is right for SQLite; add more for PostgreSQL or MySQL.",
    )  # fmt: skip
    static_prefix: str = setting(
        "", env="MLFLOW_STATIC_PREFIX _MLFLOW_STATIC_PREFIX", file="server.static_prefix",
        flag=True, rule=_prefix, help="URL prefix of every route, such as /mlflow.",
    )  # fmt: skip
    serve_artifacts: bool = setting(
        True, env="MLFLOW_SERVE_ARTIFACTS _MLFLOW_SERVER_SERVE_ARTIFACTS", flag=True,
        file="server.serve_artifacts serve_artifacts", help="Serve artifacts through this server.",
    )  # fmt: skip
    artifacts_only: bool = setting(
        False, env="MLFLOW_ARTIFACTS_ONLY _MLFLOW_SERVER_ARTIFACTS_ONLY", flag=True,
        file="server.artifacts_only", help="Serve artifacts and nothing else.",
    )  # fmt: skip
    mlflow_version: str = setting(
        "", env="MLFLOW_VERSION", file="version",
        help="The release that GET /version reports, for clients that choose features by it."
        " Default: Milepost's own.",
    )  # fmt: skip
    route: str = setting(
        "", env="MLFLOW_ROUTE", file="server.route",
        help="Host name under which the server is reached: a full name, or a label that `domain`"
        " completes. Requests for it are accepted besides local ones.",
    )  # fmt: skip
    domain: str = setting(
        "", env="MILEPOST_DOMAIN BASE_DOMAIN", file="server.domain",
        help="Domain that completes `route`.",
    )  # fmt: skip
    allowed_hosts: str = setting(
        "", env="MLFLOW_SERVER_ALLOWED_HOSTS", file="server.allowed_hosts", flag=True,
        help="Comma-separated Host headers to accept (* as wildcard). Default: local and private"
        " addresses, and the route.",
    )  # fmt: skip
    cors_allowed_origins: str = setting(
        "", env="MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", file="server.cors_allowed_origins", flag=True,
        help="Comma-separated origins whose pages may call the API (* as wildcard)."
        " Default: pages on this machine.",
    )  # fmt: skip
    x_frame_options: str = setting(
        "SAMEORIGIN", env="MLFLOW_SERVER_X_FRAME_OPTIONS", file="server.x_frame_options", flag=True,
        help="X-Frame-Options header: SAMEORIGIN, DENY or NONE.",
    )  # fmt: skip
    disable_security_middleware: bool = setting(
        False, env="MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", flag=True,
        file="server.disable_security_middleware",
        help="Accept every Host and Origin. Only behind a proxy that checks them.",
    )  # fmt: skip
    user_header: str = setting(
        "", env="MILEPOST_USER_HEADER", file="server.user_header", flag=True,
        help="Request header in which a proxy that signs users in passes on their name, such as"
        " X-Forwarded-User: who made a change, for the history of models. The proxy must remove"
        " what clients send in it. Default: the user name of HTTP Basic, which is not checked.",
    )  # fmt: skip
    max_body_bytes: int = setting(
        64 * 2**20, env="MILEPOST_MAX_BODY_BYTES", file="server.max_body_bytes", flag=True, least=1,
        help="Largest accepted JSON request body, in bytes. Artifacts have no limit.",
    )  # fmt: skip
