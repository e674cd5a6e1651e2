"""The nightly cleaning: first retention, then garbage collection."""

from __future__ import annotations

from collections.abc import Sequence

from milepost.config import cron
from milepost.services.gc import Collector, Selection
from milepost.services.jobs import Job
from milepost.services.retention import Retention, Rule
from milepost.store.db import Store


def cleaning(
    store: Store,
    collector: Collector,
    rules: Sequence[Rule],
    schedule: str,
    older_than_ms: int,
) -> Job:
    """The job that lets runs go by the rules and removes what has been in the trash long enough."""

    def clean() -> str:
        let_go = sum(done.runs for done in Retention(store).apply(rules, dry_run=False))
        done = collector.collect(Selection(older_than_ms))
        text = (
            f"{let_go} runs moved to the trash; removed {done.runs} runs, {done.experiments}"
            f" experiments, {done.models} logged models: {done.files} files, {done.bytes} bytes"
        )
        return "; ".join([text, *done.failures])

    return Job("cleaning", cron.parse(schedule), clean, store)
