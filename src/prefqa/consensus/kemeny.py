"""Kemeny orders of many small items at once: exact up to nine responses, with all optima known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.kemeny_search import local_search
from prefqa.consensus.orders import Orders, places_by_precedence, precedence

#: Up to this many responses all orders are enumerated, which also gives the gap to the second best.
ENUMERATE_UP_TO = 5
#: Up to this many responses the optimum is exact, by dynamic programming over subsets; above, a search finds a
#: good order.
EXACT_UP_TO = 9
_CHUNK_BYTES = 1 << 25


@dataclass(frozen=True)
class _Optima:
    """What the best orders of each item are.

    The least cost, the number of orders that have it, the next cost up less the least (-1: unknown), and [n, k, k]
    whether the first stands before the second in some optimal order.
    """

    cost: Ints
    n_optima: Ints
    gap: Ints
    before_some: Bools


def kemeny(wins: Ints) -> Orders:
    """Find the orders that contradict the fewest votes (Kemeny 1959), for n items of k responses at once.

    The cost of a strict order is the number of votes that rank a before b although the order puts b before a,
    summed over pairs. A tied vote contradicts both orders of its pair alike, so ties do not enter; a response
    that a judgment does not rank takes no part in its votes, so partial rankings need no imputation.

    Often several orders share the least cost. All of them count: one response precedes another only where it does so in
    *every* optimal order, and places follow `places_by_precedence`. What the optima leave open is a tie, never
    settled by chance, row order or names.

    Args:
        wins: [n, k, k], judgments that rank the first before the second.

    Returns:
        Orders with `score` = responses it precedes minus responses that precede it, in all optima; `cost`; `n_optima`,
        the number of strict orders with that cost (-1 where not `exact`); `gap`, the least cost above it minus it
        (-1 where k > 5 or every order costs the same); `exact`, false above nine responses, where `local_search` gives
        a good order and `cost` is an upper bound.
    """
    n, k = wins.shape[:2]
    if k > EXACT_UP_TO:
        place, cost = local_search(wins)
        before = precedence(place)
        unknown = np.full(n, -1)
        return Orders(place, _net(before), before, cost, unknown, unknown, np.zeros(n, bool))
    per_item = 16 * len(strict_orders(k)) if k <= ENUMERATE_UP_TO else (4 * k + 24) << k
    step = max(1, _CHUNK_BYTES // per_item)
    solve = _enumerate if k <= ENUMERATE_UP_TO else _subsets
    parts = [solve(wins[at : at + step]) for at in range(0, n, step)]
    cost = np.concatenate([part.cost for part in parts])
    n_optima = np.concatenate([part.n_optima for part in parts])
    gap = np.concatenate([part.gap for part in parts])
    before_some = np.concatenate([part.before_some for part in parts])
    before = before_some & ~before_some.transpose(0, 2, 1)
    return Orders(places_by_precedence(before), _net(before), before, cost, n_optima, gap, np.ones(n, bool))


def _net(before: Bools) -> Floats:
    return np.asarray(before.sum(axis=2) - before.sum(axis=1), np.float64)


@cache
def strict_orders(k: int) -> Ints:
    """[k!, k]: the position of each response in each strict order."""
    return np.array(list(permutations(range(k))), np.int8).reshape(-1, k)


def _enumerate(wins: Ints) -> _Optima:
    """Cost every order: one product of the tallies with the 0/1 matrix of what each order contradicts."""
    n, k = wins.shape[:2]
    position = strict_orders(k)
    puts_before = (position[:, :, None] < position[:, None, :]).astype(np.float64)
    contradicts = puts_before.transpose(0, 2, 1).reshape(-1, k * k)
    costs = wins.reshape(n, k * k).astype(np.float64) @ contradicts.T
    cost = costs.min(axis=1)
    optimal = costs == cost[:, None]
    before_some = (optimal.astype(np.float32) @ puts_before.reshape(-1, k * k).astype(np.float32)) > 0
    costs[optimal] = np.inf
    second = costs.min(axis=1)
    gap = np.where(np.isfinite(second), second - cost, -1)
    return _Optima(cost.astype(np.int64), optimal.sum(axis=1), gap.astype(np.int64), before_some.reshape(n, k, k))


def _subsets(wins: Ints) -> _Optima:
    """Dynamic programme over subsets (Held and Karp): the cheapest way to fill the first places with a set.

    `head[S]` is the least cost within S, `tail[S]` that of all that follows once S fills the first places. Putting a
    next after S costs the votes for a over the members of S. Such a step lies on some optimal order exactly where
    head + step + tail is the optimum; then all of S precedes a in that order.
    """
    n, k = wins.shape[:2]
    full = (1 << k) - 1
    members = [[a for a in range(k) if s >> a & 1] for s in range(full + 1)]
    over = np.ascontiguousarray(wins.transpose(1, 2, 0), np.int32)
    step = np.zeros((full + 1, k, n), np.int32)
    head = np.zeros((full + 1, n), np.int32)
    ways = np.ones((full + 1, n), np.int32)
    for s in range(1, full + 1):
        low = members[s][0]
        np.add(step[s ^ (1 << low)], over[:, low], out=step[s])
        without = [s ^ (1 << a) for a in members[s]]
        costs = head[without] + step[without, members[s]]
        costs.min(axis=0, out=head[s])
        np.sum(ways[without] * (costs == head[s]), axis=0, out=ways[s])
    cost, n_optima = head[full].copy(), ways[full].astype(np.int64)
    tail = np.zeros((full + 1, n), np.int32)
    preceders = np.zeros((k, n), np.int32)
    for s in range(full - 1, -1, -1):
        rest = members[full ^ s]
        costs = step[s, rest] + tail[[s | (1 << a) for a in rest]]
        costs.min(axis=0, out=tail[s])
        preceders[rest] |= np.where(costs + head[s] == cost, s, 0).astype(np.int32)
    before_some = np.stack([(preceders >> b & 1).astype(bool).T for b in range(k)], axis=1)
    return _Optima(cost.astype(np.int64), n_optima, np.full(n, -1), before_some)
