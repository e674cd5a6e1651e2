"""What was measured: samples by row and contender, and the figures made of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One measurement of one contender."""

    value: float
    details: Mapping[str, float] = field(default_factory=dict)
    answer: Any = None
    """What all contenders must agree on, if they are to."""
    faults: tuple[str, ...] = ()
    """What went wrong, such as refused requests or lost writes."""


class Results:
    """Samples of a whole session, in the order of the rounds."""

    def __init__(self) -> None:
        self._samples: dict[str, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))

    def add(self, row: str, contender: str, sample: Sample) -> None:
        """Keep a sample."""
        self._samples[row][contender].append(sample)

    def samples(self, row: str, contender: str) -> list[Sample]:
        """All samples of a contender in a row; none if it was not measured."""
        return self._samples.get(row, {}).get(contender, [])

    def value(self, row: str, contender: str) -> float | None:
        """The median of the rounds."""
        values = [sample.value for sample in self.samples(row, contender)]
        return median(values) if values else None

    def detail(self, row: str, contender: str, name: str) -> float | None:
        """The median of a detail."""
        found = [s.details[name] for s in self.samples(row, contender) if name in s.details]
        return median(found) if found else None

    def ratio(self, row: str, one: str, other: str) -> float | None:
        """The median over the rounds of `one` divided by `other` in the same round."""
        pairs = zip(self.samples(row, one), self.samples(row, other), strict=False)
        ratios = [a.value / b.value for a, b in pairs if b.value]
        return median(ratios) if ratios else None

    def rows(self) -> set[str]:
        """The rows that were measured."""
        return set(self._samples)

    def keep(self, file: Path, rows: Collection[str]) -> None:
        """Write the samples of some rows, so that another session can go on with them."""
        kept = {
            row: {name: [asdict(s) for s in samples] for name, samples in contenders.items()}
            for row, contenders in self._samples.items()
            if row in rows
        }
        file.write_text(json.dumps(kept))

    def take_up(self, file: Path) -> None:
        """Add what `keep` wrote."""
        for row, contenders in json.loads(file.read_text()).items():
            for contender, samples in contenders.items():
                for sample in samples:
                    self.add(row, contender, Sample(**sample))

    def faults(self) -> list[str]:
        """All that went wrong, and rows whose contenders gave different answers."""
        lines = []
        for row, contenders in self._samples.items():
            for contender, samples in contenders.items():
                lines += [f"{row}, {contender}: {line}" for s in samples for line in s.faults]
            lines += _disagreements(row, contenders)
        return lines


def _disagreements(row: str, contenders: Mapping[str, list[Sample]]) -> list[str]:
    answers = {
        contender: sample.answer
        for contender, samples in contenders.items()
        for sample in samples
        if sample.answer is not None
    }
    first = next(iter(answers), "")
    others = [other for other, answer in answers.items() if answer != answers[first]]
    return [f"{row}: {first} and {other} answer differently" for other in others]
