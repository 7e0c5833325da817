"""Logistic regression without intercept on differences, by distinct rows; and when it has no finite answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog, minimize
from scipy.special import expit

from prefqa._types import Bools, Floats, Ints

#: Relative size below which a singular value, or a part of a direction, counts as none.
_NONE = 1e-9
_GRADIENT = 1e-10
_SEPARATED = 1e-7


class Patterns(NamedTuple):
    """Distinct rows of differences, turned to the side that the overall vote prefers, [P, p], and each row's pattern.

    Sorted by their values, so that nothing depends on ids or the order of rows.
    """

    values: Floats
    number: Ints

    @classmethod
    def of(cls, rows: Floats) -> Patterns:
        """Number the distinct rows."""
        values, number = np.unique(rows, axis=0, return_inverse=True)
        return cls(values, number.reshape(-1))

    @property
    def counts(self) -> Floats:
        """How many votes have each pattern."""
        return np.bincount(self.number, minlength=len(self.values)).astype(np.float64)


def fit(values: Floats, counts: Floats, penalty: float = 0.0) -> Floats:
    r"""Return the weights that minimise the loss of the overall votes, with a ridge penalty.

    .. math:: \sum_i c_i \log(1 + e^{-z_i \beta}) + \frac{\lambda}{2} |\beta|^2

    with z_i the differences of the criteria, chosen less rejected. Turned this way every row is a vote for `chosen`, so
    that swapping the sides of a pair changes nothing and there is no intercept. By the trust-region Newton method of
    SciPy. Without a penalty it needs data that have a finite answer (see `Finite`).
    """
    n = max(counts.sum(), 1.0)

    def loss(beta: Floats) -> float:
        return float(counts @ np.logaddexp(0, -values @ beta) + penalty * beta @ beta / 2) / float(n)

    def slope(beta: Floats) -> Floats:
        return np.asarray((penalty * beta - values.T @ (counts * expit(-values @ beta))) / n)

    def curvature(beta: Floats) -> Floats:
        return np.asarray((information(values, counts, beta) + penalty * np.eye(len(beta))) / n)

    start = np.zeros(values.shape[1])
    found = minimize(
        loss, start, jac=slope, hess=curvature, method="trust-exact", options={"gtol": _GRADIENT, "maxiter": 500}
    )
    return np.asarray(found.x, np.float64)


def information(values: Floats, counts: Floats, beta: Floats) -> Floats:
    """Return minus the second derivatives of the log likelihood, [p, p]."""
    p = expit(values @ beta)
    return np.asarray(values.T @ ((counts * p * (1 - p))[:, None] * values))


def dependent(values: Floats) -> Bools:
    """Return which columns are a linear combination of others (or never differ), so that their weights are open."""
    scale = np.abs(values).max(axis=0, initial=0.0)
    unit = values / np.where(scale > 0, scale, 1.0)
    _, size, directions = np.linalg.svd(unit, full_matrices=True)
    rank = int((size > _NONE * max(size.max(initial=0.0), 1.0) * max(values.shape)).sum())
    return np.asarray((np.abs(directions[rank:]) > 1e-6).any(axis=0))


def independent(values: Floats) -> Ints:
    """Return columns that span what all span, those first in order first."""
    kept: list[int] = []
    for column in range(values.shape[1]):
        if not dependent(values[:, [*kept, column]])[-1]:
            kept.append(column)
    return np.array(kept, np.int64)


def direction(values: Floats) -> Floats:
    """Return a combination of criteria that goes against no overall vote, and with some; 0 where there is none.

    Along such a direction d, with z_i d >= 0 for all votes and > 0 for some, the likelihood rises without end
    (separation). It is looked for by a linear programme: maximise the sum of z_i d within -1 <= d <= 1. Source: Konis
    (2007), Linear programming algorithms for detecting separated data in binary logistic regression models, section 4.
    """
    scale = np.abs(values).max(axis=0, initial=0.0)
    unit = values / np.where(scale > 0, scale, 1.0)
    found = linprog(-unit.sum(axis=0), A_ub=-unit, b_ub=np.zeros(len(unit)), bounds=(-1, 1), method="highs")
    if found.x is None or found.fun is None or -found.fun <= _SEPARATED:
        return np.zeros(values.shape[1])
    return np.where(np.abs(found.x) > _SEPARATED, found.x, 0.0) / np.where(scale > 0, scale, 1.0)


class Finite(NamedTuple):
    """What can be estimated: columns [p] whose weights are infinite, the rows [P] left, independent columns of these.

    The likelihood comes nearest to its maximum as the infinite weights grow; the others are then those of the rows on
    which no separating combination decides.
    """

    infinite: Bools
    rows: Bools
    columns: Ints

    @classmethod
    def of(cls, values: Floats) -> Finite:
        """Take out separating combinations until there is none."""
        rows, endless = np.ones(len(values), bool), np.zeros(values.shape[1], bool)
        while True:  # ends, since each turn takes out a row
            left = values[rows]
            columns = independent(left)
            way = np.zeros(values.shape[1])
            if columns.size:
                way[columns] = direction(left[:, columns])
            if not way.any():
                return cls(endless, rows, columns)
            endless |= way != 0
            rows[rows] = np.abs(left @ way) <= _SEPARATED
