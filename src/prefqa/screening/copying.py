"""The rule on annotators whose votes agree too well, from sums per pair of annotators and item."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtr

from prefqa._types import Bools, Ints, distinct, sum_by
from prefqa.checks.frame import NotRun
from prefqa.screening.evidence import Evidence
from prefqa.screening.pool import Pool
from prefqa.screening.shown import as_shown
from prefqa.votes import Bucket, pair_votes, row_pairs

#: Up to so many responses, vectors of ranks may be few.
_FEW = 6
_LEAST_ITEMS, _LEAST_VOTES, _LEAST_OTHERS = 10, 20, 3


def copies(pool: Pool) -> tuple[Evidence, Ints, Ints] | NotRun:
    """PQ312, per pair of annotators: votes that agree more often than the less reliable of the two can.

    Write votes as +1, 0 (tie), -1 towards the truth, with mean x_a >= 0 for annotator a on a pair of responses. Two who
    vote independently given the pair have E[v_a v_b] = x_a x_b <= x_a, and <= x_b: over pairs of any difficulty their
    agreement c_ab = mean v_a v_b is at most the mean of x_a, and of x_b. Only dependent votes exceed it.
    x_a is measured without b: c of a with all others, divided by the root of the pool's c (as c_ac = x_a x_c); where
    items differ in difficulty this is too high, which makes the test hold back. Pairs that both tie do not count. The
    standard errors have items as clusters. Agreement must exceed the bound by the option `margin`, and be above
    `min_share`; each of the two needs three others beside.

    Returns:
        Evidence per pair of annotators (the effect is the share of equal votes, a tie against a decision counting one
        half), and the two annotators (codes).
    """
    met = [_met(bucket) for bucket in pool.buckets if bucket.k > 1]
    if not any(each.height for each, _ in met):
        return NotRun("no two annotators voted on one pair")
    each, whole = (pl.concat(parts).filter(pl.col("n") > 0) for parts in zip(*met, strict=True))
    with_each = _agreement(each, ["annotator", "other"])
    met_others = np.bincount(np.concatenate([with_each["annotator"], with_each["other"]]))
    judged = np.flatnonzero(met_others > _LEAST_OTHERS)
    pairs = with_each.filter(
        (pl.col("items") >= _LEAST_ITEMS)
        & (pl.col("n") >= _LEAST_VOTES)
        & pl.all_horizontal(pl.col("annotator", "other").is_in(judged))
    )
    if pairs.is_empty():
        shared = f"{_LEAST_ITEMS} items and {_LEAST_VOTES} votes, and {_LEAST_OTHERS} others to compare with"
        return NotRun(f"no two annotators share {shared}")
    with_all = _agreement(whole, ["annotator"])
    usual = np.sqrt(max(float(np.asarray(with_all["k"]).sum() / np.asarray(with_all["n"]).sum()), 1e-3))
    bounds = []
    for name in ("annotator", "other"):
        own = pairs.select(pl.col(name).alias("annotator"), n_pair="n", k_pair="k").join(
            with_all, on="annotator", how="left", maintain_order="left"
        )
        n, k, n_pair, k_pair, error = (own[column].to_numpy() for column in ("n", "k", "n_pair", "k_pair", "error"))
        left = n - n_pair
        known = left >= _LEAST_VOTES
        x = np.where(known, (k - k_pair) / np.where(known, left, 1) / usual, 1.0)
        bounds.append((np.clip(x, 0, 1), error * np.sqrt(n / np.maximum(left, 1)) / usual))
    first = bounds[0][0] <= bounds[1][0]
    bound, bound_error = (np.where(first, bounds[0][i], bounds[1][i]) for i in (0, 1))
    share, error = (1 + (pairs["k"] / pairs["n"]).to_numpy()) / 2, pairs["error"].to_numpy() / 2
    options = pool.options["PQ312"]
    beyond = share - (1 + bound) / 2 - float(options["margin"])
    # Both must hold, so the greater p-value is the one that counts.
    p = np.maximum(
        ndtr(-beyond / np.hypot(error, bound_error / 2)), ndtr(-(share - float(options["min_share"])) / error)
    )
    low, high = np.clip(share - 1.96 * error, 0, 1), np.clip(share + 1.96 * error, 0, 1)
    found = Evidence(share, low, high, p, pairs["n"].to_numpy(), "of the votes on the same pairs are equal")
    return found, pairs["annotator"].to_numpy(), pairs["other"].to_numpy()


def _met(bucket: Bucket) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Votes n on pairs of responses that not both tie, and k = sum v_a v_b over these.

    Returns:
        One row per item and two annotators (annotator < other) who voted on one of its pairs, and one per judgment,
        with all others.
    """
    _, one, other = row_pairs(bucket.starts, len(bucket.ranks))
    number, table = as_shown(bucket, None) if bucket.k <= _FEW else (one, bucket.ranks)
    if len(table) ** 2 <= one.size:  # each two vectors of ranks meet once, whoever gave them
        first, second = np.divmod(np.arange(len(table) ** 2), max(len(table), 1))
        at = number.astype(np.uint32)[one] * np.uint32(len(table)) + number.astype(np.uint32)[other]
        n, k, shared = (values[at] for values in _votes_of_two(table, first, second))
    else:
        n, k, shared = _votes_of_two(bucket.ranks, one, other)
    columns = {"annotator": bucket.annotator[one], "other": bucket.annotator[other], "n": n, "k": k}
    sums = {
        name: sum((np.bincount(at, values, len(bucket.ranks)) for at in (one, other)), np.zeros(len(bucket.ranks)))
        for name, values in (("n", n), ("k", k))
    }
    return pl.DataFrame(columns).filter(pl.Series(shared)), pl.DataFrame({"annotator": bucket.annotator, **sums})


def _votes_of_two(ranks: Ints, one: Ints, other: Ints) -> tuple[Ints, Ints, Bools]:
    """Of two rows of ranks each: n and k of `_met`, and whether they both rank some pair."""
    n, k = (np.zeros(one.size, np.int32) for _ in range(2))
    shared = np.zeros(one.size, np.bool_)
    for votes in pair_votes(ranks, one.size):
        known = votes.better | votes.equal | votes.worse
        vote = votes.better.view(np.int8) - votes.worse.view(np.int8)
        both = known[:, one] & known[:, other]
        v, w = vote[:, one], vote[:, other]
        shared |= both.any(axis=0)
        n += (both & ((v != 0) | (w != 0))).sum(axis=0, dtype=np.int32)
        k += (v * w).sum(axis=0, dtype=np.int32)
    return n, k, shared


def _agreement(met: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Sums n and k by group, and the error of k / n with items as clusters, one row each.

    One item that says the opposite is added to the squares, so that agreement without exception has an error too.
    """
    key = met[by[0]].to_numpy().astype(np.int64)
    for name in by[1:]:
        codes = met[name].to_numpy()
        key = key * (int(codes.max(initial=0)) + 1) + codes
    groups, group = distinct(key)
    n, k = (met[name].to_numpy().astype(np.float64) for name in ("n", "k"))
    parts = {"n": n, "k": k, "items": np.ones(n.size), "nn": n * n, "nk": n * k, "kk": k * k}
    row = np.zeros(groups.size, np.int64)  # some row of each group
    row[group] = np.arange(group.size)
    sums = met.select(by)[row].with_columns(
        pl.Series(name, sum_by(group, values, groups.size)) for name, values in parts.items()
    )
    share = pl.col("k") / pl.col("n")
    # The sum of (k - share * n)^2; the sums are whole numbers, so that agreement without exception leaves none.
    residual = (pl.col("kk") - 2 * share * pl.col("nk") + share**2 * pl.col("nn")).clip(0)
    squares = residual + (pl.col("n") / pl.col("items")) ** 2
    return sums.with_columns(error=squares.sqrt() / pl.col("n")).drop("nn", "nk", "kk")
