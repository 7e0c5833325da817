"""Ranks, and which ranks a name may truly have."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from prefqa._types import Floats, Ints

# Scores nearer than this are equal: the same votes, summed in another order.
_DIGITS = 9


def ranks(score: Floats) -> Ints:
    """1 + the number of names with a higher score."""
    rounded = np.round(score, _DIGITS)
    return np.asarray(1 + (rounded[None, :] > rounded[:, None]).sum(axis=1))


def rank_ranges(score: Floats, covariance: Floats, df: float, level: float) -> tuple[Ints, Ints]:
    """Return the best and the worst rank that each name may have.

    From 1 + the number of names that are surely better, to the number of all names less those surely worse: the
    interval of their difference excludes 0. The intervals of a name with all others hold together with a probability of
    `level`: each is made at level^(1 / (m - 1)) (Sidak 1967, which is on the safe side for dependent normal
    differences). So each name's range holds its true rank with at least that probability (Mogstad, Romano, Shaikh and
    Wilhelm 2024, section 3). Overlap of the two names' own intervals, which leaderboards often go by, ignores that
    scores are correlated.
    """
    m = score.size
    variance = np.diagonal(covariance)
    se = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * covariance, 0.0))
    widest = stdtrit(max(df, 1), (1 + level ** (1 / max(m - 1, 1))) / 2) * se
    ahead = score[None, :] - score[:, None]
    better, worse = (ahead > widest) & (ahead > 0), (-ahead > widest) & (ahead < 0)
    tiny = np.abs(ahead) < 10.0**-_DIGITS
    return 1 + (better & ~tiny).sum(axis=1), m - (worse & ~tiny).sum(axis=1)
