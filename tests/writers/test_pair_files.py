"""Files of pairs: rows as trainers read them, parts whole or not at all, nothing of an earlier run beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.writers.manifest import NAME
from prefqa.writers.pair_files import write_in_place, write_pair_file, write_parts

IDS = {"item_id": "p", "chosen_id": "a", "rejected_id": "b"}
FIGURES = {"probability": 0.8, "margin": 1.4, "weight": 1.0, "n_votes": 3, "agreement": 1.0}
TEXTS = {"chosen": "So.", "rejected": "No."}


def row(**texts: Any) -> pl.DataFrame:
    return pl.DataFrame([IDS | FIGURES | TEXTS | texts])


def message(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(frame: pl.DataFrame, folder: Path) -> dict[str, Any]:
    write_pair_file(frame, folder / "pairs.jsonl")
    (first,) = lines(folder / "pairs.jsonl")
    return first


def test_no_id_stands_for_a_text(tmp_path: Path) -> None:
    with pytest.raises(ColumnNotFoundError, match="chosen"):
        write_pair_file(row().drop("chosen", "rejected"), tmp_path / "pairs.jsonl")
    assert not list(tmp_path.iterdir())
    assert written(row(), tmp_path) == TEXTS | IDS | FIGURES
    assert written(row(prompt="Why?"), tmp_path) == {"prompt": "Why?"} | TEXTS | IDS | FIGURES
    assert list(written(row(prompt="Why?"), tmp_path))[:4] == ["prompt", "chosen", "rejected", "item_id"]


def test_text_beside_chat_messages_becomes_a_message_of_its_role(tmp_path: Path) -> None:
    asked, good, bad = message("user", "Why?"), message("assistant", "So."), message("assistant", "No.")
    for texts in (
        {"prompt": "Why?", "chosen": good, "rejected": bad},
        {"prompt": asked, "chosen": "So.", "rejected": "No."},
        {"prompt": asked, "chosen": good, "rejected": bad},
        {"prompt": "Why?", "chosen": asked + good, "rejected": asked + bad},
        {"chosen": asked + good, "rejected": asked + bad},
    ):
        found = written(row(**texts), tmp_path)
        assert [found[name] for name in ("prompt", "chosen", "rejected")] == [asked, good, bad]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_parts_stand_beside_each_other(tmp_path: Path, ending: str) -> None:
    paths = write_parts({"train": row(prompt="x"), "test": row(prompt="y")}, tmp_path / f"pairs.{ending}")
    assert {path.name for path in tmp_path.iterdir()} == {f"pairs.train.{ending}", f"pairs.test.{ending}"}
    read = pl.read_parquet if ending == "parquet" else pl.read_ndjson
    assert [read(paths[name])["prompt"].to_list() for name in ("train", "test")] == [["x"], ["y"]]


def test_where_one_part_cannot_be_written_there_is_none(tmp_path: Path) -> None:
    for taken in ("pairs.test.jsonl", "pairs.train.jsonl"):
        (tmp_path / taken).mkdir()
        with pytest.raises(UsageError, match="directory"):
            write_parts({"train": row(), "test": row()}, tmp_path / "pairs.jsonl")
        assert [path.name for path in tmp_path.iterdir()] == [taken]
        (tmp_path / taken).rmdir()
    with pytest.raises(ColumnNotFoundError):
        write_parts({"train": row(), "test": row().drop("chosen")}, tmp_path / "pairs.jsonl")
    assert not list(tmp_path.iterdir())


def test_parts_replace_the_file_of_an_earlier_call_and_the_file_replaces_parts(tmp_path: Path) -> None:
    path, other = tmp_path / "pairs.jsonl", tmp_path / "pairs.notes.jsonl"
    other.write_text("mine")
    (tmp_path / "more.jsonl").write_text("mine too")
    kept = {NAME, other.name, "more.jsonl"}
    for parts in (None, {"train": row(), "validation": row(), "test": row()}, {"train": row(), "test": row()}, None):
        found = write_in_place(path, row(), parts)
        names = [f"pairs.{name}.jsonl" for name in parts] if parts else ["pairs.jsonl"]
        assert [one.name for one in found] == names
        assert {one.name for one in tmp_path.iterdir()} == {*kept, *names}
        assert list(json.loads((tmp_path / NAME).read_text())["files"]) == sorted(names)


def test_a_file_that_was_changed_since_is_not_removed(tmp_path: Path) -> None:
    write_in_place(tmp_path / "pairs.jsonl", row(), {"train": row(), "test": row()})
    (tmp_path / "pairs.test.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match=r"pairs\.test\.jsonl is of an earlier run"):
        write_in_place(tmp_path / "pairs.jsonl", row())
    assert not (tmp_path / "pairs.jsonl").exists()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"files": 1}', '{"files": {"../outside.jsonl": "0"}}', '{"files": {"pairs.test.jsonl": "0"}}']
)
def test_a_list_that_names_other_files_removes_none(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "outside.jsonl").write_text("mine")
    (folder / NAME).write_text(text)
    write_in_place(folder / "pairs.jsonl", row())
    assert (tmp_path / "outside.jsonl").exists()
    assert {one.name for one in folder.iterdir()} == {"pairs.jsonl", NAME}


def test_another_ending_is_refused(tmp_path: Path) -> None:
    for name in ("pairs.xlsx", "pairs"):
        with pytest.raises(UsageError, match="parquet or"):
            write_pair_file(row(), tmp_path / name)


def test_no_pair_is_an_empty_file(tmp_path: Path) -> None:
    write_pair_file(row().clear(), tmp_path / "pairs.jsonl")
    assert (tmp_path / "pairs.jsonl").read_text() == ""
