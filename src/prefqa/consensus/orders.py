"""What every method's order of the responses of an item has in common: places, cycles, Condorcet winners.

All functions take arrays over items of one size: n items, k responses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prefqa._types import Bools, Floats, Ints


@dataclass(frozen=True)
class Orders:
    """The orders that one method found for n items of k responses.

    `place` [n, k] counts from 1 without gaps, equal places are ties. `score` [n, k] is the method's own figure, higher
    is better. `precedes` [n, k, k] is true where the method puts the first before the second; false both ways is a tie.
    `cost`, `n_optima`, `gap`, `exact` [n] are Kemeny's own (see `kemeny`), None elsewhere; a negative count is
    "unknown".
    """

    place: Ints
    score: Floats
    precedes: Bools
    cost: Ints | None = None
    n_optima: Ints | None = None
    gap: Ints | None = None
    exact: Bools | None = None


def majority_relation(wins: Ints) -> Bools:
    """Return [n, k, k]: more judgments rank the first before the second than the other way round."""
    return wins > wins.transpose(0, 2, 1)


def condorcet_winner(beats: Bools) -> Ints:
    """Return per item the response that beats every other one, -1 where there is none (or nothing to beat)."""
    k = beats.shape[1]
    wins_all = beats.sum(axis=2) == k - 1
    found = wins_all.any(axis=1) & (k > 1)
    return np.where(found, wins_all.argmax(axis=1), -1)


def has_cycle(beats: Bools) -> Bools:
    """Tell where the strict majority relation has a cycle, such as a over b, b over c, c over a.

    Responses that beat none of the remaining ones cannot lie on a cycle; taking them away k times leaves the cycles.
    A cycle that needs a tied pair to close is none.
    """
    by_pair = np.ascontiguousarray(beats.transpose(1, 2, 0))  # items last: what is done to all at once is fast
    remaining = np.ones(by_pair.shape[1:], bool)
    for _ in range(beats.shape[1]):
        remaining &= (by_pair & remaining).any(axis=1)
    return np.asarray(remaining.any(axis=0))


def places_by_score(score: Floats) -> Ints:
    """Return places from 1 without gaps, the highest score first; exactly equal scores share a place."""
    order = np.argsort(-score, axis=1, kind="stable")
    ordered = np.take_along_axis(score, order, axis=1)
    step = np.ones(score.shape, np.int32)
    step[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = np.empty(score.shape, np.int32)
    np.put_along_axis(place, order, np.cumsum(step, axis=1, dtype=np.int32), axis=1)
    return place


def places_by_precedence(precedes: Bools) -> Ints:
    """Return the places of the finest weak order that says nothing beyond the partial order `precedes`.

    Between two places, every response of the better one precedes every response of the worse one; responses between
    which no such cut exists share a place. With d the number of responses that precede one, a cut after t responses
    exists exactly where t responses have d < t. Example: where only a before b is certain and c may stand anywhere,
    all three share place 1, although a precedes b: any other places would rank c.
    """
    n, k = precedes.shape[:2]
    n_before = precedes.sum(axis=1)
    place = np.ones((n, k), np.int32)
    for t in range(1, k):
        is_cut = (n_before < t).sum(axis=1) == t
        place += is_cut[:, None] & (n_before >= t)
    return place


def precedence(place: Ints) -> Bools:
    """Return the relation that places give: a precedes b where its place is the better one."""
    return place[:, :, None] < place[:, None, :]


def orders_by_belief(better: Floats, score: Floats | None = None) -> Orders:
    """Order responses by what is believed: a precedes b where that is more likely than not.

    Places follow `score`, by default the expected number of responses that a response stands before. Differences below
    1e-9 are rounding and count as ties, so that names cannot break one.

    Args:
        better: [n, k, k], P(first stands before second), one half on the diagonal.
        score: [n, k], where the method has its own.
    """
    score = np.round(better.sum(axis=2) - 0.5 if score is None else score, 9)
    return Orders(places_by_score(score), score, better > 0.5 + 1e-9)
