"""Workbooks: values as text, the sheet with data, and what is refused."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.errors import MissingExtraError, ReadError
from prefqa.readers import excel
from prefqa.readers.files import read_records

openpyxl = pytest.importorskip("openpyxl")


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def test_values_are_text_as_in_csv(tmp_path: Path) -> None:
    rows = [
        ["item_id", " score", "when", "day", "gold", "error", None],
        ["007", 3.0, dt.datetime(2025, 1, 6, 10, 0), dt.date(2025, 3, 4), True, "#N/A", "x"],
        [8, 3.5, dt.datetime(2025, 1, 6, 10, 0, 30), None, False, None, None],
        [None] * 7,
        ["a\nb", 10**15, None, None, None, None, None],
    ]
    records = read_records(book(tmp_path / "a.xlsx", Data=rows))
    assert records.typed().collect().to_dict(as_series=False) == {
        "item_id": ["007", "8", "a\nb"],
        "score": ["3", "3.5", "1000000000000000"],
        "when": ["2025-01-06 10:00:00", "2025-01-06 10:00:30", None],
        "day": ["2025-03-04 00:00:00", None, None],
        "gold": ["true", "false", None],
        "error": ["#N/A", None, None],
        "column_7": ["x", None, None],
    }
    assert records.how == ()


def test_rankings_in_a_workbook_are_read(tmp_path: Path) -> None:
    header = ["item_id", "annotator_id", "response_id", "rank", "created_at"]
    when = dt.datetime(2025, 1, 6, 10, 0)
    path = book(tmp_path / "a.xlsx", A=[header, ["p", "ann", "x", 2, when], ["p", "ann", "y", 1.0, when]], B=[])
    long = prefqa.read(path).judgments.collect()
    assert dict(zip(long["response_id"], long["rank"], strict=True)) == {"x": 2, "y": 1}
    assert long["created_at"].to_list() == [when.replace(tzinfo=dt.UTC)] * 2


def test_the_sheet_with_data_is_read_and_several_are_refused(tmp_path: Path) -> None:
    rows = [["a", "b"], [1, 2]]
    path = book(tmp_path / "a.xlsx", Empty=[], Votes=rows)
    assert read_records(path).how == ("sheet 'Votes' of 2",)
    both = book(tmp_path / "b.xlsx", Notes=[["x"]], Votes=rows)
    with pytest.raises(ReadError, match=r"several sheets have data: 'Notes', 'Votes'[\s\S]*\[read\]\nsheet = "):
        read_records(both)
    assert read_records(both, sheet="Votes").typed().collect().rows() == [("1", "2")]
    with pytest.raises(ReadError, match=r"no sheet 'Vote'[\s\S]*did you mean 'Votes'"):
        read_records(both, sheet="Vote")
    with pytest.raises(ReadError, match="no sheet has data"):
        read_records(book(tmp_path / "c.xlsx", Empty=[]))
    with pytest.raises(ReadError, match="two columns have one name: 'a'"):
        read_records(book(tmp_path / "d.xlsx", A=[["a", "a"], [1, 2]]))


def test_a_formula_without_its_value_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", A=[["a", "b"], [1, "=A2+1"]])
    with pytest.raises(ReadError, match="formulas without their values"):
        read_records(path)


def test_damaged_workbooks_and_other_kinds_are_named(tmp_path: Path) -> None:
    whole = book(tmp_path / "a.xlsx", A=[["a"], *([n] for n in range(1000))]).read_bytes()
    damaged = bytearray(whole)
    damaged[600:900] = b"\0" * 300
    for content, reason in (
        (whole[:3000], "cannot be unpacked"),
        (bytes(damaged), "cannot be unpacked"),
        (b"hello", "its content is not"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "of the old kind"),
    ):
        (tmp_path / "b.xlsx").write_bytes(content)
        with pytest.raises(ReadError, match=reason):
            read_records(tmp_path / "b.xlsx")
    (tmp_path / "b.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    with pytest.raises(ReadError, match=r"\.xls is not read[\s\S]*\.xlsx or CSV"):
        read_records(tmp_path / "b.xls")


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", A=[["a", "b"], *(["x" * 50, "y"] for _ in range(100))])
    for name, bound, reason in (
        ("MAX_CELLS", 100, "more than 100 cells"),
        ("MAX_CHARACTERS", 1000, "1,000 characters"),
        ("MAX_BYTES", 1000, "more than 1,000 bytes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(excel, name, bound)
            with pytest.raises(ReadError, match=reason):
                read_records(path)


def test_a_cell_in_the_last_corner_takes_no_memory(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active["A1"], made.active["XFD1048576"] = "item_id", "x"
    made.save(tmp_path / "a.xlsx")
    assert read_records(tmp_path / "a.xlsx").typed().collect().columns == ["item_id", "column_16384"]


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", A=[["a"], [1]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"prefqa\[excel\]"):
        read_records(path)
