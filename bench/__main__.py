"""python -m bench: compare with MLflow and FastTrackML, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Collection, Sequence
from fnmatch import fnmatch
from pathlib import Path

from bench import machine, pages, report, workloads
from bench.results import Results
from bench.servers import KINDS
from bench.stages import Plan, Session

PAGE = machine.ROOT / "docs" / "benchmarks.md"


def main() -> int:
    """Returns 1 if anything went wrong: refused requests, lost writes, different answers, pages
    that open too late. A whole session ends with the pages."""
    options = _options()
    names = _wanted(options)
    if options.list:
        print("\n".join(names))
        return 0
    results = Results()
    if options.resume and options.resume.exists():
        results.take_up(options.resume)
    plan = _plan(options, set(names) - results.rows())
    wanted = results.rows() | set(names)

    def kept() -> None:
        if options.resume:
            results.keep(options.resume, wanted)

    # Being told to stop is like Ctrl-C: the servers go with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = Path(tempfile.mkdtemp(prefix="milepost-bench-", dir=options.scratch))
    try:
        # PostgreSQL may run as another user, who has to get in.
        scratch.chmod(0o755)
        machine.prepare(plan.kinds, scratch)
        versions = {kind.name: machine.version(kind) for kind in plan.kinds}
        facts = report.Facts(machine.describe(scratch), versions, plan)
        session = Session(plan, scratch, results, kept)
        try:
            session.run()
        finally:
            print(f"\n{report.terminal(results)}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if options.output:
        options.output.parent.mkdir(exist_ok=True)
        text = report.document(results, facts)
        before = options.output.read_text() if options.output.exists() else ""
        options.output.write_text(pages.with_section(text, pages.section(before)))
        print(f"\nwritten: {options.output}")
    slow = options.output == PAGE and pages.main([]) != 0
    return 1 if results.faults() or slow else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few short rounds, about five minutes, no page"
    )
    parser.add_argument(
        "--large",
        action="store_true",
        help="also search 500,000 runs (to load them takes some minutes)",
    )
    parser.add_argument("--only", metavar="PATTERN", help="rows to measure, such as '*/log-*'")
    parser.add_argument("--servers", metavar="NAMES", help=f"a choice of {','.join(KINDS)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each workload")
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="keep what is measured in FILE; what it has from before is not measured again",
    )
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"default: {PAGE.name} in docs")
    # Not the system's temporary folder, which may be memory, where durability is free.
    parser.add_argument("--scratch", default="/var/tmp", metavar="DIR", help="where stores go")
    options = parser.parse_args()
    partial = options.quick or options.only or options.servers
    if options.output is None and not partial:
        options.output = PAGE
    return options


def _wanted(options: argparse.Namespace) -> Sequence[str]:
    pattern = options.only or "*"
    rows = [*workloads.ROWS, *(workloads.LARGE if options.large else [])]
    names = [row.name for row in rows if fnmatch(row.name, f"*{pattern}*")]
    if not names:
        raise SystemExit(f"No row is called like {pattern!r}; --list names them.")
    return names


def _plan(options: argparse.Namespace, names: Collection[str]) -> Plan:
    chosen = options.servers.split(",") if options.servers else list(KINDS)
    if unknown := set(chosen) - set(KINDS):
        raise SystemExit(f"Unknown servers: {', '.join(unknown)}; there are {', '.join(KINDS)}.")
    quick = options.quick
    return Plan(
        kinds=[KINDS[name] for name in KINDS if name in chosen],
        wanted=frozenset(names),
        rounds=options.rounds or (2 if quick else 5),
        write_seconds=1 if quick else 6,
        read_seconds=0.3 if quick else 3,
        disk_points={
            "milepost": 200_000 if quick else 1_000_000,
            "mlflow": 20_000 if quick else 200_000,
            "fasttrackml": 50_000 if quick else 1_000_000,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
