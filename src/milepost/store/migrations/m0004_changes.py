"""What changed lately, for pages that watch: rows are kept for a minute (see changes.py)."""

STATEMENTS = [
    "CREATE TABLE changes (id {serial}, topic VARCHAR(300) NOT NULL, at_ms {int} NOT NULL)",
    "CREATE INDEX changes_at ON changes (at_ms)",
]
