"""The server's log: lines for people or JSON objects for collectors, each with its request id."""

from __future__ import annotations

import logging
import os
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

import msgspec

from milepost.config import Settings

_LARGE = 16 << 20
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LINE = re.compile(
    r"(?P<time>[\d-]+ [\d:]+,\d+) (?P<level>[A-Z]+) (?P<logger>[\w.]+): (?P<message>.*?)"
    r"(?: \[request (?P<request>[^\] ]+)\])?"
)
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being worked on."""


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        request = REQUEST_ID.get()
        return f"{text} [request {request}]" if request else text


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST_ID.get():
            line["request_id"] = request
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def as_object(line: str) -> str:
    """A line of the log, whichever of the two kinds it is, as one of JSON. Lines that belong to the
    one before, such as those of a traceback, have only a message."""
    if line.startswith("{"):
        return line
    found = _LINE.fullmatch(line.rstrip("\n"))
    if found is None:
        return msgspec.json.encode({"message": line.rstrip("\n")}).decode() + "\n"
    # The formatter writes local time; the other kind of log has UTC.
    time = datetime.strptime(found["time"], "%Y-%m-%d %H:%M:%S,%f").astimezone(UTC)
    parts = {
        "time": time.isoformat(),
        "level": found["level"].lower(),
        "logger": found["logger"],
        "message": found["message"],
    }
    if found["request"]:
        parts["request_id"] = found["request"]
    return msgspec.json.encode(parts).decode() + "\n"


def log_path(settings: Settings) -> Path:
    """The file that gets the log besides standard error."""
    return Path(settings.log_file or Path(settings.data_dir) / "milepost.log")


def set_up(settings: Settings) -> None:
    """Log to standard error and the log file as the settings say."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if (
        settings.log_file
        or settings.store_uri.startswith("sqlite")
        or os.path.isdir(settings.data_dir)
    ):
        handlers.append(_file(log_path(settings)))
    text = _Text(_FORMAT)
    for handler in handlers:
        handler.setFormatter(_Json() if settings.log_format == "json" else text)
    root = logging.getLogger("milepost")
    root.handlers[:] = handlers
    root.propagate = False
    root.setLevel(settings.log_level.upper())


def _file(path: Path) -> logging.Handler:
    """Appends to a file that other worker processes write too, and that may be rotated away; one
    that has become large is put aside at a start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LARGE:
            path.replace(path.with_name(f"{path.name}.1"))
        return WatchedFileHandler(path, delay=False)
    except OSError:
        return logging.NullHandler()  # standard error is enough where nothing may be written
