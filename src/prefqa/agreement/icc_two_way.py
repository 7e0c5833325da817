r"""Intraclass correlations of scores by a two-way analysis of variance: units and annotators.

Annotators' means are taken out first, which for unequal numbers of ratings is Ebel's (1951) way and that of irrNA; on
complete data it is the usual analysis. With e = x - mean of the annotator, d_i = sum of e over the m_i ratings of unit
i, n units, A annotators, N ratings and mean number of ratings k = N / n:

.. math:: MS_b = \frac{\sum d_i^2 / m_i}{n - 1}, \quad MS_r = \frac{\sum e^2 - \sum d_i^2 / m_i}{(n - 1)(k - 1)},
          \quad MS_c = \frac{\sum_a n_a (\bar x_a - \bar x)^2}{A - 1}
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, distinct, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.ratings import Ratings
from prefqa.replicates import Replicates

FORMS = ("icc_2", "icc_2k", "icc_3", "icc_3k")


class _Parts(NamedTuple):
    """Sums of the analysis, for all data or without something."""

    between: Floats  # sum of d^2 / m
    deviations: Floats  # sum of e^2
    annotators: Floats  # sum of n_a mean_a^2
    total: Floats  # sum of x
    ratings: Floats  # N
    squares: Floats  # sum of m^2
    units: Floats  # n
    n_annotators: Floats  # A


def two_way(ratings: Ratings, *, annotators: bool) -> dict[str, Replicates]:
    r"""Return ICC(2,1), ICC(2,k), ICC(3,1) and ICC(3,k).

    .. math:: ICC(2,1) = \frac{MS_b - MS_r}{MS_b + (k_0 - 1) MS_r + k_0 (MS_c - MS_r) / n}, \quad
              ICC(3,1) = \frac{MS_b - MS_r}{MS_b + (k_0 - 1) MS_r}

    k_0 as in `icc`; the k forms are (MS_b - MS_r) / (MS_b + (MS_c - MS_r) / n) and (MS_b - MS_r) / MS_b. Form 2 asks
    for the same numbers (absolute agreement), form 3 for the same order and distances (consistency). Without an item,
    the change of the annotators' means is taken to first order; without an annotator all is exact. NaN with one
    annotator or unit. Source: Shrout and Fleiss (1979); McGraw and Wong (1996), ICC(A,1) and ICC(C,1).
    """
    if ratings.numbers is None or not ratings.value.size:
        return dict.fromkeys(FORMS, Replicates.undefined())
    x = ratings.numbers[ratings.value]
    m = ratings.lengths.astype(np.float64)
    unit = np.repeat(np.arange(m.size), ratings.lengths)
    who, place = distinct(ratings.annotator)
    n_of, sum_of = np.bincount(place), sum_by(place, x)
    e = x - (sum_of / n_of)[place]
    d = sum_by(unit, e, m.size)
    whole = _Parts(
        (d**2 / m).sum(),
        (e**2).sum(),
        (sum_of**2 / n_of).sum(),
        x.sum(),
        np.asarray(float(x.size)),
        (m**2).sum(),
        np.asarray(float(m.size)),
        np.asarray(float(who.size)),
    )
    cluster = ratings.row_cluster
    n_clusters = len(ratings.cell)
    # Sums over the ratings of one annotator in one item.
    judgments, inverse = distinct(ratings.judgment)
    of, at = np.empty(judgments.size, np.int64), np.empty(judgments.size, np.int64)
    of[inverse], at[inverse] = cluster, place
    e_sum, x_sum = sum_by(inverse, e), sum_by(inverse, x)
    h_sum, count = sum_by(inverse, (d / m)[unit]), np.bincount(inverse)
    h = sum_by(place, (d / m)[unit])
    rest = np.maximum(n_of[at] - count, 1)
    shift = e_sum / rest  # what the annotator's other deviations gain

    def by_item(values: Floats, where: np.ndarray = cluster) -> Floats:
        return sum_by(where, values, n_clusters)

    kept = np.where(n_of[at] > count, (sum_of[at] - x_sum) ** 2 / rest, 0.0)
    items = _Parts(
        whole.between - by_item(d**2 / m, ratings.cluster) + by_item(2 * shift * (h[at] - h_sum), of),
        whole.deviations - by_item(e**2) - by_item(np.where(n_of[at] > count, e_sum * shift, 0.0), of),
        whole.annotators - by_item(sum_of[at] ** 2 / n_of[at] - kept, of),
        whole.total - by_item(x),
        whole.ratings - by_item(np.ones(x.size)),
        whole.squares - by_item(m**2, ratings.cluster),
        whole.units - by_item(np.ones(m.size), ratings.cluster),
        whole.n_annotators - by_item((n_of[at] == count).astype(np.float64), of),
    )
    without = None
    if annotators and who.size > 2:
        d_row, m_row = d[unit], m[unit]
        alone = m_row == 1
        after = np.where(alone, 0.0, (d_row - e) ** 2 / np.maximum(m_row - 1, 1))
        lost = [sum_by(place, w) for w in (d_row**2 / m_row - after, e**2, 2 * m_row - 1, alone * 1.0)]
        without = _Parts(
            whole.between - lost[0],
            whole.deviations - lost[1],
            whole.annotators - sum_of**2 / n_of,
            whole.total - sum_of,
            whole.ratings - n_of,
            whole.squares - lost[2],
            whole.units - lost[3],
            np.full(who.size, who.size - 1.0),
        )
    counts = np.ones(n_clusters)
    of_items, of_whole = _forms(items), _forms(whole)
    of_annotators = None if without is None else _forms(without)
    none = np.zeros(0)
    return {
        form: Replicates(
            float(of_whole[form]), of_items[form], counts, none if of_annotators is None else of_annotators[form]
        )
        for form in FORMS
    }


def _forms(p: _Parts) -> dict[str, Floats]:
    n, k = p.units, ratio(p.ratings, p.units)
    k0 = ratio(p.ratings - ratio(p.squares, p.ratings), n - 1)
    between = ratio(np.maximum(p.between, 0), n - 1)
    residual = ratio(np.maximum(p.deviations - p.between, 0), (n - 1) * (k - 1))
    columns = ratio(np.maximum(p.annotators - ratio(p.total**2, p.ratings), 0), p.n_annotators - 1)
    gain, extra = between - residual, (columns - residual) / np.maximum(n, 1)
    return {
        "icc_2": ratio(gain, between + (k0 - 1) * residual + k0 * extra),
        "icc_2k": ratio(gain, between + extra),
        "icc_3": ratio(gain, between + (k0 - 1) * residual),
        "icc_3k": ratio(gain, between),
    }
