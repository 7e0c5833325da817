"""A good order for items with too many responses for an exact Kemeny optimum."""

from __future__ import annotations

import numpy as np

from prefqa._types import Bools, Ints
from prefqa.consensus.orders import majority_relation, places_by_score

_MAX_SWEEPS = 50


def local_search(wins: Ints) -> tuple[Ints, Ints]:
    """Improve the Borda order by moving responses to their best position until no single move lowers the cost.

    The start orders responses by votes won minus votes lost, then by majorities won minus lost; responses equal in both
    form one block that moves as a whole and ends in one place. Positions are visited from the best to the worst, and a
    block moves only where that strictly lowers the cost, so the outcome does not depend on row order or names.

    Args:
        wins: [n, k, k], judgments that rank the first before the second.

    Returns:
        place [n, k] and cost [n]: the votes that the order between places contradicts, plus, within a place,
        half of the votes there. Some strict order costs at most this much, so it is an upper bound of the
        optimum.
    """
    k = wins.shape[1]
    wins = wins.astype(np.int64)
    beats = majority_relation(wins)
    votes = wins.sum(axis=2) - wins.sum(axis=1)
    pairs = beats.sum(axis=2, dtype=np.int64) - beats.sum(axis=1, dtype=np.int64)
    block = places_by_score((votes * (2 * k + 1) + pairs).astype(np.float64)) - 1
    member = (block[:, :, None] == np.arange(k)).astype(np.int64)
    between = member.transpose(0, 2, 1) @ wins @ member
    place = np.take_along_axis(_improve(between), block, axis=1) + 1
    before = place[:, :, None] < place[:, None, :]
    within = place[:, :, None] == place[:, None, :]
    contradicted = np.where(before.transpose(0, 2, 1), wins, 0).sum(axis=(1, 2))
    cost = contradicted + np.where(within, wins, 0).sum(axis=(1, 2)) // 2
    return place, cost


def _improve(between: Ints) -> Ints:
    """Return the position of each block [n, k]; block j starts at position j, empty blocks stay last."""
    n, k = between.shape[:2]
    order = np.tile(np.arange(k), (n, 1))
    rows = np.arange(n)
    for _ in range(_MAX_SWEEPS):
        moved = np.zeros(n, bool)
        for at in range(k):
            moved |= _insert(order, between, rows, at)
        if not moved.any():
            break
    position = np.empty_like(order)
    np.put_along_axis(position, order, np.broadcast_to(np.arange(k), (n, k)), axis=1)
    return position


def _insert(order: Ints, between: Ints, rows: Ints, at: int) -> Bools:
    """Move the block at position `at` to where it contradicts the fewest votes; change `order`, tell where it moved."""
    k = order.shape[1]
    block = order[:, at]
    others = np.delete(order, at, axis=1)
    if_after = between[rows[:, None], block[:, None], others]
    if_before = between[rows[:, None], others, block[:, None]]
    cost = np.zeros((order.shape[0], k), np.int64)
    cost[:, 1:] = np.cumsum(if_after - if_before, axis=1)
    best = cost.argmin(axis=1)
    moves = cost[rows, best] < cost[:, at]
    target = np.where(moves, best, at)
    columns = np.arange(k)
    source = np.minimum(columns - (columns > target[:, None]), k - 2)
    order[:] = np.where(columns == target[:, None], block[:, None], np.take_along_axis(others, source, axis=1))
    return np.asarray(moves, np.bool_)
