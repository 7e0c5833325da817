"""Bootstrap over items: one multinomial over the patterns per replicate, which never looks at the data again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr, ndtri

from prefqa._types import Floats
from prefqa.replicates import Replicates

#: With a larger share of undefined samples there is no interval.
UNDEFINED = 0.1


def multiplicities(counts: Floats, n_replicates: int, seed: int) -> Floats:
    """Return how many items of each pattern a sample with replacement holds, [n_replicates, n_patterns]."""
    return np.array(list(draws(counts, n_replicates, seed))).reshape(n_replicates, counts.size)


def draws(counts: Floats, n_replicates: int, seed: int) -> Iterator[Floats]:
    """Yield the rows of `multiplicities` one by one, for patterns too many to hold all rows."""
    n = int(counts.sum())
    rng = np.random.default_rng(seed)
    for _ in range(n_replicates):
        yield rng.multinomial(n, counts / max(n, 1)).astype(np.float64)


def percentile(values: Floats, level: float) -> tuple[float, float]:
    """Return the percentile interval of the replicates; NaN where some replicate is undefined for most."""
    return _quantiles(values, (1 - level) / 2, (1 + level) / 2)


def bca(values: Floats, found: Replicates, level: float) -> tuple[float, float]:
    r"""Return the bias-corrected and accelerated interval, with the acceleration from the jackknife over items.

    .. math:: \alpha_{1,2} = \Phi\left(z_0 + \frac{z_0 + z}{1 - a (z_0 + z)}\right), \quad
              a = \frac{\sum_i (\bar\theta - \theta_{(i)})^3}{6 [\sum_i (\bar\theta - \theta_{(i)})^2]^{3/2}}

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, eq. 14.9 to 14.15.
    """
    there = values[~np.isnan(values)]
    below = (np.count_nonzero(there < found.estimate) + np.count_nonzero(there == found.estimate) / 2) / max(
        there.size, 1
    )
    if not 0 < below < 1:
        return percentile(values, level)
    apart = (found.counts @ found.items) / found.n_items - found.items
    squares = found.counts @ apart**2
    acceleration = (found.counts @ apart**3) / (6 * squares**1.5) if squares > 0 else 0.0
    z0 = ndtri(below)
    ends = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        z = z0 + ndtri(share)
        ends.append(float(ndtr(z0 + z / (1 - acceleration * z))))
    return _quantiles(values, *ends)


def _quantiles(values: Floats, low: float, high: float) -> tuple[float, float]:
    there = values[~np.isnan(values)]
    if there.size < max(values.size * (1 - UNDEFINED), 1):
        return np.nan, np.nan
    ends = np.quantile(there, [low, high])
    return float(ends[0]), float(ends[1])
