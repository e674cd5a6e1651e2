"""What a server process does by itself: probes, counts, alerts."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.app import App
from milepost.services.alerts import Alerts
from milepost.services.rounds import Round
from milepost.services.telemetry import Telemetry
from milepost.store.counts import counts

_LOOK_SECONDS = 60.0


class Background:
    """The rounds of one process; what needs doing only once is done by the process that leads."""

    def __init__(self, app: App, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry
        self._alerts: Alerts | None = None
        if app.settings.measuring and app.settings.alerts:
            self._alerts = Alerts(
                app.settings, telemetry.shared.everything, telemetry.meter, app.breakers
            )
        self._rounds = list(self._begun())

    def _begun(self) -> Iterator[Round]:
        settings = self._app.settings
        if settings.health_monitoring:
            yield Round("health", settings.health_check_interval, self._app.health.reports)
        if settings.direct_transfers and not settings.artifacts_only:
            yield Round("uploads", _LOOK_SECONDS, self._app.direct.look)
        if settings.measuring:
            yield Round("counts", settings.collection_interval, self._count)
        if self._alerts is not None:
            yield Round("alerts", settings.alert_interval, self._look)

    def _count(self) -> None:
        app = self._app
        pool = app.store.pool
        name = app.settings.pool_client_name
        app.meter.gauge("mlflow_database_connections_in_use", pool.used, pool=name)
        if self._telemetry.shared.leads() and app.breakers.of("database").state == "closed":
            found = app.store.read(counts, None)
            app.meter.gauge("mlflow_active_experiments", found.experiments)
            app.meter.gauge("mlflow_active_runs", found.runs)
            app.meter.gauge("mlflow_artifacts_stored", found.artifacts)

    def _look(self) -> None:
        if self._alerts is not None and self._telemetry.shared.leads():
            self._alerts.look()

    def close(self) -> None:
        """Stop."""
        for each in self._rounds:
            each.close()
        if self._alerts is not None:
            self._alerts.close()
