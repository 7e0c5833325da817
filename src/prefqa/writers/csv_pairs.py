"""CSV for spreadsheets: cells that would start a formula are made text."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import atomic_path
from prefqa.writers.pair_forms import Pairs

#: What spreadsheets take for the beginning of a formula, and the mark that makes it text.
FORMULA, MARK = ("=", "+", "-", "@", "\t", "\r"), "'"


def write_csv_pairs(pairs: Pairs, path: Path) -> None:
    """Write the texts and all figures of the pairs; an apostrophe stands before what would start a formula."""
    plain = pairs.texts("csv")
    with atomic_path(path) as staged:
        plain.with_columns(neutral(name) for name, dtype in plain.schema.items() if dtype == pl.String()).write_csv(
            staged
        )


def neutral(name: str) -> pl.Expr:
    """A column of texts in which none starts a formula; a leading apostrophe is doubled, so that it can be undone."""
    text = pl.col(name)
    return pl.when(text.str.slice(0, 1).is_in([*FORMULA, MARK])).then(pl.lit(MARK) + text).otherwise(text).alias(name)
