"""The ceiling that disagreement among annotators sets for a reward model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import bdtrc, betainc, roots_legendre, stdtrit
from scipy.stats import beta as beta_distribution

from prefqa._types import Bools, Floats, Ints, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.ratings import Ratings

_METHOD = "share of a response pair's preferences ~ Beta(a, a), with a from the agreement of two annotators"


@dataclass(frozen=True)
class Measure:
    """A share with its error and interval; None where it is undefined."""

    value: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


@dataclass(frozen=True)
class Ceiling:
    """What agreement allows.

    `two_annotators`: two fresh annotators who both decide agree. `one_against_majority`: a vote equals the majority of
    the other votes on its pair. `model_against_one`: a perfect reward model, which knows what most of the pool prefer,
    agrees with one fresh annotator. `model_against_majority`: it agrees with the majority of `n_votes` annotators (half
    where they split evenly). The last two rest on `method`.
    """

    two_annotators: Measure
    one_against_majority: Measure
    model_against_one: Measure
    model_against_majority: Measure
    n_votes: int
    method: str = _METHOD

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as mappings."""
        return asdict(self)


def ceiling(ratings: Ratings, score: Floats, counted: Bools, level: float) -> Ceiling:
    r"""Return the ceiling from votes (0, 1 tie, 2) and their scores against the majority of the others.

    Two annotators who both decide agree with probability E[p^2 + (1 - p)^2] = (a + 1) / (2a + 1) if the share p of the
    pool that prefers one response is Beta(a, a); so a = (1 - P) / (2P - 1). The perfect model meets one annotator with

    .. math:: E[\max(p, 1-p)] = 1 - I_{1/2}(a + 1, a)

    and the majority of n with the same expectation of the binomial tail. With P at or below 1/2 there is nothing to
    know and both are 1/2. Intervals of these two are those of P, carried over; errors of shares are clustered by
    item and, with three or more, by annotator (see `agreement`).
    """
    decided = ratings.value != 1
    unit = np.repeat(np.arange(ratings.starts.size), ratings.lengths)
    first = sum_by(unit, (ratings.value == 0) & decided, ratings.starts.size)
    second = sum_by(unit, (ratings.value == 2) & decided, ratings.starts.size)
    alike = (first * (first - 1) + second * (second - 1)) / 2
    compared = (first + second) * (first + second - 1) / 2
    # A comparison is shared out to its two annotators, so that their sums add up to the whole.
    own = np.where(ratings.value == 0, first[unit], second[unit]) - 1
    row_alike = np.where(decided, own, 0) / 2
    row_compared = np.where(decided, first[unit] + second[unit] - 1, 0) / 2
    two = _share(
        (sum_by(ratings.cluster, alike), sum_by(ratings.cluster, compared)),
        (sum_by(ratings.annotator, 2 * row_alike), sum_by(ratings.annotator, 2 * row_compared)),
        level,
    )
    cluster = ratings.row_cluster
    one = _share(
        (sum_by(cluster, score * counted), sum_by(cluster, counted)),
        (sum_by(ratings.annotator, score * counted), sum_by(ratings.annotator, counted)),
        level,
    )
    n_votes = _usual(ratings.lengths)
    return Ceiling(
        two, one, _carried(two, _against_one), _carried(two, lambda p: _against_majority(p, n_votes)), n_votes
    )


def _usual(lengths: Ints) -> int:
    several = lengths[lengths >= 2]
    return int(np.bincount(several).argmax()) if several.size else 0


def _share(of_items: tuple[Floats, Floats], of_annotators: tuple[Floats, Floats], level: float) -> Measure:
    hits, n = of_items
    total = float(n.sum())
    if total == 0:
        return Measure(None, None, None, None, 0)
    mean = float(hits.sum()) / total
    n_items = int((n > 0).sum())
    if n_items < 2:
        return Measure(mean, None, None, None, n_items)
    left = ratio(hits.sum() - hits, total - n)[n > 0]
    variance = (n_items - 1) / n_items * float(((left - left.mean()) ** 2).sum())
    a_hits, a_n = (values[of_annotators[1] > 0] for values in of_annotators)
    freedom = n_items - 1
    if a_n.size > 2 and not np.isnan(left).any():
        without = ratio(hits.sum() - a_hits, total - a_n)
        if not np.isnan(without).any():
            more = (a_n.size - 1) / a_n.size * float(((without - without.mean()) ** 2).sum())
            freedom = min(freedom, a_n.size - 1)
            variance += more
    if np.isnan(variance):
        return Measure(mean, None, None, None, n_items)
    se = float(np.sqrt(variance))
    half = float(stdtrit(freedom, (1 + level) / 2)) * se
    return Measure(mean, se, max(mean - half, 0.0), min(mean + half, 1.0), n_items)


def _carried(of: Measure, function: Any) -> Measure:
    ends = [None if p is None else function(p) for p in (of.value, of.ci_low, of.ci_high)]
    return Measure(ends[0], None, ends[1], ends[2], of.n)


def _shape(agreement: float) -> float:
    return (1 - agreement) / (2 * agreement - 1)


def _against_one(agreement: float) -> float:
    if agreement <= 0.5:
        return 0.5
    if agreement >= 1:
        return 1.0
    a = _shape(agreement)
    return float(1 - betainc(a + 1, a, 0.5))


def _against_majority(agreement: float, n: int) -> float:
    if agreement <= 0.5 or n == 0:
        return 0.5
    if agreement >= 1:
        return 1.0
    a = _shape(agreement)
    nodes, weights = roots_legendre(200)
    levels = (nodes + 1) / 2  # p at equal steps of its distribution, on the side of the preferred response
    p = beta_distribution.ppf(0.5 + levels / 2, a, a)
    won = bdtrc(n // 2, n, p)
    if n % 2 == 0:
        won += (bdtrc(n // 2 - 1, n, p) - bdtrc(n // 2, n, p)) / 2
    return float(weights @ won / 2)
