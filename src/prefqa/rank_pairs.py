"""Moments of pairs of rankings: for each unit, sums over its pairs of judgments."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from prefqa._types import Bools, Floats, Ints

#: tau_b and rho are defined for a pair of rankings that share two responses and of which neither ties all of these.
NAMES = (
    "tau_b",  # sum of tau-b
    "rho",  # sum of Spearman correlations
    "correlated",  # pairs of rankings for which both are defined
    "same_best",  # sum of the chances that two, each picking one of their best at random, pick the same
    "best_pairs",  # pairs of rankings that share two responses
    "rbo",  # sum of rank-biased overlaps
    "rho_weighted",  # sum of (n - 1) rho over pairs of rankings that share n responses, rho = 0 where it is undefined
    "rho_weight",  # sum of n - 1
    "ranked",  # ranks in rankings of two or more responses, where some two rankings share two (rho_weight > 0)
    "responses",  # responses that stand in any of these
)
#: Weight of depth in rank-biased overlap: the chance that a reader goes on to the next rank.
PERSISTENCE = 0.9


def rank_pair_moments(ranks: Ints) -> Floats:
    """Return [n, len(NAMES)] for units of one number of judgments: `ranks` is [n, m, k], 0 = not ranked.

    Two rankings are compared on the responses that both rank, ranked anew among these.
    """
    n, m, _ = ranks.shape
    out = np.zeros((n, len(NAMES)))
    for first, second in combinations(range(m), 2):
        one, two = ranks[:, first], ranks[:, second]
        both = (one > 0) & (two > 0)
        tau_b, rho, defined = _correlations(one, two, both)
        same, any_shared = _same_best(one, two, both)
        n_shared = both.sum(axis=1)
        weight = np.maximum(n_shared - 1, 0)
        overlap = np.where(any_shared, _overlap(one, two, both), 0.0)
        of_pair = (tau_b, rho, defined, same, any_shared, overlap, weight * rho, weight)
        out[:, : len(of_pair)] += np.stack([np.asarray(values, np.float64) for values in of_pair], axis=1)
    several = ((ranks > 0).sum(axis=2) >= 2) & (out[:, [NAMES.index("rho_weight")]] > 0)
    counted = (ranks > 0) & several[:, :, None]
    out[:, -2] = counted.sum(axis=(1, 2))
    out[:, -1] = counted.any(axis=1).sum(axis=1)
    return out


def _correlations(one: Ints, two: Ints, both: Bools) -> tuple[Floats, Floats, Bools]:
    """Kendall's tau-b and Spearman's rho of each pair of rankings (0 where undefined), and where they are defined."""
    n, k = one.shape
    net, untied_one, untied_two = (np.zeros(n, np.int64) for _ in range(3))
    places = [np.zeros((n, k), np.int64) for _ in range(2)]  # twice the mid-rank less a constant: below minus above
    for a, b in combinations(range(k), 2):
        shared = both[:, a] & both[:, b]
        signs = [np.where(shared, np.sign(r[:, a] - r[:, b]), 0).astype(np.int64) for r in (one, two)]
        net += signs[0] * signs[1]
        untied_one += signs[0] != 0
        untied_two += signs[1] != 0
        for place, sign in zip(places, signs, strict=True):
            place[:, a] += sign
            place[:, b] -= sign
    defined = (untied_one > 0) & (untied_two > 0)
    squares = [(place**2).sum(axis=1) for place in places]
    tau_b = net / np.sqrt(np.where(defined, untied_one * untied_two, 1))
    rho = (places[0] * places[1]).sum(axis=1) / np.sqrt(np.where(defined, squares[0] * squares[1], 1))
    return np.where(defined, tau_b, 0.0), np.where(defined, rho, 0.0), defined


def _same_best(one: Ints, two: Ints, both: Bools) -> tuple[Floats, Bools]:
    """Chance that two annotators, each picking one of the best of the shared responses, pick the same."""
    far = np.iinfo(np.int32).max
    bests = [np.where(both, r, far) for r in (one, two)]
    is_best = [both & (r == r.min(axis=1, keepdims=True)) for r in bests]
    any_shared = both.sum(axis=1) > 1
    chance = (is_best[0] & is_best[1]).sum(axis=1) / np.maximum(is_best[0].sum(axis=1) * is_best[1].sum(axis=1), 1)
    return np.where(any_shared, chance, 0.0), any_shared


def _overlap(one: Ints, two: Ints, both: Bools) -> Floats:
    """Rank-biased overlap of the shared responses, extrapolated beyond the last; ties give shares of their places."""
    n, k = one.shape
    in_top = [_place(r, both) for r in (one, two)]
    n_shared = both.sum(axis=1)
    total, last = np.zeros(n), np.zeros(n)
    for depth in range(1, k + 1):
        chance = [np.where(both, np.clip((depth - above) / np.maximum(tied, 1), 0, 1), 0) for above, tied in in_top]
        last = (chance[0] * chance[1]).sum(axis=1) / depth
        total += np.where(depth <= n_shared, (1 - PERSISTENCE) * PERSISTENCE ** (depth - 1) * last, 0)
    return np.asarray(total + PERSISTENCE**n_shared, np.float64)


def _place(ranks: Ints, both: Bools) -> tuple[Ints, Ints]:
    """Of each response, how many shared ones stand above it and how many (with itself) tie with it."""
    shared = both[:, None, :]
    above = ((ranks[:, None, :] < ranks[:, :, None]) & shared).sum(axis=2)
    return above, ((ranks[:, None, :] == ranks[:, :, None]) & shared).sum(axis=2)
