"""What is wrong with a file that Polars refuses: the reason, and the line or row group where it is known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import polars.selectors as cs
from polars.exceptions import PanicException

from prefqa.errors import ReadError
from prefqa.readers.encodings import not_utf8


def reason_of(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def explain(path: Path, form: str, error: Exception) -> ReadError:
    """Return the error of a file that Polars refuses; for separated text see `separated.broken_line`."""
    reason = reason_of(error)
    if form == "parquet":
        if not _ends_with(path, b"PAR1"):
            return ReadError(
                path, "the Parquet file is cut off: its footer is missing", hint="copy or download it again."
            )
        return ReadError(path, f"damaged Parquet file: {reason}", row_group=_broken_row_group(path))
    if isinstance(error, pl.exceptions.DuplicateError):
        return ReadError(path, f"two columns have one name: {reason}", hint="rename one of them.")
    if form in ("json", "jsonl") and path.is_file() and not path.name.lower().endswith(".zst"):
        try:
            wrong = not_utf8(path)
        except ReadError as cut:
            return cut
        return ReadError(path, reason, line=wrong.line if wrong else None)
    return ReadError(path, reason)


def unreadable_column(frame: pl.LazyFrame) -> str | None:
    """Return the first column that Polars cannot read; None where it can read each."""
    for name in frame.collect_schema():
        try:
            frame.select(cs.by_name(name).null_count()).collect(engine="streaming")
        except (pl.exceptions.PolarsError, PanicException):
            return name
    return None


def _broken_row_group(path: Path) -> int | None:
    """Find the damaged row group, where pyarrow is installed to look."""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        return None
    try:
        file = pq.ParquetFile(path)
    except Exception:  # pyarrow has many error types for a damaged footer
        return None
    for group in range(file.num_row_groups):
        try:
            file.read_row_group(group)
        except Exception:
            return group
    return None


def _ends_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(-min(len(magic), path.stat().st_size), 2)
        return file.read() == magic
