"""Source: what a place must offer for its experiments to be exported, imported or compared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

from milepost.domain.artifacts import OwnerKind
from milepost.domain.tracking import Experiment, Run
from milepost.domain.transfer import LoggedRecord, RegisteredRecord
from milepost.store.transfer import RunRecord

PAGE = 200
"""Runs that are read, copied and committed together."""

Known = Callable[[Sequence[str]], Collection[str]]
"""Of these run ids, those that need not be read."""


def nothing_known(run_ids: Sequence[str]) -> Collection[str]:
    """Read every run."""
    return ()


class File(NamedTuple):
    """An artifact by its path below its owner's root. `sha256` where the source knows it."""

    path: str
    size: int
    sha256: str = ""


class Root(NamedTuple):
    """Where the artifacts of a run or logged model are; `uri` as clients know it."""

    kind: OwnerKind
    id: str
    experiment_id: int
    uri: str


class Source(Protocol):
    """A place with experiments. Reading changes nothing in it."""

    name: str
    """What to call it in reports; without secrets."""

    def experiments(self, names: Sequence[str]) -> list[tuple[Experiment, int]]:
        """Experiments with these names, or all, each with its number of runs; deleted ones too.
        Raises NotFound for a name that is not there."""

    def runs(self, experiment: Experiment, known: Known) -> Iterator[list[RunRecord]]:
        """The runs of an experiment, deleted ones too, in pages, without the known ones."""

    def logged(self, experiment: Experiment) -> Iterator[LoggedRecord]:
        """The logged models of an experiment, deleted ones too."""

    def registered(self) -> Iterator[RegisteredRecord]:
        """All registered models."""

    def ignored(self) -> dict[str, int]:
        """How much there is, by kind, of what cannot be moved."""

    def files(self, root: Root) -> Iterator[File]:
        """The artifacts of a run or model."""

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of an artifact, piece by piece."""


def root_of(run: Run) -> Root:
    """The place of a run's artifacts."""
    return Root(OwnerKind.run, run.id, run.experiment_id, run.artifact_uri)


def model_root(record: LoggedRecord) -> Root:
    """The place of a logged model's artifacts."""
    model = record.model
    return Root(OwnerKind.model, model.id, model.experiment_id, model.artifact_uri)
