"""Borda scores, with ties and partial rankings."""

from __future__ import annotations

import math

import numpy as np

from prefqa._types import Ints
from prefqa.consensus.orders import Orders, places_by_score, precedence
from prefqa.rank_comparisons import places

# The largest k for which lcm(1 .. k - 1), times any number of judgments there can be, fits 64 bits.
_EXACT_UP_TO = 23


def borda(ranks: Ints, starts: Ints) -> Orders:
    """Order the responses of each item by their mean Borda share.

    A judgment gives each response it ranks the share (beaten + tied / 2) / (ranked - 1): of the other responses ranked
    there, how many stand below it, a tie counting half. A response's score is the mean over the judgments that rank it
    (0 to 1). So a partial ranking speaks only of what it ranks, with the same weight whether it ranks two or nine; a
    judgment that ranks a single response says nothing. A response that no judgment compares scores 1/2.

    Shares are summed as whole multiples of 1 / lcm(1 .. k - 1), so equal scores are exactly equal, and neither
    the order of rows nor names can break a tie.

    Args:
        ranks: [n judgments, k], 0 = not ranked.
        starts: [n items], index of each item's first judgment.

    Source: de Borda (1781); the treatment of ties and gaps follows Dwork et al. (2001), scaled per judgment.
    """
    k = ranks.shape[1]
    ranked = ranks > 0
    others = ranked.sum(axis=1, dtype=np.int64) - 1
    counts_here = ranked & (others > 0)[:, None]
    # A response gets 2 points for each ranked below it, 1 for each tied with it; one not ranked is above none.
    above, tied = places(np.where(ranked, ranks, np.iinfo(ranks.dtype).max).T)
    worth = 2 * others[:, None] + 1 - 2 * above.T.astype(np.int64) - tied.T
    points = np.where(ranked, worth, 0)
    unit = math.lcm(*range(1, k)) if k <= _EXACT_UP_TO else 2**32
    if k <= _EXACT_UP_TO:
        points *= (unit // np.maximum(others, 1))[:, None]
    else:
        points = np.rint(points * (unit / np.maximum(others, 1))[:, None]).astype(np.int64)
    total = np.add.reduceat(np.where(counts_here, points, 0), starts, axis=0)
    number = np.add.reduceat(counts_here.astype(np.int64), starts, axis=0)
    score = np.where(number > 0, total / np.maximum(2 * unit * number, 1), 0.5)
    place = places_by_score(score)
    return Orders(place, score, precedence(place))
