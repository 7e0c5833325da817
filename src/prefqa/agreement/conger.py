"""Conger's kappa: chance from what each annotator tends to say."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from prefqa._types import Bools, Floats, Ints, distinct, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.losses import Losses
from prefqa.rating_moments import AT, RatingPatterns, Scale
from prefqa.ratings import Ratings
from prefqa.replicates import Replicates

#: Numbers held at a time while items are left out.
_CHUNK = 4_000_000


def conger(
    ratings: Ratings, scale: Scale, found: RatingPatterns, kind: Ints, losses: Losses[sparse.csr_array] | None
) -> Replicates:
    r"""Conger's generalisation of Cohen's kappa to several annotators, weighted.

    .. math:: p_e = \frac{1}{A (A-1)} \sum_{g \ne h} \sum_{kl} w_{kl} p_{gk} p_{hl}

    with p_gk the share of category k among the ratings of annotator g; observed agreement as in `categorical`.
    Undefined with one annotator. Source: Conger (1980); missing ratings as Gwet (2014), eq. 2.17, and irrCAC.

    Args:
        ratings, scale: what was given.
        found: moments of the kinds of items; `kind` is that of each item.
        losses: what is lost without each judgment, in the order of `ratings.judgments`; None where annotators are no
            sample.
    """
    who, place = distinct(ratings.annotator)
    if who.size < 2:
        return Replicates.undefined(len(ratings.cell))
    given = np.bincount(place * ratings.n_values + ratings.value, minlength=who.size * ratings.n_values)
    shares = _Shares(given.reshape(who.size, -1).astype(np.float64), scale)
    agree, units = _observed(found.values)
    total, n_units = float(found.counts @ agree), float(found.counts @ units)

    def kappa(agree: Floats, units: Floats, chance: Floats) -> Floats:
        observed = ratio(total - agree, n_units - units)
        return ratio(observed - chance, 1 - chance)

    estimate = float(
        kappa(np.zeros(1), np.zeros(1), shares.chance(shares.sums[None], shares.selves.sum(), who.size))[0]
    )
    of_items, of_judgments = shares.left_out(ratings, np.searchsorted(who, ratings.judgments.annotator))
    items = kappa(agree[kind], units[kind], of_items)
    whole = Replicates(estimate, items, np.ones(items.size))
    if losses is None:
        return whole
    lost_agree, lost_units = _observed(losses.kinds)
    judgments = kappa(lost_agree[losses.kind], lost_units[losses.kind], of_judgments)
    others = shares.sums - shares.p, shares.selves.sum() - shares.selves, who.size - 1
    annotators = kappa(*_observed(losses.of_annotators()[1]), shares.chance(*others))
    return whole._replace(annotators=annotators, judgments=judgments, judgment_counts=np.ones(judgments.size))


def _observed(moments: sparse.csr_array) -> tuple[Floats, Floats]:
    agree, units = moments[:, [AT["agree_weighted"], AT["unit"]]].toarray().T
    return agree, units


class _Shares:
    """Shares of categories of each annotator, p [A, V], their sums, and the agreement of each with itself."""

    def __init__(self, given: Floats, scale: Scale) -> None:
        self.given, self.scale = given, scale
        self.p = self.of(given)
        self.sums, self.selves = self.p.sum(axis=0), self.self_agreement(self.p)

    def of(self, given: Floats) -> Floats:
        p: Floats = given / np.maximum(given.sum(axis=1), 1)[:, None]
        return (p + p[:, ::-1]) / 2 if self.scale.symmetric else p

    def self_agreement(self, p: Floats) -> Floats:
        return np.asarray((p @ self.scale.weights * p).sum(axis=1), np.float64)

    def chance(self, sums: Floats, selves: Floats, n: Ints | Floats | int) -> Floats:
        """Chance agreement of two different ones of n annotators."""
        return ratio(self.self_agreement(sums) - selves, np.asarray(n * (n - 1)))

    def left_out(self, ratings: Ratings, of: Ints) -> tuple[Floats, Floats]:
        """Chance without each item, and without each judgment, of which `of` is the annotator's row."""
        n_items, n_judgments, v = len(ratings.cell), of.size, ratings.n_values
        rows = ratings.judgments.of_row
        counts = sparse.coo_array((np.ones(rows.size), (rows, ratings.value)), (n_judgments, v)).tocsr()
        order = np.argsort(ratings.judgments.cluster, kind="stable")
        cluster = ratings.judgments.cluster[order]
        items, judgments = np.empty(n_items), np.empty(n_judgments)
        step = max(_CHUNK * n_items // max(n_judgments * v, 1), 1)
        for low in range(0, n_items, step):
            high = min(low + step, n_items)
            here = order[slice(*np.searchsorted(cluster, [low, high]))]
            rest = self.given[of[here]] - counts[here].toarray()
            left = self.of(rest)
            gone: Bools = rest.sum(axis=1) == 0
            moved, self_moved = left - self.p[of[here]], self.self_agreement(left) - self.selves[of[here]]
            judgments[here] = self.chance(self.sums + moved, self.selves.sum() + self_moved, len(self.p) - gone)
            item = ratings.judgments.cluster[here] - low
            into = sparse.csr_array((np.ones(item.size), (item, np.arange(item.size))), shape=(high - low, item.size))
            selves = self.selves.sum() + sum_by(item, self_moved, high - low)
            n_left = len(self.p) - sum_by(item, gone, high - low)
            items[low:high] = self.chance(self.sums + into @ moved, selves, n_left)
        return items, judgments
