"""Import: the experiments of a Source into this store, ids, times and users kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from milepost.domain.tracking import Experiment
from milepost.errors import Invalid
from milepost.services.locations import Locations
from milepost.services.transfer.files import Files
from milepost.services.transfer.source import Source, root_of
from milepost.store import experiments, transfer
from milepost.store.db import Store
from milepost.store.transfer import RunRecord
from milepost.store.tx import Tx

Advance = Callable[[int], None]


class Imported(Struct):
    """One experiment after its import. `id` differs from `source_id` where that was taken."""

    name: str
    source_id: int
    id: int
    merged: bool
    """Whether an experiment of this name was there before."""

    runs: int = 0
    already_there: int = 0
    points: int = 0
    artifacts: int = 0
    bytes: int = 0


class Loader:
    """Writes runs a page at a time: first the artifacts, then all rows of the page in one
    transaction. A run that is there is complete, so a second attempt skips it."""

    def __init__(self, store: Store, locations: Locations, files: Files, *, copy: bool) -> None:
        self._store = store
        self._locations = locations
        self._files = files
        self._copy = copy

    def load(self, source: Source, names: Sequence[str], advance: Advance) -> list[Imported]:
        """Import experiments by name, or all."""
        return [
            self._experiment(source, experiment, advance)
            for experiment, _ in source.experiments(names)
        ]

    def _experiment(self, source: Source, experiment: Experiment, advance: Advance) -> Imported:
        done, location = self._store.write(self._place, experiment)
        known = self._known(done, advance)
        for page in source.runs(experiment, known):
            for record in page:
                self._move(source, record, done, location)
            self._store.write(_add_runs, page)
            done.runs += len(page)
            done.points += sum(record.points for record in page)
            advance(len(page))
        return done

    def _known(
        self, done: Imported, advance: Advance
    ) -> Callable[[Sequence[str]], Collection[str]]:
        def known(run_ids: Sequence[str]) -> Collection[str]:
            found = self._store.read(transfer.known, run_ids)
            done.already_there += len(found)
            advance(len(found))
            return found

        return known

    def _place(self, tx: Tx, experiment: Experiment) -> tuple[Imported, str]:
        """Find or make the experiment that takes the runs; and its artifact location."""
        there = experiments.get_by_name(tx, experiment.name)
        if there is not None:
            done = Imported(experiment.name, experiment.id, there.id, True)
            return done, there.artifact_location
        number = transfer.add_experiment(tx, experiment)
        location = experiment.artifact_location
        if self._copy:
            location = self._locations.of_experiment(number)
            experiments.move(tx, number, location)
        return Imported(experiment.name, experiment.id, number, False), location

    def _move(self, source: Source, record: RunRecord, done: Imported, location: str) -> None:
        """Give a run its place here and fetch its artifacts."""
        old = root_of(record.run)
        for key, history in record.histories.items():
            record.histories[key] = transfer.sorted_history(history)
        record.run.experiment_id = done.id
        if not self._copy:
            return
        record.run.artifact_uri = self._locations.of_run(location, record.run.id)
        new = root_of(record.run)
        for file in source.files(old):
            digest = self._files.write(new, file.path, source.read(old, file.path))
            if file.sha256 and digest != file.sha256:
                raise Invalid(
                    f"The artifact '{file.path}' of run {old.id} is not what was exported: its"
                    " SHA-256 differs."
                )
            done.artifacts += 1
            done.bytes += file.size


def _add_runs(tx: Tx, page: Sequence[RunRecord]) -> None:
    if page:
        transfer.add_runs(tx, page)
