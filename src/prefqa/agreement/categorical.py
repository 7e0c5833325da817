r"""Coefficients on categories: agreement beyond chance of any number of annotators per unit.

Conventions for missing ratings are those of Gwet (2014) and irrCAC: observed agreement is the mean over units with
m >= 2 ratings,

.. math:: p_a = \frac{1}{n'} \sum_{u: m_u \ge 2} \sum_{kl} w_{kl} \frac{c_{uk} (c_{ul} - [k = l])}{m_u (m_u - 1)}

while the shares of categories that chance is made of come from all units with a rating, each unit alike:
\pi_k = mean of c_uk / m_u. With two directions of one vote, these shares are symmetrised first. All are at most 1, can
be negative, and are NaN where chance agreement is 1 (all ratings in one category) or no unit has two ratings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prefqa._types import Floats
from prefqa.agreement.ratio import ratio
from prefqa.rating_moments import RatingSums


def percent_agreement(s: RatingSums) -> Floats:
    """Share of equal pairs of ratings of a unit, mean over units with two or more."""
    return ratio(s["agree"], s["unit"])


def percent_agreement_weighted(s: RatingSums) -> Floats:
    """Observed agreement p_a, where unlike ratings count by their agreement weight."""
    return ratio(s["agree_weighted"], s["unit"])


def unanimity(s: RatingSums) -> Floats:
    """Share of units with two or more ratings on which all of them are the same category."""
    return ratio(s["unanimous"], s["unit"])


def fleiss_kappa(s: RatingSums) -> Floats:
    r"""Fleiss' kappa, weighted: chance is \sum_{kl} w_{kl} \pi_k \pi_l. Source: Fleiss (1971); Gwet (2014), eq. 2.13.

    With two annotators it is Scott's pi.
    """
    return _beyond(s, lambda pi: np.einsum("...k,kl,...l->...", pi, s.scale.weights, pi))


def gwet_ac1(s: RatingSums) -> Floats:
    r"""Gwet's AC1: chance is \sum \pi_k (1 - \pi_k) / (q - 1) over q categories. Source: Gwet (2008), eq. 7.

    Unused categories lower chance; with rare categories it stays high where kappa falls (and should not be read as a
    cure for it).
    """
    q = s.scale.n_values
    chance = ratio((_shares(s) * (1 - _shares(s))).sum(axis=-1), np.asarray(q - 1.0))
    return _kappa(percent_agreement(s), chance)


def gwet_ac2(s: RatingSums) -> Floats:
    r"""Gwet's AC2: AC1 with weights, chance \sum w_{kl} \sum \pi_k (1 - \pi_k) / (q (q - 1)). Source: Gwet (2014)."""
    q = s.scale.n_values
    per = s.scale.weights.sum() / max(q * (q - 1), 1)
    return _beyond(s, lambda pi: per * (pi * (1 - pi)).sum(axis=-1) if q > 1 else np.ones(pi.shape[:-1]))


def brennan_prediger(s: RatingSums) -> Floats:
    r"""Brennan and Prediger's coefficient: chance is \sum w_{kl} / q^2, whatever was used. Source: their 1981 paper."""
    chance = s.scale.weights.sum() / max(s.scale.n_values, 1) ** 2
    return _beyond(s, lambda pi: np.full(pi.shape[:-1], chance))


def alpha_nominal(s: RatingSums) -> Floats:
    r"""Krippendorff's alpha, 1 - (n - 1) D_o / D_e, of unordered categories.

    D_o is the number of ordered pairs of unlike ratings in a unit over m - 1, D_e that of any two of the n ratings in
    units with m >= 2. NaN without variance. Source: Krippendorff (2011), section D.
    """
    return _alpha(s, s["unlike"], s["paired"] ** 2 - (s.counts**2).sum(axis=-1))


def alpha_ordinal(s: RatingSums) -> Floats:
    """Krippendorff's alpha with squared differences of mid-ranks among all ratings. Source: Krippendorff (2011)."""
    low, high = np.triu_indices(s.scale.n_values, 1)
    ranks = np.cumsum(s.counts, axis=-1) - s.counts / 2
    observed = 2 * (s.pairs * (ranks[..., low] - ranks[..., high]) ** 2).sum(axis=-1)
    n, total = s["paired"], (s.counts * ranks).sum(axis=-1)
    return _alpha(s, observed, 2 * (n * (s.counts * ranks**2).sum(axis=-1) - total**2))


def alpha_interval(s: RatingSums) -> Floats:
    """Krippendorff's alpha with squared differences of the numbers. Needs sums only. Source: Krippendorff (2011)."""
    return _alpha(s, 2 * s["spread"], 2 * (s["paired"] * s["paired_squares"] - s["paired_total"] ** 2))


def alpha_ratio(s: RatingSums) -> Floats:
    """Krippendorff's alpha with squared (x - y) / (x + y); for numbers of 0 or more. Source: Krippendorff (2011)."""
    return _alpha(s, s["unlike_ratio"], np.einsum("...k,kl,...l->...", s.counts, s.scale.ratio, s.counts))


def alpha_weighted(s: RatingSums) -> Floats:
    """Krippendorff's alpha with 1 - w as the squared difference, w the agreement weights. Source: Gwet (2014), 2.16."""
    far = 1 - s.scale.weights
    return _alpha(s, s["unlike_weighted"], np.einsum("...k,kl,...l->...", s.counts, far, s.counts))


def _alpha(s: RatingSums, observed: Floats, expected: Floats) -> Floats:
    return 1 - ratio((s["paired"] - 1) * observed, expected)


def _shares(s: RatingSums) -> Floats:
    return ratio(s.shares, s["rated"][..., None])


def _beyond(s: RatingSums, chance: Callable[[Floats], Floats]) -> Floats:
    return _kappa(percent_agreement_weighted(s), chance(_shares(s)))


def _kappa(observed: Floats, chance: Floats) -> Floats:
    return ratio(observed - chance, 1 - chance)
