"""Rules on pairs of responses whose votes do not point one way (family PQ5)."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Bools
from prefqa._words import formatted
from prefqa.checks.frame import Found, NotRun
from prefqa.measured.measures import Measures


def conflicting(measures: Measures) -> Found | NotRun:
    """PQ501: pairs on which some votes prefer the one response and some the other."""
    votes = measures.tallied
    test = (votes.n_first > 0) & (votes.n_second > 0)
    return _pairs(measures, test, "some prefer the one response and some the other")


def no_majority(measures: Measures) -> Found | NotRun:
    """PQ502: pairs on which as many votes prefer the one response as the other, and that are no tie by most votes."""
    votes = measures.tallied
    test = (votes.n_first == votes.n_second) & (votes.n_tie <= votes.n_first) & (votes.n_first > 0)
    return _pairs(measures, test, "as many prefer the one response as the other")


def _pairs(measures: Measures, test: Bools, words: str) -> Found | NotRun:
    votes = measures.tallied
    of, n = (votes.count(which) for which in (votes.n > 1, test))
    if not of:
        return NotRun("no pair of responses has two votes")
    item, pattern = votes.items_of(test)
    counts = pl.DataFrame({"first": votes.n_first, "tie": votes.n_tie, "second": votes.n_second})
    value = counts.select(formatted("{} for the one, {} ties, {} for the other", "first", "tie", "second"))
    rows = pl.LazyFrame(
        {
            "_value": value.to_series().gather(pattern),
            "item_id": measures.pool.coded.item_ids.gather(item),
        }
    )
    items = int(np.count_nonzero(np.bincount(item)))
    message = (
        f"On {n:,} of {of:,} pairs with two votes or more, in {items:,} items, {words}. Look at these items first."
    )
    return Found(rows, n, of, message)
