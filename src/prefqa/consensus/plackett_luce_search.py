"""The greatest log posterior of the Plackett-Luce model by Newton steps, and the covariance there."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats
from prefqa.consensus.plackett_luce_likelihood import Choices, GammaPrior, curvature, log_posterior

_TOLERANCE, _MAX_STEPS, _MAX_HALVINGS = 1e-9, 200, 60
# Rounding of a sum of so many choices; matters above 10,000 of them.
_ROUNDING = 1e-13


def climb(data: Choices, theta: Floats, prior: GammaPrior | None) -> tuple[Floats, bool, int]:
    """Climb from `theta` by Newton steps, halved until the log posterior does not fall."""
    tolerance = max(_TOLERANCE, _ROUNDING * data.order.size)
    value, slope = _at(data, theta, prior)
    for n_steps in range(_MAX_STEPS):
        if np.abs(slope).max(initial=0.0) <= tolerance:
            return theta, True, n_steps
        step = _step(data, slope, *curvature(data, theta, prior))
        floor = value - 1e-12 * (1 + abs(value))
        for halvings in range(_MAX_HALVINGS):
            moved = theta + step / 2**halvings
            new_value, new_slope = _at(data, moved, prior)
            if floor <= new_value < np.inf and np.isfinite(new_slope).all():
                break
        else:
            return theta, False, n_steps
        theta, value, slope = moved, new_value, new_slope
    return theta, bool(np.abs(slope).max(initial=0.0) <= tolerance), _MAX_STEPS


def _at(data: Choices, theta: Floats, prior: GammaPrior | None) -> tuple[float, Floats]:
    with np.errstate(all="ignore"):
        value, slope = log_posterior(data, theta[:, None], prior)
    return float(value[0]), slope[:, 0]


def _step(data: Choices, slope: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    """Solve minus the Hessian for the step; adherences, whose block is the diagonal c, are eliminated first.

    Where the surface is not concave (adherence only), its diagonal is raised until it is: the step then still climbs.
    """
    common = len(a)
    c = np.where(c > 0, c, np.abs(c) + 1)
    reduced = a - (b / c) @ b.T + _level(data)
    ridge = 0.0
    while not _is_positive(reduced + ridge * np.eye(common)):
        ridge = max(10 * ridge, 1e-8 * float(np.abs(np.diagonal(reduced)).max()))
    first = np.linalg.solve(reduced + ridge * np.eye(common), slope[:common] - b @ (slope[common:] / c))
    return np.concatenate([first, (slope[common:] - b.T @ first) / c])


def _is_positive(matrix: Floats) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def inverse(data: Choices, a: Floats, b: Floats, c: Floats) -> Floats:
    """Covariance of log worths and log ties; the direction in which all log worths move together adds a constant."""
    return np.asarray(np.linalg.inv(a - (b / c) @ b.T + _level(data)), np.float64)


def _level(data: Choices) -> Floats:
    """[p, p], what fixes the mean of the log worths, which the rankings do not."""
    p = data.n_responses + data.orders.size
    level = np.zeros((p, p))
    level[: data.n_responses, : data.n_responses] = 1 / data.n_responses
    return level
