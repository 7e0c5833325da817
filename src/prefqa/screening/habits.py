"""Rules on habits: what annotators do whatever stands before them."""

from __future__ import annotations

from dataclasses import replace
from math import factorial

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa.checks.frame import NotRun
from prefqa.readers.long_rows import UNNAMED
from prefqa.screening.evidence import Evidence, leanings, share_above, share_of_pool
from prefqa.screening.pool import Pool, by_annotator
from prefqa.votes import pair_tallies

_NO_POSITION = NotRun("there is no position column")
_NO_TEXT = NotRun("there is no text of responses")


def straight_lining(pool: Pool) -> Evidence | NotRun:
    """PQ302.

    The share of an annotator's judgments that have its most frequent vector of ranks, in the order of the screen where
    it is known. The limit lies halfway between what the pool gives that vector and always. Where the source names no
    annotators there is nobody with a habit: one vector is then how pairs are written (the chosen response first).
    """
    if pool.coded.annotator_ids.to_list() == [UNNAMED]:
        return NotRun("the source names no annotators")
    parts = []
    for bucket, shown in zip(pool.buckets, pool.shown, strict=True):
        if bucket.k < 2:
            continue
        counts = pl.DataFrame({"annotator": bucket.annotator, "number": shown.number})
        counts = counts.lazy().group_by("annotator", "number").len("k").collect(engine="streaming")
        vector = pl.DataFrame(shown.table).select(pl.concat_str(pl.all(), separator=",").alias("vector"))["vector"]
        parts.append(counts.select("annotator", vector.gather(counts["number"]), "k"))
    if not parts:
        return NotRun("no judgment ranks two responses")
    counts = pl.concat(parts)
    of_pool = counts.group_by("vector").agg(pl.col("k").sum().alias("all"))
    total = counts["k"].sum()
    modal = (
        counts.join(of_pool, on="vector")
        .with_columns(n=pl.col("k").sum().over("annotator"))
        .with_columns(expected=(pl.col("all") - pl.col("k")) / (total - pl.col("n")).clip(1))
        .sort("annotator", pl.col("k"), "vector", descending=[False, True, False])
        .unique("annotator", keep="first", maintain_order=True)
    )
    at = modal["annotator"].to_numpy()
    k, n, expected = (_scattered(pool, at, modal[name].to_numpy()) for name in ("k", "n", "expected"))
    limit = (1 + np.minimum(expected, 0.95)) / 2
    return share_above(k, n, limit, "of the judgments have one and the same vector of ranks")


def untouched_order(pool: Pool) -> Evidence | NotRun:
    """PQ303.

    The share of judgments that rank the responses in the order of the screen, against chance: 1 / k! for k responses,
    or the rate of the rest of the pool where that is greater.
    """
    if pool.positions is None:
        return _NO_POSITION
    k, expected, n = (np.zeros(pool.n) for _ in range(3))
    for bucket, places, shown in zip(pool.buckets, pool.positions, pool.shown, strict=True):
        if bucket.k < 3:
            continue  # of two responses one is first half the time: that is position bias
        ranked = np.asarray((shown.table > 0).all(axis=1))
        rising = np.asarray((np.diff(shown.table, axis=1) > 0).all(axis=1))
        whole = np.logical_and.reduce([places[:, slot] > 0 for slot in range(bucket.k)]) & ranked[shown.number]
        inorder = whole & rising[shown.number]
        own_n, own_k = (by_annotator(pool, bucket.annotator, mask) for mask in (whole, inorder))
        rest = (own_k.sum() - own_k) / np.maximum(own_n.sum() - own_n, 1)
        k, n = k + own_k, n + own_n
        expected += own_n * np.maximum(1 / factorial(bucket.k), np.minimum(rest, 0.9))
    if not n.any():
        return NotRun("no judgment ranks three responses or more, all with their positions")
    limit = np.divide(expected, n, out=np.full(pool.n, 0.5), where=n > 0)
    return share_above(k, n, limit, "of the judgments are the order of the screen")


def position_bias(pool: Pool) -> tuple[Evidence, Evidence] | NotRun:
    """PQ304 of each annotator, PQ305 of all: leaning towards what was shown earlier, given the others' votes.

    Where all annotators of an item saw one order, quality and position cannot be told apart: annotators are then
    compared with the pool, and nothing is said of the pool. Where responses (models) have fixed places, nothing can be
    said at all.
    """
    if pool.positions is None:
        return _NO_POSITION
    if pool.places_are_fixed:
        return NotRun("most responses stand at one place in all items: position and response cannot be told apart")
    return _leanings(pool, pool.votes.earlier, "points towards what was shown first", relative=not pool.positions_vary)


def length_following(pool: Pool) -> Evidence | NotRun:
    """PQ306: leaning towards the longer response, given the others' votes, against that of the pool.

    A few who follow length move what the others say, and with it everybody's leaning a little, by how reliable they
    are. So a leaning less than `min_effect` from that of the median annotator has p = 1.
    """
    if pool.longer is None:
        return _NO_TEXT
    both = _leanings(pool, pool.longer, "points towards the longer response", relative=True)
    if isinstance(both, NotRun):
        return both
    found = both[0]
    known = np.isfinite(found.effect)
    centre = float(np.median(found.effect[known])) if known.any() else 0.0
    small = known & (np.abs(found.effect - centre) < pool.options["PQ306"]["min_effect"])
    return replace(found, p=np.where(small, 1.0, found.p))


def length_of_majority(pool: Pool) -> Evidence | NotRun:
    """PQ307: the share of pairs whose majority prefers the longer response; one figure for the pool."""
    if pool.n_chars is None:
        return _NO_TEXT
    decided, longer, item = [], [], []
    for bucket, lengths in zip(pool.buckets, pool.n_chars, strict=True):
        by_unit = lengths[bucket.starts].astype(np.int64)
        if not (by_unit > 0).all():
            by_unit = np.maximum.reduceat(lengths, bucket.starts, axis=0)
        for tally in pair_tallies(bucket):
            a, b = by_unit[:, tally.first].T, by_unit[:, tally.second].T
            votes = np.stack([tally.n_first, tally.n_tie, tally.n_second])
            most = votes.max(axis=0)
            clear = ((votes == most).sum(axis=0) == 1) & (votes[1] < most) & (a != b)
            decided.append(clear.ravel())
            longer.append((clear & ((votes[0] == most) == (a > b))).ravel())
            item.append(np.tile(bucket.item, len(clear)))
    if not decided:
        return NotRun("no judgment ranks two responses")
    n, k = (np.concatenate(parts).astype(np.float64) for parts in (decided, longer))
    return share_of_pool(k, n, np.concatenate(item), "of the decided pairs prefer the longer response")


def _leanings(pool: Pool, direction: Ints, unit: str, *, relative: bool) -> tuple[Evidence, Evidence] | NotRun:
    votes = pool.votes
    use = (votes.vote != 0) & (direction != 0) & (votes.n_others > 0)
    if not use.any():
        return NotRun("no decided vote on a pair that others judged too")
    toward = direction[use].astype(np.float64)
    return leanings(
        (votes.vote[use] * toward > 0).astype(np.float64),
        votes.others[use] * toward,
        votes.annotator[use].astype(np.int64),
        votes.judgment[use].astype(np.int64),
        pool.n,
        unit,
        relative=relative,
    )


def _scattered(pool: Pool, at: Ints, values: Ints | Floats) -> Floats:
    out = np.zeros(pool.n)
    out[at] = values
    return out
