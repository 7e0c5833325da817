"""Majority votes on each pair, and the empirical-Bayes probability that a fresh annotator votes the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prefqa._types import Floats, Ints, distinct
from prefqa.consensus.orders import Orders, majority_relation, places_by_score

#: Where the fitted prior is held: .05 takes a 3 : 0 vote for .98, 100 takes it for .51.
PRIOR_BOUNDS = (0.05, 100.0)
#: The prior where the data cannot tell it: no pair of responses has two votes. It takes a single vote for 2/3.
PRIOR_UNIDENTIFIED = 1.0


@dataclass(frozen=True)
class Prior:
    """The symmetric Beta(a, a) prior on the share of votes for one side of a pair, and where `a` came from."""

    a: float
    origin: str


def majority(wins: Ints) -> Orders:
    """Order the responses of each item by Copeland score: pairs won by majority minus pairs lost.

    A Condorcet winner has the highest possible score, so it stands alone in first place. A pair that is tied, or that
    nobody judged, counts for neither side. `precedes` is the majority on the pair itself, which may be cyclic.

    Args:
        wins: [n, k, k], judgments that rank the first before the second.

    Source: Copeland (1951); figures as `copeland_scores` of pref_voting 1.18.2.
    """
    beats = majority_relation(wins)
    score = beats.sum(axis=2).astype(np.float64) - beats.sum(axis=1)
    return Orders(places_by_score(score), score, beats)


def vote_probability(n_for: Ints, n_tie: Ints, n_votes: Ints, a: float) -> Floats:
    """Return the probability that a fresh annotator of the same pool prefers the first of a pair.

    p = (n_for + n_tie / 2 + a) / (n_votes + 2a): the posterior mean under a Beta(a, a) prior, each tie half a vote for
    either side. The formula is symmetric, so which response is called first does not matter.
    """
    return np.asarray((n_for + n_tie / 2 + a) / (n_votes + 2 * a), np.float64)


def fit_prior(n_for: Ints, n_tie: Ints, n_votes: Ints, times: Ints | None = None) -> Prior:
    """Fit `a` of the Beta(a, a) prior by empirical Bayes, over the tallies of all items and pairs.

    Maximises the beta-binomial marginal likelihood of the decided votes, sum of log B(x + a, n - x + a) - log B(a, a)
    with x = n_for and n = n_votes - n_tie, over a within PRIOR_BOUNDS. Ties are left out here: a tie counted as half
    a vote for either side would look like less than binomial scatter and drive a to its upper bound. Tallies are folded
    (x and n - x are the same evidence) and grouped into their few distinct patterns first, so the fit costs nothing
    however many there are. Tallies with fewer than two decided votes say nothing about a; where there are no others,
    a is PRIOR_UNIDENTIFIED.

    Args:
        n_for: votes for one side, one value per tally; the two sides may stand either way round.
        n_tie: ties.
        n_votes: all votes.
        times: how often each tally stands; once if not given.

    Returns:
        The prior, with origin "fitted", "lower bound", "upper bound" or "not identified".
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import betaln

    decided = n_votes.astype(np.int64) - n_tie
    told = decided >= 2 if times is None else (decided >= 2) & (times > 0)
    n = decided[told]
    if n.size == 0:
        return Prior(PRIOR_UNIDENTIFIED, "not identified")
    side = n_for[told].astype(np.int64)
    width = int(n.max()) + 1
    folded = n * width + np.minimum(side, n - side)
    patterns, pattern = distinct(folded)
    counts = np.bincount(pattern, None if times is None else times[told])
    size, x = patterns // width, patterns % width

    def minus_log_likelihood(log_a: float) -> float:
        a = np.exp(log_a)
        return -float(np.sum(counts * (betaln(x + a, size - x + a) - betaln(a, a))))

    low, high = np.log(PRIOR_BOUNDS)
    found = minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-7})
    candidates = {"fitted": float(found.x), "lower bound": float(low), "upper bound": float(high)}
    origin = min(candidates, key=lambda name: minus_log_likelihood(candidates[name]))
    edge = {"lower bound": PRIOR_BOUNDS[0], "upper bound": PRIOR_BOUNDS[1]}
    return Prior(edge.get(origin, float(np.exp(candidates[origin]))), origin)


def fit_tallies(tallied: Sequence[tuple[Ints, Ints]]) -> Prior:
    """Fit the prior to win and tie counts [n, k, k] of all buckets."""
    columns = []
    for wins, ties in tallied:
        a, b = np.triu_indices(wins.shape[1], 1)
        columns.append([x.ravel() for x in (wins[:, a, b], ties[:, a, b], wins[:, b, a])])
    for_, tied, against = (np.concatenate(each) for each in zip(*columns, strict=True))
    return fit_prior(for_, tied, for_ + tied + against)


def majority_probability(n_for: Ints, n_tie: Ints, n_against: Ints, a: float) -> Floats:
    """Return the probability that most of the pool prefers the first of a pair, given the votes.

    Under the Beta(a, a) prior of `vote_probability` the share of the pool that prefers the first has the posterior
    Beta(x + a, y + a), x = n_for + n_tie / 2 and y = n_against + n_tie / 2; the result is its mass above one half.
    """
    from scipy.special import betainc

    width = int(max(n_for.max(initial=0), n_tie.max(initial=0), n_against.max(initial=0))) + 1
    codes = (n_for.astype(np.int64) * width + n_tie) * width + n_against
    patterns, at = np.unique(codes, return_inverse=True) if width > 100 else _few(codes)
    tie = patterns // width % width / 2
    x, y = patterns // width**2 + tie, patterns % width + tie
    return np.asarray(betainc(y + a, x + a, 0.5)[at].reshape(codes.shape), np.float64)


def _few(codes: Ints) -> tuple[Ints, Ints]:
    """Patterns and where each stands, without sorting: there are few of them."""
    counts = np.bincount(codes.ravel())
    patterns = np.flatnonzero(counts)
    place = np.zeros(counts.size, np.int64)
    place[patterns] = np.arange(patterns.size)
    return patterns, place[codes]
