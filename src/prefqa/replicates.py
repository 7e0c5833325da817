"""A coefficient, and what it becomes without each item and without each annotator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Floats

_NONE: Floats = np.zeros(0)
#: Fewer annotators than this say nothing about others.
FEWEST = 3


class Variance(NamedTuple):
    r"""A variance over items, what annotators add to it, and the degrees of freedom of the sum.

    .. math:: V = V_{items} + \max(V_{annotators} - V_{judgments}, 0), \quad
              df = \frac{V^2}{V_{items}^2 / (n - 1) + V_{annotators}^2 / (A - 1)}

    The chance of a single judgment is in the variance over items and in that over annotators, so it is taken off once:
    the two-way cluster-robust variance of Cameron, Gelbach and Miller (2011), never below that over items. Its
    degrees of freedom are Satterthwaite's (1946), with the whole variance over annotators, since that is what was
    estimated from few; n - 1 where annotators add nothing. NaN in `over_annotators`: they are no part of it.
    """

    items: float
    added: float
    over_annotators: float

    @classmethod
    def of(cls, items: float, annotators: float, judgments: float) -> Variance:
        """Put together jackknife variances; without one over annotators (NaN) items are all."""
        if np.isnan(annotators) or np.isnan(judgments):
            return cls(items, 0.0, np.nan)
        return cls(items, max(annotators - judgments, 0.0), annotators)

    @property
    def total(self) -> float:
        """The variance."""
        return self.items + self.added

    def scaled(self, items: float, annotators: float) -> Variance:
        """Return the variance to expect with so many times as many items, and so many times as many annotators."""
        chance = (self.over_annotators - self.added) / items
        return Variance(self.items / items, self.added / annotators, chance + self.added / annotators)

    def freedom(self, n_items: float, n_annotators: float) -> float:
        """Degrees of freedom with so many items and annotators."""
        if not self.added > 0 or np.isnan(self.items):
            return n_items - 1
        squares = self.items**2 / (n_items - 1) + self.over_annotators**2 / (n_annotators - 1)
        return self.total**2 / squares


class Replicates(NamedTuple):
    """An estimate with its delete-one values; the uncertainty is read off these.

    `items` holds the coefficient without one item of each pattern, `counts` how many items there are of each;
    `annotators` without each annotator who carries something, `judgments` without one judgment (one annotator's, of one
    item) of each pattern and `judgment_counts` how many there are; these are empty where that was not asked for.
    `reason` says why there is no value, where that is not for want of variance or data.
    """

    estimate: float
    items: Floats
    counts: Floats
    annotators: Floats = _NONE
    judgments: Floats = _NONE
    judgment_counts: Floats = _NONE
    reason: str | None = None

    @classmethod
    def undefined(cls, n_items: int = 0, reason: str | None = None) -> Replicates:
        """Return the replicates of a coefficient that has no value."""
        none, counts = np.full(min(n_items, 1), np.nan), np.full(min(n_items, 1), float(n_items))
        return cls(np.nan, none, counts, reason=reason)

    @property
    def n_items(self) -> int:
        """Items that carry something to the coefficient."""
        return int(self.counts.sum())

    @property
    def item_variance(self) -> float:
        r"""Delete-one-item jackknife variance, one evaluation per pattern.

        .. math:: V = \frac{n-1}{n} \sum_p c_p (\theta_{(p)} - \bar\theta)^2

        with c_p the multiplicity of pattern p. NaN with one item, or where the coefficient is undefined without some
        item. Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, eq. 11.5.
        """
        return np.nan if np.isnan(self.estimate) else _variance(self.items, self.counts)

    @property
    def annotator_variance(self) -> float:
        r"""Delete-one-annotator jackknife variance.

        .. math:: V = \frac{A-1}{A} \sum_a (\theta_{(a)} - \bar\theta)^2

        NaN with fewer than three annotators, or where the coefficient is undefined without one of them.
        """
        return np.nan if self.annotators.size < FEWEST else _variance(self.annotators)

    @property
    def judgment_variance(self) -> float:
        """Delete-one-judgment jackknife variance: the chance of single judgments, which both others hold."""
        return _variance(self.judgments, self.judgment_counts)

    @property
    def variance(self) -> Variance:
        """Variance over items and, where that was asked for and can be had, annotators."""
        return Variance.of(self.item_variance, self.annotator_variance, self.judgment_variance)


def influences(left_out: Floats) -> Floats:
    """Jackknife influence of each of n units from the values without them: the sum of squares is the variance."""
    n = left_out.size
    return (left_out.mean() - left_out) * np.sqrt((n - 1) / n) if n > 1 else np.full(n, np.nan)


def _variance(left_out: Floats, counts: Floats | None = None) -> float:
    """Sum of squared influences, of units of which there are `counts`; NaN with fewer than two."""
    counts = np.ones(left_out.size) if counts is None else counts
    n = counts.sum()
    if n < 2:
        return np.nan
    spread = left_out - (counts @ left_out) / n
    return float((n - 1) / n * (counts @ spread**2))
