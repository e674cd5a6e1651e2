"""Which names an artifact may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.artifacts import checked_file_path, checked_path
from milepost.errors import Invalid

BAD = [
    "..",
    "a/../b",
    "../etc/passwd",
    "%2e%2e/x",
    "%252e%252e/x",
    "%25252e%25252e%25252fx",
    "/etc/passwd",
    "//host/share",
    "%2fetc/passwd",
    "C:/windows",
    "c:x",
    "%43:/x",
    "a\\b",
    "..\\x",
    "a%5cb",
    "a\x00b",
    "a%00b",
    "a\nb",
    "a\x7fb",
    "a#b",
    "a\ud800b",
    "x" * 256,
    "/".join(["x" * 200] * 6),
]


@pytest.mark.parametrize("path", BAD)
def test_what_could_name_something_else_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="Invalid path"):
        checked_path(path)


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("a/b.txt", "a/b.txt"),
        ("./a//b/", "a/b"),
        ("", ""),
        (".", ""),
        ("...", "..."),
        ("a..b/..c", "a..b/..c"),
        ("100%", "100%"),
        ("a b/é/日本", "a b/é/日本"),
        ("%41", "%41"),
        (".hidden", ".hidden"),
    ],
)
def test_a_plain_path_is_kept(path: str, plain: str) -> None:
    assert checked_path(path) == plain


@pytest.mark.parametrize("path", ["", ".", "a/", "a/b/"])
def test_a_file_needs_a_name(path: str) -> None:
    with pytest.raises(Invalid, match="must include a filename"):
        checked_file_path(path)


@given(st.text(alphabet="./\\%2ef5cC:#a\x00é\ud800", max_size=40))
def test_what_passes_never_leaves_its_root(path: str) -> None:
    try:
        plain = checked_path(path)
    except Invalid:
        return
    parts = plain.split("/") if plain else []
    assert not {"", ".", ".."} & set(parts)
    assert checked_path(plain) == plain
