"""Two rankings compared: tau-b, Spearman's rho, the best response, rank-biased overlap; pair by pair, or all at once.

Pair by pair takes time with the square of the number of rankings and is for any. Complete rankings need no pairs: each
of these figures is a product of two vectors, one per ranking, so that sums over pairs follow from the sum of vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from prefqa._types import Bools, Floats, Ints, begins
from prefqa.votes import pair_votes

#: Figures of a pair of rankings; tau_b and rho are defined where the two share two responses that neither ties all of.
OF_PAIR = (
    "tau_b",  # tau-b
    "rho",  # Spearman correlation
    "correlated",  # 1 where both are defined
    "same_best",  # the chance that two, each picking one of their best at random, pick the same
    "best_pairs",  # 1 where the rankings share two responses
    "rbo",  # rank-biased overlap
    "rho_weighted",  # (n - 1) rho where they share n responses, rho = 0 where it is undefined
    "rho_weight",  # n - 1
)
#: Weight of depth in rank-biased overlap: the chance that a reader goes on to the next rank.
PERSISTENCE = 0.9
#: Numbers held at a time.
_AT_A_TIME = 1 << 16
#: Rankings whose shared responses are counted at a time.
_BLOCK = 128
#: Of a unit with more partial rankings, those that share no two responses are found first.
_MANY = 200


class Distinct(NamedTuple):
    """Distinct rankings, those of a unit side by side: `ranks` [D, k] from 1 without gaps, 0 = not ranked, `times` [D].

    `unit` [D] is the number of each one's unit.
    """

    ranks: Ints
    unit: Ints
    times: Floats

    def select(self, rows: Bools) -> Distinct:
        """Keep some."""
        return Distinct(self.ranks[rows], self.unit[rows], self.times[rows])


def small(n: int) -> type[np.integer[Any]]:
    """A type that holds counts up to n."""
    return np.int8 if n <= np.iinfo(np.int8).max else np.int32


def sums_of_vectors(ranks: Ints, times: Floats) -> Floats:
    """Return, per complete ranking of one unit, its figures summed over its pairs with each other, [D, len(OF_PAIR)].

    `times`: how often each ranking was given; the pairs of a ranking with its own likes are among them.
    """
    n, k = ranks.shape
    out = np.zeros((n, len(OF_PAIR)))

    def add(name: str, vectors: NDArray[Any], scale: Floats | float = 1.0) -> None:
        scaled = vectors * np.reshape(scale, (-1, 1))
        out[:, OF_PAIR.index(name)] += scaled @ (times @ scaled) - (scaled**2).sum(axis=1)

    columns = np.ascontiguousarray(ranks.T)
    above, tied = (counts.T.astype(np.float64) for counts in places(columns))
    place = 2 * above + tied - k
    squares, untied = (place**2).sum(axis=1), above.sum(axis=1)
    defined = untied > 0
    for votes in pair_votes(ranks):
        signs = votes.better.view(np.int8) - votes.worse.view(np.int8)
        add("tau_b", signs.T, np.where(defined, 1 / np.sqrt(np.maximum(untied, 1)), 0.0))
    add("rho", place, np.where(defined, 1 / np.sqrt(np.where(defined, squares, 1)), 0.0))
    add("correlated", defined[:, None])
    best = above == 0
    add("same_best", best, 1 / best.sum(axis=1))
    for depth in range(1, k + 1):
        weight = (1 - PERSISTENCE) * PERSISTENCE ** (depth - 1) / depth
        add("rbo", np.clip((depth - above) / tied, 0, 1), weight**0.5)
    others = times.sum() - 1
    out[:, OF_PAIR.index("rbo")] += others * PERSISTENCE**k
    out[:, OF_PAIR.index("best_pairs")] = others
    out[:, OF_PAIR.index("rho_weight")] = others * (k - 1)
    out[:, OF_PAIR.index("rho_weighted")] = out[:, OF_PAIR.index("rho")] * (k - 1)
    return out


def sums_of_pairs(of: Distinct, n_units: int) -> tuple[Floats, Floats]:
    """Return the figures summed over the pairs of each unit, [n_units, 8], and over those of each ranking, [D, 8]."""
    whole, lost = np.zeros((n_units, len(OF_PAIR))), np.zeros((len(of.ranks), len(OF_PAIR)))
    if not of.unit.size:
        return whole, lost
    ranked = of.ranks > 0
    complete = bool(ranked.all())
    listed = None if complete else np.argsort(~ranked, axis=1, kind="stable")
    n_ranked = ranked.sum(axis=1)
    has_ties = of.ranks.max(axis=1, initial=0) < n_ranked
    for first, second in _pairs(of, ranked, complete=complete):
        one, two = of.ranks[first], of.ranks[second]
        if listed is not None:  # only the responses that the first one ranks
            some = listed[first, : max(int(n_ranked[first].max(initial=0)), 1)]
            one, two = (np.take_along_axis(side, some, axis=1) for side in (one, two))
        ties = bool(has_ties[first].any() or has_ties[second].any())
        figures = compared(np.ascontiguousarray(one.T), np.ascontiguousarray(two.T), ties=ties)
        same = first == second
        for_first = np.where(same, of.times[first] - 1, of.times[second])
        of_first = figures * for_first[:, None]
        weight = np.where(same, 0.5, 1.0) * of.times[first]
        _add_runs(whole, of.unit[first], of_first * weight[:, None])
        _add_runs(lost, first, of_first)
        for_second = figures * np.where(same, 0.0, of.times[first])[:, None]
        low, high = int(second.min()), int(second.max()) + 1
        for column, values in enumerate(for_second.T):
            lost[low:high, column] += np.bincount(second - low, values, high - low)
    return whole, lost


def compared(one: Ints, two: Ints, *, ties: bool) -> Floats:
    """Return the figures of pairs of rankings, [B, len(OF_PAIR)]: both are [n responses, B], 0 = not ranked.

    `ties`: whether any of the rankings has some.
    """
    both = (one > 0) & (two > 0)
    n = both.sum(axis=0)
    (above, tied), (above_two, tied_two), concordant, half_tied = _places_of_both(one, two, both, ties=ties)
    untied, untied_two = (np.where(both, side, 0).sum(axis=0, dtype=np.int64) for side in (above, above_two))
    defined = (untied > 0) & (untied_two > 0)
    # Of the pairs that the first orders, those neither alike nor tied in the second are reversed.
    net = 2 * concordant + half_tied - untied
    places = [
        np.where(both, 2 * up.astype(np.int64) + same - n, 0) for up, same in ((above, tied), (above_two, tied_two))
    ]
    squares = [(place**2).sum(axis=0) for place in places]
    tau_b = np.where(defined, net / np.sqrt(np.where(defined, untied * untied_two, 1)), 0.0)
    product = (places[0] * places[1]).sum(axis=0)
    rho = np.where(defined, product / np.sqrt(np.where(defined, squares[0] * squares[1], 1)), 0.0)
    best, best_two = both & (above == 0), both & (above_two == 0)
    shared = n > 1
    same = (best & best_two).sum(axis=0) / np.maximum(best.sum(axis=0) * best_two.sum(axis=0), 1)
    overlap = _overlap(above, tied, above_two, tied_two, both) if ties else _overlap_untied(above, above_two, both)
    weight = np.maximum(n - 1, 0)
    figures = (tau_b, rho, defined, np.where(shared, same, 0.0), shared, np.where(shared, overlap, 0.0), weight * rho)
    return np.stack([np.asarray(values, np.float64) for values in (*figures, weight)], axis=1)


def places(columns: Ints) -> tuple[Ints, Ints]:
    """Of each response [k, B], how many stand above it and how many (with itself) tie with it."""
    counts = small(len(columns))
    above, tied = np.empty(columns.shape, counts), np.empty(columns.shape, counts)
    for at, column in enumerate(columns):
        above[at] = _count(columns < column, counts)
        tied[at] = _count(columns == column, counts)
    return above, tied


def _places_of_both(
    one: Ints, two: Ints, both: Bools, *, ties: bool
) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints], Ints, Ints]:
    """Places of each among the shared responses, in both rankings, and how many pairs of responses are alike in both.

    Returns:
        For each ranking, how many stand above each response and how many tie with it; how many pairs both order alike;
        how many the first orders and the second ties. Responses that only one ranks have figures without meaning.
    """
    k, n = one.shape
    counts, far = small(k), np.iinfo(one.dtype).max
    one, two = (np.where(both, side, far) for side in (one, two))  # below all, so above nothing that is shared
    above, above_two = np.empty((k, n), counts), np.empty((k, n), counts)
    tied = tied_two = np.ones((k, n), counts)
    if ties:
        tied, tied_two = np.empty((k, n), counts), np.empty((k, n), counts)
    concordant, half_tied = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for at in range(k):
        higher, higher_two = one < one[at], two < two[at]
        above[at], above_two[at] = _count(higher, counts), _count(higher_two, counts)
        concordant += _count(higher & higher_two, counts) * both[at]
        if ties:
            equal_two = two == two[at]
            tied[at], tied_two[at] = _count(one == one[at], counts), _count(equal_two, counts)
            half_tied += _count(higher & equal_two, counts) * both[at]
    return (above, tied), (above_two, tied_two), concordant, half_tied


def _count(rows: Bools, counts: type[np.integer[Any]]) -> Ints:
    return np.asarray(np.add.reduce(rows.view(np.int8), axis=0, dtype=counts))


def _overlap_untied(above: Ints, above_two: Ints, both: Bools) -> Floats:
    """Rank-biased overlap without ties: a response is in both tops from the lower of its two places on."""
    k, n = len(above), both.sum(axis=0)
    weights = (1 - PERSISTENCE) * PERSISTENCE ** np.arange(k) / np.arange(1, k + 1)
    up_to = np.concatenate([[0.0], np.cumsum(weights)])
    lower = up_to[np.minimum(np.maximum(above, above_two), k)]
    return np.asarray(n * up_to[n] - np.where(both, lower, 0.0).sum(axis=0) + PERSISTENCE**n, np.float64)


def _overlap(above: Ints, tied: Ints, above_two: Ints, tied_two: Ints, both: Bools) -> Floats:
    """Rank-biased overlap of the shared responses, extrapolated beyond the last; ties give shares of their places."""
    n = both.sum(axis=0)
    total = np.zeros(n.size)
    for depth in range(1, int(n.max(initial=0)) + 1):
        # In the smallest integers, the first place from which a response is in the top is above + 1 ... above + tied.
        one, two = (
            np.clip((depth - up.astype(np.int32)) / np.maximum(same, 1), 0, 1)
            for up, same in ((above, tied), (above_two, tied_two))
        )
        common = np.where(both, one * two, 0.0).sum(axis=0) / depth
        total += np.where(depth <= n, (1 - PERSISTENCE) * PERSISTENCE ** (depth - 1) * common, 0)
    return np.asarray(total + PERSISTENCE**n, np.float64)


def _pairs(of: Distinct, ranked: Bools, *, complete: bool) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs of rankings of each unit, first <= second, in the order of the first, some at a time.

    A ranking that was given twice is a pair with itself.
    """
    begin = np.flatnonzero(begins(of.unit))
    ends = np.append(begin[1:], of.unit.size)
    step = max(_AT_A_TIME // max(of.ranks.shape[1], 1), 1)
    sparse_ = np.zeros(begin.size, bool) if complete else _are_sparse(ranked, begin, ends)
    for low, high in zip(begin[sparse_], ends[sparse_], strict=True):
        for first, second in _sharing(ranked[low:high], of.times[low:high]):
            for at in range(0, first.size, step):
                yield first[at : at + step] + low, second[at : at + step] + low
    rows = np.flatnonzero(np.repeat(~sparse_, ends - begin))
    start = rows + (of.times[rows] == 1)
    partners = np.repeat(ends, ends - begin)[rows] - start
    cuts = np.searchsorted(np.cumsum(partners), np.arange(0, int(partners.sum()) + step, step), side="left")
    cuts = np.unique(np.append(cuts, rows.size))
    for at, until in pairwise(cuts):
        n = partners[at:until]
        first = np.repeat(rows[at:until], n)
        if first.size:
            yield first, np.arange(n.sum()) + np.repeat(start[at:until] - (np.cumsum(n) - n), n)


def _are_sparse(ranked: Bools, begin: Ints, ends: Ints) -> Bools:
    """Which units have many rankings of which some leave out responses."""
    partial = np.logical_or.reduceat(~ranked.all(axis=1), begin) if begin.size else np.zeros(0, bool)
    return partial & (ends - begin > _MANY)


def _sharing(ranked: Bools, times: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs of rankings of one unit that share two responses."""
    table = sparse.csr_array(ranked.astype(np.int32))
    turned = sparse.csr_array(table.T)
    for low in range(0, len(ranked), _BLOCK):
        shared = sparse.csr_array(table[low : low + _BLOCK] @ turned).tocoo()
        first, second = shared.row.astype(np.int64) + low, shared.col.astype(np.int64)
        wanted = (shared.data >= 2) & ((second > first) | ((second == first) & (times[first] > 1)))
        first, second = first[wanted], second[wanted]
        if first.size:
            yield first, second


def _add_runs(sums: Floats, key: Ints, values: Floats) -> None:
    """Add rows of which those with one key stand side by side."""
    starts = np.flatnonzero(begins(key))
    sums[key[starts]] += np.add.reduceat(values, starts, axis=0)
