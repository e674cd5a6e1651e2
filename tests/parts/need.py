"""What to do about a part this machine does not have: install it, skip the test, or fail.

Environments under `.envs` are made by the Makefile and need no rights. Debian packages are
installed when we are root and apt is there; `MILEPOST_TEST_INSTALL_PARTS=0` forbids that.
With `MILEPOST_TEST_REQUIRE_PARTS=1`, as in CI, a part that stays missing fails its tests.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
# Servers live in sbin, which is not on every PATH; Debian keeps Chromium in its own folder.
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/chromium"])


def program(name: str, packages: Sequence[str]) -> Path:
    """Path of a program, from the Debian packages that hold it if it is not here yet."""
    found = shutil.which(name, path=PLACES)
    if found is None and may_install():
        with one_at_a_time():
            found = shutil.which(name, path=PLACES) or apt_install(name, packages)
    if found is None:
        missing(f"{name} is not on this machine; install it: apt-get install {' '.join(packages)}")
    return Path(found)


def environment(name: str) -> Path:
    """Folder of programs of the virtual environment that `requirements/NAME.txt` describes."""
    target = f".envs/{name}/ready"
    # This may run inside `make test`; its make is not to take part in that one's bookkeeping.
    plain = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    with one_at_a_time():
        made = subprocess.run(
            ["make", "--silent", target],
            check=False,
            cwd=ROOT,
            env=plain,
            text=True,
            capture_output=True,
        )
    if made.returncode != 0:
        missing(f"`make {target}` failed: {made.stderr[-2000:]}")
    return ROOT / ".envs" / name / "bin"


def may_install() -> bool:
    allowed = os.environ.get("MILEPOST_TEST_INSTALL_PARTS", "1") != "0"
    return allowed and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(name: str, packages: Sequence[str]) -> str | None:
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        done = subprocess.run(
            command,
            check=False,
            env=quiet,
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
        )
        if done.returncode != 0:
            missing(f"`{' '.join(command)}` failed: {done.stderr[-2000:]}")
    return shutil.which(name, path=PLACES)


def missing(line: str) -> NoReturn:
    if os.environ.get("MILEPOST_TEST_REQUIRE_PARTS") == "1":
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Test workers are processes; only one of them installs."""
    (ROOT / ".envs").mkdir(exist_ok=True)
    with (ROOT / ".envs" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
