"""The guides that MLflow's users follow, as they stand: their blocks and their command lines.

`guides/NAME.md` holds the fenced blocks of one guide under their headings, and the command lines
that stand in its text; the prose around them is left out.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("guides")
_FENCE = re.compile(r"```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r"(export )?[A-Z][A-Z_0-9]*=")


@dataclass(frozen=True)
class Block:
    """One fenced block. Its heading has no marks; `number` counts those of a language under it."""

    guide: str
    heading: str
    language: str
    number: int
    text: str

    @property
    def name(self) -> str:
        number = f" {self.number}" if self.number > 1 else ""
        return f"{self.guide}, {self.heading}: {self.language}{number}"

    def items(self) -> list[str]:
        """What there is to run: the block as a whole, or each command line of a shell's block."""
        if self.language != "bash":
            return [self.name]
        lines = commands(self.text)
        if lines and all(_ASSIGNMENT.match(line) for line in lines):
            return [self.name]
        return [f"{self.guide}: {line}" for line in lines]


def commands(script: str) -> list[str]:
    """The command lines of a shell's block: without comments, each on one line."""
    found, open_line = [], ""
    for line in script.splitlines():
        if not open_line and (not line.strip() or line.startswith("#")):
            continue
        open_line += line.rstrip("\\").strip() + " "
        if not line.endswith("\\") and all(open_line.count(quote) % 2 == 0 for quote in "'\""):
            found.append(open_line.strip())
            open_line = ""
    assert not open_line, f"a command line without an end: {open_line}"
    return found


def variables(script: str) -> dict[str, str]:
    """What the assignments of a shell's block or of an .env file give, their comments cut off."""
    lines = [line.partition("  #")[0].strip() for line in script.splitlines()]
    pairs = (
        line.removeprefix("export ").partition("=") for line in lines if _ASSIGNMENT.match(line)
    )
    return {name: value.strip().strip('"') for name, _, value in pairs}


def read() -> list[Block]:
    """Every block of every guide, in order."""
    return [block for path in sorted(FOLDER.glob("*.md")) for block in _blocks(path)]


def _blocks(path: Path) -> list[Block]:
    blocks: list[Block] = []
    for part in re.split(r"^#{2,} ", path.read_text(), flags=re.MULTILINE):
        heading, _, rest = part.partition("\n")
        for language, text in _FENCE.findall(rest):
            number = 1 + sum(b.heading == heading and b.language == language for b in blocks)
            blocks.append(Block(path.stem, heading, language, number, textwrap.dedent(text)))
    return blocks


def block(name: str) -> str:
    """The text of the block of that name."""
    (found,) = (block.text for block in read() if block.name == name)
    return found
