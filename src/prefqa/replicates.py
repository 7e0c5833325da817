"""A coefficient, and what it becomes without each item and without each annotator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Floats


class Replicates(NamedTuple):
    """An estimate with its delete-one values; the uncertainty is read off these.

    `items` holds the coefficient without one item of each pattern, `counts` how many items there are of each;
    `annotators` without each annotator who carries something, empty where that was not asked for.
    """

    estimate: float
    items: Floats
    counts: Floats
    annotators: Floats

    @classmethod
    def undefined(cls, n_items: int = 0) -> Replicates:
        """Return the replicates of a coefficient that has no value."""
        return cls(np.nan, np.full(min(n_items, 1), np.nan), np.full(min(n_items, 1), float(n_items)), np.zeros(0))

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
        n = self.n_items
        if n < 2 or np.isnan(self.estimate):
            return np.nan
        spread = self.items - (self.counts @ self.items) / n
        return float((n - 1) / n * (self.counts @ spread**2))

    @property
    def annotator_variance(self) -> float:
        r"""Delete-one-annotator jackknife variance.

        .. math:: V = \frac{A-1}{A} \sum_a (\theta_{(a)} - \bar\theta)^2

        NaN with fewer than three annotators, or where the coefficient is undefined without one of them.
        """
        n = self.annotators.size
        if n < 3:
            return np.nan
        return float((n - 1) / n * np.sum((self.annotators - self.annotators.mean()) ** 2))
