"""Period labels drawn anew within items, as if who judged when had been left to chance."""

from __future__ import annotations

import numpy as np

from prefqa._types import Bools, Floats, Ints


def relabelled(rng: np.random.Generator, odds: Floats, n_after: Ints, n_draws: int) -> Bools:
    r"""Draw labels "after" for `n_after[i]` of the judgments of each item i.

    The labels L of an item have probability proportional to :math:`\prod_j w_j^{L_j}` given their number (conditional
    Bernoulli, Chen, Dempster & Liu 1994), with w the odds that this annotator's work lies after the cut. Odds 0 and
    infinity fix a label. With equal odds all permutations are alike.

    Args:
        odds: (n_items, n_places), 0 at places without a judgment.

    Returns:
        Labels of shape (n_items, n_draws, n_places).
    """
    n_items, n_places = odds.shape
    fixed = np.isinf(odds)
    free = np.where(fixed, 0.0, odds)
    wanted = n_after - fixed.sum(axis=1)
    scale = np.exp(
        np.where(free > 0, np.log(np.where(free > 0, free, 1.0)), 0.0).sum(axis=1)
        / np.maximum(1, (free > 0).sum(axis=1))
    )
    free = free / scale[:, None]
    most = int(wanted.max(initial=0))
    # sums[:, j, k]: total weight of the ways to choose k among the first j places.
    sums = np.zeros((n_items, n_places + 1, most + 1))
    sums[:, 0, 0] = 1.0
    for j in range(n_places):
        sums[:, j + 1] = sums[:, j]
        sums[:, j + 1, 1:] += free[:, j, None] * sums[:, j, :-1]
    labels = np.repeat(fixed[:, None, :], n_draws, axis=1)
    left = np.repeat(wanted[:, None], n_draws, axis=1)
    item = np.arange(n_items)[:, None]
    for j in range(n_places - 1, -1, -1):
        ways = free[:, j, None] * np.where(left > 0, sums[item, j, left - 1], 0.0)
        taken = rng.random(left.shape) * sums[item, j + 1, left] < ways
        labels[:, :, j] |= taken
        left = left - taken
    return labels
