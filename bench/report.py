"""The table on the terminal, and docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench import workloads
from bench.results import Results
from bench.servers import KINDS
from bench.stages import ARTIFACT_ROW_S, LARGE, MOST_ARTIFACT_ROUNDS, SMALL, Plan
from bench.workloads import Row

Table = list[list[str]]
OURS = "milepost"
_RIVALS = ("mlflow", "fasttrackml")
_GROWTH = (workloads.LOCAL_ARTIFACT_MEMORY, workloads.S3_ARTIFACT_MEMORY)
_PEAKS = (
    workloads.LOADED,
    workloads.READING,
    workloads.POSTGRES_MEMORY,
    *_GROWTH,
)
_ENOUGH = 0.8
"""Of the speed of a disk or store by itself."""


@dataclass(frozen=True)
class Facts:
    """What a reader has to know to judge the figures."""

    machine: Sequence[str]
    versions: Mapping[str, str]
    """By contender."""
    plan: Plan


def summary(results: Results) -> Table:
    """One line a row: the figures of all, and how many times better Milepost is."""
    titles = [kind.title for kind in KINDS.values()]
    lines = [
        ["workload", "unit", *titles, "times MLflow", "times FastTrackML", "target", "reached"]
    ]
    for row in workloads.ROWS:
        values = {name: value(results, row, name) for name in KINDS}
        if any(found is not None for found in values.values()):
            times = {rival: advantage(results, row, rival) for rival in _RIVALS}
            ratios = [_number(times[rival]) for rival in _RIVALS]
            figures = [_number(values[name]) for name in KINDS]
            enough = share(results, row) if row.unit == "MB/s" else None
            verdict = _verdict(row, values[OURS], times, enough)
            lines.append([row.title, row.unit, *figures, *ratios, _target(row), verdict])
    return lines


def value(results: Results, row: Row, contender: str) -> float | None:
    """The figure of a contender: the median of the rounds, or the peak for memory under load."""
    if row in _PEAKS:
        return max((s.value for s in results.samples(row.name, contender)), default=None)
    return results.value(row.name, contender)


def advantage(results: Results, row: Row, rival: str) -> float | None:
    """How many times better Milepost is; the median of the ratios of the rounds. None for how much
    something grows, which may be nothing at all."""
    if row in _GROWTH:
        return None
    if row.more_is_better:
        return results.ratio(row.name, OURS, rival)
    return results.ratio(row.name, rival, OURS)


def share(results: Results, row: Row) -> float | None:
    """Milepost's speed as a share of that of the disk or store by itself."""
    return results.ratio(row.name, OURS, workloads.ITSELF)


def _verdict(
    row: Row, ours: float | None, times: Mapping[str, float | None], reached: float | None
) -> str:
    """Whether all targets that could be judged are reached; empty if there is none."""
    if reached is not None and reached >= _ENOUGH:
        return "yes"
    judged = [found >= least for name, least in row.times.items() if (found := times[name])]
    if row.limit is not None and ours is not None:
        judged.append(ours < row.limit)
    if not judged or ours is None:
        return ""
    return "yes" if all(judged) else "NO"


def _target(row: Row) -> str:
    parts = [f"{least:g} x {KINDS[name].title}" for name, least in row.times.items()]
    if row.limit is not None:
        parts.append(f"under {row.limit:g} {row.unit}")
    return ", ".join(parts)


def large(results: Results) -> Table:
    """Milepost's searches at many runs against few."""
    lines = [
        ["workload", f"{SMALL:,} runs, ms", f"{LARGE:,} runs, ms", "ratio", "target", "reached"]
    ]
    for row in workloads.LARGE:
        ratio = results.ratio(row.name, "large", "small")
        if ratio is not None and row.limit is not None:
            figures = [_number(results.value(row.name, name)) for name in ("small", "large")]
            verdict = "yes" if ratio <= row.limit else "NO"
            aim = f"at most {row.limit:g}"
            lines.append([row.title, *figures, f"{ratio:.2f}", aim, verdict])
    return lines


def latencies(results: Results) -> Table:
    """Latency under the write loads, and what the load generator used."""
    lines = [["workload", "server", "p50 ms", "p95 ms", "wrk, share of a core"]]
    for row in [*workloads.SQLITE_WRITES, *workloads.POSTGRES_WRITES]:
        for name, kind in KINDS.items():
            found = [results.detail(row.name, name, key) for key in ("p50_ms", "p95_ms", "cores")]
            if found[0] is not None:
                lines.append([row.title, kind.title, *(_number(figure) for figure in found)])
    return lines


def by_itself(results: Results) -> Table:
    """Files beside what the disk or store gives without a server."""
    lines = [["workload", "unit", "Milepost", "disk or store by itself", "share"]]
    for row in workloads.ROWS:
        found = share(results, row)
        if found is not None:
            figures = [results.value(row.name, name) for name in (OURS, workloads.ITSELF)]
            lines.append([row.title, row.unit, *map(_number, figures), f"{found:.0%}"])
    return lines


def terminal(results: Results) -> str:
    """All tables in columns."""
    tables = [summary(results), large(results), by_itself(results)]
    tables = [table for table in tables if len(table) > 1]
    return "\n\n".join([*map(_columns, tables), *results.faults()])


def document(results: Results, facts: Facts) -> str:
    """The page."""
    faults = results.faults()
    definitions = [["workload", "definition"], *([row.title, row.what] for row in _shown(results))]
    parts = [
        _INTRODUCTION,
        _bullets(_circumstances(facts)),
        "## Results",
        _markdown(summary(results)),
        *_optional(f"## Searches at {LARGE:,} runs, Milepost", large(results)),
        *_optional("## Files, and the disk or store by itself", by_itself(results)),
        *_optional("## Latency under the write loads", latencies(results)),
        *(["## What went wrong", _bullets(faults)] if faults else []),
        _method(facts.plan),
        _markdown(definitions),
    ]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """\
# Benchmarks

Written by `make bench`, which anyone can repeat. Each server runs as its users start it:
`milepost server` with its defaults (on PostgreSQL with `--workers 2`), `mlflow server` with its
defaults (4 workers; telemetry off), `fml server`. All start on empty stores, on the same disk, with
the durability they choose themselves: Milepost and MLflow flush SQLite commits to disk before they
answer; FastTrackML 0.6.0 does not (WAL, synchronous=NORMAL), so a power failure may take writes
that it has acknowledged."""


def _method(plan: Plan) -> str:
    rounds = min(plan.rounds, MOST_ARTIFACT_ROUNDS)
    points = ", ".join(f"{kind.title} {plan.disk_points[kind.name]:,}" for kind in plan.kinds)
    return f"""\
## How it is measured

Rounds are interleaved (Milepost, MLflow, FastTrackML, Milepost, ...): {plan.rounds} rounds,
{plan.write_seconds} s for each write load. A figure is the median of its rounds; a ratio is taken
in each round, and the median of the ratios is shown.

Writes: the load generator is wrk, which also measures the percentiles. After each load the stored
points or runs are counted through the API: no fewer than were acknowledged.

Reads: one client, one request after the other, for {plan.read_seconds:g} s a round and once at
least. All servers must give the same answers. There are {SMALL:,} runs to search, with 10 params,
10 metrics and 5 tags each. Those of MLflow and FastTrackML were put into their tables with SQL, as
their API would have taken too long; those of Milepost came through its API, and where they are
{LARGE:,}, the way `milepost import` takes.

Artifacts: {rounds} rounds at most, and no further one when a row has taken {ARTIFACT_ROW_S:g} s.
Milepost flushes every file and its folder to disk before it answers, and replaces a file at once
or not at all; MLflow does neither. Disk and S3 server are on the same machine and share its cores.

Points logged to find the size on disk: {points}."""


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _circumstances(facts: Facts) -> list[str]:
    versions = ", ".join(f"{KINDS[name].title} {text}" for name, text in facts.versions.items())
    return [f"{datetime.now(UTC):%Y-%m-%d}; {versions}", *facts.machine]


def _shown(results: Results) -> list[Row]:
    return [row for row in workloads.ROWS if results.samples(row.name, OURS)]


def _optional(title: str, table: Table) -> list[str]:
    return [title, _markdown(table)] if len(table) > 1 else []


def _markdown(table: Table) -> str:
    head, *lines = (f"| {' | '.join(cells)} |" for cells in table)
    return "\n".join([head, f"|{'---|' * len(table[0])}", *lines])


def _columns(table: Table) -> str:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )


def _number(figure: float | None) -> str:
    """Three digits that matter."""
    if figure is None:
        return "-"
    if figure >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"
