"""JSON documents: what is one record, what holds the rows, and what could be both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import ReadError
from prefqa.readers.files import find_files, read_files, read_records

ROWS = [{"item_id": "a", "rank": 1}, {"item_id": "b", "rank": 2}]
SAYS = [{"role": "user", "content": "why?"}]
ANNOTATION = {"id": 1, "completed_by": 5, "result": [{"type": "pairwise"}], "task": {"id": 1, "data": {"prompt": "p"}}}
TASK = {"id": 1, "data": {"prompt": "p"}, "annotations": [{"id": 1, "result": [{"type": "pairwise"}]}]}


def rows(folder: Path, document: Any, name: str = "a.json") -> list[dict[str, Any]]:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_records(path).typed().collect().to_dicts()


@pytest.mark.parametrize(
    "record",
    [
        ANNOTATION,
        TASK,
        TASK | {"annotations": []},
        {"item_id": "q", "annotator_id": "ann", "responses": ["x", "y"], "ranks": [2, 1]},
        {"prompt": "p", "responses": [{"text": "x"}, {"text": "y"}], "ranking": [1, 2]},
        {"chosen": SAYS, "rejected": SAYS},
        {"messages": SAYS},
        {"left": "x", "right": "y", "better": "left"},
    ],
)
def test_an_object_that_is_a_record_is_one_row(tmp_path: Path, record: dict[str, Any]) -> None:
    assert rows(tmp_path, record) == [record]
    assert read_records(tmp_path / "a.json").how == ("a JSON object that is one record",)


@pytest.mark.parametrize(
    "container",
    [
        {"data": ROWS},
        {"data": ROWS, "total": 2, "anything": "x", "meta": {"by": "us"}},
        {"rows": ROWS, "version": "1"},
        {"annotations": ROWS, "info": {"year": 2025}},
        {"train": ROWS},
        {"comparisons": ROWS},
        {"comparisons": ROWS, "version": 1},
        {"item_id": ["a", "b"], "rank": [1, 2]},
    ],
)
def test_an_object_that_holds_rows_gives_them(tmp_path: Path, container: dict[str, Any]) -> None:
    assert rows(tmp_path, container) == ROWS
    assert read_records(tmp_path / "a.json").how


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"id": 7, "votes": [{"who": "ann"}], "left": "x"}, "may be one record, or hold its rows in 'votes'"),
        ({"id": 7, "rows": ROWS}, "may be one record, or hold its rows in 'rows'"),
        ({"prompt": "p", "annotations": [{"who": "ann"}]}, "may be one record"),
        ({"train": ROWS, "test": ROWS[:1]}, "several lists of objects: 'train', 'test'"),
        ({"responses": ["x", "y"], "ranks": [2, 1]}, "may be a table by columns, or one record"),
        ({"a": {"0": 1, "1": 2}, "b": {"0": 1, "1": 2}}, "columns and row numbers"),
        ({"a": 1}, "no single list of rows"),
        ([1, 2], "a list of JSON objects is expected"),
        ("3", "a list of JSON objects is expected"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(tmp_path: Path, document: Any, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        rows(tmp_path, document)


def test_json_lines_and_documents_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    lines = "\ufeff" + "\n\n".join(map(json.dumps, ROWS)) + "\n"
    assert rows(tmp_path, lines) == ROWS
    assert read_records(tmp_path / "a.json").how == ("JSON Lines, not a JSON document",)
    for document in (json.dumps(ROWS), "\n" + json.dumps(ROWS, indent=1)):
        assert rows(tmp_path, document, "a.jsonl") == ROWS
    assert rows(tmp_path, json.dumps(ROWS[0], indent=1), "a.jsonl") == ROWS[:1]
    assert read_records(tmp_path / "a.jsonl").how == ("a JSON document, not JSON Lines",)
    assert rows(tmp_path, json.dumps(ROWS[0]), "a.jsonl") == ROWS[:1]
    with pytest.raises(ReadError, match="line 1: a JSON object is expected, not list"):
        rows(tmp_path, "[1]\n[2]\n", "a.jsonl")


def test_one_object_per_file_is_one_row_per_file(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(json.dumps(ANNOTATION | {"id": number}))
    records = read_files(find_files(tmp_path))
    assert records.typed().collect()["id"].to_list() == [0, 1, 2]
    text, misfits = records.as_text({"id": pl.String(), "task": pl.Struct({"id": pl.String(), "data": pl.String()})})
    assert text["task"].to_list() == [{"id": "1", "data": '{"prompt": "p"}'}] * 3
    assert not misfits


def test_files_whose_values_disagree_are_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"id": 1, "value": 3}]')
    (tmp_path / "b.json").write_text('{"id": 2, "value": {"rank": [1, 2]}}')
    (tmp_path / "c.json").write_text('{"id": 3, "more": true}\n{"id": 4}\n')
    records = read_files(find_files(tmp_path))
    text, _ = records.as_text({"id": pl.String(), "value": pl.String(), "more": pl.String()})
    assert text["id"].to_list() == ["1", "2", "3", "4"]
    assert text["value"].to_list() == ["3", '{"rank": [1, 2]}', None, None]
    assert text["more"].to_list() == [None, None, "true", None]
    named = read_files(find_files(tmp_path), file_column="who")
    assert named.as_text({"who": pl.String()})[0]["who"].to_list() == ["a", "b", "c", "c"]
    with pytest.raises(ReadError, match="the rows do not fit one table"):
        named.typed()


def test_a_broken_file_among_many_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"id": 1, "value": 3}')
    (tmp_path / "b.json").write_text('{"id": 2,')
    with pytest.raises(ReadError, match=r"b\.json, line 1: not JSON"):
        read_files(find_files(tmp_path))


def test_a_single_ranking_is_read(tmp_path: Path) -> None:
    record = {"item_id": "q", "annotator_id": "ann", "responses": ["x", "y", "z"], "ranks": [2, 1, 3]}
    (tmp_path / "a.json").write_text(json.dumps(record))
    long = prefqa.read(tmp_path / "a.json").judgments.collect()
    assert dict(zip(long["response_id"], long["rank"], strict=True)) == {"x": 2, "y": 1, "z": 3}
