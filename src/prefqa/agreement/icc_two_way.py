r"""Intraclass correlations of scores by a two-way analysis of variance: units and annotators.

Annotators' means are taken out first, which for unequal numbers of ratings is Ebel's (1951) way and that of irrNA; on
complete data it is the usual analysis. With e = x - mean of the annotator, d_i = sum of e over the m_i ratings of unit
i, n units, A annotators, N ratings and mean number of ratings k = N / n:

.. math:: MS_b = \frac{\sum d_i^2 / m_i}{n - 1}, \quad MS_r = \frac{\sum e^2 - \sum d_i^2 / m_i}{(n - 1)(k - 1)},
          \quad MS_c = \frac{\sum_a n_a (\bar x_a - \bar x)^2}{A - 1}
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import sparse

from prefqa._types import Floats, Ints, distinct, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.ratings import Ratings, by_length
from prefqa.replicates import FEWEST, Replicates

#: Pairs of judgments in an item, and of annotators, up to which their means are moved together.
_EXACT = 4_000_000
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
    for the same numbers (absolute agreement), form 3 for the same order and distances (consistency). Values without an
    item, a judgment or an annotator are exact, but that with very many data two annotators' means that move with one
    item are taken one by one. NaN with one annotator or unit. Source: Shrout and Fleiss (1979); McGraw and Wong (1996),
    ICC(A,1) and ICC(C,1).
    """
    if ratings.numbers is None or not ratings.value.size:
        return dict.fromkeys(FORMS, Replicates.undefined())
    analysis = _Analysis(ratings, ratings.numbers)
    whole, items = _forms(analysis.whole), _forms(analysis.without_items())
    found = {form: Replicates(float(whole[form]), items[form], np.ones(items[form].size)) for form in FORMS}
    if not annotators or len(analysis.n_of) < FEWEST:
        return found
    people, judgments = _forms(analysis.without_annotators()), _forms(analysis.without_judgments())
    return {
        form: of._replace(
            annotators=people[form], judgments=judgments[form], judgment_counts=np.ones(judgments[form].size)
        )
        for form, of in found.items()
    }


class _Analysis:
    """Sums of the analysis, whole and without each item, judgment and annotator.

    Without a judgment, its annotator's mean moves, and the deviations that are left of the annotator gain `shift`.
    """

    def __init__(self, ratings: Ratings, numbers: Floats) -> None:
        x = numbers[ratings.value]
        who, self.place = distinct(ratings.annotator)
        self.ratings, self.m = ratings, ratings.lengths.astype(np.float64)
        self.unit = np.repeat(np.arange(self.m.size), ratings.lengths)
        self.n_of, self.sum_of = np.bincount(self.place), sum_by(self.place, x)
        self.e = x - (self.sum_of / self.n_of)[self.place]
        self.d = sum_by(self.unit, self.e, self.m.size)
        self.whole = _Parts(
            (self.d**2 / self.m).sum(),
            (self.e**2).sum(),
            (self.sum_of**2 / self.n_of).sum(),
            x.sum(),
            np.asarray(float(x.size)),
            (self.m**2).sum(),
            np.asarray(float(self.m.size)),
            np.asarray(float(who.size)),
        )
        # Of each judgment: its annotator, and sums over its ratings.
        self.of_row, self.cluster = ratings.judgments.of_row, ratings.judgments.cluster
        self.at = np.searchsorted(who, ratings.judgments.annotator)
        self.e_sum, self.x_sum, self.count = (sum_by(self.of_row, part) for part in (self.e, x, np.ones(x.size)))
        self.rest = self.n_of[self.at] - self.count
        self.last = self.rest == 0
        self.shift = np.where(self.last, 0.0, self.e_sum / np.maximum(self.rest, 1))
        h_sum, h = (sum_by(part, (self.d / self.m)[self.unit]) for part in (self.of_row, self.place))
        self.weight = sum_by(self.place, 1 / self.m[self.unit])
        # What the shift takes from the sums over what stays.
        self.to_between = -2 * self.shift * (h[self.at] - h_sum)
        self.to_deviations = np.where(self.last, 0.0, self.e_sum * self.shift)
        kept = np.where(self.last, 0.0, (self.sum_of[self.at] - self.x_sum) ** 2 / np.maximum(self.rest, 1))
        self.to_annotators = self.sum_of[self.at] ** 2 / self.n_of[self.at] - kept

    def without_items(self) -> _Parts:
        n, of_unit, of_row, w = len(self.ratings.cell), self.ratings.cluster, self.ratings.row_cluster, self.whole

        def of(values: Floats) -> Floats:
            return sum_by(self.cluster, values, n)

        return _Parts(
            w.between - sum_by(of_unit, self.d**2 / self.m, n) - of(self.to_between) + self._squared_shifts(),
            w.deviations - sum_by(of_row, self.e**2, n) - of(self.to_deviations),
            w.annotators - of(self.to_annotators),
            w.total - of(self.x_sum),
            w.ratings - of(self.count),
            w.squares - sum_by(of_unit, self.m**2, n),
            w.units - np.bincount(of_unit, minlength=n),
            w.n_annotators - of(self.last.astype(np.float64)),
        )

    def without_judgments(self) -> _Parts:
        w, (between, deviations, squares, units) = self.whole, self._taken(self.of_row)
        squared = self.shift**2 * (self.weight[self.at] - sum_by(self.of_row, 1 / self.m[self.unit]))
        return _Parts(
            w.between - between - self.to_between + squared,
            w.deviations - deviations - self.to_deviations,
            w.annotators - self.to_annotators,
            w.total - self.x_sum,
            w.ratings - self.count,
            w.squares - squares,
            w.units - units,
            w.n_annotators - self.last,
        )

    def without_annotators(self) -> _Parts:
        w, (between, deviations, squares, units) = self.whole, self._taken(self.place)
        return _Parts(
            w.between - between,
            w.deviations - deviations,
            w.annotators - self.sum_of**2 / self.n_of,
            w.total - self.sum_of,
            w.ratings - self.n_of,
            w.squares - squares,
            w.units - units,
            np.full(self.n_of.size, self.n_of.size - 1.0),
        )

    def _squared_shifts(self) -> Floats:
        """What the squares of the shifts of an item's annotators add to d^2 / m of the units of other items."""
        n = len(self.ratings.cell)
        squared = sum_by(self.cluster, self.shift**2 * self.weight[self.at], n)
        own = sum_by(self.unit, self.shift[self.of_row], self.m.size) ** 2 / self.m
        squared -= sum_by(self.ratings.cluster, own, n)
        order = np.argsort(self.cluster, kind="stable")
        starts = np.flatnonzero(np.diff(self.cluster[order], prepend=-1))
        lengths = np.diff(np.append(starts, order.size))
        if max((lengths**2).sum(), self.n_of.size**2) > _EXACT:
            return squared
        given = sparse.csr_array((np.ones(self.unit.size), (self.unit, self.place)))
        beside = np.asarray((given.T @ sparse.diags_array(1 / self.m) @ given).toarray())
        for length, items, at in by_length(lengths, starts):
            shift, who = self.shift[order[at]], self.at[order[at]]
            for i, j in combinations(range(length), 2):
                squared[items] += 2 * shift[:, i] * shift[:, j] * beside[who[:, i], who[:, j]]
        return squared

    def _taken(self, by: Ints) -> list[Floats]:
        """What goes with the ratings of each group, one of each unit at most: of d^2 / m, e^2, m^2 and units."""
        d, m = self.d[self.unit], self.m[self.unit]
        after = np.where(m == 1, 0.0, (d - self.e) ** 2 / np.maximum(m - 1, 1))
        return [sum_by(by, part) for part in (d**2 / m - after, self.e**2, 2 * m - 1, (m == 1) * 1.0)]


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
