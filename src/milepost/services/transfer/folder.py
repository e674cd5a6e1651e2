"""An export as a Source. It is an archive with these files:

experiments/ID/experiment.json       the experiment with its tags
experiments/ID/part-00001.jsonl.gz   runs with all that was logged, in lines (see lines.py)
experiments/ID/runs/RUN/...          the artifacts of a run, as they are
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from milepost.domain.artifacts import OwnerKind
from milepost.domain.tracking import Experiment
from milepost.domain.transfer import LoggedRecord, RegisteredRecord
from milepost.errors import NotFound
from milepost.services.archive import Archive
from milepost.services.transfer import lines
from milepost.services.transfer.source import File, Known, Root
from milepost.store.transfer import RunRecord

FORMAT = "milepost-export"


class Folder:
    """What `milepost export` wrote. Every part is checked against the manifest when it is read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.name = str(archive.folder)

    def experiments(self, names: Sequence[str]) -> list[tuple[Experiment, int]]:
        """Experiments with their number of runs."""
        found = []
        for line in self._archive.lines("experiments/"):
            if line.file.endswith("/experiment.json") and line.file.count("/") == 2:
                experiment = msgspec.json.decode(self._archive.checked(line), type=Experiment)
                if not names or experiment.name in names:
                    parts = self._archive.lines(f"experiments/{experiment.id}/part-")
                    found.append((experiment, sum(part.rows for part in parts)))
        missing = set(names) - {experiment.name for experiment, _ in found}
        if missing:
            raise NotFound(f"The export holds no experiment named '{min(missing)}'.")
        return sorted(found, key=lambda pair: pair[0].id)

    def runs(self, experiment: Experiment, known: Known) -> Iterator[list[RunRecord]]:
        """The runs, a part at a time."""
        for line in self._archive.lines(f"experiments/{experiment.id}/part-"):
            page = lines.unpacked(self._archive.checked(line), line.file)
            skipped = set(known([record.run.id for record in page]))
            yield [record for record in page if record.run.id not in skipped]

    def logged(self, experiment: Experiment) -> Iterator[LoggedRecord]:
        """The logged models of an experiment."""
        line = self._archive.line(f"experiments/{experiment.id}/models.jsonl.gz")
        if line is not None:
            for text in self._archive.checked(line).splitlines():
                yield msgspec.json.decode(text, type=LoggedRecord)

    def registered(self) -> Iterator[RegisteredRecord]:
        """The registered models."""
        line = self._archive.line("registry.jsonl.gz")
        if line is not None:
            for text in self._archive.checked(line).splitlines():
                yield msgspec.json.decode(text, type=RegisteredRecord)

    def ignored(self) -> dict[str, int]:
        """Everything in an export can be moved."""
        return {}

    def files(self, root: Root) -> Iterator[File]:
        """The artifacts of a run or model."""
        prefix = self._prefix(root)
        for line in self._archive.lines(prefix):
            yield File(line.file[len(prefix) :], line.size, line.sha256)

    def read(self, root: Root, path: str) -> Iterator[bytes]:
        """The content of an artifact."""
        return self._archive.read(self._prefix(root) + path)

    def _prefix(self, root: Root) -> str:
        folder = {OwnerKind.run: "runs", OwnerKind.model: "models"}[root.kind]
        return f"experiments/{root.experiment_id}/{folder}/{root.id}/"
