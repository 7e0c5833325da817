"""Agreement weights of unlike categories, from 1 (the same) to 0 (as far apart as can be)."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats
from prefqa.errors import UsageError

#: How unlike categories count, as in Gwet (2014), Handbook of Inter-Rater Reliability, chapter 3.
WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar")


def agreement_weights(name: str, numbers: Floats) -> Floats:
    r"""Return the weights [V, V] of categories with the numbers x_1 < ... < x_V.

    With d = x_k - x_l and range D: linear 1 - |d| / D; quadratic 1 - d^2 / D^2; radical 1 - sqrt(|d| / D); ordinal
    1 - C(r, 2) / C(V, 2), r = |k - l| + 1 categories apart; ratio by ((x_k - x_l) / (x_k + x_l))^2; circular by
    sin^2(pi d / (D + 1)); bipolar by d^2 / ((x_k + x_l - 2 x_1)(2 x_V - x_k - x_l)), the last three over their maximum.
    Source: Gwet (2014), tables 3.5 to 3.8; the same as irrCAC's.
    """
    n = numbers.size
    apart = np.abs(numbers[:, None] - numbers[None, :])
    reach = float(apart.max(initial=0.0)) or 1.0
    if name == "linear":
        return np.asarray(1 - apart / reach)
    if name == "quadratic":
        return np.asarray(1 - (apart / reach) ** 2)
    if name == "radical":
        return np.asarray(1 - np.sqrt(apart / reach))
    if name == "ordinal":
        steps = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) + 1
        return _far(steps * (steps - 1) / 2)
    if name == "ratio":
        if n and numbers[0] < 0:
            raise UsageError("weights='ratio' needs values of 0 or more: below 0 ratios mean nothing")
        ends = (numbers[-1] - numbers[0]) / (numbers[-1] + numbers[0]) if n > 1 and numbers[-1] + numbers[0] else 1.0
        return np.asarray(1 - squared_ratio(numbers) / ends**2)
    if name == "circular":
        return _far(np.sin(np.pi * apart / (reach + 1)) ** 2)
    if name == "bipolar":
        both = numbers[:, None] + numbers[None, :]
        area = (both - 2 * numbers[0]) * (2 * numbers[-1] - both) if n else both
        return _far(np.divide(apart**2, area, out=np.zeros_like(apart), where=area > 0))
    return np.eye(n)


def squared_ratio(numbers: Floats) -> Floats:
    """Return ((x - y) / (x + y))^2 of each two numbers; 0 where both are 0."""
    total = numbers[:, None] + numbers[None, :]
    apart = numbers[:, None] - numbers[None, :]
    return np.asarray(np.divide(apart, total, out=np.zeros_like(apart), where=total != 0) ** 2)


def _far(distance: Floats) -> Floats:
    return np.asarray(1 - distance / (distance.max(initial=0.0) or 1.0))
