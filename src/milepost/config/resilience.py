"""Timeouts, circuit breakers, pools and health."""

from __future__ import annotations

from dataclasses import dataclass

from milepost.config.field import setting


@dataclass(frozen=True)
class Timeouts:
    """How long things may take, in seconds."""

    client_connect_timeout: float = setting(
        10.0, env="MILEPOST_CLIENT_CONNECT_TIMEOUT", file="timeouts.client.connect_timeout",
        duration=True, least=0.001,
        help="Time to establish a connection: the server's own to its database and to whom it sends"
        " alerts and metrics.",
    )  # fmt: skip
    client_read_timeout: float = setting(
        300.0, env="MILEPOST_CLIENT_READ_TIMEOUT", file="timeouts.client.read_timeout",
        duration=True, least=0.001,
        help="Time a training machine waits for a response; `milepost config env` hands it on.",
    )  # fmt: skip
    client_write_timeout: float = setting(
        300.0, env="MILEPOST_CLIENT_WRITE_TIMEOUT", file="timeouts.client.write_timeout",
        duration=True, least=0.001,
        help="Time a training machine takes to send a file; `milepost config env` hands it on.",
    )  # fmt: skip
    request_timeout: float = setting(
        600.0, env="MILEPOST_REQUEST_TIMEOUT", file="timeouts.server.request_timeout",
        duration=True, least=0.001,
        help="Time a request may take before it is cancelled and answered with 503.",
    )  # fmt: skip
    artifact_timeout: float = setting(
        1800.0, env="MILEPOST_ARTIFACT_TIMEOUT", file="timeouts.server.artifact_timeout",
        duration=True, least=0.001,
        help="The same for a request that carries an artifact.",
    )  # fmt: skip
    artifact_step_timeout: float = setting(
        60.0, env="MILEPOST_ARTIFACT_STEP_TIMEOUT", file="timeouts.server.artifact_step_timeout",
        duration=True, least=0.001,
        help="Time an artifact store may take for one step (open, list, the next megabytes)"
        " before the request fails.",
    )  # fmt: skip
    query_timeout: float = setting(
        30.0, env="MILEPOST_QUERY_TIMEOUT", file="timeouts.server.query_timeout",
        duration=True, least=0.001,
        help="Time a database statement may take before it is cancelled.",
    )  # fmt: skip
    body_timeout: float = setting(
        60.0, env="MILEPOST_BODY_TIMEOUT", file="timeouts.server.body_timeout", flag=True,
        duration=True, least=0.001, help="Time a client may take to send a JSON request body.",
    )  # fmt: skip
    shutdown_timeout: float = setting(
        10.0, env="MILEPOST_SHUTDOWN_TIMEOUT", file="timeouts.server.shutdown_timeout", flag=True,
        duration=True, least=0,
        help="Time that running requests get to finish when the server stops.",
    )  # fmt: skip


@dataclass(frozen=True)
class Resilience:
    """What happens when a part is down or slow."""

    circuit_breaker: bool = setting(
        True, env="MILEPOST_CIRCUIT_BREAKER", file="integration_config.circuit_breaker",
        help="Stop asking a part that keeps failing, and answer 503 at once, until it recovers.",
    )  # fmt: skip
    breaker_failure_threshold: int = setting(
        5, env="MILEPOST_BREAKER_FAILURE_THRESHOLD", file="circuit_breaker.failure_threshold",
        least=1, help="Failures in a row before a breaker opens.",
    )  # fmt: skip
    breaker_timeout: float = setting(
        5.0, env="MILEPOST_BREAKER_TIMEOUT", duration=True, least=0.001,
        file="timeouts.integration_config.circuit_breaker_timeout circuit_breaker.timeout:ms",
        help="A call without an answer for this long counts as a failure.",
    )  # fmt: skip
    breaker_reset_timeout: float = setting(
        60.0, env="MILEPOST_BREAKER_RESET_TIMEOUT", file="circuit_breaker.reset_timeout:ms",
        duration=True, least=0.001,
        help="How long an open breaker waits before it lets one call try again. The health monitor"
        " may close it earlier.",
    )  # fmt: skip
    breaker_log_state_changes: bool = setting(
        True, env="MILEPOST_BREAKER_LOG", file="circuit_breaker.telemetry.log_state_changes",
        help="Log when a breaker opens, tries again and closes.",
    )  # fmt: skip
    breaker_export_metrics: bool = setting(
        True, env="MILEPOST_BREAKER_METRICS", file="circuit_breaker.telemetry.export_metrics",
        help="Export the state of each breaker.",
    )  # fmt: skip
    health_monitoring: bool = setting(
        True, env="MILEPOST_HEALTH_MONITORING", file="integration_config.health_monitoring",
        help="Probe the database and the artifact store now and then; a probe that succeeds closes"
        " an open breaker.",
    )  # fmt: skip
    health_check_interval: float = setting(
        10.0, env="MILEPOST_HEALTH_CHECK_INTERVAL", file="integration_config.health_check_interval",
        duration=True, least=0.01, help="Time between probes.",
    )  # fmt: skip
    health_check_timeout: float = setting(
        2.0, env="MILEPOST_HEALTH_CHECK_TIMEOUT", duration=True, least=0.001,
        file="timeouts.integration_config.health_check_timeout",
        help="Time a probe may take.",
    )  # fmt: skip
    pool_acquisition_timeout: float = setting(
        10.0, env="MILEPOST_POOL_ACQUISITION_TIMEOUT", duration=True, least=0.001,
        file="timeouts.integration_config.pool_acquisition_timeout",
        help="Time a request waits for a free database connection.",
    )  # fmt: skip
    pool_client_name: str = setting(
        "milepost", env="MILEPOST_POOL_CLIENT_NAME", file="integration_config.pool_client_name",
        help="Name of the connection pool, in metrics and in `databases`.",
    )  # fmt: skip
    use_shared_pool: bool = setting(
        True, env="MILEPOST_USE_SHARED_POOL", file="integration_config.use_shared_pool",
        help="Whatever uses the same database shares one pool of connections. Off, a backend store"
        " URI that names the pool instead of a database is refused.",
    )  # fmt: skip
    pool_size: int = setting(
        0, env="MILEPOST_POOL_SIZE", file="integration_config.pool_size", least=0,
        help="Connections for reading, per worker process; 0 is right for the kind of database.",
    )  # fmt: skip
