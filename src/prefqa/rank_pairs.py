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
    "best_pairs",  # pairs of rankings that share a response which both rank
)


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
        out += np.stack([tau_b, rho, defined.astype(np.float64), same, any_shared.astype(np.float64)], axis=1)
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
