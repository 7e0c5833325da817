"""Files of pairs: rows as trainers read them, parts whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefqa.errors import UsageError
from prefqa.writers.pair_files import JSONL_COLUMNS, trainer_rows, write_pair_file, write_parts

IDS = {"item_id": "p", "chosen_id": "a", "rejected_id": "b"}
FIGURES = {"probability": 0.8, "margin": 1.4, "weight": 1.0, "n_votes": 3, "agreement": 1.0}


def row(**texts: Any) -> pl.DataFrame:
    return pl.DataFrame([IDS | FIGURES | texts])


def message(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def test_ids_stand_in_for_texts_that_nobody_knows() -> None:
    assert trainer_rows(row()).columns == list(JSONL_COLUMNS)
    assert trainer_rows(row()).row(0)[:3] == ("p", "a", "b")
    assert trainer_rows(row(prompt="Why?", chosen="So.", rejected="No.")).row(0)[:3] == ("Why?", "So.", "No.")


def test_text_beside_chat_messages_becomes_a_message_of_its_role() -> None:
    asked, good, bad = message("user", "Why?"), message("assistant", "So."), message("assistant", "No.")
    for texts in (
        {"prompt": "Why?", "chosen": good, "rejected": bad},
        {"prompt": asked, "chosen": "So.", "rejected": "No."},
        {"prompt": asked, "chosen": good, "rejected": bad},
    ):
        assert trainer_rows(row(**texts)).row(0)[:3] == (asked, good, bad)


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
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        write_parts({"train": row(), "test": row().drop("n_votes")}, tmp_path / "pairs.jsonl")
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path: Path) -> None:
    for name in ("pairs.xlsx", "pairs"):
        with pytest.raises(UsageError, match="parquet or"):
            write_pair_file(row(), tmp_path / name)


def test_no_pair_is_an_empty_file(tmp_path: Path) -> None:
    write_pair_file(row().clear(), tmp_path / "pairs.jsonl")
    assert (tmp_path / "pairs.jsonl").read_text() == ""
    write_pair_file(row(), tmp_path / "pairs.jsonl")
    assert json.loads((tmp_path / "pairs.jsonl").read_text())["weight"] == 1.0
