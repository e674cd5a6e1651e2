"""Getting a large file to the disk while it is written, so that commits beside it wait little.

A gigabyte that is flushed at once holds up every commit of a database on the same disk for seconds.
Whole blocks of memory go past the page cache (O_DIRECT), which also spares the processor a copy.
Where that cannot be, the file goes out in small steps, one at a time for all uploads of a process.
sync_file_range() waits for the data alone, where fdatasync() also flushes the disk's cache and the
file system's own books: commits beside it wait half as long, at the same speed. Neither promises
anything about power loss; the fsync() at the end of an upload does.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable
from threading import Lock

BLOCK = 4096
"""What sizes and places must be multiples of to be written past the page cache."""

_DIRECT: int = getattr(os, "O_DIRECT", 0)
_DSYNC: int = getattr(os, "RWF_DSYNC", 0)
_STEP = 512 << 10
_ALONE, _IN_COMPANY = 1 << 20, 256 << 10
"""Bytes of a step past the page cache: of an upload alone, and with others beside it."""

_WRITE = 2  # SYNC_FILE_RANGE_WRITE
_ALL = 1 | 2 | 4  # SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE, _WAIT_AFTER
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ESPIPE, errno.EOPNOTSUPP}

_one_at_a_time = Lock()
_direct_files: set[int] = set()


def switch_direct(fd: int, is_on: bool, wanted: bool) -> bool:
    """Write past the page cache from now on, or no longer; whether it is so now. Not all file
    systems can. To be switched off before the file is closed."""
    if is_on == wanted or not _DIRECT:
        return is_on
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | _DIRECT if wanted else flags & ~_DIRECT)
    except OSError:
        return is_on
    if wanted:
        _direct_files.add(fd)
    else:
        _direct_files.discard(fd)
    return wanted


def write_direct(fd: int, content: bytes | memoryview, start: int) -> int:
    """Write at `start`; returns how many bytes were written before the file system took no more of
    them, from where they are in memory or in this way at all. Raises OSError."""
    written = 0
    while written < len(content):
        size = _ALONE if len(_direct_files) <= 1 else _IN_COMPANY
        step = content[written : written + size]
        try:
            with _one_at_a_time:
                count = os.pwritev(fd, [step], start + written, _DSYNC)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
            break
        written += count
        if count < len(step):
            break
    return written


def flush(fd: int, start: int, end: int) -> None:
    """Write the bytes from `start` to `end` out to the disk. Raises OSError."""
    for place in range(start, end, _STEP):
        with _one_at_a_time:
            _flush_range(fd, place, min(_STEP, end - place))


def begin_flush(fd: int, size: int) -> None:
    """Let the disk begin with the first `size` bytes, without waiting for it. What goes wrong is
    told by fsync()."""
    if _sync_file_range is not None:
        _sync_file_range(fd, 0, size, _WRITE)


def _found() -> Callable[[int, int, int, int], int] | None:
    """The call, where there is one."""
    try:
        call = ctypes.CDLL(None, use_errno=True).sync_file_range
    except (AttributeError, OSError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return call


_sync_file_range = _found()


def _flush_range(fd: int, start: int, size: int) -> None:
    if _sync_file_range is None:
        os.fdatasync(fd)
    elif _sync_file_range(fd, start, size, _ALL) != 0:
        number = ctypes.get_errno()
        # What is told here is not told again by fsync(), unless it is that there is no such call.
        if number not in _UNKNOWN:
            raise OSError(number, os.strerror(number))
