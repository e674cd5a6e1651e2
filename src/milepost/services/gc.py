"""Garbage collection: removes for good what was deleted long enough ago, and files nobody owns.

First the artifacts of a batch, then its rows: killed at any moment, the next collection finds what
is left and goes on. One server at a time, by a lease in the database.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from uuid import uuid4

from msgspec import Struct

from milepost.blobs.base import Entry
from milepost.blobs.stores import Spot, Stores
from milepost.errors import Conflict, Problem, Unavailable
from milepost.services.locations import Locations
from milepost.services.registry.trash import remove_forever
from milepost.services.rounds import Round
from milepost.services.tracking import now
from milepost.store import gc, leases
from milepost.store.db import Store
from milepost.store.gc import Dead
from milepost.store.registry import trash
from milepost.store.tx import Tx

LEASE = "gc"
_LEASE_MS = 60_000
_PROLONG_SECONDS = 15.0
_BATCH = 200
_ORPHAN_MS = 24 * 3600 * 1000
"""Files younger than this may belong to something that is just being written."""

_RUN = re.compile(r"[0-9a-f]{32}")
_MODEL = re.compile(r"m-[0-9a-f]{32}")


class Selection(Struct, frozen=True):
    """What to collect. `older_than_ms`: how long it must have been in the trash; ids narrow.

    `orphans` asks for files that nobody owns. Never without somebody's wish: where two databases
    share an artifact store, what the one does not know may belong to the other.
    """

    older_than_ms: int
    runs: tuple[str, ...] = ()
    experiments: tuple[int, ...] = ()
    models: tuple[str, ...] = ()
    registered: tuple[int, ...] = ()
    orphans: bool = False
    keep_artifacts: bool = False
    dry_run: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether ids were named."""
        return bool(self.runs or self.experiments or self.models or self.registered)


class Collected(Struct):
    """What was removed, or would be; and what could not be."""

    dry_run: bool
    runs: int = 0
    experiments: int = 0
    models: int = 0
    registered: int = 0
    orphans: int = 0
    files: int = 0
    bytes: int = 0
    failures: list[str] = []


class Collector:
    """Collects once."""

    def __init__(self, store: Store, locations: Locations, stores: Stores, served: str) -> None:
        self._store = store
        self._locations = locations
        self._stores = stores
        self._served = served
        self._holder = f"{process_name(os.getpid())}/{uuid4().hex[:8]}"
        self._lost = False

    def total(self, wanted: Selection) -> int:
        """How many runs and logged models are there to collect now."""
        before = now() - wanted.older_than_ms
        chosen = [(table, ids) for table, ids, wants in self._kinds(wanted) if wants]

        def count(tx: Tx, _: None) -> int:
            return sum(
                gc.count_dead(tx, table, before, ids, wanted.experiments) for table, ids in chosen
            )

        return self._store.read(count, None)

    def present(self, wanted: Selection) -> dict[str, bool]:
        """Each thing that was named, and whether it is here, deleted or not."""
        numbers = [str(number) for number in wanted.experiments]
        owners = self._store.read(
            lambda tx, _: gc.owners(tx, numbers, wanted.runs, wanted.models), None
        )
        return {
            **{f"experiment {number}": number in owners.experiments for number in numbers},
            **{f"run {run_id}": run_id in owners.runs for run_id in wanted.runs},
            **{f"logged model {model}": model in owners.models for model in wanted.models},
        }

    def _kinds(self, wanted: Selection) -> Iterator[tuple[str, Sequence[str], bool]]:
        """(table, ids, whether any of it is wanted)"""
        rest = bool(wanted.experiments) or not wanted.narrowed
        yield "runs", wanted.runs, bool(wanted.runs) or rest
        yield "logged_models", wanted.models, bool(wanted.models) or rest

    def collect(
        self, wanted: Selection, advance: Callable[[int], None] = lambda _: None
    ) -> Collected:
        """Remove what is wanted. Raises Conflict while another server collects."""
        if not self._store.write(self._take, now()):
            raise Conflict(
                "A garbage collection is running on another server, or one was killed there less"
                " than a minute ago."
            )
        self._lost = False
        keeper = Round("gc-lease", _PROLONG_SECONDS, self._prolong)
        try:
            return self._collect(wanted, advance)
        finally:
            keeper.close()
            self._store.write(lambda tx, _: leases.free(tx, LEASE, self._holder), None)

    def _collect(self, wanted: Selection, advance: Callable[[int], None]) -> Collected:
        done = Collected(wanted.dry_run, failures=[])
        before = now() - wanted.older_than_ms
        if wanted.runs or wanted.experiments or not wanted.narrowed:
            find = partial(_find, gc.dead_runs, before, wanted.runs, wanted.experiments)
            done.runs = self._owners(wanted, find, gc.claim_runs, gc.remove_runs, done, advance)
        if wanted.models or wanted.experiments or not wanted.narrowed:
            find = partial(_find, gc.dead_models, before, wanted.models, wanted.experiments)
            done.models = self._owners(
                wanted, find, gc.claim_models, gc.remove_models, done, advance
            )
        if wanted.experiments or not wanted.narrowed:
            self._experiments(wanted, before, done)
        if wanted.registered or not wanted.narrowed:
            self._registered(wanted, before, done)
        if wanted.orphans and not wanted.narrowed:
            self._orphans(wanted, done)
        return done

    def _take(self, tx: Tx, at: int) -> bool:
        """Take or prolong the lease. That of a process of this machine that is gone is free."""
        other = leases.holder(tx, LEASE)
        if _is_gone(other):
            leases.free(tx, LEASE, other)
        return leases.take(tx, LEASE, self._holder, at, at + _LEASE_MS)

    def _prolong(self) -> None:
        with suppress(Unavailable):  # the next one may succeed, and the lease is not over yet
            self._lost = not self._store.write(self._take, now())

    def _keep(self) -> None:
        """Raise Conflict if the lease was lost, as when this machine slept."""
        if self._lost:
            raise Conflict("Another server has taken over the garbage collection.")

    def _owners(
        self,
        wanted: Selection,
        find: Callable[[Tx, int], list[Dead]],
        claim: Callable[[Tx, Sequence[int]], set[int]],
        remove: Callable[[Tx, Sequence[int]], int],
        done: Collected,
        advance: Callable[[int], None],
    ) -> int:
        total = after = 0
        while batch := self._store.read(find, after):
            after = batch[-1].number
            advance(len(batch))
            if not wanted.dry_run:
                claimed = self._store.write(claim, [dead.number for dead in batch])
                batch = [dead for dead in batch if dead.number in claimed]
            gone = [dead for dead in batch if self._files(wanted, dead, done)]
            if wanted.dry_run:
                total += len(gone)
            elif gone:
                total += self._store.write(remove, [dead.number for dead in gone])
            self._keep()
        return total

    def _files(self, wanted: Selection, dead: Dead, done: Collected) -> bool:
        """Remove the artifacts of a run or model; False, with a failure noted, if that fails."""
        if wanted.keep_artifacts:
            return True
        try:
            store, path = self._stores.at(self._locations.resolved(dead.root))
            # The folder named like its owner goes with it.
            own = path.removesuffix("/artifacts")
            self._remove(wanted, Spot(store, own if own.endswith(f"/{dead.id}") else path), done)
        except Problem as problem:
            done.failures.append(f"{dead.id}: {problem.message}")
            return False
        return True

    def _remove(self, wanted: Selection, spot: Spot, done: Collected) -> None:
        for entry in spot.store.walk(spot.path):
            done.files += 1
            done.bytes += entry.size
        if not wanted.dry_run and spot.path:
            spot.store.delete(spot.path)

    def _experiments(self, wanted: Selection, before: int, done: Collected) -> None:
        for dead in self._store.read(partial(_find_experiments, before), wanted.experiments):
            if wanted.dry_run:
                done.experiments += 1
            elif self._store.write(gc.remove_experiment, dead.number):
                done.experiments += 1
                if not wanted.keep_artifacts:
                    self._files(wanted, dead, done)

    def _registered(self, wanted: Selection, before: int, done: Collected) -> None:
        """Remove registered models; their versions' files belong to runs and logged models."""
        for number in self._store.read(partial(_find_registered, before), wanted.registered):
            if wanted.dry_run or self._store.write(remove_forever, number):
                done.registered += 1

    def _orphans(self, wanted: Selection, done: Collected) -> None:
        """Remove folders named like runs, models and experiments that nobody has ever heard of."""
        try:
            spot = self._stores.at(self._served)
            for entry in list(self._unowned(spot)):
                if self._is_old(spot, entry):
                    done.orphans += 1
                    self._remove(wanted, Spot(spot.store, entry.path), done)
        except Problem as problem:
            done.failures.append(f"orphaned artifacts: {problem.message}")

    def _unowned(self, spot: Spot) -> Iterator[Entry]:
        folders = {e: _name(e) for e in spot.store.entries(spot.path) if e.is_dir}
        experiments = {e: name for e, name in folders.items() if name.isdecimal()}
        known = self._owned(list(experiments.values()), [], []).experiments
        for entry, name in experiments.items():
            if name not in known:
                yield entry
                continue
            self._keep()
            yield from self._unowned_in(spot, entry)

    def _unowned_in(self, spot: Spot, experiment: Entry) -> Iterator[Entry]:
        inner = [e for e in spot.store.entries(experiment.path) if e.is_dir]
        runs = [e for e in inner if _RUN.fullmatch(_name(e))]
        models = [e for e in inner if _name(e) == "models"]
        logged = [m for folder in models for m in spot.store.entries(folder.path) if m.is_dir]
        logged = [m for m in logged if _MODEL.fullmatch(_name(m))]
        owned = self._owned([], [_name(e) for e in runs], [_name(e) for e in logged])
        yield from (e for e in runs if _name(e) not in owned.runs)
        yield from (e for e in logged if _name(e) not in owned.models)

    def _owned(
        self, experiments: Sequence[str], runs: Sequence[str], models: Sequence[str]
    ) -> gc.Owners:
        return self._store.read(lambda tx, _: gc.owners(tx, experiments, runs, models), None)

    def _is_old(self, spot: Spot, entry: Entry) -> bool:
        limit = time.time() - _ORPHAN_MS / 1000
        files = spot.store.walk(entry.path)
        return all(spot.store.stat(file.path).modified < limit for file in files)


def process_name(pid: int) -> str:
    """A process's name among all machines. Process ids are counted by each container for itself."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return f"{socket.gethostname()[:24]}/{space}/{pid}"


def _is_gone(holder: str) -> bool:
    process, _, _ = holder.rpartition("/")
    pid = process.rpartition("/")[2]
    if not pid.isdecimal() or process != process_name(int(pid)):
        return False  # of another machine, or nobody
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _name(entry: Entry) -> str:
    return entry.path.rpartition("/")[2]


def _find(
    find: Callable[..., list[Dead]],
    before: int,
    ids: Sequence[str],
    experiments: Sequence[int],
    tx: Tx,
    after: int,
) -> list[Dead]:
    return find(tx, before, ids, experiments, after, _BATCH)


def _find_experiments(before: int, tx: Tx, numbers: Sequence[int]) -> list[Dead]:
    return gc.dead_experiments(tx, before, numbers)


def _find_registered(before: int, tx: Tx, numbers: Sequence[int]) -> list[int]:
    return trash.before(tx, before, numbers)
