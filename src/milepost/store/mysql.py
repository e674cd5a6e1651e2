"""MariaDB and MySQL, through PyMySQL."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import pymysql
from pymysql.constants import CLIENT, ER
from pymysql.cursors import SSCursor

from milepost.errors import Exists, Full, Invalid, Problem, TooLarge, Unavailable
from milepost.store.address import check_address, wrong_address
from milepost.store.dialect import Connection, Dialect, OnConflict, Row, values

TYPES = {
    "serial": "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
    "int": "BIGINT",
    "real": "DOUBLE",
    "text": "LONGTEXT",
    "blob": "LONGBLOB",
    "clustered": "",
    "code": "VARCHAR({0})",
    "head": "{0}(64)",
    # Binary, unpadded comparison: keys and names differ by case and by trailing spaces.
    "table": "CHARACTER SET utf8mb4 COLLATE {collation} ENGINE InnoDB",
}
_COLLATION_MARIADB = "utf8mb4_nopad_bin"
_COLLATION_MYSQL = "utf8mb4_0900_bin"
_LOCK_SECONDS = 120
_MAX_ROWS = 2000
_PACKET = 4 << 20  # what the oldest servers take, until this one has said what it takes
_ROOM = 64 << 10  # for all of a statement but its values
_RETRYABLE = {ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, 1020}  # 1020: record changed since last read
_FULL = {ER.DISK_FULL, ER.RECORD_FILE_FULL}
_STACK_OVERRUN = 1436
_GONE = {0, 1927, 2003, 2006, 2013, 2014, 2055, ER.SERVER_SHUTDOWN}


def mysql(url: str, connect_seconds: float = 10) -> Dialect:
    """The MariaDB or MySQL database at `url` (mysql+pymysql://user:password@host:port/name?options);
    raises Invalid for a URI that cannot be one."""
    arguments = _arguments(url)
    types = dict(TYPES)
    packet = [_PACKET]

    def connect(read_only: bool) -> Connection:
        connection = pymysql.connect(
            **arguments,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=max(1, ceil(connect_seconds)),
            # A server that hangs takes the connection and then says nothing.
            read_timeout=max(1, ceil(connect_seconds)),
            # Count matched rows, as the other databases do, not only changed ones.
            client_flag=CLIENT.FOUND_ROWS,
            # ANSI_QUOTES, strictness and a literal 0 as an id: the SQL of the other databases.
            sql_mode="ANSI_QUOTES,STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES",
        )
        maria = "MariaDB" in _server_version(connection)
        collation = _COLLATION_MARIADB if maria else _COLLATION_MYSQL
        types["table"] = TYPES["table"].format(collation=collation)
        with connection.cursor() as cursor:
            # As the tables compare, so does what is in no table: names of states, say.
            cursor.execute(f"SET NAMES utf8mb4 COLLATE {collation}")
            cursor.execute("SELECT @@max_allowed_packet")
            packet[0] = int(cursor.fetchone()[0])
            cursor.execute("SET innodb_lock_wait_timeout = 30")
            isolation = "REPEATABLE READ" if read_only else "READ COMMITTED"
            cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
        # From here on the watch decides how long is too long.
        cast(Any, connection)._read_timeout = None
        return cast(Connection, connection)

    return Dialect(
        name="mysql",
        connect=connect,
        problem=_problem,
        retryable=lambda e: isinstance(e, pymysql.MySQLError) and _code(e) in _RETRYABLE,
        disconnected=lambda e: isinstance(e, pymysql.MySQLError) and _code(e) in _GONE,
        limit=_limit,
        abort=lambda connection: cast(Any, connection)._sock.shutdown(socket.SHUT_RDWR),
        migration_lock=_migration_lock,
        types=types,
        begin_read="START TRANSACTION READ ONLY",
        begin_write="START TRANSACTION",
        for_update=" FOR UPDATE",
        like_suffix="",  # NO_BACKSLASH_ESCAPES leaves LIKE without an escape character
        parts=lambda rows: _parts(rows, packet[0]),
        max_readers=8,
        returning=False,
        conflict=_conflict,
        rows_source=values,
        pairs_source=_pairs,
        placeholder="%s",
        stream_cursor=lambda connection: cast(Any, connection).cursor(SSCursor),
    )


def _arguments(url: str) -> dict[str, Any]:
    """The driver's arguments."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port or 3306
    except ValueError:
        raise wrong_address() from None
    check_address(host)
    return {
        "host": host,
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
        **_options(parse_qsl(parts.query, keep_blank_values=True)),
    }


def _options(given: list[tuple[str, str]]) -> dict[str, Any]:
    unknown = [name for name, _ in given if name not in _OPTIONS]
    if unknown:
        known = ", ".join(sorted(_OPTIONS))
        raise Invalid(f"Unknown option '{unknown[0]}' in the database's URI; there are {known}.")
    # Text is UTF-8 whatever the URI says.
    return {name: _OPTIONS[name](value) for name, value in given if name != "charset"}


def _yes(value: str) -> bool:
    return value.lower() in ("1", "true", "yes", "on")


_OPTIONS: dict[str, Callable[[str], Any]] = {
    "charset": str, "unix_socket": str, "ssl_ca": str, "ssl_cert": str, "ssl_key": str,
    "ssl_verify_cert": _yes, "ssl_verify_identity": _yes,
}  # fmt: skip


def _limit(connection: Any, seconds: float) -> None:
    maria = "MariaDB" in connection.get_server_info()
    with connection.cursor() as cursor:
        if maria:
            cursor.execute("SET max_statement_time = %s", (seconds,))
        else:
            cursor.execute("SET max_execution_time = %s", (max(1, int(seconds * 1000)),))


def _parts(rows: Sequence[Row], packet: int) -> Iterator[Sequence[Row]]:
    """Rows for INSERTs that the server takes: one larger than `packet` bytes makes it hang up."""
    part: list[Row] = []
    size = 0
    for row in rows:
        length = sum(map(_length, row))
        if length > packet - _ROOM:
            raise TooLarge(
                f"MySQL takes at most {packet} bytes at once, and this needs {length}:"
                " send less, or have its max_allowed_packet raised."
            )
        if part and (len(part) == _MAX_ROWS or size + length > packet // 4):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def _length(value: Any) -> int:
    """About how many bytes of a statement a value takes; quotes in it are doubled."""
    if isinstance(value, str):
        return (len(value) if value.isascii() else len(value.encode())) + value.count("'")
    return len(value) + value.count(b"'") if isinstance(value, bytes) else 8


def _pairs(pairs: Sequence[Row]) -> tuple[str, list[Any]]:
    text, parameters = values(pairs)
    return text.removeprefix("VALUES "), parameters


def _server_version(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        return str(cursor.fetchone()[0])


def _code(error: Exception) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _conflict(keys: Sequence[str], columns: Sequence[str], action: OnConflict) -> str:
    if action == "fail":
        return ""
    # INSERT IGNORE would hide every other fault too; assigning a column to itself hides only this.
    sets = (
        [f"{columns[0]}={columns[0]}"]
        if action == "ignore"
        else [f"{c}=VALUES({c})" for c in columns if c not in keys]
    )
    return f" ON DUPLICATE KEY UPDATE {','.join(sets)}"


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, pymysql.IntegrityError) and _code(error) == ER.DUP_ENTRY:
        return Exists(f"Another client was faster: {error.args[-1]}")
    if isinstance(error, pymysql.MySQLError) and _code(error) in _FULL:
        return Full("The disk of the MySQL store is full: make room, then repeat the request.")
    if isinstance(error, pymysql.IntegrityError | pymysql.DataError):
        return Invalid(f"The database refused the write: {error.args[-1]}")
    if isinstance(error, pymysql.MySQLError) and _code(error) == _STACK_OVERRUN:
        return Invalid("MySQL cannot compare with a pattern of so many wildcards.")
    if isinstance(error, pymysql.MySQLError):
        return Unavailable(f"The MySQL store cannot be used right now: {error.args[-1]}")
    return None


@contextmanager
def _migration_lock(connection: Any) -> Iterator[None]:
    # MySQL commits around each DDL statement, so the lock is a named one and every migration is
    # written to be repeatable.
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('milepost_migration', %s)", (_LOCK_SECONDS,))
        if cursor.fetchone()[0] != 1:
            raise Unavailable("Another server has been migrating the database for two minutes")
        try:
            yield
        finally:
            cursor.execute("SELECT RELEASE_LOCK('milepost_migration')")
