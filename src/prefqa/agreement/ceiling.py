"""The ceiling that disagreement among annotators sets for a reward model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import bdtrc, betainc, betaincinv, roots_legendre, stdtrit

from prefqa._types import Bools, Floats, Ints, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.ratings import Ratings
from prefqa.replicates import Replicates

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
    # A comparison is shared out to its two annotators, so that their sums add up to the whole.
    own = np.where(ratings.value == 0, first[unit], second[unit]) - 1
    row_alike = np.where(decided, own, 0) / 2
    row_compared = np.where(decided, first[unit] + second[unit] - 1, 0) / 2
    by = [(ratings.row_cluster, len(ratings.cell)), (ratings.annotator, 0), (ratings.judgments.of_row, 0)]
    # An item has each comparison once; an annotator, and a judgment, all that leave with it.
    times = [(1, *by[0]), (2, *by[1]), (2, *by[2])]
    two = _share([(sum_by(g, f * row_alike, n), sum_by(g, f * row_compared, n)) for f, g, n in times], level)
    one = _share([(sum_by(g, score * counted, n), sum_by(g, counted, n)) for g, n in by], level)
    n_votes = _usual(ratings.lengths)
    return Ceiling(
        two, one, _carried(two, _against_one), _carried(two, lambda p: _against_majority(p, n_votes)), n_votes
    )


def _usual(lengths: Ints) -> int:
    several = lengths[lengths >= 2]
    return int(np.bincount(several).argmax()) if several.size else 0


def _share(of: Sequence[tuple[Floats, Floats]], level: float) -> Measure:
    """Share of hits from (hits, n) by item, annotator and judgment."""
    hits, n = (float(values.sum()) for values in of[0])
    if n == 0:
        return Measure(None, None, None, None, 0)
    without = [ratio(hits - h[m > 0], n - m[m > 0]) for h, m in of]
    found = Replicates(hits / n, without[0], np.ones(without[0].size), without[1], without[2], np.ones(without[2].size))
    variance = found.variance
    if np.isnan(variance.total):
        return Measure(found.estimate, None, None, None, found.n_items)
    freedom = max(variance.freedom(found.n_items, found.annotators.size), 1)
    se = float(np.sqrt(variance.total))
    half = float(stdtrit(freedom, (1 + level) / 2)) * se
    ends = max(found.estimate - half, 0.0), min(found.estimate + half, 1.0)
    return Measure(found.estimate, se, *ends, found.n_items)


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
    p = betaincinv(a, a, 0.5 + levels / 2)
    won = bdtrc(n // 2, n, p)
    if n % 2 == 0:
        won += (bdtrc(n // 2 - 1, n, p) - bdtrc(n // 2, n, p)) / 2
    return float(weights @ won / 2)
