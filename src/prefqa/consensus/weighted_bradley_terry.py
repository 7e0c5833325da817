"""Bradley-Terry worths per item with a discrimination per annotator: careful annotators count for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from prefqa._types import Floats, Ints, sum_by
from prefqa.consensus.fixed_point import fixed_point
from prefqa.consensus.orders import Orders
from prefqa.consensus.posterior import Beliefs, chunks, from_pairs, in_threads
from prefqa.consensus.worths import PRIOR_SD, Surface, climb, on_pairs, orders_of_worths
from prefqa.votes import Bucket, votes_on_pairs

#: Mean and standard deviation of the normal prior on discriminations: 1 is plain Bradley-Terry, and one annotator in
#: six is below 0, which is to prefer the worse one.
DISCRIMINATION = (1.0, 1.0)
_TOLERANCE, _MAX_ITERATIONS, _LONGEST_STEP = 1e-3, 500, 0.5
#: With twice as many items, about so many of them are iterated on first, then ten times as many, then all.
_WARM_UP = 10_000
#: Largest discrimination: right on 92 % of pairs drawn from the prior. Above, one annotator alone would set worths.
_LARGEST = 5.0


@dataclass(frozen=True)
class Discriminations:
    """What each annotator's votes are worth: eta and its standard error, the share of right votes, P(eta < 0)."""

    eta: Floats
    se: Floats
    share: Floats
    below_chance: Floats
    n_iterations: int
    converged: bool

    def columns(self) -> dict[str, Floats]:
        """Return reliability, which has no standard error here, and discrimination with its own."""
        return {"reliability": self.share, "discrimination": self.eta, "discrimination_se": self.se}


@dataclass(frozen=True)
class _Block:
    """Some items of one size, their votes [n judgments, P] (1 first, 1/2 tie, 0 second), and who gave them.

    `voted`: what each vote counts, `vote_weight` or 0.
    """

    answer: Floats
    voted: Floats
    starts: Ints
    item: Ints
    annotator: Ints
    k: int

    def pairs(self, state: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """[n judgments, P] twice: mean and variance of the worth of the first less that of the second."""
        theta, covariance = state
        first, second = np.triu_indices(self.k, 1)
        spread = np.diagonal(covariance, axis1=1, axis2=2)
        v = spread[:, first] + spread[:, second] - 2 * covariance[:, first, second]
        return (theta[:, first] - theta[:, second])[self.item], v[self.item]

    def worths(self, eta: Floats, state: tuple[Floats, Floats], prior_sd: float) -> tuple[Floats, Floats]:
        """Means of the worths and their covariance, discriminations and variances of differences held."""
        from scipy.special import expit, log_expit

        sign, square = on_pairs(self.k)
        first, second = np.triu_indices(self.k, 1)
        weight = eta[self.annotator][:, None]
        shrink = _shrink(weight, self.pairs(state)[1])

        def log_likelihood(theta: Floats) -> Surface:
            z = shrink * weight * (theta[:, first] - theta[:, second])[self.item]
            p = expit(z)
            value = self.voted * (self.answer * log_expit(z) + (1 - self.answer) * log_expit(-z)) / shrink
            slope = self.voted * weight * (self.answer - p)
            information = self.voted * weight**2 * shrink * p * (1 - p)
            by_item = [np.add.reduceat(each, self.starts, axis=0) for each in (value, slope, information)]
            return Surface(by_item[0].sum(axis=1), by_item[1] @ sign, (by_item[2] @ square).reshape(-1, self.k, self.k))

        return climb(log_likelihood, state[0], prior_sd, _TOLERANCE / 10)

    def slopes(self, eta: Floats, state: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
        """By discrimination: slope of the expected log likelihood, minus its curvature, and what worths take of it."""
        from scipy.special import expit

        (m, v), weight = self.pairs(state), eta[self.annotator][:, None]
        shrink = _shrink(weight, v)
        p = expit(shrink * weight * m)
        bend = shrink * p * (1 - p)
        slope = m * (self.answer - p) - weight * v * bend
        cross = (self.voted * (self.answer - p - weight * m * bend)) @ on_pairs(self.k)[0]
        taken = np.einsum("ri,rij,rj->r", cross, state[1][self.item], cross)
        by_judgment = (self.voted * slope).sum(axis=1), (self.voted * (m**2 + v) * bend).sum(axis=1), taken
        return tuple(sum_by(self.annotator, each, eta.size) for each in by_judgment)  # type: ignore[return-value]


def _shrink(eta: Floats, v: Floats) -> Floats:
    """The mean of the logistic curve over N(eta m, eta^2 v) is that curve at eta m times this (MacKay 1992)."""
    return np.asarray(1 / np.sqrt(1 + np.pi * eta**2 * v / 8), np.float64)


@dataclass
class _Pool:
    """All blocks, and the worths at the discriminations that were asked for last, from which the next ones begin."""

    blocks: list[_Block]
    prior_sd: float
    found: list[tuple[Floats, Floats]] = field(init=False)

    def __post_init__(self) -> None:
        width = self.prior_sd**2
        self.found = [
            (np.zeros((b.starts.size, b.k)), np.tile(width * np.eye(b.k), (b.starts.size, 1, 1))) for b in self.blocks
        ]

    def worths(self, eta: Floats) -> list[tuple[Floats, Floats]]:
        """Means and covariances of the worths of each block."""
        each = list(zip(self.blocks, self.found, strict=True))
        self.found = in_threads(lambda one: one[0].worths(eta, one[1], self.prior_sd), each)
        return self.found

    def slopes(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Slope of the log posterior by each discrimination, its information, and that less what the worths take."""
        mean, sd = DISCRIMINATION
        slope, information, taken = (mean - eta) / sd**2, np.full(eta.size, 1 / sd**2), np.zeros(eta.size)
        each = list(zip(self.blocks, self.found, strict=True))
        for one, two, three in in_threads(lambda one: one[0].slopes(eta, one[1]), each):
            slope, information, taken = slope + one, information + two, taken + three
        return slope, information, information - taken

    def step(self, eta: Floats) -> Floats:
        """Fit the worths, then let each discrimination take a step."""
        self.worths(eta)
        slope, information, _ = self.slopes(eta)
        moved = eta + np.clip(slope / information, -_LONGEST_STEP, _LONGEST_STEP)
        return np.clip(moved, -_LARGEST, _LARGEST)


def vote_weight(n_ranked: Ints) -> Floats:
    """What a vote out of a ranking of n responses counts: 9 / (2n + 5), so 1 for a pair.

    The n (n - 1) / 2 votes of a ranking contradict each other never, so they say less than as many votes of different
    people. Of rankings at random the number of votes that agree with an order has variance n (n - 1) (2n + 5) / 72,
    that of independent votes n (n - 1) / 8; the weight is the ratio. With weight 1 annotators who agree with the pool
    are taken for perfect: log 2 for each vote is more than a ranking of three or more can say, log n!.

    Source: Kendall (1938), A new measure of rank correlation, Biometrika 30, for the variance; Varin, Reid and Firth
    (2011), An overview of composite likelihood methods, for weights that restore the information.

    >>> import numpy as np
    >>> vote_weight(np.array([2, 4])).round(3).tolist()
    [1.0, 0.692]
    """
    return np.asarray(9 / (2 * np.maximum(n_ranked, 2) + 5), np.float64)


def weighted_bradley_terry(
    buckets: Sequence[Bucket], n_annotators: int, prior_sd: float = PRIOR_SD
) -> tuple[list[tuple[Orders, Beliefs]], Discriminations]:
    """Fit worths of all items and discriminations of all annotators; return what is believed of each bucket.

    Annotator k prefers i to j with probability 1 / (1 + exp(-eta_k (theta_i - theta_j))); a tie is half a vote for
    either side. theta ~ N(0, prior_sd^2) within an item, eta ~ N(1, 1) from -5 to 5, so eta may fall below 0: such
    annotators count against what they say, and are reported as below chance.

    Variational EM: the worths of an item get a normal posterior, by Newton steps on the expected log posterior; then
    each discrimination takes a step up its own, worths integrated out. Each vote counts `vote_weight`. The mean of the
    logistic curve over a normal is MacKay's. It ends when no discrimination moves by more than .001; where there are
    many items, a part of them is iterated on first. (The joint maximum of worths and discriminations
    is no choice here: with few votes an item it drives discriminations up without bounds, and with three votes an
    item was right on .77 of pairs against .79.)

    The standard error of eta is that of the curvature, less what the worths of the annotator's items take, with the
    other annotators held: rough, and too small where few annotators share an item. `share`: the expected share of
    decided votes that go with the worths. A fresh annotator is taken to have the pool's mean discrimination, which
    scales the worths in `Beliefs.fresh`.

    Source: Chen, Bennett, Collins-Thompson and Horvitz (2013), Pairwise ranking aggregation in a crowdsourced setting,
    with a real discrimination; MacKay (1992) for the mean.
    """
    from scipy.special import ndtr

    n_items = sum(len(bucket.item) for bucket in buckets)
    eta, n_iterations, converged = np.full(n_annotators, DISCRIMINATION[0]), 0, False
    strides = [n_items // n for n in (_WARM_UP, 10 * _WARM_UP) if n_items >= 2 * n]
    for stride in [*strides, 1]:
        blocks = [_blocks(bucket.every(stride)) for bucket in buckets]
        pool = _Pool([block for of_bucket in blocks for block in of_bucket], prior_sd)
        eta, n_iterations, converged = fixed_point(pool.step, eta, tolerance=_TOLERANCE, max_steps=_MAX_ITERATIONS)
    found = pool.worths(eta)
    left = pool.slopes(eta)[2]
    se = np.sqrt(np.divide(1.0, left, where=left > 0, out=np.full(n_annotators, np.nan)))
    n_votes = sum((sum_by(b.annotator, b.voted.sum(axis=1), n_annotators) for b in pool.blocks), start=0 * eta)
    fresh_eta = float(eta @ n_votes / n_votes.sum()) if n_votes.sum() else DISCRIMINATION[0]
    solved, right, decided = [], np.zeros(n_annotators), np.zeros(n_annotators)
    rest = iter(found)
    for bucket, of_bucket in zip(buckets, blocks, strict=True):
        parts = [next(rest) for _ in of_bucket]
        worths, covariance = (np.concatenate(each) for each in zip(*parts, strict=True))
        orders, better, _ = orders_of_worths(worths, covariance)
        fresh = orders_of_worths(fresh_eta * worths, fresh_eta**2 * covariance)[2]
        solved.append((orders, from_pairs(better, fresh)))
        a, b = np.triu_indices(bucket.k, 1)
        vote = votes_on_pairs(bucket.ranks)
        sided = np.where(vote > 0, better[:, a, b][bucket.unit], better[:, b, a][bucket.unit])
        right += sum_by(bucket.annotator, (sided * np.abs(vote)).sum(axis=1), n_annotators)
        decided += sum_by(bucket.annotator, np.abs(vote).sum(axis=1), n_annotators)
    share = np.divide(right, decided, where=decided > 0, out=np.full(n_annotators, np.nan))
    return solved, Discriminations(eta, se, share, ndtr(-eta / se), n_iterations, converged)


def _blocks(bucket: Bucket) -> list[_Block]:
    ends = np.append(bucket.starts, bucket.ranks.shape[0])
    a, b = np.triu_indices(bucket.k, 1)
    found = []
    for part in chunks(len(bucket.item), bucket.k):
        rows = slice(int(ends[part.start]), int(ends[part.stop]))
        ranks = bucket.ranks[rows]
        starts = bucket.starts[part] - rows.start
        item = np.repeat(np.arange(starts.size), bucket.lengths[part])
        voted = ((ranks[:, a] > 0) & (ranks[:, b] > 0)) * vote_weight((ranks > 0).sum(axis=1))[:, None]
        found.append(_Block((votes_on_pairs(ranks) + 1) / 2, voted, starts, item, bucket.annotator[rows], bucket.k))
    return found
