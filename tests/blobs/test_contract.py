"""What every artifact store promises, whatever its kind."""

from __future__ import annotations

import pytest

from milepost.blobs.base import PIECE, BlobStore, Entry, OutsideError, Span
from milepost.errors import Invalid, NotFound
from tests.blobs.kit import get, names, noise, put

BIG = 20 * 2**20 + 12345  # more than one piece of every kind of store


def test_what_was_put_is_got(blobs: BlobStore) -> None:
    for path, content in [("a.txt", b"hello"), ("deep/er/b", b""), ("deep/c é", noise(70_000))]:
        put(blobs, path, content)
        assert get(blobs, path) == content
        assert blobs.stat(path).size == len(content)


def test_a_percent_sign_is_a_sign_like_others(blobs: BlobStore) -> None:
    # The emulator of Google's store, unlike the store, decodes names twice.
    paths = ["100%"] if blobs.name.startswith("gs://") else ["100%", "a%41"]
    for path in paths:
        put(blobs, path, path.encode())
    assert [get(blobs, path) for path in paths] == [path.encode() for path in paths]
    assert names(blobs, "") == paths


def test_a_file_of_many_pieces(blobs: BlobStore) -> None:
    content = noise(BIG)
    put(blobs, "big", content)
    assert blobs.stat("big").size == BIG
    assert get(blobs, "big") == content
    assert get(blobs, "big", Span(BIG - 100)) == content[-100:]
    assert get(blobs, "big", Span(5_000_000, 9_999_999)) == content[5_000_000:10_000_000]


def test_a_put_replaces_and_changes_the_etag(blobs: BlobStore) -> None:
    put(blobs, "f", b"one")
    before = blobs.stat("f")
    put(blobs, "f", b"two")
    assert get(blobs, "f") == b"two"
    assert blobs.stat("f").etag != before.etag
    assert before.etag.startswith('"')


@pytest.mark.parametrize("size", [3, BIG])
def test_nothing_is_seen_before_commit_nor_after_abort(blobs: BlobStore, size: int) -> None:
    put(blobs, "kept", b"old")
    for path in ("kept", "fresh/new"):
        upload = blobs.create(path)
        for start in range(0, size, PIECE):
            upload.write([noise(min(PIECE, size - start))])
        assert get(blobs, "kept") == b"old"
        assert names(blobs, "") == ["kept"]
        upload.abort()
    assert get(blobs, "kept") == b"old"
    assert names(blobs, "") == ["kept"]


def test_an_abort_after_commit_changes_nothing(blobs: BlobStore) -> None:
    upload = blobs.create("f")
    upload.write([b"x"])
    upload.commit()
    upload.abort()
    assert get(blobs, "f") == b"x"


@pytest.mark.parametrize(
    ("span", "part"),
    [
        (Span(0), b"0123456789"),
        (Span(3), b"3456789"),
        (Span(3, 5), b"345"),
        (Span(9, 99), b"9"),
        (Span(-4), b"6789"),
        (Span(-99), b"0123456789"),
    ],
)
def test_a_part_of_a_file(blobs: BlobStore, span: Span, part: bytes) -> None:
    put(blobs, "f", b"0123456789")
    assert get(blobs, "f", span) == part
    reader = blobs.open("f", span)
    assert reader.stat.size == 10
    # What is read is told from what is there now: backups depend on it.
    assert reader.stat.etag == blobs.stat("f").etag
    assert reader.start == 10 - len(part) if span.end is None else span.start
    reader.close()


def test_a_part_outside_of_the_file(blobs: BlobStore) -> None:
    put(blobs, "f", b"0123456789")
    put(blobs, "empty", b"")
    for path, size in [("f", 10), ("empty", 0)]:
        with pytest.raises(OutsideError) as raised:
            blobs.open(path, Span(10))
        assert raised.value.size == size


def test_what_is_not_there(blobs: BlobStore) -> None:
    put(blobs, "folder/f", b"x")
    for path in ("none", "folder/none", "folder/f/none"):
        with pytest.raises(NotFound, match=f"No such artifact: '{path}'"):
            blobs.open(path)
        with pytest.raises(NotFound):
            blobs.stat(path)


def test_a_folder_is_no_file(blobs: BlobStore) -> None:
    put(blobs, "folder/f", b"x")
    for read in (blobs.open, blobs.stat):
        with pytest.raises(Invalid, match="refers to a directory"):
            read("folder")


def test_a_listing_is_one_level_in_order(blobs: BlobStore) -> None:
    for path in ("b/x", "b/y/z", "a", "c", "b.txt", "bb"):
        put(blobs, path, path.encode())
    assert blobs.entries("") == [
        Entry("a", False, 1),
        Entry("b", True, 0),
        Entry("b.txt", False, 5),
        Entry("bb", False, 2),
        Entry("c", False, 1),
    ]
    assert blobs.entries("b") == [Entry("b/x", False, 3), Entry("b/y", True, 0)]
    assert blobs.entries("a") == []
    assert blobs.entries("none") == []


def test_a_walk_finds_every_file(blobs: BlobStore) -> None:
    for path in ("b/x", "b/y/z", "a", "bb/w"):
        put(blobs, path, path.encode())
    assert sorted(blobs.walk("")) == [
        Entry("a", False, 1),
        Entry("b/x", False, 3),
        Entry("b/y/z", False, 5),
        Entry("bb/w", False, 4),
    ]
    assert sorted(blobs.walk("b")) == [Entry("b/x", False, 3), Entry("b/y/z", False, 5)]
    assert list(blobs.walk("a")) == [Entry("a", False, 1)]
    assert list(blobs.walk("none")) == []


def test_delete_takes_a_file_or_a_folder_and_nothing_beside(blobs: BlobStore) -> None:
    for path in ("b/x", "b/y/z", "a", "bb", "b.txt"):
        put(blobs, path, b"x")
    blobs.delete("a")
    blobs.delete("b")
    blobs.delete("none")
    blobs.delete("bb/none")
    assert sorted(entry.path for entry in blobs.walk("")) == ["b.txt", "bb"]
    with pytest.raises(NotFound):
        blobs.stat("b/y/z")


def test_the_root_is_not_deleted(blobs: BlobStore) -> None:
    put(blobs, "f", b"x")
    with pytest.raises(Invalid, match="cannot be deleted"):
        blobs.delete("")
    assert names(blobs, "") == ["f"]


def test_two_uploads_of_one_path_leave_one_whole(blobs: BlobStore) -> None:
    first, second = blobs.create("f"), blobs.create("f")
    first.write([b"1" * 10])
    second.write([b"2" * 20])
    second.commit()
    first.commit()
    assert get(blobs, "f") == b"1" * 10
