"""Flushing a large file while it is being written, so that commits beside it wait little.

A gigabyte that is flushed at once holds up every commit of a database on the same disk for seconds.
So it goes out in small steps, one at a time for all uploads of a process. sync_file_range() waits
for the data alone, where fdatasync() also flushes the disk's cache and the file system's own books:
commits beside it wait half as long, at the same speed. It promises nothing about power loss; the
fsync() at the end of an upload does.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from threading import Lock

_STEP = 512 << 10
_ALL = 1 | 2 | 4  # SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE, _WAIT_AFTER
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ESPIPE, errno.EOPNOTSUPP}

_one_at_a_time = Lock()


def flush(fd: int, start: int, end: int) -> None:
    """Write the bytes from `start` to `end` out to the disk. Raises OSError."""
    for place in range(start, end, _STEP):
        with _one_at_a_time:
            _flush_range(fd, place, min(_STEP, end - place))


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
