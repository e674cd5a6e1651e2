"""Export: the experiments of this store into an export folder or a .tar.gz."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from milepost.domain.tracking import Experiment
from milepost.services.archive import Archive, Header, is_packed, pack
from milepost.services.tracking import now
from milepost.services.transfer import lines
from milepost.services.transfer.folder import FORMAT
from milepost.services.transfer.here import Here
from milepost.services.transfer.source import Root, model_root, nothing_known, root_of
from milepost.store.transfer import RunRecord

Advance = Callable[[int], None]
"""Told how many runs more are done."""


class Exported(Struct):
    """What an export holds."""

    path: str
    experiments: int = 0
    runs: int = 0
    points: int = 0
    logged_models: int = 0
    registered_models: int = 0
    artifacts: int = 0
    bytes: int = 0
    continued: bool = False


def export(
    here: Here, names: Sequence[str], target: Path, *, artifacts: bool, advance: Advance
) -> Exported:
    """Write experiments to `target`. Killed and run again it goes on where it was; run again
    after it finished it brings the export up to date."""
    folder = target.with_name(f"{target.name}.folder") if is_packed(target) else target
    archive = Archive(folder, FORMAT)
    with archive.alone():
        done = Exported(str(target))
        _fill(archive, done, here, names, artifacts=artifacts, advance=advance)
        if is_packed(target):
            pack(folder, target)
            shutil.rmtree(folder)
    return done


def _fill(
    archive: Archive, done: Exported, here: Here, names: Sequence[str], *, artifacts: bool,
    advance: Advance,
) -> None:  # fmt: skip
    found = here.experiments(names)
    header = Header(FORMAT, now(), {"experiments": sorted(names), "artifacts": artifacts})
    done.continued = archive.begin(header)
    for experiment, _ in found:
        _Saver(archive, here, experiment, artifacts, advance).save(done)
        done.experiments += 1
    registered = list(here.registered_in([e.id for e, _ in found] if names else None))
    archive.put("registry.jsonl.gz", [lines.packed_structs(registered)], rows=len(registered))
    done.registered_models = len(registered)
    header.finished = now()
    header.counts = msgspec.to_builtins(done)
    archive.finish(header)


class _Saver:
    """One experiment on its way into the folder."""

    def __init__(
        self,
        archive: Archive,
        here: Here,
        experiment: Experiment,
        artifacts: bool,
        advance: Advance,
    ) -> None:
        self._archive = archive
        self._here = here
        self._experiment = experiment
        self._artifacts = artifacts
        self._advance = advance
        self._folder = f"experiments/{experiment.id}"

    def save(self, done: Exported) -> None:
        """Write the parts that are not there yet; count all."""
        self._archive.put(
            f"{self._folder}/experiment.json", [msgspec.json.encode(self._experiment)]
        )
        parts = self._archive.lines(f"{self._folder}/part-")
        self._advance(sum(part.rows for part in parts))
        after = parts[-1].after if parts else 0
        count = len(parts)
        for page in self._here.runs_after(self._experiment, after, nothing_known):
            count += 1
            self._part(count, page)
        self._logged(done)
        for line in self._archive.lines(f"{self._folder}/part-"):
            done.runs += line.rows
            done.points += line.points
        for folder in ("runs", "models"):
            for line in self._archive.lines(f"{self._folder}/{folder}/"):
                done.artifacts += 1
                done.bytes += line.size

    def _logged(self, done: Exported) -> None:
        records = list(self._here.logged(self._experiment))
        for record in records if self._artifacts else ():
            self._copy(model_root(record), f"models/{record.model.id}")
        file = f"{self._folder}/models.jsonl.gz"
        self._archive.put(file, [lines.packed_structs(records)], rows=len(records))
        done.logged_models += len(records)

    def _part(self, count: int, page: Sequence[RunRecord]) -> None:
        if self._artifacts:
            for record in page:
                self._copy(root_of(record.run), f"runs/{record.run.id}")
        self._archive.put(
            f"{self._folder}/part-{count:05d}.jsonl.gz",
            [lines.packed(page)],
            rows=len(page),
            points=sum(record.points for record in page),
            after=page[-1].number,
        )
        self._advance(len(page))

    def _copy(self, root: Root, folder: str) -> None:
        for file in self._here.files(root):
            name = f"{self._folder}/{folder}/{file.path}"
            if self._archive.line(name) is None:
                self._archive.put(name, self._here.read(root, file.path))
