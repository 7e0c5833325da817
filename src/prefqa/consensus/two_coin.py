"""Reliability and lean to the first place of each annotator: two-coin Dawid-Skene on votes with a known position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints, sum_by
from prefqa.coding import Coded, encode
from prefqa.consensus.orders import Orders, orders_by_belief
from prefqa.consensus.posterior import Beliefs, from_pairs, square
from prefqa.consensus.reliability import PRIOR, START
from prefqa.errors import UsageError
from prefqa.preferences import Preferences
from prefqa.votes import Bucket, buckets, votes_on_pairs

_TOLERANCE, _MAX_ITERATIONS = 1e-6, 2_000


@dataclass(frozen=True)
class TwoCoins:
    """What each annotator's votes are worth, by posterior means and standard deviations.

    `share`: of right votes, over both orders on the screen; `bias`: by how much more often than in half of all pairs
    the annotator prefers what stands first, where the better one stands first in half of them. Both have the
    standard deviation `sd`. `below_chance`: P(share < 1/2).
    """

    share: Floats
    bias: Floats
    sd: Floats
    below_chance: Floats
    n_iterations: int
    converged: bool

    def columns(self) -> dict[str, Floats]:
        """Return reliability and position bias, with their standard errors."""
        return {
            "reliability": self.share,
            "reliability_se": self.sd,
            "position_bias": self.bias,
            "position_bias_se": self.sd,
        }


def coded_with_positions(preferences: Preferences) -> tuple[Coded, list[Ints]]:
    """Return the codes of the judgments, and the position on the screen of each rank in `votes.buckets` of them.

    Positions are 0 where they are not known. A row that stands twice counts once where rank and position are the same,
    and not at all where they differ.

    Raises:
        ColumnNotFoundError: there is no position.
        UsageError: no vote has two known, unlike positions.
    """
    preferences.require("position")
    position = pl.col("position").clip(0).fill_null(0)
    usable = preferences.usable()
    width = int(usable.select(position.max()).collect().item() or 0) + 1
    both = encode(usable.with_columns(rank=pl.col("rank").rank("dense").cast(pl.Int64) * width + position))
    shown = [bucket.ranks for bucket in buckets(replace(both, rank=both.rank % width))]
    coded = replace(both, rank=both.rank // width)
    known = [(_shown(at) * votes_on_pairs(b.ranks)).any() for b, at in zip(buckets(coded), shown, strict=True)]
    if not any(known):
        raise UsageError(
            "two-coin needs votes on pairs whose places on the screen are known; no vote has any",
            hint='give the column position (1 = shown first), or take method="dawid-skene".',
        )
    return coded, shown


def two_coin(
    all_buckets: Sequence[Bucket],
    shown: Sequence[Ints],
    n_annotators: int,
    prior: tuple[float, float] = PRIOR,
) -> tuple[list[tuple[Orders, Beliefs]], TwoCoins]:
    """Fit the annotators by variational EM; return what is believed of each bucket.

    Each pair of an item has an unknown answer, either with probability 1/2, pairs being independent. A vote of
    annotator k is right with probability r where the better response is shown first and with s where it is shown
    second, each ~ Beta(*prior). A preference for the first place makes r larger and s smaller: share = (r + s) / 2,
    bias = (r - s) / 2. E-step: log odds of the answer, to which each vote for what is shown first adds
    E log r - E log(1 - s), and each for what is shown second E log s - E log(1 - r). M-step: the Beta posteriors of r
    and s from the expected numbers of right and wrong votes. It ends when no mean moves by more than 1e-6.

    Ties say nothing about who is right and are left out. A vote whose order on the screen is not known counts with the
    mean of both weights, and half for either coin. Where all annotators of an item saw the same order, a lean that they
    share looks like an answer; only that answers are as often first as second on the screen tells it then. A fresh
    annotator has the pool's mean share, without a lean, as the order on the screen is taken to be drawn at random.

    Source: Dawid and Skene (1979) with two classes, in the Bayesian form of Raykar et al. (2010).
    """
    from scipy.special import digamma, expit, ndtr

    data = [(bucket, votes_on_pairs(bucket.ranks), _shown(at)) for bucket, at in zip(all_buckets, shown, strict=True)]
    coins = np.full((n_annotators, 2, 2), np.array([START, 1 - START]) * 1e3)  # [first or second, right or wrong]
    n_iterations, converged = 0, False
    while True:
        logs = digamma(coins) - digamma(coins.sum(axis=2, keepdims=True))
        first, second = logs[:, 0, 0] - logs[:, 1, 1], logs[:, 1, 0] - logs[:, 0, 1]
        better = [expit(_support(bucket, vote, at, first, second)) for bucket, vote, at in data]
        if converged or n_iterations == _MAX_ITERATIONS:
            break
        counts = np.tile(np.array(prior), (n_annotators, 2, 1))
        for (bucket, vote, at), p in zip(data, better, strict=True):
            counts += _counts(bucket, vote, at, p, n_annotators)
        moved = np.abs(_means(counts) - _means(coins)).max(initial=0.0)
        coins, n_iterations = counts, n_iterations + 1
        converged = bool(moved < _TOLERANCE)
    right, total = _means(coins), coins.sum(axis=2)
    sd = np.sqrt((right * (1 - right) / (total + 1)).sum(axis=1)) / 2
    share = right.mean(axis=1)
    n_votes = total.sum(axis=1) - 2 * sum(prior)
    pool = float(share @ n_votes / n_votes.sum()) if n_votes.sum() > 0 else prior[0] / sum(prior)
    solved = []
    for (bucket, _, _), p in zip(data, better, strict=True):
        believed = from_pairs(square(p, bucket.k), square(p * pool + (1 - p) * (1 - pool), bucket.k))
        solved.append((orders_by_belief(believed.better), believed))
    bias = (right[:, 0] - right[:, 1]) / 2
    return solved, TwoCoins(share, bias, sd, ndtr((0.5 - share) / sd), n_iterations, converged)


def _means(coins: Floats) -> Floats:
    return np.asarray(coins[:, :, 0] / coins.sum(axis=2), np.float64)


def _shown(position: Ints) -> Floats:
    """[n judgments, P]: +1 where the first of the pair is shown before the second, -1 after, 0 not known."""
    return votes_on_pairs(position)


def _support(bucket: Bucket, vote: Floats, shown: Floats, first: Floats, second: Floats) -> Floats:
    """[n, P]: log odds that the first of the pair is the better one."""
    for_first = (1 + vote * shown) / 2  # whether the vote is for what is shown first; one half where that is not known
    who = bucket.annotator
    weight = for_first * first[who][:, None] + (1 - for_first) * second[who][:, None]
    return np.asarray(np.add.reduceat(vote * weight, bucket.starts, axis=0), np.float64)


def _counts(bucket: Bucket, vote: Floats, shown: Floats, better: Floats, n_annotators: int) -> Floats:
    """[annotators, 2, 2]: expected number of votes where the better one is shown first or second, right and wrong."""
    p = better[bucket.unit]
    voted = np.abs(vote)
    right = np.where(vote > 0, p, 1 - p) * voted
    wrong = voted - right
    # A vote for the first place is right where the better one is shown first, and wrong where it is shown second.
    for_first = (1 + vote * shown) / 2
    cells = [(0, 0, right * for_first), (1, 0, right * (1 - for_first)), (1, 1, wrong * for_first)]
    cells.append((0, 1, wrong * (1 - for_first)))
    out = np.zeros((n_annotators, 2, 2))
    for coin, outcome, number in cells:
        out[:, coin, outcome] = sum_by(bucket.annotator, number.sum(axis=1), n_annotators)
    return out
