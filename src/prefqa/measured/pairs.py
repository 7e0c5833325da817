"""Rules on what the votes say of an item's pairs together (family PQ5; single pairs: `prefqa.measured.divided`)."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, NotRun
from prefqa.consensus.majority import fit_prior, majority_probability
from prefqa.consensus.orders import has_cycle
from prefqa.measured.measures import Measures

_UNSHARED = "no pair of responses has two votes"


def cycles(measures: Measures) -> Found | NotRun:
    """PQ503: items whose strict majorities go round in a circle."""
    of, round_ = 0, []
    votes = measures.tallied
    first_wins, voted = votes.n_first > votes.n_second, votes.n > 0
    second_wins = votes.n_second > votes.n_first
    for items in votes.items:
        if items.k < 3:
            continue
        shape = (items.k, items.k, items.item.size)
        compared, beats = np.zeros(shape, bool), np.zeros(shape, bool)
        a, b = np.triu_indices(items.k, 1)
        compared[a, b] = compared[b, a] = voted[items.pattern]
        beats[a, b], beats[b, a] = first_wins[items.pattern], second_wins[items.pattern]
        of += int((compared.any(axis=0).sum(axis=0) >= 3).sum())
        round_.append(items.item[has_cycle(beats.transpose(2, 0, 1))])
    if not of:
        return NotRun("no item has three responses that were compared")
    found = np.concatenate(round_)
    rows = pl.LazyFrame({"item_id": measures.pool.coded.item_ids.gather(found), "_value": [None] * found.size})
    message = (
        f"In {found.size:,} of {of:,} items with three responses or more the majorities go round in a circle: they "
        "give no order. Train on their pairs only by a method that makes one order of each item (kemeny, mallows)."
    )
    return Found(rows, found.size, of, message)


def low_confidence(measures: Measures) -> Found | NotRun:
    """PQ504: the share of pairs whose better response is not sure enough, by their own votes."""
    options, votes = measures.options["PQ504"], measures.tallied
    prior = fit_prior(votes.n_first, votes.n_tie, votes.n, votes.times)
    if prior.origin == "not identified":
        return NotRun(_UNSHARED)
    # What most call equal has no better response, and is not unsure for that.
    told = (votes.n > 0) & (votes.n_tie <= np.maximum(votes.n_first, votes.n_second))
    better = majority_probability(votes.n_first, votes.n_tie, votes.n_second, prior.a)
    sure = np.maximum(better, 1 - better)
    low = told & (sure < options["min_probability"])
    n, of = votes.count(low), votes.count(told)
    if n <= options["max_share"] * of:
        return Found(pl.LazyFrame({"_value": pl.Series([], dtype=pl.String)}), 0, of, "")
    mean = float(sure[told] @ votes.times[told]) / of
    item, pattern = votes.items_of(low)
    said = pl.DataFrame({"p": sure}).select(
        formatted("the majority is right with probability {}", pl.col("p").round(2)).alias("_value")
    )
    rows = said[pattern].with_columns(measures.pool.coded.item_ids.gather(item).alias("item_id"))
    message = (
        f"Of {n:,} of {of:,} pairs ({n / of:.0%}) the better response is known with less than "
        f"{options['min_probability']:g} probability; {1 - mean:.0%} of all pairs are expected to point "
        "the wrong way. Have them judged once more (prefqa relabel), or train with label smoothing of that size."
    )
    return Found(rows.lazy(), n, of, message)


def unbalanced_votes(measures: Measures) -> Found | NotRun:
    """PQ505: the effective number of pairs, (sum n)^2 / sum n^2, is far below their number."""
    options, votes = measures.options["PQ505"], measures.tallied
    of = votes.count(votes.n > 0)
    if of < max(options["min_pairs"], 1):
        return NotRun(f"there are fewer than {max(options['min_pairs'], 1)} pairs")
    total = int(votes.n @ votes.times)
    effective = float(total) ** 2 / float(votes.n**2 @ votes.times)
    if effective >= options["min_share"] * of:
        return Found(pl.LazyFrame({"_value": pl.Series([], dtype=pl.String)}), 0, of, "")
    item, pattern = votes.items_of(votes.n > total / effective)
    n = pl.Series("n", votes.n[pattern])
    rows = n.to_frame().select(
        formatted("{} votes", "n").alias("_value"), measures.pool.coded.item_ids.gather(item).alias("item_id")
    )
    message = (
        f"{n.len():,} of {of:,} pairs hold {n.sum() / total:.0%} of all votes; the votes are worth "
        f"{effective:,.0f} pairs of equal weight. Weigh pairs by item, not by vote."
    )
    return Found(rows.lazy(), n.len(), of, message)
