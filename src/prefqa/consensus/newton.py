"""Newton's method for a log posterior whose parameters of single judges are many but do not touch each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats

_MAX_STEPS, _MAX_HALVINGS = 200, 60


class Curvature(NamedTuple):
    """Minus the Hessian: `common` [p, p], `mixed` [p, r], and of the r parameters of judges the diagonal `single` [r].

    A second derivative with respect to two judges is 0.
    """

    common: Floats
    mixed: Floats
    single: Floats

    def reduced(self) -> Floats:
        """[p, p], the information on the common parameters where those of judges are unknown."""
        return self.common - (self.mixed / self.single) @ self.mixed.T


def climb(
    at: Callable[[Floats], tuple[float, Floats]],
    curvature: Callable[[Floats], Curvature],
    start: Floats,
    *,
    level: Floats,
    tolerance: float,
) -> tuple[Floats, bool, int]:
    """Climb from `start` by Newton steps, each halved until the log posterior does not fall.

    Args:
        at: value and slope of the log posterior.
        curvature: minus its Hessian.
        start: all parameters, the common ones first.
        level: [p, p], added to the common block: fixes directions that the data leave open.
        tolerance: the greatest slope at which it stops.

    Returns:
        The parameters; whether it got there; the number of steps.
    """
    theta, (value, slope) = start, at(start)
    for n_steps in range(_MAX_STEPS):
        if np.abs(slope).max(initial=0.0) <= tolerance:
            return theta, True, n_steps
        step = _step(slope, curvature(theta), level)
        floor = value - 1e-12 * (1 + abs(value))
        for halvings in range(_MAX_HALVINGS):
            moved = theta + step / 2**halvings
            new_value, new_slope = at(moved)
            if floor <= new_value < np.inf and np.isfinite(new_slope).all():
                break
        else:
            return theta, False, n_steps
        theta, value, slope = moved, new_value, new_slope
    return theta, bool(np.abs(slope).max(initial=0.0) <= tolerance), _MAX_STEPS


def _step(slope: Floats, curvature: Curvature, level: Floats) -> Floats:
    """Solve minus the Hessian for the step; judges, whose block is diagonal, are eliminated first.

    Where the surface is not concave, its diagonal is raised until it is: the step then still climbs.
    """
    common = len(curvature.common)
    c = np.where(curvature.single > 0, curvature.single, np.abs(curvature.single) + 1)
    b = curvature.mixed
    reduced = curvature._replace(single=c).reduced() + level
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
