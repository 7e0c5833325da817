r"""Intraclass correlations of scores by a one-way analysis of variance, complete or not.

.. math:: MS_b = \frac{\sum_i (\sum x)_i^2 / m_i - G^2 / N}{n - 1}, \quad
          MS_w = \frac{\sum x^2 - \sum_i (\sum x)_i^2 / m_i}{N - n}

over the n rated units, N ratings with the sum G. Source: Shrout and Fleiss (1979); for unequal m Ebel (1951).
"""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats
from prefqa.agreement.ratio import ratio
from prefqa.rating_moments import RatingSums


def icc_1(s: RatingSums) -> Floats:
    r"""ICC(1), reliability of one rating: (MS_b - MS_w) / (MS_b + (k_0 - 1) MS_w).

    k_0 = (N - sum m^2 / N) / (n - 1) is the mean number of ratings, k where all units have k. NaN with one unit, or
    without any variance.
    """
    between, within = _mean_squares(s)
    k0 = ratio(s["ratings"] - ratio(s["ratings_squared"], s["ratings"]), s["rated"] - 1)
    return ratio(between - within, between + (k0 - 1) * within)


def icc_1k(s: RatingSums) -> Floats:
    """ICC(1,k), reliability of the mean of a unit's ratings: (MS_b - MS_w) / MS_b. NaN where MS_b is 0."""
    between, within = _mean_squares(s)
    return ratio(between - within, between)


def _mean_squares(s: RatingSums) -> tuple[Floats, Floats]:
    between = ratio(s["between"] - ratio(s["total"] ** 2, s["ratings"]), s["rated"] - 1)
    within = ratio(s["squares"] - s["between"], s["ratings"] - s["rated"])
    return np.maximum(between, 0), np.maximum(within, 0)
