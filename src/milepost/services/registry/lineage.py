"""Where versions come from, and what came from runs, data sets and commits."""

from __future__ import annotations

from msgspec import Struct

from milepost.domain.logged_models import LoggedModel
from milepost.domain.registry import ModelVersion
from milepost.domain.tracking import Run
from milepost.errors import NotFound
from milepost.services.registry.versions import no_version
from milepost.store import logged_models, runs
from milepost.store.registry import lineage, versions
from milepost.store.tx import Tx

MOST = 1000
"""The most runs, models or versions of one answer; the newest are shown."""


class Origin(Struct, frozen=True):
    """Where a version comes from: as much of it as is known."""

    version: ModelVersion
    logged_model: LoggedModel | None
    run: Run | None
    input_models: list[LoggedModel]
    """Logged models that the run read."""


class Offspring(Struct, frozen=True):
    """What was made from something."""

    runs: list[Run]
    logged_models: list[LoggedModel]
    versions: list[ModelVersion]


class Lineage:
    """The questions of where from and where to."""

    def of_version(self, tx: Tx, name: str, version: int) -> Origin:
        """From a version to its logged model, its run, and with that to data and code."""
        found = versions.find(tx, name, version)
        if found is None:
            raise no_version(name, version)
        model = logged_models.get(tx, found.logged_model) if found.logged_model else None
        run_id = found.run_id or (model.source_run if model else "")
        run = runs.get(tx, run_id) if run_id else None
        inputs = logged_models.get_all(tx, run.model_inputs) if run else []
        whole = versions.aliased(tx, versions.tagged(tx, [found]))[0]
        return Origin(whole, model, run, inputs)

    def of_run(self, tx: Tx, run_id: str) -> Offspring:
        """Every logged model and version made from a run."""
        run = runs.get(tx, run_id)
        if run is None:
            raise NotFound(f"Run with id={run_id} not found")
        return self._of_runs(tx, [run])

    def of_dataset(self, tx: Tx, name: str, digest: str) -> Offspring:
        """Every run that read a data set, and what was made from these; digest "" is any."""
        return self._of_runs(tx, self._runs(tx, lineage.runs_with_dataset(tx, name, digest, MOST)))

    def of_commit(self, tx: Tx, commit: str) -> Offspring:
        """Every run of a version of the code, and what was made from these."""
        return self._of_runs(tx, self._runs(tx, lineage.runs_of_commit(tx, commit, MOST)))

    def _runs(self, tx: Tx, numbers: list[int]) -> list[Run]:
        return runs.with_data(tx, lineage.run_rows(tx, numbers))

    def _of_runs(self, tx: Tx, found: list[Run]) -> Offspring:
        run_ids = [run.id for run in found]
        written = [output.model_id for run in found for output in run.model_outputs]
        models = lineage.logged_models_of(tx, run_ids, written, MOST)
        made = lineage.versions_of(tx, run_ids, models, MOST)
        return Offspring(found, logged_models.get_all(tx, models), versions.whole(tx, made))
