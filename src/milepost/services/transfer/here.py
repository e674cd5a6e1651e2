"""This server's own store as a Source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from milepost.domain.tracking import Experiment
from milepost.domain.transfer import LoggedRecord, RegisteredRecord
from milepost.errors import NotFound
from milepost.services.transfer.files import Files
from milepost.services.transfer.source import PAGE, File, Known, Root
from milepost.store import experiments, logged_models, recent, runs, transfer, transfer_models
from milepost.store.db import Store
from milepost.store.transfer import RunRecord
from milepost.store.tx import Tx


class Here:
    """The database and artifact stores of this server."""

    name = "milepost"

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    def experiments(self, names: Sequence[str]) -> list[tuple[Experiment, int]]:
        """Experiments with their number of runs."""
        return self._store.read(_experiments, names)

    def runs(self, experiment: Experiment, known: Known) -> Iterator[list[RunRecord]]:
        """Runs in the order they were made."""
        yield from self.runs_after(experiment, 0, known)

    def runs_after(
        self, experiment: Experiment, after: int, known: Known
    ) -> Iterator[list[RunRecord]]:
        """As `runs`, from the run that follows number `after`."""
        while page := self._store.read(partial(_numbers, experiment.id), after):
            after = page[-1][0]
            skipped = set(known([run_id for _, run_id in page]))
            numbers = [number for number, run_id in page if run_id not in skipped]
            counts = self._store.read(recent.counts, numbers) if numbers else {}
            for group in transfer.groups(counts, numbers):
                yield self._store.read(transfer.records, group)

    def logged(self, experiment: Experiment) -> Iterator[LoggedRecord]:
        """The logged models of an experiment."""
        yield from self._store.read(transfer_models.logged, experiment.id)

    def registered(self) -> Iterator[RegisteredRecord]:
        """The registered models."""
        return self.registered_in(None)

    def registered_in(self, experiments: Sequence[int] | None) -> Iterator[RegisteredRecord]:
        """The registered models with a version that comes from one of the experiments."""
        for name in self._store.read(transfer_models.registered_names, experiments):
            found = self._store.read(transfer_models.registered, name)
            if found is not None:
                yield found

    def ignored(self) -> dict[str, int]:
        """Everything can be moved."""
        return {}

    def picked(self, run_ids: Sequence[str]) -> dict[str, RunRecord]:
        """Those of the runs that exist, by id."""
        numbers = self._store.read(runs.numbers, run_ids)
        counts = self._store.read(recent.counts, list(numbers.values())) if numbers else {}
        return {
            record.run.id: record
            for group in transfer.groups(counts, sorted(numbers.values()))
            for record in self._store.read(transfer.records, group)
        }

    def logged_by_id(self, model_ids: Sequence[str]) -> dict[str, LoggedRecord]:
        """Those of the logged models that exist, by id."""
        found = self._store.read(logged_models.get_all, model_ids)
        return {model.id: LoggedRecord(model) for model in found}

    def files(self, root: Root) -> Iterator[File]:
        """The artifacts of a run or model."""
        return self._files.files(root)

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of an artifact."""
        return self._files.read(root, path)


def _experiments(tx: Tx, names: Sequence[str]) -> list[tuple[Experiment, int]]:
    found = []
    for number, count in transfer.experiments_page(tx, names):
        experiment = experiments.get(tx, number)
        assert experiment is not None
        found.append((experiment, count))
    missing = set(names) - {experiment.name for experiment, _ in found}
    if missing:
        raise NotFound(f"There is no experiment named '{min(missing)}'.")
    return found


def _numbers(experiment: int, tx: Tx, after: int) -> list[tuple[int, str]]:
    return transfer.run_numbers(tx, experiment, after, PAGE)
