"""The sources of the pages: types, style, component tests, and types that match the server."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

UI = Path(__file__).parents[2] / "ui"


def test_the_types_are_those_of_the_server() -> None:
    schema = runpy.run_path(str(UI / "schema.py"))
    assert schema["TARGET"].read_text() == schema["generate"](), "run: python ui/schema.py"


def test_types_style_and_component_tests(ui_tools: list[str]) -> None:
    done = subprocess.run(
        [*ui_tools, "run", "check"], cwd=UI, capture_output=True, text=True, check=False
    )
    print(done.stdout, done.stderr, file=sys.stderr)
    assert done.returncode == 0
