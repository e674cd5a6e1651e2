"""MLflow's own database, of 2.x and 3.x, read and never written.

Which tables and columns there are is looked up, not derived from a release: a column that is not
there reads as NULL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

from milepost.errors import Invalid, NotFound
from milepost.store.db import open_dialect
from milepost.store.dialect import Connection, Row
from milepost.store.points import History
from milepost.store.tx import marks

_FETCH = 5000
_KNOWN = frozenset(
    [
        "alembic_version",
        "experiments",
        "experiment_tags",
        "runs",
        "params",
        "tags",
        "metrics",
        "latest_metrics",
        "datasets",
        "inputs",
        "input_tags",
        "registered_models",
        "registered_model_tags",
        "registered_model_aliases",
        "model_versions",
        "model_version_tags",
        "logged_models",
        "logged_model_params",
        "logged_model_tags",
        "logged_model_metrics",
        "workspaces",
    ]
)
_CATALOG = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = current_schema()",
    "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
}


class MlflowTables:
    """A connection to an MLflow database."""

    def __init__(self, uri: str) -> None:
        self._dialect = open_dialect(uri)
        self._connection = _read_only(uri) or self._dialect.connect(True)
        self._columns: dict[str, set[str]] = {}
        self.tables = {str(row[0]) for row in self.rows(_CATALOG[self._dialect.name])}
        if not {"experiments", "runs", "alembic_version"} <= self.tables:
            raise Invalid("This is not the database of an MLflow tracking server.")

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return list(self.stream(sql, parameters))

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query, fetched as they are used."""
        try:
            cursor = self._connection.cursor()
            cursor.execute(self._dialect.sql(sql), parameters)
            while found := cursor.fetchmany(_FETCH):
                yield from found
            cursor.close()
        except Exception as error:
            raise self._dialect.problem(error) or error from error

    def select(self, table: str, columns: str, tail: str = "", parameters: Sequence[Any] = ()
               ) -> Iterator[Row]:  # fmt: skip
        """Rows of those columns that the table has, NULL for the rest; none if it is missing."""
        if table not in self.tables:
            return iter(())
        there = self._columns_of(table)
        shown = ", ".join(f'"{c}"' if c in there else "NULL" for c in columns.split())
        return self.stream(f"SELECT {shown} FROM {table} {tail}", parameters)

    def _columns_of(self, table: str) -> set[str]:
        if table not in self._columns:
            cursor = self._connection.cursor()
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            self._columns[table] = {column[0] for column in cursor.description}
            cursor.close()
        return self._columns[table]

    def count(self, table: str, tail: str = "", parameters: Sequence[Any] = ()) -> int:
        """How many rows there are."""
        return int(self.rows(f"SELECT COUNT(*) FROM {table} {tail}", parameters)[0][0])

    def point_counts(self, run_ids: Sequence[str]) -> dict[str, int]:
        """How many points each run has."""
        rows = self.rows(
            f"SELECT run_uuid, COUNT(*) FROM metrics WHERE run_uuid IN ({marks(run_ids)})"
            " GROUP BY run_uuid",
            run_ids,
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def histories(self, run_ids: Sequence[str]) -> dict[str, dict[str, History]]:
        """The points of runs by run and key, in no order."""
        found: dict[str, dict[str, History]] = {run_id: {} for run_id in run_ids}
        tail = f"WHERE run_uuid IN ({marks(run_ids)})"
        columns = "run_uuid key step timestamp value is_nan"
        for run, key, step, time, value, nan in self.select("metrics", columns, tail, run_ids):
            history = found[run].get(key)
            if history is None:
                history = found[run][key] = History()
            history.steps.append(int(step or 0))
            history.times.append(int(time))
            history.values.append(float("nan") if nan else float(value))
        return found

    def ignored(self) -> dict[str, int]:
        """Rows by table of what Milepost has no place for."""
        counts = {table: self.count(table) for table in sorted(self.tables - _KNOWN)}
        return {table: count for table, count in counts.items() if count}


def _read_only(uri: str) -> Connection | None:
    """A SQLite file opened so that nothing can change it, not even its journal mode."""
    scheme, _, rest = uri.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return None
    path = Path(unquote(rest.partition("?")[0]).removeprefix("/"))
    if not path.is_file():
        raise NotFound(f"There is no database file {path}.")
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, isolation_level=None
    )
    return cast(Connection, connection)
