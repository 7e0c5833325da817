r"""Right answers on gold items beyond what harder or easier gold items would explain.

Harder items lower both how often annotators are right and how often they agree; another rule lowers the first without
the second. For items of K responses with normal quality and choices by the logistic law both follow one curve,

.. math:: r(\sigma) = E\, p_{(1)}, \quad A(\sigma) = E \sum_k p_k^2, \quad p = \mathrm{softmax}(\sigma q),
          \; q \sim N(0, 1),

with r the chance of choosing the best and A that of two annotators to choose alike, along which they go as difficulty
(or everybody's care) changes: r = h(A). What is tested is :math:`(r' - h(A')) - (r - h(A))`, clustered by item, beyond
half of :math:`h(A') - h(A)`: what all annotators like beside quality keeps them agreed where quality tells less.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from prefqa._types import Bools, Ints, distinct, sum_by

#: Items with two judgments that either side needs.
MIN_ITEMS = 20
#: Share of the change along the curve that another law of votes, or what all like beside quality, may add to it.
_MISFIT = 0.5
_DRAWS, _SIGMAS = 4_000, np.exp(np.linspace(-4, 3.5, 60))


@lru_cache(maxsize=16)
def curve(k: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Agreement A and share right r of items of k responses, over a range of difficulties from hard to easy."""
    quality = np.sort(np.random.default_rng(k).standard_normal((_DRAWS, k)), axis=1)[:, ::-1]
    agreement, right = [1 / k], [1 / k]
    for sigma in _SIGMAS:
        odds = np.exp(sigma * (quality - quality[:, :1]))
        chance = odds / odds.sum(axis=1, keepdims=True)
        agreement.append(float((chance**2).sum(axis=1).mean()))
        right.append(float(chance[:, 0].mean()))
    return tuple(np.maximum.accumulate([*agreement, 1.0])), tuple(np.maximum.accumulate([*right, 1.0]))


def p_value_beyond_difficulty(item: Ints, top: Ints, n_responses: Ints, right: Bools, after: Bools) -> float | None:
    """p-value of a change of right answers beyond what the change of agreement explains; None where it is not known.

    Per judgment of a gold item: its `item`, what it ranks first (`top`, a number), of how many responses, whether that
    is `right`, and whether it lies `after` the cut.
    """
    if not item.size:
        return None
    k = int(np.bincount(n_responses).argmax())
    of_k = n_responses == k
    item, top, right, after = (part[of_k] for part in (item, top, right, after))
    residual, levels, variance = [], [], 0.0
    for side in (~after, after):
        _, unit = distinct(item[side])
        choices, choice = distinct(unit.astype(np.int64) * (int(top.max(initial=0)) + 1) + top[side])
        judged = np.bincount(unit)
        same = np.bincount(choice).astype(np.float64)
        alike = sum_by(choices // (int(top.max(initial=0)) + 1), same * (same - 1) / 2, judged.size)
        several = judged > 1
        if several.sum() < MIN_ITEMS:
            return None
        m = judged[several].astype(np.float64)
        agreement = alike[several] / (m * (m - 1) / 2)
        share = sum_by(unit, right[side].astype(np.float64), judged.size)[several] / m
        weight = m / m.sum()
        mean_agreement, mean_share = float(weight @ agreement), float(weight @ share)
        level, slope = _on_curve(k, mean_agreement)
        residual.append(mean_share - level)
        levels.append(level)
        moved = weight * ((share - mean_share) - slope * (agreement - mean_agreement))
        variance += float((moved**2).sum()) * m.size / max(m.size - 1, 1)
    if not variance > 0:
        return None
    beyond = max(abs(residual[1] - residual[0]) - _MISFIT * abs(levels[1] - levels[0]), 0.0)
    return float(2 * ndtr(-beyond / np.sqrt(variance)))


def _on_curve(k: int, agreement: float) -> tuple[float, float]:
    """Share right at an agreement, and the slope of the curve there."""
    at, right = (np.array(part) for part in curve(k))
    level, step = np.interp([agreement - 0.02, agreement + 0.02], at, right), 0.04
    return float(np.interp(agreement, at, right)), float((level[1] - level[0]) / step)
