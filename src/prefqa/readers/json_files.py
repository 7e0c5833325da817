"""JSON and JSON Lines as records; what is broken is named by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import ReadError
from prefqa.readers.blocks import blocks_of
from prefqa.readers.records import Records, structure

#: Bytes of a JSON document, which is held in memory as Python objects; beyond, JSON Lines is the right format.
MAX_DOCUMENT = 1_000_000_000
#: Bytes of one line of JSON Lines, that is, of one record; a longer one is a document that was named otherwise.
MAX_LINE = 200_000_000
_BOM = "\ufeff"


def read_jsonl(path: Path) -> Records:
    """Return the records of a JSON Lines file, one object per line.

    Raises:
        ReadError: a line that is not JSON, no object, or too long.
    """
    _check_lines(path)

    def typed() -> pl.LazyFrame:
        return pl.scan_ndjson(path, infer_schema_length=None).collect().lazy()

    try:
        schema = pl.scan_ndjson(path, infer_schema_length=None).collect_schema()
    except pl.exceptions.PolarsError:
        # Polars stops at NaN and at mixed types, and does not say which line is broken; the slow road does both.
        return Records(
            structure(_json_lines(path)),
            lambda: _frame(path, list(_json_lines(path))),
            path,
            lambda: _json_lines(path),
        )
    return Records(schema, typed, path, lambda: _json_lines(path))


def read_json(path: Path) -> Records:
    """Return the records of a JSON document: a list of objects, or an object that holds exactly one such list.

    Raises:
        ReadError: no JSON, no such list, or a document too large for memory.
    """
    if path.stat().st_size > MAX_DOCUMENT:
        raise ReadError(path, "too large for one JSON document", hint="write it as JSON Lines (.jsonl) or Parquet.")
    text = "\n".join(pl.scan_lines(path).collect()["line"]).removeprefix(_BOM)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            return read_jsonl(path)
        raise ReadError(path, f"not JSON: {error.msg} at column {error.colno}", line=error.lineno) from error
    except RecursionError as error:
        raise ReadError(path, "nested too deeply") from error
    rows = _rows_of(path, whole)
    return Records.of_rows(rows, lambda: _frame(path, rows))


def _check_lines(path: Path) -> None:
    """Refuse a line that is too long before it is taken into memory; compressed files are not looked into."""
    if path.stat().st_size <= MAX_LINE:
        return
    before, length, step = 0, 0, min(MAX_LINE, 1 << 24)
    with path.open("rb") as file:
        while block := file.read(step):
            at = block.rfind(b"\n")
            before += block.count(b"\n")
            length = length + len(block) if at < 0 else len(block) - at - 1
            if length > MAX_LINE:
                reason = f"a line of more than {MAX_LINE:,} bytes"
                raise ReadError(path, reason, line=before + 1, hint="JSON Lines hold one record per line.")


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    before = 0
    for block in blocks_of(path):
        for number, line in enumerate(block.split(b"\n"), start=before + 1):
            if line.strip():
                yield _record(path, line, number)
        before += block.count(b"\n")


def _record(path: Path, line: bytes, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise ReadError(path, "not UTF-8 text", line=number, hint="save it again as UTF-8.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise ReadError(path, f"not JSON: {error}", line=number) from error
    if not isinstance(record, dict):
        raise ReadError(path, f"a JSON object is expected, not {type(record).__name__}", line=number)
    return record


def _rows_of(path: Path, whole: Any) -> list[dict[str, Any]]:
    """Find the rows of a JSON document: a list of objects, or an object that holds exactly one such list."""
    if isinstance(whole, dict):
        lists = {key: value for key, value in whole.items() if isinstance(value, list)}
        if len(lists) == len(whole) > 1 and len({len(value) for value in lists.values()}) == 1:
            return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        rows = [value for value in lists.values() if value and isinstance(value[0], dict)]
        if len(rows) != 1:
            raise ReadError(path, "the JSON object holds no single list of rows", hint="a list of objects is expected.")
        whole = rows[0]
    if not isinstance(whole, list) or not all(isinstance(row, dict) for row in whole):
        raise ReadError(path, "a list of JSON objects is expected")
    return whole


def _frame(path: Path, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    if not rows:
        raise ReadError(path, "the file holds no rows")
    try:
        return pl.from_dicts(rows, infer_schema_length=None, strict=False).lazy()
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise ReadError(path, f"the rows do not fit one table: {error}") from error
