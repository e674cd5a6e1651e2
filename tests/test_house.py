"""The rules of the house that no linter knows."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 400
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_there_is_source_to_check() -> None:
    assert len(SOURCES) > 10


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_nothing_is_called_utils() -> None:
    assert [path for path in SOURCES if path.stem in ("utils", "util", "helpers", "misc")] == []
