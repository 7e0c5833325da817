"""Sheets of .xlsx workbooks, with text for every value as of CSV."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import MissingExtraError, ReadError, nearest
from prefqa.readers.archives import opened_archive

#: Bytes of a workbook unpacked, and cells and characters of a sheet. Beyond, CSV or Parquet are the right formats.
MAX_BYTES, MAX_CELLS, MAX_CHARACTERS = 1_000_000_000, 20_000_000, 2_000_000_000
_STEP = 1 << 20
_OVERLAP, _SHEETS = 10_000, "xl/worksheets/"
#: A cell with a formula and no value; text of no characters is one.
_UNCALCULATED = re.compile(rb'<c(?: (?!t="str")[^<>]*?)?>\s*<f[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>')
_Row = tuple[str | None, ...]


def read_excel(path: Path, sheet: str | None = None) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Return a sheet of a workbook, and in a sentence which, where it has several.

    The sheet is the one with data. Formulas have the values that were stored with them, dates are ISO 8601, whole
    numbers have no decimals, cells with an error such as #N/A keep its name. The first row with a value is the header.

    Args:
        path: the workbook.
        sheet: the name of the sheet, where several have data.

    Raises:
        MissingExtraError: openpyxl is not installed.
        ReadError: no workbook, several sheets with data, no such sheet, no data, or more than can be held.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError("openpyxl", "excel") from error
    _check_parts(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations that are not read
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                return _sheet(path, {one.title: one for one in book.worksheets}, sheet)
            finally:
                book.close()
        except ReadError:
            raise
        except Exception as error:  # openpyxl and its parsers raise many kinds for a damaged workbook
            raise ReadError(path, f"cannot be read as an Excel workbook: {error}") from error


def _sheet(path: Path, sheets: dict[str, Any], wanted: str | None) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    if wanted is not None and wanted not in sheets:
        close = nearest(wanted, sheets)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(map(repr, sheets))}."
        raise ReadError(path, f"has no sheet {wanted!r}", hint=hint)
    filled = [wanted] if wanted is not None else [name for name, one in sheets.items() if _has_data(path, one)]
    if len(filled) > 1:
        hint = f'name one in the config:\n[read]\nsheet = "{filled[0]}"'
        raise ReadError(path, f"several sheets have data: {', '.join(map(repr, filled))}", hint=hint)
    if not filled:
        raise ReadError(path, "no sheet has data")
    frame = _frame(path, list(_rows(path, sheets[filled[0]])))
    return frame.lazy(), (f"sheet {filled[0]!r} of {len(sheets)}",) if len(sheets) > 1 else ()


def _has_data(path: Path, sheet: Any) -> bool:
    return next(_rows(path, sheet), None) is not None


def _rows(path: Path, sheet: Any) -> Iterator[_Row]:
    """Yield the rows of a sheet that have a value, each as text."""
    sheet.reset_dimensions()  # which the file may state wrongly
    n_cells = n_characters = 0
    for row in sheet.iter_rows(values_only=True):
        n_cells += max(len(row), 1)
        texts = tuple(map(_text, row))
        n_characters += sum(len(text) for text in texts if text is not None)
        if n_cells > MAX_CELLS or n_characters > MAX_CHARACTERS:
            what = f"a sheet of more than {MAX_CELLS:,} cells or {MAX_CHARACTERS:,} characters"
            raise ReadError(path, what, hint="save it as CSV or Parquet.")
        if any(text is not None for text in texts):
            yield texts


def _frame(path: Path, rows: list[_Row]) -> pl.DataFrame:
    width = max((place for row in rows for place, text in enumerate(row, 1) if text is not None), default=0)
    if not rows:
        raise ReadError(path, "the sheet has no data")
    header = [*rows[0][:width], *[None] * (width - len(rows[0]))]
    names = [(name or "").strip() or f"column_{place}" for place, name in enumerate(header, 1)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ReadError(path, f"two columns have one name: {', '.join(map(repr, doubled))}", line=1, hint="rename one.")
    columns = [
        pl.Series(name, [row[place] if place < len(row) else None for row in rows[1:]], pl.String)
        for place, name in enumerate(names)
    ]
    # A column without a name and without a value comes of a cell that was only formatted.
    return pl.DataFrame([one for one, title in zip(columns, header, strict=True) if title or one.count()])


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _check_parts(path: Path) -> None:
    """Refuse a workbook that unpacks to more than can be held or is said, and one with formulas without values."""
    with opened_archive(path, MAX_BYTES) as archive:
        for part in archive.infolist():
            with archive.open(part) as file:
                end = b""
                while block := file.read(_STEP):
                    if part.filename.startswith(_SHEETS) and _UNCALCULATED.search(end + block):
                        hint = "open it in a spreadsheet program, which computes them, and save it."
                        raise ReadError(path, "holds formulas without their values", hint=hint)
                    end = block[-_OVERLAP:]
