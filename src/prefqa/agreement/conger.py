"""Conger's kappa: chance from what each annotator tends to say."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats, distinct, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.rating_moments import AT, RatingPatterns, Scale, rating_losses
from prefqa.ratings import Ratings
from prefqa.replicates import Replicates


def conger(ratings: Ratings, scale: Scale, found: RatingPatterns, kind: np.ndarray, *, annotators: bool) -> Replicates:
    r"""Conger's generalisation of Cohen's kappa to several annotators, weighted.

    .. math:: p_e = \frac{1}{A (A-1)} \sum_{g \ne h} \sum_{kl} w_{kl} p_{gk} p_{hl}

    with p_gk the share of category k among the ratings of annotator g; observed agreement as in `categorical`. Without
    an item, chance is taken to first order; without an annotator exactly. Undefined with one annotator.
    Source: Conger (1980); missing ratings as Gwet (2014), eq. 2.17, and irrCAC.
    """
    who, place = distinct(ratings.annotator)
    given = np.bincount(place * ratings.n_values + ratings.value, minlength=who.size * ratings.n_values)
    given = given.reshape(who.size, ratings.n_values)
    n = given.sum(axis=1).astype(np.float64)
    shares: Floats = given / np.maximum(n, 1)[:, None]
    p = (shares + shares[:, ::-1]) / 2 if scale.symmetric else shares
    columns = found.values[:, [AT["agree_weighted"], AT["unit"]]].toarray()
    agree, units = (column[kind] for column in columns.T)
    if who.size < 2:
        return Replicates.undefined(len(ratings.cell))
    total, n_units = float(agree.sum()), float(units.sum())
    chance, slope = _chance(p, scale.weights)
    moved = (slope - (slope * p).sum(axis=1)[:, None]) / np.maximum(n - 1, 1)[:, None]
    if scale.symmetric:
        moved = (moved + moved[:, ::-1]) / 2
    shift = sum_by(ratings.row_cluster, moved[place, ratings.value], len(ratings.cell))
    left = _kappa(ratio(total - agree, n_units - units), chance - shift)
    without = np.zeros(0)
    if annotators and who.size > 2:
        lost = rating_losses(ratings, scale)[1][:, [AT["agree_weighted"], AT["unit"]]].toarray()
        sums, squares = p.sum(axis=0), _self(p, scale.weights)
        others, m = sums - p, who.size - 1
        pe = ((others @ scale.weights * others).sum(axis=1) - (squares.sum() - squares)) / (m * (m - 1))
        carrying = lost[:, 1] != 0
        observed = ratio(total - lost[:, 0], n_units - lost[:, 1])
        without = _kappa(observed, pe)[carrying | (lost[:, 0] != 0)]
    estimate = float(_kappa(ratio(total, n_units), np.asarray(chance)))
    return Replicates(estimate, left, np.ones(left.size), without)


def _chance(p: Floats, weights: Floats) -> tuple[float, Floats]:
    """Chance agreement of two different annotators, and its slope in each annotator's shares."""
    n, sums = len(p), p.sum(axis=0)
    chance = (sums @ weights @ sums - _self(p, weights).sum()) / (n * (n - 1))
    return float(chance), 2 * (sums - p) @ weights / (n * (n - 1))


def _self(p: Floats, weights: Floats) -> Floats:
    return np.asarray((p @ weights * p).sum(axis=1), np.float64)


def _kappa(observed: Floats, chance: Floats) -> Floats:
    return ratio(observed - chance, 1 - chance)
