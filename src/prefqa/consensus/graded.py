r"""Graded votes: how far the two responses of a pair lie apart, from the direction and the strength of each vote.

A cumulative-link model with cut points that are the same for both directions. The gap d of a pair is N(0, sd^2); with
the discrimination a_k and the stretch t_k of annotator k and cut points 0 <= c_1 < ... < c_G, a vote of grade g or more
for the first response has the probability

.. math:: P(y \ge g) = \frac{1}{1 + \exp(-(a_k d - t_k c_g))}, \qquad P(y \le -g) = \frac{1}{1 + \exp(a_k d + t_k c_g)}

and what lies between -c_1 and c_1 is a tie. A vote of unknown strength counts by its direction. Pairs of an item are
taken as independent. Source: McCullagh (1980), Regression models for ordinal data; Agresti (1992), Analysis of ordinal
paired comparison data, for symmetric cut points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.graded_curves import Curves
from prefqa.consensus.graded_likelihood import GradedVotes, Parameters, graded_votes
from prefqa.consensus.posterior import Beliefs, from_pairs, square
from prefqa.votes import Bucket

#: An annotator with fewer votes counts as the pool does.
LEAST_VOTES = 10
#: What the prior on discrimination and stretch is worth, in votes, where nobody has chosen one.
PRIOR_VOTES = 24.0
#: Information of a vote about the logarithm of a discrimination, roughly.
_PER_VOTE = 0.25
#: Pairs that the fit begins with, where there are more.
_WARM_UP = 4_000


@dataclass(frozen=True)
class GradedFit:
    """What was fitted, with one value per annotator.

    `discrimination`: 1 as the pool is taken to be, below 0 against it; `stretch`: above 1, the annotator gives high
    grades more rarely than the pool; `share`: expected share of decided votes that go with the gap. `values`: the
    strength of each grade. `ignored`: whose grades say nothing of the gap, so that only the direction of their votes
    counts; `used`: the share of graded votes whose grade does count. `parameters`: those of the
    likelihood; `code`: of each annotator in them.
    """

    parameters: Parameters
    code: Ints
    values: Floats
    votes_of: Floats
    ignored: Bools
    used: float
    se: Floats
    share: Floats
    n_iterations: int
    converged: bool

    @property
    def discrimination(self) -> Floats:
        """Discrimination of each annotator."""
        return self.parameters.slope[self.code]

    @property
    def stretch(self) -> Floats:
        """Stretch of each annotator's cut points."""
        return self.parameters.stretch[self.code]

    @property
    def below_chance(self) -> Floats:
        """Posterior probability that the annotator votes against the gaps."""
        from scipy.special import ndtr

        return np.asarray(np.where(np.isnan(self.se), 0.0, ndtr(-self.discrimination / self.se)), np.float64)

    def columns(self) -> dict[str, Floats]:
        """Return reliability, which has no standard error here, and discrimination with its own."""
        discrimination = np.where(np.isnan(self.se), np.nan, self.discrimination)
        return {"reliability": self.share, "discrimination": discrimination, "discrimination_se": self.se}


@dataclass(frozen=True)
class GradedBeliefs:
    """Beliefs of a bucket, and per pair [n, k, k], odd in its direction: the mean gap, and the mean strength of a vote.

    `right` [n, k, k]: probability that the first is better and a fresh vote is for it.
    """

    beliefs: Beliefs
    gap: Floats
    strength: Floats
    right: Floats


def fit_graded(
    buckets: Sequence[Bucket],
    n_annotators: int,
    values: Floats,
    prior_votes: float = PRIOR_VOTES,
    tolerance: float = 1e-9,
) -> GradedFit:
    """Fit cut points, the spread of gaps, and what each annotator's grades are worth.

    Maximises the marginal likelihood of all votes, gaps integrated out on a grid, times priors: discriminations are
    N(1, s^2) and logarithms of stretches N(0, s^2), s^2 = 4 / prior_votes, and weak ones on cut points and spread. By
    L-BFGS with the exact gradient: that of the expected log likelihood at the posterior of the gaps.

    An annotator whose grades the other votes on the pairs and the direction of its own do not predict better than the
    shares in which it gives them uses grades for something else or at random: they are left out, and all is fitted
    anew.

    Args:
        buckets: all judgments, with grades.
        n_annotators: number of annotators.
        values: the strength of each grade, lowest first.
        prior_votes: what the prior on annotators is worth; the larger, the more alike they are taken to be.
        tolerance: the relative rise of the log posterior below which the fit ends.
    """
    votes = graded_votes(buckets, n_annotators, values.size, LEAST_VOTES)
    prior_sd = float(np.sqrt(1 / (_PER_VOTE * prior_votes)))
    start = Parameters.start(votes, prior_sd)
    n_iterations, converged = 0, True
    stride = votes.n_pairs // _WARM_UP
    if stride > 1:
        start = start.climb(votes.every(stride), tolerance)[0]
    start, n_iterations, converged = start.climb(votes, tolerance)
    curves = Curves(start)
    told, n_graded = _told_by_grades(votes, curves)
    ignored, used = (told < 0)[votes.code], float(n_graded[told >= 0].sum() / max(n_graded.sum(), 1))
    if ignored.any():
        votes = GradedVotes.of(buckets, votes.code, values.size, ignored)
        start, more, converged = start.climb(votes, tolerance)
        n_iterations, curves = n_iterations + more, Curves(start)
    information, share = _of_annotators(votes, curves)
    with np.errstate(invalid="ignore"):
        se = np.where(information > 0, 1 / np.sqrt(information), np.nan)[votes.code]
    own = votes.code > 0
    se, share = np.where(own, se, np.nan), np.where(own, share[votes.code], np.nan)
    return GradedFit(start, votes.code, values, votes.votes_of, ignored, used, se, share, n_iterations, converged)


def _told_by_grades(votes: GradedVotes, curves: Curves) -> tuple[Floats, Floats]:
    """By code: log likelihood of grades given the direction and the other votes on the pair, less that by shares.

    And the number of votes that have a grade.
    """
    inverse = curves.inverse_given_direction().reshape(-1, curves.gaps.size)
    n, predicted = np.zeros(len(inverse)), np.zeros(len(inverse))
    for kind, times, posterior in votes.entries(curves):
        n += np.bincount(kind, weights=times, minlength=n.size)
        loss = times * np.log((posterior * inverse[kind]).sum(axis=1))
        predicted -= np.bincount(kind, weights=loss, minlength=n.size)
    g = votes.n_grades
    answers = n.reshape(votes.n_codes, -1)
    graded = answers[:, g + 2 : 2 * g + 2] + answers[:, g:0:-1]
    shares = graded / np.maximum(graded.sum(axis=1, keepdims=True), 1)
    by_shares = (graded * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    return predicted.reshape(answers.shape).sum(axis=1) - by_shares, graded.sum(axis=1)


def _of_annotators(votes: GradedVotes, curves: Curves) -> tuple[Floats, Floats]:
    """By code: information about its slope, the other parameters held, and the share of decided votes with the gap.

    The information is that of votes with known gaps less what is missing since gaps are not known (Louis 1982): of each
    vote the variance of its score. An annotator votes once on a pair, so its scores are independent.
    """
    _, expected = votes.expected(curves)
    score = curves.score().reshape(-1, curves.gaps.size)
    missing = (expected.reshape(score.shape) * score**2).sum(axis=1)
    for kind, times, posterior in votes.entries(curves):
        mean = (posterior * score[kind]).sum(axis=1)
        missing -= np.bincount(kind, weights=times * mean**2, minlength=missing.size)
    graded, unknown, tie = curves.folded(expected)
    bend = curves.up * (1 - curves.up)
    each = graded * bend
    each[:, :-1] += graded[:, :-1] * bend[:, 1:]
    each[:, 0] += (unknown + tie + tie[:, ::-1]) * bend[:, 0]
    whole = each.sum(axis=1) @ curves.gaps**2 + 1 / curves.of.prior_sd**2
    decided = graded.sum(axis=1) + unknown
    right, n = decided @ (curves.gaps > 0), decided.sum(axis=1)
    share = np.divide(right, n, out=np.full(n.size, np.nan), where=n > 0)
    return whole - missing.reshape(votes.n_codes, -1).sum(axis=1), share


def graded_beliefs(bucket: Bucket, found: GradedFit, annotator: Ints | None = None) -> GradedBeliefs:
    """Return what is believed of the pairs of each item.

    `fresh` is the vote of an annotator drawn like the votes there are, a tie half a vote for either side; with
    `annotator`, one of each item, it is that of this annotator.
    """
    curves = Curves(found.parameters)
    votes = GradedVotes.of([bucket], found.code, found.values.size, found.ignored)
    n, k = len(bucket.item), bucket.k
    n_pairs = k * (k - 1) // 2
    weight = np.bincount(found.code, weights=found.votes_of, minlength=curves.first.shape[0])
    weight = weight / weight.sum() if weight.sum() else np.full(weight.size, 1 / weight.size)
    positive, fresh = (curves.gaps > 0).astype(np.float64), weight @ curves.first
    strength = weight @ curves.mean_grade(found.values)
    wanted = [positive, curves.gaps, strength, positive * fresh, (1 - positive) * (1 - fresh), fresh]
    figures = votes.means(curves, np.stack(wanted, axis=1))
    better, gap, strength, right, wrong, first = (each.reshape(n, n_pairs) for each in figures.T)
    if annotator is not None:
        first = votes.means(curves, curves.first.T, np.repeat(found.code[annotator], n_pairs)).reshape(n, n_pairs)
    better = np.round(np.clip(better, 1e-12, 1 - 1e-12), 12)
    believed = from_pairs(square(better, k), square(first, k))
    return GradedBeliefs(believed, _two(gap, -gap, k), _two(strength, -strength, k), _two(right, wrong, k))


def _two(above: Floats, below: Floats, k: int) -> Floats:
    """[n, k, k] from pairs [n, P] in both directions."""
    first, second = np.triu_indices(k, 1)
    out = np.zeros((above.shape[0], k, k))
    out[:, first, second], out[:, second, first] = above, below
    return out
