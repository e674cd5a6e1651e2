"""What the session needs of the machine, and what the machine is."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.servers import ENVIRONMENTS, Kind

ROOT = Path(__file__).parents[1]
_LEAST_FREE_GB = 8


def prepare(kinds: Sequence[Kind], scratch: Path) -> None:
    """Make the environments of the servers; SystemExit tells what is missing and how to get it."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit("The benchmark reads /proc, so it needs Linux.")
    if shutil.which("wrk") is None:
        _install_wrk()
    if shutil.disk_usage(scratch).free < _LEAST_FREE_GB * 2**30:
        raise SystemExit(
            f"{scratch} has less than {_LEAST_FREE_GB} GB free: choose another --scratch"
        )
    for kind in kinds:
        if kind.environment:
            _make(kind.environment)


def _install_wrk() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "wrk"], check=False)
    if shutil.which("wrk") is None:
        raise SystemExit(
            "The load generator wrk is not here: apt-get install wrk, or brew, dnf, ..."
        )


def _make(environment: str) -> None:
    ENVIRONMENTS.mkdir(exist_ok=True)
    # This may run inside `make bench`, whose make is not to take part in this one's bookkeeping.
    plain = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    target = f".envs/{environment}/ready"
    with (ENVIRONMENTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(["make", "--silent", target], check=False, cwd=ROOT, env=plain)
    if made.returncode != 0:
        raise SystemExit(f"`make {target}` failed.")


def version(kind: Kind) -> str:
    """The installed version of a server."""
    folder = ENVIRONMENTS / kind.environment if kind.environment else Path(sys.prefix)
    program = str(folder / "bin" / "python")
    ask = f"from importlib.metadata import version; print(version('{kind.name}'))"
    done = subprocess.run([program, "-c", ask], check=True, text=True, capture_output=True)
    return done.stdout.strip()


def describe(scratch: Path) -> list[str]:
    """Lines about the machine."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in _lines("/proc/cpuinfo")
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = next(line.split()[1] for line in _lines("/proc/meminfo") if "MemTotal" in line)
    return [
        f"{os.cpu_count()} cores of {processor}, {int(memory) / 2**20:.0f} GiB of memory",
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}",
        f"disk: a write of 4 KiB with fdatasync takes {_flush_ms(scratch):.2f} ms",
        f"load average at the start: {os.getloadavg()[0]:.1f}",
    ]


def _flush_ms(scratch: Path) -> float:
    """The price of durability here: the median of 200 flushed writes."""
    times = []
    file = scratch / "flush"
    with file.open("wb", buffering=0) as out:
        for _ in range(200):
            begin = time.perf_counter()
            out.write(b"x" * 4096)
            os.fdatasync(out.fileno())
            times.append(time.perf_counter() - begin)
    file.unlink()
    return median(times) * 1000


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
