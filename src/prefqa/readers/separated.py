"""Separated text files as lazy frames: those that Polars reads as they are, and copies of all others."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import polars as pl

from prefqa.errors import ReadError
from prefqa.readers.blocks import BLOCK, folder
from prefqa.readers.dialects import Dialect, dialect_of
from prefqa.readers.encodings import UTF8, not_utf8, opened_text

#: Characters of one field.
_MAX_FIELD = 200_000_000


def scan_separated(
    path: Path, usual: str, separator: str | None = None, encoding: str | None = None
) -> tuple[pl.LazyFrame, Dialect]:
    """Return a separated file as a lazy frame with text in every column, and its dialect.

    Raises:
        ReadError: see `dialect_of`; a file that is not of its encoding.
    """
    dialect = dialect_of(path, usual, separator, encoding)
    names = list(dialect.columns)
    frame = pl.scan_csv(
        readable_copy(path, dialect),
        separator=dialect.separator,
        infer_schema=False,
        glob=False,
        with_column_names=lambda found: names if len(names) == len(found) else found,
    )
    return frame, dialect


def readable_copy(path: Path, dialect: Dialect) -> Path:
    """Return a file of the same rows that Polars reads: the file itself, or a temporary one in UTF-8."""
    if dialect.plain:
        return path
    stat = path.stat()
    return _copied(path, dialect, (stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=64)
def _copied(path: Path, dialect: Dialect, _version: tuple[int, int]) -> Path:
    if path.name.lower().endswith(".zst"):
        raise ReadError(path, f"is not read packed: {'; '.join(dialect.describe())}", hint="unpack it.")
    copy = folder() / f"{uuid4().hex}.csv"
    try:
        with opened_text(path, dialect.encoding) as text, copy.open("w", encoding=UTF8, newline="") as file:
            if dialect.blanks_after:
                lines = (line.replace("\r", "\n") for line in text) if dialect.cr_lines else text
                with _long_fields():
                    rows = csv.reader(lines, delimiter=dialect.separator, skipinitialspace=True)
                    csv.writer(file, delimiter=dialect.separator, lineterminator="\n").writerows(rows)
            elif dialect.cr_lines:
                while part := text.read(BLOCK):
                    file.write(part.replace("\r", "\n"))
            else:
                shutil.copyfileobj(text, file, BLOCK)
    except UnicodeDecodeError as error:
        raise _not_encoded(path, dialect.encoding) from error
    except csv.Error as error:
        raise ReadError(path, str(error)) from error
    return copy


def broken_line(
    path: Path, usual: str, reason: str, separator: str | None = None, encoding: str | None = None
) -> ReadError:
    """Return the error of a file that Polars refuses: the first line that is not UTF-8, or has too many fields."""
    try:
        dialect = dialect_of(path, usual, separator, encoding)
        found = not_utf8(path) if dialect.encoding == UTF8 and not path.name.lower().endswith(".zst") else None
        return found or _too_wide(path, dialect) or ReadError(path, reason)
    except ReadError as error:
        return error
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
        return ReadError(path, reason)


def _too_wide(path: Path, dialect: Dialect) -> ReadError | None:
    """Find the first line with more fields than the header; quoted line breaks are counted."""
    copy = readable_copy(path, dialect)
    lines = csv.reader(pl.scan_lines(copy, glob=False).collect()["line"], delimiter=dialect.separator, strict=True)
    try:
        with _long_fields():
            for row in lines:
                if len(row) > len(dialect.columns):
                    reason = f"{len(row)} fields, where the header has {len(dialect.columns)}"
                    return ReadError(path, reason, line=lines.line_num)
    except csv.Error as error:
        return ReadError(path, str(error), line=lines.line_num)
    return None


def _not_encoded(path: Path, encoding: str) -> ReadError:
    line = 1
    with suppress(UnicodeDecodeError), opened_text(path, encoding) as text:
        for _ in text:
            line += 1
    return ReadError(
        path,
        f"not {encoding} text",
        line=line,
        hint='name its encoding in the config, such as\n[read]\nencoding = "cp1252"',
    )


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let fields be longer than the csv module has it."""
    before = csv.field_size_limit(_MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
