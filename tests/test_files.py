"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cofire import DataError
from cofire.files import check_place, replacing


def test_a_file_is_replaced_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    with pytest.raises(TypeError), replacing(path) as file:
        file.write("no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_what_a_kill_left_is_taken_away_once_it_is_older_than_the_file(tmp_path: Path) -> None:
    path, left, other = tmp_path / "kept", tmp_path / ".kept-0123abcd", tmp_path / ".kept-too-0123abcd"
    for place in (path, left, other):
        place.write_bytes(b"old")
    os.utime(path, (1000, 1000))
    with replacing(path) as file:  # it may be the work of another process
        file.write(b"new")
    assert left.exists()
    os.utime(left, (1000, 1000))
    with replacing(path) as file:
        file.write(b"newer")
    assert {entry.name for entry in tmp_path.iterdir()} == {"kept", ".kept-too-0123abcd"}


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    check_place(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    for path, message in ((tmp_path, "it is a folder"), (tmp_path / "no" / "file", "no is not a folder one may write")):
        with pytest.raises(DataError, match=message):
            check_place(path)
        with pytest.raises(DataError, match="cannot be written"), replacing(path):
            pass
