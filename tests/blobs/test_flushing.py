"""A large file goes to the disk in small steps while it is written."""

from __future__ import annotations

import ctypes
import errno
import os
from mmap import mmap
from pathlib import Path
from typing import Any

import pytest

from milepost.blobs import flushing
from milepost.blobs.local import UPLOADS, LocalStore
from milepost.errors import Full, Unavailable
from tests.blobs.kit import get, noise, put

MB = 1 << 20


def steps(monkeypatch: pytest.MonkeyPatch, number: int = 0) -> list[tuple[int, int]]:
    """Start and size of every step from now on; each fails with the number, if one is given."""
    seen: list[tuple[int, int]] = []

    def step(fd: int, start: int, size: int, how: int) -> int:
        seen.append((start, size))
        ctypes.set_errno(number)
        return -1 if number else 0

    monkeypatch.setattr(flushing, "_sync_file_range", step)
    return seen


def test_every_byte_but_the_last_megabyte_goes_out_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, seen = LocalStore(str(tmp_path)), steps(monkeypatch)
    upload = store.create("f")
    for _ in range(5):
        upload.write([b"x" * (MB // 2), b"y" * (MB // 4)])
    end = 0
    for start, size in seen:
        assert start == end
        assert 0 < size <= MB // 2
        end += size
    assert 15 * MB // 4 - end < MB
    upload.commit()


def test_small_files_are_flushed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = steps(monkeypatch)
    put(LocalStore(str(tmp_path)), "f", b"x" * 10_000)
    assert seen == []


@pytest.mark.parametrize(
    ("number", "problem"), [(errno.ENOSPC, Full), (errno.EDQUOT, Full), (errno.EIO, Unavailable)]
)
def test_what_it_finds_out_fails_the_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, problem: type[Exception]
) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "f", b"old")
    steps(monkeypatch, number)
    upload = store.create("f")
    with pytest.raises(problem):
        upload.write([b"x" * MB])
    upload.abort()
    assert get(store, "f") == b"old"
    assert list((tmp_path / UPLOADS).iterdir()) == []


def test_a_file_system_without_it_is_none_the_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, content = LocalStore(str(tmp_path)), noise(3 * MB)
    steps(monkeypatch, errno.ENOSYS)
    put(store, "f", content)
    assert get(store, "f") == content


def test_a_system_without_it_flushes_in_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(flushing, "_sync_file_range", None)
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    put(LocalStore(str(tmp_path)), "f", b"x" * (2 * MB))
    assert flushed


def test_the_real_call(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb", buffering=0) as file:
        file.write(b"x" * MB)
        flushing.flush(file.fileno(), 0, MB)
    reading = os.open(tmp_path, os.O_RDONLY)
    os.close(reading)
    with pytest.raises(OSError, match="Bad file descriptor"):
        flushing.flush(reading, 0, MB)


def aligned(size: int) -> memoryview:
    """Noise that begins with a page."""
    memory = memoryview(mmap(-1, size))
    memory[:] = noise(size)
    return memory


@pytest.mark.parametrize("tail", [0, 1, 4096, MB + 3])
def test_whole_blocks_go_past_the_page_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tail: int
) -> None:
    store, seen = LocalStore(str(tmp_path)), steps(monkeypatch)
    content = aligned(3 * MB), aligned(MB), aligned(tail or 1)[:tail]
    upload = store.create("f")
    for part in content:
        upload.write([part])
        part[:] = bytes(len(part))  # as the memory is used for what comes next
    upload.commit()
    assert len(get(store, "f")) == 4 * MB + tail
    assert [start for start, _ in seen if start < 4 * MB] == []


def test_what_is_written_past_it_is_what_was_sent(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    parts = [aligned(2 * MB), aligned(MB)[1 : MB // 2], aligned(MB), aligned(4096), aligned(MB)]
    upload = store.create("f")
    for part in parts:
        upload.write([part])
    upload.commit()
    assert get(store, "f") == b"".join(parts)


@pytest.mark.parametrize("short", ["refused", "partly"])
def test_a_file_system_that_cannot_gets_it_through_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: str
) -> None:
    real = os.pwritev

    def pwritev(fd: int, parts: Any, place: int, flags: int = 0) -> int:
        if not flags:
            return real(fd, parts, place)
        if short == "refused":
            raise OSError(errno.EINVAL, "unaligned")
        return real(fd, [parts[0][:4096]], place)

    monkeypatch.setattr(os, "pwritev", pwritev)
    store, content = LocalStore(str(tmp_path)), aligned(3 * MB)
    upload = store.create("f")
    upload.write([content])
    upload.commit()
    assert get(store, "f") == content
