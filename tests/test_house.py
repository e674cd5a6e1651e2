"""The rules of the house that no linter knows."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST = 400  # lines; a file that needs more is two files
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_there_is_source_to_check() -> None:
    assert len(SOURCES) > 10


def test_every_file_is_short_enough_to_read() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length >= LONGEST} == {}


def test_nothing_is_called_utils() -> None:
    assert [path for path in SOURCES if path.stem in ("utils", "util", "helpers", "misc")] == []
