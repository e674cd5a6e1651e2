"""build(settings): the one place where things are constructed and handed to each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from milepost.blobs.stores import Options, Stores, local_path
from milepost.breaker import Breaker, Breakers, Rules, artifact_breaker
from milepost.config import Settings
from milepost.meter import Meter, NullMeter
from milepost.services.access import Access
from milepost.services.artifacts import Artifacts
from milepost.services.cleaning import cleaning
from milepost.services.deliveries import Deliverer
from milepost.services.direct import DirectTransfers
from milepost.services.gc import Collector
from milepost.services.health import Health, Part
from milepost.services.jobs import Job
from milepost.services.locations import Locations
from milepost.services.logged_models import LoggedModels
from milepost.services.metrics import Metrics
from milepost.services.model_files import ModelFiles
from milepost.services.model_servers import Keeper
from milepost.services.overview import Overview
from milepost.services.recount import Recount
from milepost.services.registry import Registry, build_registry
from milepost.services.search import Search
from milepost.services.serving import Serving
from milepost.services.tracking import Tracking
from milepost.services.webhooks import Outbox, Webhooks
from milepost.store.db import Store, ensure_schema, ensure_users, open_dialect, probe
from milepost.store.dialect import Dialect
from milepost.store.watch import Limits
from milepost.upstreams.webhook import Sender


@dataclass(frozen=True, slots=True)
class App:
    """Everything the edges (HTTP and command line) call."""

    settings: Settings
    store: Store
    tracking: Tracking
    metrics: Metrics
    search: Search
    overview: Overview
    artifacts: Artifacts
    direct: DirectTransfers
    recount: Recount
    locations: Locations
    stores: Stores
    logged_models: LoggedModels
    registry: Registry
    webhooks: Webhooks
    sender: Sender
    deliverer: Deliverer

    breakers: Breakers
    meter: Meter
    health: Health

    jobs: tuple[Job, ...]
    """What a server does by itself at its times; started by the server, not by a command."""

    serving: Serving
    keeper: Keeper
    """Started by one process of a server, not by a command."""

    def close(self) -> None:
        """Finish queued writes and let go of every resource."""
        self.keeper.close()
        for job in self.jobs:
            job.stop()
        self.deliverer.close()
        self.store.close()


def open_access(
    settings: Settings, breakers: Breakers | None = None, meter: Meter | None = None
) -> Access:
    """The users, in their own database or in the backend store; the caller closes them."""
    dialect = _users(settings)
    apart = settings.users_uri != settings.store_uri
    ensure_users(dialect) if apart else ensure_schema(dialect)
    breaker = (breakers or Breakers()).of("users" if apart else "database")
    limits = replace(_limits(settings, breaker, meter or NullMeter()), pool_name="users")
    return Access(Store(dialect, limits))


def _users(settings: Settings) -> Dialect:
    return open_dialect(
        settings.users_uri,
        durability=settings.sqlite_durability,
        connect_seconds=settings.client_connect_timeout,
    )


def build(settings: Settings, meter: Meter | None = None) -> App:
    """Open the store, bring its schema up to date, and wire the services."""
    meter = meter or NullMeter()
    dialect = open_dialect(
        settings.store_uri,
        durability=settings.sqlite_durability,
        connect_seconds=settings.client_connect_timeout,
    )
    ensure_schema(dialect)
    breakers = Breakers(_rules(settings), meter)
    store = Store(dialect, _limits(settings, breakers.of("database"), meter))
    trusted = frozenset(s.strip() for s in settings.trusted_artifact_schemes.split(",") if s)
    locations = Locations(settings.artifact_root, settings.artifacts_uri, trusted)
    stores = artifact_stores(settings)
    artifacts = Artifacts(locations, stores)
    tracking = Tracking(locations, store.folder)
    store.write(tracking.ensure_default, settings.default_experiment)
    sender = _sender(settings)
    deliverer = Deliverer(store, sender, breakers)
    serving = Serving(settings, breakers)
    parts = [
        *_health(settings, store, stores, breakers),
        *serving.parts(settings.health_check_timeout),
    ]
    return App(
        settings,
        store,
        tracking,
        Metrics(store.folder),
        Search(),
        Overview(store.folder),
        artifacts,
        DirectTransfers(
            artifacts,
            store,
            enabled=settings.direct_transfers,
            owners=not settings.artifacts_only,
        ),
        Recount(artifacts, store),
        locations,
        stores,
        LoggedModels(tracking, locations),
        build_registry(locations, Outbox(deliverer.wake)),
        Webhooks(),
        sender,
        deliverer,
        breakers=breakers,
        meter=meter,
        health=Health(parts, settings.health_check_timeout, meter),
        jobs=_jobs(settings, store, Collector(store, locations, stores, settings.artifacts_uri)),
        serving=serving,
        keeper=Keeper(settings, store, ModelFiles(locations, stores)),
    )


def _jobs(settings: Settings, store: Store, collector: Collector) -> tuple[Job, ...]:
    if not settings.gc_enabled or settings.artifacts_only:
        return ()
    older_than = int(settings.gc_older_than * 1000)
    job = cleaning(store, collector, settings.retention, settings.gc_schedule, older_than)
    return (job,)


def _sender(settings: Settings) -> Sender:
    schemes = (scheme.strip().lower() for scheme in settings.webhook_allowed_schemes.split(","))
    return Sender(frozenset(filter(None, schemes)), settings.webhook_allow_private_ips)


def _rules(settings: Settings) -> Rules:
    return Rules(
        settings.circuit_breaker,
        settings.breaker_failure_threshold,
        settings.breaker_timeout,
        settings.breaker_reset_timeout,
        settings.breaker_log_state_changes,
        settings.breaker_export_metrics,
    )


def _limits(settings: Settings, breaker: Breaker, meter: Meter) -> Limits:
    return Limits(
        query_timeout=settings.query_timeout,
        request_timeout=settings.request_timeout,
        pool_wait=settings.pool_acquisition_timeout,
        pool_size=settings.pool_size,
        pool_name=settings.pool_client_name,
        slow_query=settings.slow_query,
        breaker=breaker,
        meter=meter,
    )


def _health(settings: Settings, store: Store, stores: Stores, breakers: Breakers) -> list[Part]:
    """What the server stands on: the database, and where it keeps the artifacts it serves."""
    parts = [Part("database", lambda: probe(store.dialect), breakers.of("database"), needed=True)]
    if settings.auth_enabled and settings.users_uri != settings.store_uri:
        users = _users(settings)
        parts.append(Part("users", lambda: probe(users), breakers.of("users"), needed=True))
    if settings.serve_artifacts:
        spot = stores.at(settings.artifacts_uri)
        path = "/".join(filter(None, (spot.path, ".milepost-probe")))
        breaker = breakers.of(artifact_breaker(spot.store.name))
        parts.append(Part("artifacts", lambda: spot.store.stat(path), breaker, needed=False))
    return parts


def artifact_stores(settings: Settings) -> Stores:
    """The artifact stores that the server of these settings may reach."""
    return Stores(Options(_local_roots(settings), settings.artifact_step_timeout))


def _local_roots(settings: Settings) -> list[str]:
    own = [settings.artifacts_uri, settings.artifact_root]
    named = [r.strip() for r in settings.local_artifact_roots.split(",") if r.strip()]
    return [path for uri in own + named if (path := local_path(uri)) is not None]
