"""Texts that a spreadsheet would take for a formula: how they are made harmless, and how that is undone."""

from __future__ import annotations

import polars as pl

#: What spreadsheets take for the beginning of a formula, and the mark that makes it text.
FORMULA, MARK = ("=", "+", "-", "@", "\t", "\r"), "'"


def neutral(name: str) -> pl.Expr:
    """A column of texts in which none starts a formula; a leading apostrophe is doubled, so that it can be undone."""
    text = pl.col(name)
    return pl.when(text.str.slice(0, 1).is_in([*FORMULA, MARK])).then(pl.lit(MARK) + text).otherwise(text).alias(name)


def unmarked(name: str) -> pl.Expr:
    """A column of texts as it was before `neutral`."""
    text = pl.col(name)
    marked = text.str.starts_with(MARK) & text.str.slice(1, 1).is_in([*FORMULA, MARK])
    return pl.when(marked).then(text.str.slice(1)).otherwise(text).alias(name)
