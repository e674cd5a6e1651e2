"""Settings: everything an operator can choose, each in one place with its names and its help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from milepost.config import cron
from milepost.config.basics import Listening, Stores
from milepost.config.blocks import Database, RetentionRule
from milepost.config.field import setting
from milepost.config.observation import Observation
from milepost.config.resilience import Resilience, Timeouts
from milepost.config.serving import Gateway, extra_port, gateway_faults

_ANY = {"0.0.0.0", "::", ""}  # noqa: S104 - addresses to connect to are derived from it
MANAGED = "<<MANAGED_BY_CONNECTION_POOL>>"
"""A backend store URI that says: the database behind the shared connection pool."""

_LONGEST_NAME = 256


def _user_name(text: str) -> None:
    if ":" in text or not text.isprintable() or text != text.strip():
        raise ValueError("a user's name is printable, without a colon and spaces around it")
    if len(text) > _LONGEST_NAME:
        raise ValueError(f"a user's name has at most {_LONGEST_NAME} characters")


@dataclass(frozen=True)
class Features:
    """Parts of the server that can be switched, and what new experiments start with."""

    default_experiment: str = setting(
        "Default", "Name of experiment 0, given when the store is made.",
        env="MILEPOST_DEFAULT_EXPERIMENT", file="default_experiment",
    )  # fmt: skip
    experiment_name: str = setting(
        "", env="MLFLOW_EXPERIMENT_NAME", file="experiment_name",
        help="Experiment of training machines that name none; `milepost config env` hands it on.",
    )  # fmt: skip
    auth_enabled: bool = setting(
        False, env="MLFLOW_AUTH_ENABLED", file="auth.enabled", flag=True,
        help="Ask for a user name and password (HTTP Basic), except at /health and /health/ready.",
    )  # fmt: skip
    auth_database_uri: str = setting(
        "", "Database of the users. Default: the backend store.",
        env="MLFLOW_AUTH_DATABASE_URI", file="auth.database_uri",
    )  # fmt: skip
    auth_username: str = setting(
        "admin", "The user.", file="auth.admin_username", rule=_user_name,
        env="MLFLOW_AUTH_USERNAME MLFLOW_AUTH_ADMIN_USERNAME",
    )  # fmt: skip
    auth_password: str = setting(
        "", env="MLFLOW_AUTH_PASSWORD MLFLOW_ADMIN_PASSWORD MLFLOW_AUTH_ADMIN_PASSWORD",
        file="auth.admin_password", secret=True,
        help="The user's password, from the next start on. Default: one that is made up at the"
        " first start and printed there once.",
    )  # fmt: skip
    registry_enabled: bool = setting(
        True, "Serve the model registry.", env="MILEPOST_REGISTRY_ENABLED", file="registry.enabled"
    )
    registry_backend_store: str = setting(
        "", "Database of the registry; it is that of the runs.",
        env="MLFLOW_REGISTRY_STORE_URI", file="registry.backend_store", flag=True,
        also="--registry-store-uri",
    )  # fmt: skip
    webhook_allowed_schemes: str = setting(
        "https", env="MLFLOW_WEBHOOK_ALLOWED_SCHEMES", file="webhooks.allowed_schemes",
        help="Comma-separated URL schemes that webhooks may have.",
    )  # fmt: skip
    webhook_allow_private_ips: bool = setting(
        False, env="MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", file="webhooks.allow_private_ips",
        help="Send webhooks to private, local and reserved addresses too.",
    )  # fmt: skip
    gc_enabled: bool = setting(
        True, env="MLFLOW_GC_ENABLED", file="gc.enabled",
        help="Remove for good, now and then, what was deleted long enough ago.",
    )  # fmt: skip
    gc_schedule: str = setting(
        "0 3 * * 0", env="MLFLOW_GC_SCHEDULE", file="gc.schedule", rule=cron.check,
        help="When, as a cron expression (minute, hour, day, month, weekday).",
    )  # fmt: skip
    gc_older_than: float = setting(
        30 * 86400.0, env="MLFLOW_GC_OLDER_THAN", file="gc.older_than", duration=True, least=0,
        help="How long ago it must have been deleted.",
    )  # fmt: skip
    retention: tuple[RetentionRule, ...] = setting(
        (), "Rules by which runs are deleted after a while.", file="retention"
    )


@dataclass(frozen=True)
class Settings(Features, Gateway, Observation, Resilience, Timeouts, Listening, Stores):
    """The effective settings of one server. `""` means "not set"."""

    @property
    def store_uri(self) -> str:
        """The database to use."""
        if self.backend_store_uri == MANAGED:
            return self.managed_database.uri
        if self.backend_store_uri:
            return self.backend_store_uri
        if self.db_host or self.db_name or self.db_user or self.db_password:
            return self._database_in_parts.uri
        return f"sqlite:///{Path(self.data_dir) / 'milepost.db'}"

    @property
    def users_uri(self) -> str:
        """The database of the users."""
        return self.auth_database_uri or self.store_uri

    @property
    def _database_in_parts(self) -> Database:
        return Database(
            self.db_host or "localhost",
            self.db_port or 5432,
            self.db_name or "mlflow",
            self.db_user or "mlflow",
            self.db_password,
        )

    @property
    def managed_database(self) -> Database:
        """The database behind the shared pool: the one of `databases` whose `pool` or name is the
        pool's, else the only one, else the one given in parts."""
        name = self.pool_client_name
        for key, database in self.databases.items():
            if name in (key, database.pool):
                return database
        if len(self.databases) == 1:
            return next(iter(self.databases.values()))
        return self._database_in_parts

    @property
    def artifacts_uri(self) -> str:
        """Where this server itself reads and writes artifacts."""
        if self.artifacts_destination:
            return self.artifacts_destination
        return self.artifact_place or str(Path(self.data_dir).absolute() / "artifacts")

    @property
    def artifact_place(self) -> str:
        """The artifact store that was named, by URI or by bucket; "" for none."""
        if self.artifact_store or not self.artifacts_bucket:
            return self.artifact_store
        return f"s3://{self.artifacts_bucket}"

    @property
    def artifact_root(self) -> str:
        """What the locations of new experiments start with."""
        if self.default_artifact_root:
            return self.default_artifact_root
        return "mlflow-artifacts:/" if self.serve_artifacts else self.artifacts_uri

    @property
    def public_host(self) -> str:
        """The host name that `route` and `domain` make; "" without a route."""
        return ".".join(filter(None, (self.route, self.domain)))

    @property
    def local_url(self) -> str:
        """Where this machine reaches the server."""
        host = "127.0.0.1" if self.host in _ANY else self.host
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}{self.static_prefix}"

    @property
    def gateway_port(self) -> int:
        """The port of the gateway besides the server's own; 0 for none."""
        if not self.gateway_enabled:
            return 0
        return extra_port(self.gateway_uri, self.host, self.port)

    @property
    def gateway_address(self) -> str:
        """What the URLs of the gateway's routes begin with."""
        return self.gateway_uri.rstrip("/") or self.local_url

    @property
    def measuring(self) -> bool:
        """Whether anything is measured."""
        return self.telemetry_enabled and self.metrics_collection

    @property
    def serves_metrics(self) -> bool:
        """Whether /metrics is there."""
        return self.measuring and (self.export_prometheus or bool(self.expose_prometheus))


_SECRET = re.compile(
    # user:password@, where a password may hold @ and even /; a port before a path is none
    r"(//[^:/@?#]*:)(?!\d+(?:[/?#]|$))(?:[^/?#]*@|[^@]*@)"
    # ?password=...&
    r"|([?&][^=&#]*(?:password|passwd|secret|token|key)[^=&#]*=)[^&#]*",
    re.IGNORECASE,
)


def masked_uri(uri: str) -> str:
    """`uri` without its passwords."""
    return _SECRET.sub(lambda found: f"{found[1]}***@" if found[1] else f"{found[2]}***", uri)


def faults(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """(fields, what is wrong) for each rule over several settings that is broken. The first of the
    fields is the one to look at."""
    if settings.artifacts_only and not settings.serve_artifacts:
        both = ("artifacts_only", "serve_artifacts")
        yield both, "together with serve_artifacts off it would serve nothing"
    if settings.artifacts_only and settings.backend_store_uri:
        both = ("artifacts_only", "backend_store_uri")
        yield both, "serves no tracking API: leave out the backend store URI"
    if settings.backend_store_uri == MANAGED:
        yield from _pool_faults(settings)
    registry = settings.registry_backend_store
    if registry and registry not in (settings.backend_store_uri, settings.store_uri):
        both = ("registry_backend_store", "backend_store_uri")
        yield both, "the registry is kept in the backend store; leave it out"
    yield from _auth_faults(settings)
    names = [rule.name for rule in settings.alerts]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield ("alerts",), f"there are two alerts named '{name}'"
    yield from gateway_faults(
        settings, artifacts_only=settings.artifacts_only, registry=settings.registry_enabled
    )


def _auth_faults(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    if settings.auth_enabled and not settings.auth_username:
        yield ("auth_username", "auth_enabled"), "whose password is asked for needs a name"
    if settings.auth_enabled and settings.user_header:
        both = ("user_header", "auth_enabled")
        yield both, "who signs in with a password is who counts: leave this out, or switch auth off"


def _pool_faults(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    involved = ("backend_store_uri", "databases", "pool_client_name", "use_shared_pool")
    name = settings.pool_client_name
    behind = [key for key, database in settings.databases.items() if name in (key, database.pool)]
    parts = settings.db_host or settings.db_name or settings.db_user
    if not settings.use_shared_pool:
        yield involved, "there is no shared pool where use_shared_pool is off"
    elif len(behind) > 1:
        yield involved, f"{' and '.join(behind)} both stand behind the pool '{name}'"
    elif not behind and len(settings.databases) != 1 and not parts:
        yield involved, f"which of `databases`? Give it the key `pool: {name}`"


def doubts(settings: Settings) -> Iterator[tuple[str, str]]:
    """(field, what its author may not have meant)."""
    if settings.auth_password != settings.auth_password.strip():
        yield "auth_password", "has a space or a line break at an end, which belongs to it"
    for rule in settings.alerts:
        for action in rule.action:
            if action not in settings.alert_actions:
                yield (
                    "alerts",
                    f"alert_actions has no {action}, so {rule.name} is logged and nobody is told",
                )
