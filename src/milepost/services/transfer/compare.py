"""Comparison of two Sources: experiment by experiment, count by count and hash by hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from milepost.domain.tracking import Experiment
from milepost.domain.transfer import LoggedRecord, RegisteredRecord
from milepost.services.archive import sha256
from milepost.services.transfer.here import Here
from milepost.services.transfer.source import Root, Source, model_root, nothing_known, root_of
from milepost.store import transfer
from milepost.store.transfer import RunRecord

Advance = Callable[[int], None]
_MOST_SHOWN = 100


class Counts(Struct):
    """What was compared."""

    runs: int = 0
    params: int = 0
    metrics: int = 0
    points: int = 0
    tags: int = 0
    inputs: int = 0
    artifacts: int = 0
    bytes: int = 0
    logged_models: int = 0
    registered_models: int = 0
    model_versions: int = 0


class Comparison(Struct):
    """The outcome: counts of the source, and each difference as a line."""

    counts: Counts
    differences: list[str]
    more: int = 0
    """Differences beyond those listed."""


class Comparer:
    """Reads every run of `source` once more and looks for the same in `target`."""

    def __init__(self, source: Source, target: Here, *, artifacts: bool) -> None:
        self._source = source
        self._target = target
        self._artifacts = artifacts
        self._result = Comparison(Counts(), [])

    def compare(self, names: Sequence[str], advance: Advance) -> Comparison:
        """Compare experiments by name, or all of the source."""
        for experiment, _ in self._source.experiments(names):
            self._experiment(experiment, advance)
        here = {model.name: model for model in self._target.registered()}
        for model in self._source.registered():
            if not names or model.name in here:
                self._registered(model, here.get(model.name))
        return self._result

    def _experiment(self, experiment: Experiment, advance: Advance) -> None:
        for page in self._source.runs(experiment, nothing_known):
            here = self._target.picked([record.run.id for record in page])
            for record in page:
                for difference in self._run(record, here.get(record.run.id)):
                    self._note(f"run {record.run.id}: {difference}")
            advance(len(page))
        self._logged(experiment)

    def _logged(self, experiment: Experiment) -> None:
        there = list(self._source.logged(experiment))
        here = self._target.logged_by_id([record.model.id for record in there])
        for old in there:
            self._result.counts.logged_models += 1
            new = here.get(old.model.id)
            for difference in self._logged_model(old, new):
                self._note(f"logged model {old.model.id}: {difference}")

    def _logged_model(self, there: LoggedRecord, here: LoggedRecord | None) -> Iterator[str]:
        if here is None:
            yield "is missing"
            return
        for field in ("name", "model_type", "source_run", "status", "created", "lifecycle"):
            old, new = getattr(there.model, field), getattr(here.model, field)
            if old != new:
                yield f"{field} is {new!r}, was {old!r}"
        for noun in ("params", "tags"):
            yield from _texts(noun, getattr(there.model, noun), getattr(here.model, noun))
        if self._artifacts:
            yield from self._files(model_root(there), model_root(here))

    def _registered(self, there: RegisteredRecord, here: RegisteredRecord | None) -> None:
        self._result.counts.registered_models += 1
        self._result.counts.model_versions += len(there.versions)
        for difference in _registered(there, here):
            self._note(f"registered model '{there.name}': {difference}")

    def _note(self, difference: str) -> None:
        if len(self._result.differences) < _MOST_SHOWN:
            self._result.differences.append(difference)
        else:
            self._result.more += 1

    def _run(self, there: RunRecord, here: RunRecord | None) -> Iterator[str]:
        self._count(there)
        if here is None:
            yield "is missing"
            return
        for field in ("name", "user_id", "status", "start_time", "end_time", "lifecycle"):
            old, new = getattr(there.run, field), getattr(here.run, field)
            if old != new:
                yield f"{field} is {new!r}, was {old!r}"
        for noun in ("params", "tags"):
            yield from _texts(noun, getattr(there.run, noun), getattr(here.run, noun))
        yield from _inputs(there, here)
        for key, history in there.histories.items():
            mine = here.histories.get(key)
            wanted = transfer.sorted_history(history)
            if mine is None or list(wanted.rows()) != list(mine.rows()):
                found = 0 if mine is None else len(mine)
                yield f"metric '{key}' has {found} points, was {len(wanted)}, or they differ"
        if self._artifacts:
            yield from self._files(root_of(there.run), root_of(here.run))

    def _files(self, old: Root, new: Root) -> Iterator[str]:
        mine = {file.path: file for file in self._target.files(new)}
        for file in self._source.files(old):
            self._result.counts.artifacts += 1
            self._result.counts.bytes += file.size
            if file.path not in mine:
                yield f"artifact '{file.path}' is missing"
                continue
            wanted = file.sha256 or sha256(self._source.read(old, file.path))
            if sha256(self._target.read(new, file.path)) != wanted:
                yield f"artifact '{file.path}' differs"

    def _count(self, record: RunRecord) -> None:
        counts = self._result.counts
        counts.runs += 1
        counts.params += len(record.run.params)
        counts.tags += len(record.run.tags)
        counts.metrics += len(record.histories)
        counts.points += record.points
        counts.inputs += len(record.run.datasets) + len(record.run.model_inputs)


def _texts(noun: str, there: Sequence[Any], here: Sequence[Any]) -> Iterator[str]:
    old = {item.key: item.value for item in there}
    new = {item.key: item.value for item in here}
    for key in sorted(old):
        if key not in new:
            yield f"{noun[:-1]} '{key}' is missing"
        elif old[key] != new[key]:
            yield f"{noun[:-1]} '{key}' differs"


def _inputs(there: RunRecord, here: RunRecord) -> Iterator[str]:
    old = {(i.dataset.name, i.dataset.digest) for i in there.run.datasets}
    new = {(i.dataset.name, i.dataset.digest) for i in here.run.datasets}
    for name, digest in sorted(old - new):
        yield f"data set '{name}' ({digest}) is missing"
    if set(there.run.model_inputs) - set(here.run.model_inputs):
        yield "model inputs are missing"
    if set(there.run.model_outputs) - set(here.run.model_outputs):
        yield "model outputs are missing"


def _registered(there: RegisteredRecord, here: RegisteredRecord | None) -> Iterator[str]:
    if here is None:
        yield "is missing"
        return
    yield from _texts("tags", there.tags, here.tags)
    aliases = {(alias.alias, alias.version) for alias in here.aliases}
    for alias in there.aliases:
        if (alias.alias, alias.version) not in aliases:
            yield f"alias '{alias.alias}' is missing or points elsewhere"
    versions = {version.version: version for version in here.versions}
    for old in there.versions:
        new = versions.get(old.version)
        if new is None:
            yield f"version {old.version} is missing"
            continue
        for field in ("stage", "created", "run_id", "description", "status", "user_id"):
            if getattr(old, field) != getattr(new, field):
                yield f"{field} of version {old.version} differs"
        for line in _texts("tags", old.tags, new.tags):
            yield f"version {old.version}: {line}"
