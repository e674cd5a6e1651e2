"""What only a folder on this machine can get wrong: links, half uploads, file modes."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from milepost.blobs.local import UPLOADS, LocalStore
from milepost.blobs.stores import Options, Stores
from milepost.errors import Denied, Invalid, NotFound
from tests.blobs.kit import get, names, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"not yours")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "f").write_bytes(b"not yours")
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_a_link_that_leads_away_is_not_followed(root: Path) -> None:
    store = LocalStore(str(root))
    (root / "file").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent / "elsewhere")
    assert store.entries("") == []
    assert list(store.walk("")) == []
    for path in ("file", "folder/f", "folder"):
        for touch in (store.open, store.stat, store.create):
            with pytest.raises(Invalid, match="Invalid path"):
                touch(path)
    with pytest.raises(Invalid):
        store.entries("folder")
    with pytest.raises(Invalid):
        store.delete("folder/f")
    assert (root.parent / "elsewhere" / "f").read_bytes() == b"not yours"


def test_no_path_climbs_out_even_where_nobody_checked_it(root: Path) -> None:
    store = LocalStore(str(root))
    put(store, "folder/f", b"x")
    for path in ("../secret", "folder/../../secret", "none/../../secret"):
        for touch in (store.open, store.stat, store.create, store.entries):
            with pytest.raises(Invalid, match="Invalid path"):
                touch(path)


def test_deleting_a_link_leaves_what_it_points_to(root: Path) -> None:
    (root / "folder").symlink_to(root.parent / "elsewhere")
    LocalStore(str(root)).delete("folder")
    assert not (root / "folder").exists()
    assert (root.parent / "elsewhere" / "f").exists()


def test_a_link_within_the_root_is_followed_and_walked_once(root: Path) -> None:
    store = LocalStore(str(root))
    put(store, "real/f", b"x")
    (root / "again").symlink_to(root / "real")
    (root / "real" / "loop").symlink_to(root)
    assert get(store, "again/f") == b"x"
    assert names(store, "") == ["again/", "real/"]
    assert [entry.path for entry in store.walk("")] == ["real/f"]


def test_a_fifo_neither_blocks_nor_shows(root: Path) -> None:
    os.mkfifo(root / "pipe")
    store = LocalStore(str(root))
    assert store.entries("") == []
    with pytest.raises(Invalid):
        store.open("pipe")


def test_the_uploads_folder_is_out_of_reach(root: Path) -> None:
    store = LocalStore(str(root))
    upload = store.create("f")
    upload.write([b"half"])
    (half,) = (root / UPLOADS).iterdir()
    assert names(store, "") == []
    for touch in (store.open, store.stat, store.create, store.delete):
        with pytest.raises(Invalid):
            touch(f"{UPLOADS}/{half.name}")
    upload.abort()
    assert list((root / UPLOADS).iterdir()) == []


def test_what_a_crash_left_is_cleared_by_the_next_server(root: Path) -> None:
    script = (
        "import os, sys; from milepost.blobs.local import LocalStore;"
        "upload = LocalStore(sys.argv[1]).create('f'); upload.write([b'half']);"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, root], check=False)
    (half,) = (root / UPLOADS).iterdir()
    store = LocalStore(str(root))
    upload = store.create("f")
    upload.write([b"under way"])
    Stores(Options([str(root)])).at(str(root))
    assert not half.exists()
    upload.commit()
    assert get(store, "f") == b"under way"


def test_where_there_are_no_locks_age_tells(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / UPLOADS).mkdir()
    old, young = root / UPLOADS / "old", root / UPLOADS / "young"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (0, time.time() - 25 * 3600))

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    store = LocalStore(str(root))
    store.clean()
    assert not old.exists()
    assert young.exists()
    put(store, "f", b"x")
    assert get(store, "f") == b"x"


def test_an_upload_that_was_taken_for_a_rest_begins_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = LocalStore(str(root)), LocalStore(str(root))
    lock = fcntl.flock

    def late(fd: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        other.clean()
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", late)
    put(store, "f", b"x")
    assert get(store, "f") == b"x"


def test_a_file_in_the_way_of_a_folder_is_named_before_the_upload(root: Path) -> None:
    store = LocalStore(str(root))
    put(store, "a", b"x")
    with pytest.raises(Invalid, match="is a file: 'a/b'"):
        store.create("a/b")
    put(store, "c/d", b"x")
    with pytest.raises(Invalid, match="refers to a directory"):
        store.create("c")


def test_a_folder_that_vanishes_during_an_upload_is_made_again(root: Path) -> None:
    store = LocalStore(str(root))
    put(store, "run/first", b"x")
    upload = store.create("run/second")
    upload.write([b"y"])
    store.delete("run")
    upload.commit()
    assert get(store, "run/second") == b"y"


def test_only_folders_of_this_server_are_opened(root: Path) -> None:
    stores = Stores(Options([str(root)]))
    assert stores.at(f"file://{root}/a/b").path == "a/b"
    assert stores.at(str(root)).path == ""
    assert stores.at(f"{root}/a").store is stores.at(f"file:{root}/b").store
    for uri in ("/etc", f"file://{root.parent}/elsewhere", f"{root}/../secret", f"{root}er"):
        with pytest.raises(Denied, match="local-artifact-roots"):
            stores.at(uri)
    (root / "away").symlink_to(root.parent / "elsewhere")
    with pytest.raises(Denied):
        stores.at(f"{root}/away")


def test_other_machines_and_unknown_schemes_are_refused(root: Path) -> None:
    stores = Stores(Options([str(root)]))
    for uri in ("file://server/share", "gopher://host/x", "ftp://host/x"):
        with pytest.raises(Invalid):
            stores.at(uri)


def test_a_file_cut_short_while_it_is_read_ends_early(root: Path) -> None:
    store = LocalStore(str(root))
    put(store, "f", b"x" * 3_000_000)
    reader = store.open("f")
    assert len(reader.read()) == 1 << 20
    (root / "f").write_bytes(b"x" * 100)
    assert reader.read() == b""
    reader.close()


def test_a_missing_root_is_empty_not_an_error(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path / "none"))
    assert store.entries("") == []
    with pytest.raises(NotFound):
        store.stat("f")
    put(store, "f", b"x")
    assert get(store, "f") == b"x"
