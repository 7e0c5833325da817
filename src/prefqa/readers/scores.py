"""Scores as numbers, whatever they are written as."""

from __future__ import annotations

import polars as pl

from prefqa.readers.table import Table


def scores_of(table: Table, column: str) -> pl.Expr:
    """Return a column of scores as numbers; null for a value that stands for no answer, or that is no finite number."""
    dtype = table.schema[column]
    present = table.options.without_missing(pl.col(column), dtype)
    if dtype == pl.Boolean():
        return present.cast(pl.Float64)
    text = present.cast(pl.String).str.strip_chars()
    words = pl.when(text.str.to_lowercase() == "true").then(1.0).when(text.str.to_lowercase() == "false").then(0.0)
    number = pl.coalesce(text.cast(pl.Float64, strict=False), words)
    return pl.when(number.is_finite()).then(number)


def ranked(score: pl.Expr, keys: list[str], *, higher_is_worse: bool) -> pl.Expr:
    """Return ranks of scores within keys, the best first, equal scores tied (1, 2, 2, 4)."""
    return score.rank("min", descending=not higher_is_worse).over(keys).cast(pl.Int64)
