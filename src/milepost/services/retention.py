"""Retention: rules by which runs go to the trash after a while; collection then removes them.

A run goes if some rule of its experiment lets it go and no rule keeps it. Runs that have not ended,
and runs that a registered model comes from, always stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Protocol

from msgspec import Struct

from milepost.store import retention
from milepost.store.db import Store
from milepost.store.tx import Tx

_BATCH = 500
_MOST_SHOWN = 20


class Rule(Protocol):
    """A retention rule, as the settings hold them."""

    @property
    def experiment(self) -> str:
        """A pattern of experiment names; * stands for any characters."""

    @property
    def older_than(self) -> float:
        """Seconds since the end of a run."""

    @property
    def tag(self) -> str:
        """Only runs with this tag: KEY or KEY=VALUE."""

    @property
    def keep_tag(self) -> str:
        """Never runs with this tag."""

    @property
    def keep_top(self) -> int:
        """How many of the best runs stay."""

    @property
    def metric(self) -> str:
        """By which metric they are the best."""

    @property
    def goal(self) -> str:
        """max or min."""


class LetGo(Struct):
    """What the rules do to one experiment. `examples` are (id, name) of some of the runs."""

    experiment: str
    id: int
    runs: int
    kept: int
    """Runs that a rule lets go, and that stay for another reason."""

    examples: list[tuple[str, str]]


class Retention:
    """Applies rules."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def apply(
        self,
        rules: Sequence[Rule],
        *,
        dry_run: bool,
        advance: Callable[[int], None] = lambda _: None,
    ) -> list[LetGo]:
        """Move to the trash what the rules let go; with `dry_run` only say what."""
        done = []
        now = time.time()
        for number, name in self._store.read(lambda tx, _: retention.experiments(tx), None):
            matching = [rule for rule in rules if fnmatchcase(name, rule.experiment)]
            if not matching:
                continue
            going, kept = self._store.read(partial(_judge, matching, now), number)
            shown = self._store.read(retention.names, sorted(going)[:_MOST_SHOWN]) if going else []
            done.append(LetGo(name, number, len(going), len(kept), shown))
            for batch in () if dry_run else _batches(sorted(going)):
                self._store.write(partial(_let_go, int(now * 1000)), batch)
                advance(len(batch))
        return done


def _judge(rules: Sequence[Rule], now: float, tx: Tx, number: int) -> tuple[set[int], set[int]]:
    going: set[int] = set()
    kept = retention.registered(tx, number)
    for rule in rules:
        old = retention.ended(tx, number, int((now - rule.older_than) * 1000))
        going |= old & retention.tagged(tx, number, rule.tag) if rule.tag else old
        if rule.keep_tag:
            kept |= retention.tagged(tx, number, rule.keep_tag)
        if rule.keep_top and rule.metric:
            largest = rule.goal == "max"
            kept |= retention.best(tx, number, rule.metric, rule.keep_top, largest=largest)
    return going - kept, going & kept


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _BATCH):
        yield numbers[start : start + _BATCH]


def _let_go(now: int, tx: Tx, batch: Sequence[int]) -> int:
    return retention.let_go(tx, batch, now)
