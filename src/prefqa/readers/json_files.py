"""JSON and JSON Lines as records; what is broken is named by line."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import ReadError, whole_characters
from prefqa.readers.blocks import blocks_of
from prefqa.readers.json_documents import rows_of_document
from prefqa.readers.records import Records, structure

#: Bytes of a JSON document, which is held in memory as Python objects; beyond, JSON Lines is the right format.
MAX_DOCUMENT = 1_000_000_000
#: Bytes of one line of JSON Lines, that is, of one record; a longer one is a document that was named otherwise.
MAX_LINE = 200_000_000
_BOM = "\ufeff"
_FIRST = 1_000


def read_jsonl(path: Path) -> Records:
    """Return the records of a JSON Lines file, one object per line; a JSON document under this name is read as one.

    Raises:
        ReadError: a line that is not JSON, no object, or too long.
    """
    if _is_document(path):
        with suppress(ReadError):
            return replace(read_json(path), how=("a JSON document, not JSON Lines",))
    _check_lines(path)

    def typed() -> pl.LazyFrame:
        return _scanned(path).collect().lazy()

    try:
        schema = _scanned(path).collect_schema()
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
    """Return the records of a JSON document (see `rows_of_document`), or of JSON Lines under its name.

    Raises:
        ReadError: no JSON, no rows, or a document too large for memory.
    """
    rows = _document(path)
    if rows is None:
        return replace(read_jsonl(path), how=("JSON Lines, not a JSON document",))
    return replace(Records.of_rows(rows[0], lambda: _frame(path, rows[0])), how=rows[1])


def read_documents(paths: Sequence[Path]) -> Records:
    """Return the records of several JSON documents, one after the other; each may be a record, or a list of them."""
    parts: list[Records] = []
    rows: list[dict[str, Any]] = []
    how: dict[str, None] = {}
    for path in paths:
        found = _document(path)
        if found is None:
            parts += [*_held(paths, rows, how), replace(read_jsonl(path), how=("JSON Lines, not a JSON document",))]
            rows, how = [], {}
        else:
            rows += found[0]
            how |= dict.fromkeys(found[1])
    return Records.joined([*parts, *_held(paths, rows, how)])


def _held(paths: Sequence[Path], rows: list[dict[str, Any]], how: dict[str, None]) -> list[Records]:
    if not rows:
        return []
    return [replace(Records.of_rows(rows, lambda: _frame(paths[0].parent, rows)), how=tuple(how))]


def _document(path: Path) -> tuple[list[dict[str, Any]], tuple[str, ...]] | None:
    """Return the rows of a JSON document and how they were found, or None for JSON Lines."""
    if path.stat().st_size > MAX_DOCUMENT:
        raise ReadError(path, "too large for one JSON document", hint="write it as JSON Lines (.jsonl) or Parquet.")
    text = "\n".join(pl.scan_lines(path, glob=False).collect()["line"]).removeprefix(_BOM)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            return None
        raise ReadError(path, f"not JSON: {error.msg} at column {error.colno}", line=error.lineno) from error
    except RecursionError as error:
        raise ReadError(path, "nested too deeply") from error
    return rows_of_document(path, whole)


def _is_document(path: Path) -> bool:
    """Whether a file named as JSON Lines begins as a JSON document does: a list, or an object over several lines."""
    if path.stat().st_size > MAX_DOCUMENT:
        return False
    try:
        first = next(blocks_of(path), b"").lstrip()[:_FIRST]
    except (pl.exceptions.PolarsError, ReadError):
        return False
    return first.startswith(b"[") or (first.startswith(b"{") and first[1:].lstrip(b" \t\r").startswith(b"\n"))


def _scanned(path: Path) -> pl.LazyFrame:
    # This scan alone has no way to take a path as it is.
    return pl.scan_ndjson(glob.escape(str(path)) if glob.has_magic(str(path)) else path, infer_schema_length=None)


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
        if b"\r" in line.strip():
            reason = "lines end in a carriage return alone, which JSON Lines do not"
            raise ReadError(path, reason, line=number, hint="save it with the line ends of Unix or Windows.") from error
        raise ReadError(path, f"not JSON: {error}", line=number) from error
    if not isinstance(record, dict):
        raise ReadError(path, f"a JSON object is expected, not {type(record).__name__}", line=number)
    return record


def _frame(path: Path, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    if not rows:
        raise ReadError(path, "the file holds no rows")
    try:
        with whole_characters(path):
            return pl.from_dicts(rows, infer_schema_length=None, strict=False).lazy()
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise ReadError(path, f"the rows do not fit one table: {error}") from error
