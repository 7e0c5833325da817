"""A directory of PrefLib files: each file is an item of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import prefqa
from prefqa.errors import ReadError

NAMES = "# ALTERNATIVE NAME 1: {}\n# ALTERNATIVE NAME 2: {}\n"


def written(folder: Path) -> Path:
    (folder / "first.1.soc").write_text(NAMES.format("Ann", "Ben") + "2: 1,2\n1: 2,1\n")
    (folder / "first.2.toc").write_text(NAMES.format("Cem", "Dan") + "1: {1,2}\n")
    return folder


def test_files_of_a_directory_are_items_and_their_voters_are_not_the_same(tmp_path: Path) -> None:
    prefs = prefqa.read(written(tmp_path))
    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect().rows()
    first = [(f"first.1/voter-{n}", rank) for n, rank in ((1, 1), (2, 1), (3, 2))]
    assert sorted(rows) == [
        *sorted(("first.1", who, name, rank if name == "1" else 3 - rank) for who, rank in first for name in "12"),
        ("first.2", "first.2/voter-1", "1", 1),
        ("first.2", "first.2/voter-1", "2", 1),
    ]
    assert prefs.responses is not None
    assert prefs.responses.sort("item_id", "response_id")["text"].to_list() == ["Ann", "Ben", "Cem", "Dan"]


def test_a_broken_line_is_named_by_its_own_file(tmp_path: Path) -> None:
    (written(tmp_path) / "third.soi").write_text(NAMES.format("E", "F") + "1; 2\n")
    with pytest.raises(ReadError, match=r"third\.soi.*line 3"):
        prefqa.read(tmp_path)


def test_files_of_one_name_in_several_folders_are_refused(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        written(folder)
    with pytest.raises(ReadError, match="files of one name"):
        prefqa.read([folder / "first.1.soc" for folder in folders])
