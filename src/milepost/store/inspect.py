"""What a database is and holds, for operators: kind, schema, rows, size, and if it is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from msgspec import Struct

from milepost.store import migrate
from milepost.store.dialect import Connection, Dialect
from milepost.store.names import Names
from milepost.store.tx import Tx

R = TypeVar("R")


class SchemaState(Struct):
    """The schema there is (0 for an empty database) and the one this release wants."""

    current: int
    wanted: int
    restoring: bool


class TableStats(Struct):
    """One table. `bytes` includes its indexes where the database tells; None where not."""

    name: str
    rows: int
    bytes: int | None


@contextmanager
def _connection(dialect: Dialect, *, read_only: bool) -> Iterator[Connection]:
    try:
        connection = dialect.connect(read_only)
        try:
            yield connection
        finally:
            connection.close()
    except Exception as error:
        raise dialect.problem(error) or error from error


def is_there(uri: str) -> bool:
    """Whether a SQLite file exists (looking into it would make it); other databases may."""
    scheme, _, rest = uri.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return True
    return Path(unquote(rest.partition("?")[0]).removeprefix("/")).is_file()


def schema(dialect: Dialect) -> SchemaState:
    """The state of the schema."""
    with _connection(dialect, read_only=True) as connection:
        return SchemaState(
            migrate.version(connection, dialect),
            migrate.wanted_version(),
            bool(migrate.restored(connection, dialect)),
        )


def may_create(dialect: Dialect) -> bool:
    """Whether the user may make tables, where the database can be asked."""
    if dialect.name != "postgresql":
        return True
    sql = "SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)::int"
    return bool(_read(dialect, lambda tx: _number(tx, sql)))


def upgrade(dialect: Dialect) -> int:
    """Bring the schema up to this release; returns the number of statements run."""
    with _connection(dialect, read_only=False) as connection:
        return migrate.migrate(connection, dialect)


def clock(dialect: Dialect) -> int:
    """The time of the database, in milliseconds since the Unix epoch."""
    sql = {
        "sqlite": "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        "postgresql": "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint",
        "mysql": "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    }[dialect.name]
    return _read(dialect, lambda tx: _number(tx, sql))


def server_version(dialect: Dialect) -> str:
    """The release of the database."""
    sql = {
        "sqlite": "SELECT sqlite_version()",
        "postgresql": "SHOW server_version",
        "mysql": "SELECT VERSION()",
    }[dialect.name]
    return _read(dialect, lambda tx: str((tx.row(sql) or ("",))[0]))


def stats(dialect: Dialect) -> list[TableStats]:
    """Rows and size of every table."""

    def read(tx: Tx) -> list[TableStats]:
        sizes = _sizes(tx)
        return [
            TableStats(name, _number(tx, f"SELECT COUNT(*) FROM {name}"), sizes.get(name))
            for name in migrate.tables(migrate.wanted_version())
        ]

    return _read(dialect, read)


def counts(dialect: Dialect) -> dict[str, int]:
    """How many things there are."""
    wanted = {
        "experiments": "SELECT COUNT(*) FROM experiments WHERE lifecycle = 0",
        "runs": "SELECT COUNT(*) FROM runs WHERE lifecycle = 0",
        "runs in the trash": "SELECT COUNT(*) FROM runs WHERE lifecycle = 1",
        "registered models": "SELECT COUNT(*) FROM registered_models",
        "model versions": "SELECT COUNT(*) FROM model_versions v JOIN registered_models m"
        " ON m.id = v.model_id",
        "logged models": "SELECT COUNT(*) FROM logged_models WHERE lifecycle = 0",
    }
    return _read(dialect, lambda tx: {noun: _number(tx, sql) for noun, sql in wanted.items()})


def total_bytes(dialect: Dialect) -> int:
    """What the whole database takes up."""
    sql = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        "postgresql": "SELECT pg_database_size(current_database())",
        "mysql": "SELECT COALESCE(SUM(data_length + index_length), 0)"
        " FROM information_schema.tables WHERE table_schema = DATABASE()",
    }[dialect.name]
    return _read(dialect, lambda tx: _number(tx, sql))


def _sizes(tx: Tx) -> dict[str, int]:
    if tx.dialect.name == "postgresql":
        rows = tx.rows(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
    elif tx.dialect.name == "mysql":
        rows = tx.rows(
            "SELECT table_name, CAST(data_length + index_length AS SIGNED)"
            " FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
    else:
        return {}  # SQLite tells only with an extension that is mostly not compiled in
    return {str(name): int(count) for name, count in rows}


def _number(tx: Tx, sql: str) -> int:
    row = tx.row(sql)
    assert row is not None
    return int(row[0])


def _read(dialect: Dialect, verb: Callable[[Tx], R]) -> R:
    with _connection(dialect, read_only=True) as connection:
        tx = Tx(connection, dialect, Names())
        tx.run(dialect.begin_read)
        result = verb(tx)
        tx.run("COMMIT")
        return result


_OWNED = [
    *((t, "run_id", "runs") for t in
      ("metrics", "recent", "chunks", "params", "tags", "run_datasets", "run_models")),
    *((t, "key_id", "names") for t in
      ("metrics", "chunks", "params", "tags", "experiment_tags")),
    *((t, "experiment_id", "experiments") for t in
      ("runs", "experiment_tags", "datasets", "logged_models")),
    ("run_datasets", "dataset_id", "datasets"),
    ("model_version_tags", "version_id", "model_versions"),
    *((t, "model_id", "logged_models") for t in
      ("logged_model_params", "logged_model_tags", "logged_model_metrics")),
]  # fmt: skip
"""(table, column, table whose `id` it must hold)"""

_MODEL_PARTS = ("model_versions", "registered_model_tags", "registered_model_aliases")
"""Tables whose `model_id` is that of a registered model, in the trash or not."""

_COPIES = ("metrics", "params", "tags")
"""Tables that repeat the experiment of their run."""


def _unowned(table: str, column: str, owner: str) -> tuple[str, str]:
    sql = (
        f"SELECT COUNT(*) FROM {table} t LEFT JOIN {owner} o ON o.id = t.{column}"
        " WHERE o.id IS NULL"
    )
    return f"rows of {table} whose {column} is not in {owner}", sql


def _modelless(table: str) -> tuple[str, str]:
    sql = (
        f"SELECT COUNT(*) FROM {table} t LEFT JOIN registered_models m ON m.id = t.model_id"
        " LEFT JOIN deleted_models d ON d.id = t.model_id WHERE m.id IS NULL AND d.id IS NULL"
    )
    return f"rows of {table} whose model_id is not in registered_models or deleted_models", sql


def _differing(table: str) -> tuple[str, str]:
    sql = (
        f"SELECT COUNT(*) FROM {table} t JOIN runs r ON r.id = t.run_id"
        " WHERE r.experiment_id <> t.experiment_id"
    )
    return f"rows of {table} that name another experiment than their run", sql


_POINTLESS = (
    "SELECT COUNT(*) FROM metrics m WHERE NOT EXISTS"
    " (SELECT 1 FROM recent r WHERE r.run_id = m.run_id) AND NOT EXISTS"
    " (SELECT 1 FROM chunks c WHERE c.run_id = m.run_id AND c.key_id = m.key_id)"
)
_RULES = [
    *(_unowned(*owned) for owned in _OWNED),
    *map(_modelless, _MODEL_PARTS),
    *map(_differing, _COPIES),
    ("metrics without a point", _POINTLESS),
]
"""(what is wrong, how many rows it is wrong of)"""

CHECKS = len(_RULES) + 1


def faults(dialect: Dialect, advance: Callable[[int], None]) -> Iterator[str]:
    """What is wrong with the database, by its own check and by the rules of the schema."""
    if dialect.name == "sqlite":
        for (line,) in _read(dialect, lambda tx: tx.rows("PRAGMA integrity_check")):
            if line != "ok":
                yield f"SQLite: {line}"
    advance(1)
    for what, sql in _RULES:
        count = _read(dialect, lambda tx, sql=sql: _number(tx, sql))  # type: ignore[misc]
        if count:
            yield f"{count} {what}"
        advance(1)
