"""Malformed exports, one kind of damage each: a finding that names record and id, or an error that names the line."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.cli import main
from prefqa.errors import ReadError
from prefqa.readers import json_files

Rows = list[dict[str, Any]]


def cases(module: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{module}_cases", Path(__file__).with_name(f"{module}.py"))
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


ARGILLA: dict[str, Callable[[], Rows]] = cases("test_argilla").LAYOUTS


def answered(layout: str, value: Any) -> Rows:
    """An export in which ann answers the second record, p2, with this value; pairs become what the layout has."""
    records = ARGILLA[layout]()
    pairs = isinstance(value, list) and all(isinstance(one, tuple) for one in value)
    if pairs and layout in ("argilla1", "argilla1-columns"):
        value = {"rank": [rank for _, rank in value], "value": [option for option, _ in value]}
    elif pairs:
        value = [{"value": option, "rank": rank} for option, rank in value]
    second: Any = records[1]
    if layout == "argilla1":
        second["ranking"][0]["value"] = value
    elif layout == "argilla1-columns":
        second["ranking"]["value"][0] = value
    elif layout == "argilla-records":
        second["responses"][0]["values"]["ranking"]["value"] = value
    elif layout == "argilla2":
        second["ranking.responses"][0] = value
    else:
        second["responses"]["ranking"][0]["value"] = value
    return records


def found(source: Any, code: str) -> list[tuple[int, str | None]]:
    """Rows and items in the examples of a finding."""
    findings = prefqa.check(prefqa.read(source)).findings.filter(code=code)
    return [(one["row"], one["item_id"]) for examples in findings["examples"] for one in examples]


@pytest.mark.parametrize("layout", ARGILLA)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([("a", 1), ("zzz", 2)], "PQ106"),
        ([("a", 1), ("a", 2)], "PQ103"),
        ([("a", 1), ("b", 9)], "PQ105"),
        ([("a", 1), ("b", -1)], "PQ104"),
        ([("a", 1), ("b", "second")], "PQ104"),
        ("a > b", "PQ728"),
        (5, "PQ728"),
    ],
    ids=["unknown option", "duplicate option", "rank 9", "negative rank", "rank in words", "text", "number"],
)
def test_a_broken_ranking_is_found_with_its_record(layout: str, value: Any, code: str) -> None:
    assert (1, "p2") in found(answered(layout, value), code)


@pytest.mark.parametrize("layout", ["argilla-records", "argilla2", "argilla2-nested"])
def test_mixed_kinds_within_one_answer_are_found(layout: str) -> None:
    mixed = [[1], {"x": 2}, "a"]
    assert (1, "p2") in found(answered(layout, mixed), "PQ721")
    assert (1, "p2") in found(answered(layout, mixed), "PQ102")


@pytest.mark.parametrize("layout", ARGILLA)
def test_a_missing_question_is_found(layout: str) -> None:
    records: Any = ARGILLA[layout]()
    if layout in ("argilla1", "argilla1-columns", "argilla2"):
        records[1] = {name: value for name, value in records[1].items() if not name.startswith("ranking")}
    elif layout == "argilla-records":
        records[1]["responses"] = [one | {"values": {}} for one in records[1]["responses"]]
    else:
        records[1]["responses"] = {}
    assert (1, "p2") in found(records, "PQ727")


@pytest.mark.parametrize("layout", ARGILLA)
def test_null_users_are_found(layout: str) -> None:
    records: Any = ARGILLA[layout]()
    second = records[1]
    if layout == "argilla1":
        second["ranking"][0]["user_id"] = None
    elif layout == "argilla1-columns":
        second["ranking"]["user_id"][0] = None
    elif layout == "argilla-records":
        second["responses"][0]["user_id"] = None
    elif layout == "argilla2":
        second["ranking.responses.users"][0] = None
    else:
        second["responses"]["ranking"][0]["user_id"] = None
    assert (1, "p2") in found(records, "PQ102")


def task(value: Any, kind: str = "ranker", **annotation: Any) -> dict[str, Any]:
    result = [{"from_name": "rank", "type": kind, "value": value}]
    items = [{"id": name, "body": f"text {name}"} for name in "ab"]
    one = {"id": 7, "completed_by": 5, "was_cancelled": False, "result": result} | annotation
    return {"id": 1, "data": {"prompt": "why?", "items": items}, "annotations": [one]}


GOOD = task({"ranker": {"rank": ["b", "a"]}}) | {"id": 0}


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (task({"ranker": {"rank": ["a", "a"]}}), "PQ103"),
        (task({"ranker": {"rank": ["a", "zzz"]}}), "PQ106"),
        (task({"selected": "middle"}, "pairwise"), "PQ104"),
        (task({"ranker": {"rank": ["b", "a"]}}, completed_by=None), "PQ102"),
        (task({"ranker": {"rank": ["b", "a"]}}, result=[]), "PQ727"),
        (task({"ranker": {"rank": ["b", "a"]}}, result="none"), "PQ728"),
        (task({"x": 1}, "rectanglelabels"), "PQ728"),
    ],
    ids=["duplicate option", "unknown option", "unknown side", "null user", "no result", "text", "another control"],
)
def test_a_broken_task_is_found_with_its_record(broken: dict[str, Any], code: str) -> None:
    rows = found([GOOD, broken], code)
    assert any(row == 1 and item is not None and item.startswith("1") for row, item in rows), rows


ANSWER = '{"prompt": "p", "a": "x", "b": "y", "q": [{"user_id": "u", "status": "submitted", "value": '
LINE = ANSWER + '{"rank": [1, 2], "value": ["a", "b"]}}]}'


@pytest.mark.parametrize(
    "second",
    [
        LINE[: len(LINE) // 2].encode(),
        (ANSWER + "[" * 50_000 + "]" * 50_000 + "}]}").encode(),
        LINE.encode("utf-16"),
        LINE.replace("p", "\xe9").encode("latin-1"),
        b"[" + LINE.encode() + b"]",
    ],
    ids=["truncated", "deep nesting", "utf-16", "latin-1", "a list"],
)
def test_a_broken_line_ends_in_exit_code_2_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], second: bytes
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_bytes(LINE.encode() + b"\n" + second + b"\n")
    with pytest.raises(SystemExit) as ended:
        main(["check", str(path)])
    assert ended.value.code == 2
    assert "export.jsonl, line 2: " in capsys.readouterr().err


@pytest.mark.parametrize("lines", [b"\xef\xbb\xbf%s\n%s\n", b"%s\r\n%s\r\n", b"\xef\xbb\xbf%s\r\n\r\n%s"])
def test_a_mark_of_byte_order_and_windows_lines_are_read(tmp_path: Path, lines: bytes) -> None:
    path = tmp_path / "export.jsonl"
    path.write_bytes(lines % (LINE.encode(), LINE.encode()))
    assert prefqa.read(path).judgments.collect()["rank"].to_list() == [1, 2, 1, 2]


@pytest.mark.parametrize("before", [0, 3])
def test_a_line_that_is_too_long_is_named_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(json_files, "MAX_LINE", 10_000)
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join([LINE] * before + [json.dumps({"a": "x" * 30_000}), LINE]) + "\n")
    with pytest.raises(ReadError, match="more than 10,000 bytes") as error:
        prefqa.read(path)
    assert error.value.line == before + 1
    path.write_text("\n".join([LINE] * 500) + "\n")
    assert prefqa.read(path).judgments.collect().height == 1000


def test_a_document_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "MAX_DOCUMENT", 100)
    path = tmp_path / "export.json"
    path.write_text(f"[{LINE}]")
    with pytest.raises(ReadError, match="too large for one JSON document"):
        prefqa.read(path)


def test_a_table_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"id,annotator,annotation_id,lead_time,rank\n1,5,7,2.5,caf\xe9\n")
    with pytest.raises(ReadError, match=r"export\.csv, line 2: not UTF-8 text"):
        prefqa.read(path)
