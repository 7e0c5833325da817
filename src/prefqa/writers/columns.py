"""Columns that Polars cannot write are named, with the file that they were to stand in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import polars.selectors as cs
from polars.exceptions import PanicException

from prefqa.errors import UsageError


@contextmanager
def writable(path: str | Path, frame: pl.DataFrame | pl.LazyFrame) -> Iterator[None]:
    """Name the column at fault where Polars fails to write a frame; any other failure passes through.

    Raises:
        UsageError: a column of a type, or with values, that Polars cannot write.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, PanicException) as error:
        lazy = frame.lazy()
        for name, dtype in lazy.collect_schema().items():
            reason = _fault(lazy.select(cs.by_name(name)))
            if reason is not None:
                hint = "write it as text, or leave it out."
                raise UsageError(f"cannot write {path}: column {name!r} ({dtype}): {reason}", hint=hint) from error
        if isinstance(error, PanicException):  # which is no Exception, and would pass for an end of the process
            raise RuntimeError(f"Polars stopped: {error}") from error
        raise


def _fault(column: pl.LazyFrame) -> str | None:
    """Why Polars cannot write a column; None where it can."""
    try:
        column.collect().write_parquet(io.BytesIO())
    except (pl.exceptions.PolarsError, PanicException) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None
