"""Worths of the responses of many items at once: Newton steps under a normal prior, and what follows from worths."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prefqa._types import Bools, Floats
from prefqa.consensus.orders import Orders, orders_by_belief

#: Standard deviation of the worths within an item, on the log-odds scale: two responses drawn from it are preferred
#: 3 : 1 or more in about half of all pairs.
PRIOR_SD = 1.0
_MAX_STEPS, _MAX_HALVINGS, _TOLERANCE = 50, 40, 1e-9


class Surface(NamedTuple):
    """A concave function of the worths of each item: `value` [n], `slope` [n, k], and minus its Hessian [n, k, k]."""

    value: Floats
    slope: Floats
    information: Floats


def climb(
    log_likelihood: Callable[[Floats], Surface],
    theta: Floats,
    prior_sd: float = PRIOR_SD,
    tolerance: float = _TOLERANCE,
) -> tuple[Floats, Floats]:
    """Return the worths [n, k] of the greatest posterior under theta ~ N(0, prior_sd^2), and their covariance.

    Newton steps from `theta` for all items at once, until none is longer than `tolerance`, halved in an item where
    the log posterior would fall. The prior makes the maximum finite and unique, and 0 where nothing was compared. The
    covariance is Laplace's.
    """

    def at(theta: Floats) -> Surface:
        found = log_likelihood(theta)
        return Surface(
            found.value - (theta**2).sum(axis=1) / (2 * prior_sd**2),
            found.slope - theta / prior_sd**2,
            found.information + np.eye(theta.shape[1]) / prior_sd**2,
        )

    here = at(theta)
    for _ in range(_MAX_STEPS):
        step = np.linalg.solve(here.information, here.slope[:, :, None])[:, :, 0]
        there = at(theta + step)
        for _ in range(_MAX_HALVINGS):
            fell: Bools = there.value < here.value - 1e-12 * (1 + np.abs(here.value))
            if not fell.any():
                break
            step[fell] /= 2
            there = at(theta + step)
        theta, here = theta + step, there
        if np.abs(step).max(initial=0.0) < tolerance:
            break
    return theta, np.asarray(np.linalg.inv(here.information), np.float64)


def on_pairs(k: int) -> tuple[Floats, Floats]:
    """[P, k], which takes slopes by the differences of pairs to slopes by worths, and [P, k * k] for information."""
    first, second = np.triu_indices(k, 1)
    sign = np.zeros((first.size, k))
    sign[np.arange(first.size), first], sign[np.arange(first.size), second] = 1, -1
    return sign, (sign[:, :, None] * sign[:, None, :]).reshape(-1, k * k)


def orders_of_worths(theta: Floats, covariance: Floats) -> tuple[Orders, Floats, Floats]:
    """Order the responses by worth; return also P(first is better) and P(a fresh annotator prefers it), [n, k, k].

    The first is the normal probability that the difference of worths is positive (Laplace approximation); the second
    is the mean of the logistic curve over it, 1 / (1 + exp(-d / sqrt(1 + pi v / 8))) (MacKay 1992).
    """
    from scipy.special import expit, ndtr

    variance = np.diagonal(covariance, axis1=1, axis2=2)
    v = np.maximum(variance[:, :, None] + variance[:, None, :] - 2 * covariance, 1e-12)
    d = np.round(theta[:, :, None] - theta[:, None, :], 9)
    better, fresh = ndtr(d / np.sqrt(v)), expit(d / np.sqrt(1 + np.pi * v / 8))
    return orders_by_belief(better, score=theta), better, fresh
