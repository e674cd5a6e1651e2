"""Import: the experiments of a Source into this store, ids, times and users kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import partial

from msgspec import Struct

from milepost.domain.artifacts import OwnerKind
from milepost.domain.tracking import Experiment
from milepost.domain.transfer import LoggedRecord, RegisteredRecord, VersionRecord
from milepost.errors import Invalid
from milepost.services.locations import Locations
from milepost.services.transfer.files import Files
from milepost.services.transfer.registered import add_registered
from milepost.services.transfer.source import File, Root, Source, model_root, root_of
from milepost.store import artifacts, experiments, transfer, transfer_models
from milepost.store.db import Store
from milepost.store.transfer import RunRecord
from milepost.store.tx import Tx

Advance = Callable[[int], None]
_OWN_FOLDER = re.compile(r".*/((?:m-)?[0-9a-f]{32})/artifacts(/.*)?")
"""Where artifacts of a run or logged model lie, whatever is above: its id, and what is below."""


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
    logged_models: int = 0
    artifacts: int = 0
    bytes: int = 0


class Report(Struct):
    """What an import has done. `ignored` counts, by kind, what has no place here."""

    experiments: list[Imported] = []
    registered_models: int = 0
    model_versions: int = 0
    ignored: dict[str, int] = {}


class Loader:
    """Writes runs a page at a time: first the artifacts, then all rows of the page in one
    transaction. A run that is there is complete, so a second attempt skips it."""

    def __init__(self, store: Store, locations: Locations, files: Files, *, copy: bool) -> None:
        self._store = store
        self._locations = locations
        self._files = files
        self._copy = copy

    def load(self, source: Source, names: Sequence[str], advance: Advance) -> Report:
        """Import experiments by name, or all, and the registered models that come from them."""
        report = Report([], ignored=source.ignored())
        for experiment, _ in source.experiments(names):
            report.experiments.append(self._experiment(source, experiment, advance))
        for record in source.registered():
            if not names or self._comes_from_here(record):
                self._relocate(record)
                report.model_versions += self._store.write(add_registered, record)
                report.registered_models += 1
        return report

    def _experiment(self, source: Source, experiment: Experiment, advance: Advance) -> Imported:
        done, location = self._store.write(self._place, experiment)
        for page in source.runs(experiment, self._known(done, advance)):
            files = [self._fetched(source, record, done, location) for record in page]
            self._store.write(partial(_add_runs, files), page)
            done.runs += len(page)
            done.points += sum(record.points for record in page)
            advance(len(page))
        for model in source.logged(experiment):
            self._logged(source, model, done, location)
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

    def _fetched(
        self, source: Source, record: RunRecord, done: Imported, location: str
    ) -> list[File]:
        """Give a run its place here and fetch its artifacts; returns them."""
        old = root_of(record.run)
        for key, history in record.histories.items():
            record.histories[key] = transfer.sorted_history(history)
        record.run.experiment_id = done.id
        if not self._copy:
            return []
        record.run.artifact_uri = self._locations.of_run(location, record.run.id)
        return self._fetch(source, old, root_of(record.run), done)

    def _fetch(self, source: Source, old: Root, new: Root, done: Imported) -> list[File]:
        found = []
        for file in source.files(old):
            digest = self._files.write(new, file.path, source.read(old, file.path))
            if file.sha256 and digest != file.sha256:
                raise Invalid(
                    f"The artifact '{file.path}' of {old.id} is not what was exported: its SHA-256"
                    " differs."
                )
            done.artifacts += 1
            done.bytes += file.size
            found.append(file)
        return found

    def _logged(self, source: Source, record: LoggedRecord, done: Imported, location: str) -> None:
        if self._store.read(transfer_models.known_logged, [record.model.id]):
            return
        old, files = model_root(record), []
        record.model.experiment_id = done.id
        if self._copy:
            record.model.artifact_uri = self._locations.of_model(location, record.model.id)
            files = self._fetch(source, old, model_root(record), done)
        self._store.write(partial(_add_logged, files), record)
        done.logged_models += 1

    def _comes_from_here(self, record: RegisteredRecord) -> bool:
        return bool(self._roots(record.versions))

    def _roots(self, versions: Sequence[VersionRecord]) -> dict[str, str]:
        return self._store.read(
            lambda tx, _: transfer_models.roots(
                tx, [v.run_id for v in versions], [v.logged_model for v in versions]
            ),
            None,
        )

    def _relocate(self, record: RegisteredRecord) -> None:
        """Let versions point to where the files of their runs and logged models are now."""
        if not self._copy:
            return
        ids = {
            match[1]
            for v in record.versions
            for uri in (v.source, v.location)
            if (match := _OWN_FOLDER.fullmatch(uri))
        }
        roots = self._store.read(
            lambda tx, _: transfer_models.roots(tx, list(ids), list(ids)), None
        )
        for version in record.versions:
            version.source = _moved(version.source, roots)
            version.location = _moved(version.location, roots)


def _moved(uri: str, roots: dict[str, str]) -> str:
    match = _OWN_FOLDER.fullmatch(uri)
    return f"{roots[match[1]]}{match[2] or ''}" if match and match[1] in roots else uri


def _add_runs(files: Sequence[Sequence[File]], tx: Tx, page: Sequence[RunRecord]) -> None:
    if page:
        transfer.add_runs(tx, page)
        of_runs = {record.run.id: found for record, found in zip(page, files, strict=True)}
        _count_files(tx, OwnerKind.run, of_runs)


def _add_logged(files: Sequence[File], tx: Tx, record: LoggedRecord) -> None:
    transfer_models.add_logged(tx, record)
    _count_files(tx, OwnerKind.model, {record.model.id: files})


def _count_files(tx: Tx, kind: OwnerKind, files: dict[str, Sequence[File]]) -> None:
    with_files = [owner_id for owner_id, found in files.items() if found]
    owners = artifacts.owners(tx, kind, with_files)
    artifacts.put(tx, [artifacts.File(o, f.path, f.size) for o in owners for f in files[o.id]])
