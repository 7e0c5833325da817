"""Rules on what the votes say of an item's pairs together (family PQ5; single pairs: `prefqa.screening.divided`)."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa._words import formatted
from prefqa.checks.frame import Found, NotRun
from prefqa.consensus.majority import fit_tallies, majority_probability
from prefqa.consensus.orders import has_cycle, majority_relation
from prefqa.measured.measures import Measures

_UNSHARED = "no pair of responses has two votes"


def cycles(measures: Measures) -> Found | NotRun:
    """PQ503: items whose strict majorities go round in a circle."""
    of, round_ = 0, []
    for item, wins, ties in measures.wins_and_ties:
        if wins.shape[1] < 3:
            continue
        compared = (wins + ties + wins.transpose(0, 2, 1)) > 0
        of += int((compared.any(axis=2).sum(axis=1) >= 3).sum())
        round_.append(item[has_cycle(majority_relation(wins))])
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
    options = measures.options["PQ504"]
    counted = [(wins, ties) for _, wins, ties in measures.wins_and_ties]
    prior = fit_tallies(counted) if counted else None
    if prior is None or prior.origin == "not identified":
        return NotRun(_UNSHARED)
    items: list[Ints] = []
    sure: list[Floats] = []
    for item, wins, ties in measures.wins_and_ties:
        a, b = np.triu_indices(wins.shape[1], 1)
        votes_for, tied, against = wins[:, a, b], ties[:, a, b], wins[:, b, a]
        # What most call equal has no better response, and is not unsure for that.
        voted = (votes_for + tied + against > 0) & (tied <= np.maximum(votes_for, against))
        better = majority_probability(votes_for, tied, against, prior.a)
        sure.append(np.maximum(better, 1 - better)[voted])
        items.append(np.broadcast_to(item[:, None], voted.shape)[voted])
    confidence = np.concatenate(sure)
    low = confidence < options["min_probability"]
    n, of = int(low.sum()), confidence.size
    if n <= options["max_share"] * of:
        return Found(pl.LazyFrame({"_value": pl.Series([], dtype=pl.String)}), 0, of, "")
    rows = pl.DataFrame({"p": confidence[low]}).select(
        formatted("the majority is right with probability {}", pl.col("p").round(2)).alias("_value"),
        measures.pool.coded.item_ids.gather(np.concatenate(items)[low]).alias("item_id"),
    )
    message = (
        f"Of {n:,} of {of:,} pairs ({n / of:.0%}) the better response is known with less than "
        f"{options['min_probability']:g} probability; {1 - confidence.mean():.0%} of all pairs are expected to point "
        "the wrong way. Have them judged once more (prefqa relabel), or train with label smoothing of that size."
    )
    return Found(rows.lazy(), n, of, message)


def unbalanced_votes(measures: Measures) -> Found | NotRun:
    """PQ505: the effective number of pairs, (sum n)^2 / sum n^2, is far below their number."""
    options = measures.options["PQ505"]
    votes = measures.tallies.select("item", n=pl.sum_horizontal("n_first", "n_tie", "n_second").cast(pl.Int64))
    of = votes.height
    if of < options["min_pairs"]:
        return NotRun(f"there are fewer than {options['min_pairs']} pairs")
    n = votes["n"].to_numpy().astype(np.float64)
    effective = n.sum() ** 2 / (n**2).sum()
    if effective >= options["min_share"] * of:
        return Found(pl.LazyFrame({"_value": pl.Series([], dtype=pl.String)}), 0, of, "")
    heavy = votes.filter(pl.col("n") > n.sum() / effective)
    rows = heavy.select(
        formatted("{} votes", "n").alias("_value"),
        measures.pool.coded.item_ids.gather(heavy["item"]).alias("item_id"),
    )
    message = (
        f"{heavy.height:,} of {of:,} pairs hold {heavy['n'].sum() / n.sum():.0%} of all votes; the votes are worth "
        f"{effective:,.0f} pairs of equal weight. Weigh pairs by item, not by vote."
    )
    return Found(rows.lazy(), heavy.height, of, message)
