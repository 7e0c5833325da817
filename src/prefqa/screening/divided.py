"""Rules on pairs of responses whose votes do not point one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, NotRun
from prefqa.screening.pool import Pool

_SHARED = pl.sum_horizontal("n_first", "n_tie", "n_second") > 1


def conflicting(pool: Pool) -> Found | NotRun:
    """PQ501: pairs on which some votes prefer the one response and some the other."""
    return _pairs(
        pool,
        (pl.col("n_first") > 0) & (pl.col("n_second") > 0),
        "some prefer the one response and some the other",
    )


def no_majority(pool: Pool) -> Found | NotRun:
    """PQ502: pairs on which as many votes prefer the one response as the other, and that are no tie by most votes."""
    return _pairs(
        pool,
        (pl.col("n_first") == pl.col("n_second")) & (pl.col("n_tie") <= pl.col("n_first")) & (pl.col("n_first") > 0),
        "as many prefer the one response as the other",
    )


def _pairs(pool: Pool, test: pl.Expr, words: str) -> Found | NotRun:
    shared = pool.tallies.filter(_SHARED)
    if shared.is_empty():
        return NotRun("no pair of responses has two votes")
    found = shared.filter(test)
    ids = pool.coded.item_ids
    value = formatted("{} for the one, {} ties, {} for the other", "n_first", "n_tie", "n_second").alias("_value")
    rows = found.select(value).with_columns(ids.gather(found["item"]).alias("item_id"))
    n, of, items = found.height, shared.height, found["item"].n_unique()
    message = (
        f"On {n:,} of {of:,} pairs with two votes or more, in {items:,} items, {words}. Look at these items first."
    )
    return Found(rows.lazy(), n, of, message)


FINDERS: Mapping[str, Callable[[Pool], Found | NotRun]] = {"PQ501": conflicting, "PQ502": no_majority}
