"""Votes as tables for the fit: summed by pair, weighted by how often an item is drawn, items that say the same once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prefqa._types import Floats, Ints, distinct, sum_by
from prefqa.consensus.leaderboard.comparisons import Comparisons
from prefqa.consensus.leaderboard.fit import Table
from prefqa.consensus.leaderboard.models import Counts


@dataclass(frozen=True)
class Votes:
    """Votes of distinct items, in their order: a table of single votes, the item of each, how many items are like it.

    `pair` is the number of each vote's row in a table summed by pair, None where covariates keep votes apart; `firsts`
    is a vote of each of these rows.
    """

    table: Table
    item: Ints
    multiplicity: Floats
    pair: Ints | None
    firsts: Ints

    def summed(self, drawn: Floats | None = None) -> Table:
        """Sum votes by pair (and annotator); `drawn` is how often each distinct item counts instead of as it does."""
        times = self.multiplicity if drawn is None else drawn
        weight: Floats | float = 1.0 if (times == 1).all() else times[self.item]
        votes, firsts = self.table.votes, self.firsts
        if self.pair is None:
            return Table(
                self.table.first,
                self.table.second,
                Counts(*(n * weight for n in votes)),
                self.table.x,
                self.table.annotator,
            )
        sums = Counts(*(sum_by(self.pair, n * weight, firsts.size) for n in votes))
        there = sums.total > 0
        at = firsts[there]
        return Table(
            self.table.first[at],
            self.table.second[at],
            Counts(*(n[there] for n in sums)),
            self.table.x[at],
            self.table.annotator[at],
        )


def votes_of(found: Comparisons, x: Floats, *, by_annotator: bool, distinct_items: bool) -> Votes:
    """Return the votes ready for the fit, with covariates as scaled in `x`.

    Args:
        found: the votes.
        x: [n, k], covariates.
        by_annotator: sum by annotator too.
        distinct_items: items with the same votes on the same pairs are exchangeable and stand once, with their number
            (only where neither covariates nor annotators matter).
    """
    item, multiplicity = found.item, np.ones(len(found.item_ids))
    first, second, outcome, annotator = found.first, found.second, found.outcome, found.annotator
    if distinct_items and item.size:
        keep, item, multiplicity = _distinct_items(found)
        first, second, outcome, annotator = (array[keep] for array in (first, second, outcome, annotator))
        x = x[keep]
    table = Table(first, second, Counts(*(np.asarray(outcome == o, np.float64) for o in (1, 0, -1))), x, annotator)
    if x.shape[1]:
        return Votes(table, item, multiplicity, None, np.arange(item.size))
    key = first * len(found.names) + second
    keys, pair = distinct(key * len(found.annotator_ids) + annotator if by_annotator else key)
    firsts = np.zeros(keys.size, np.int64)
    firsts[pair] = np.arange(pair.size)
    return Votes(table, item, multiplicity, pair, firsts)


def _distinct_items(found: Comparisons) -> tuple[Ints, Ints, Floats]:
    """Which votes to keep, the number of the distinct item of each, and how many items are like each of these.

    An item is known by the sum of a hash of each of its votes, of 64 bits: that two of 10^6 different items share one
    has a probability of 3e-8. Distinct items stand in the order of these sums, whatever items are called.
    """
    starts = np.flatnonzero(np.diff(found.item, prepend=-1))
    code = ((found.first * len(found.names) + found.second) * 3 + found.outcome + 1).astype(np.uint64)
    sums = np.add.reduceat(_mixed(code), starts)
    _, one, number, counts = np.unique(sums, return_index=True, return_inverse=True, return_counts=True)
    is_kept = np.zeros(starts.size, np.bool_)
    is_kept[one] = True
    keep = np.flatnonzero(is_kept[found.item])
    return keep, number[found.item[keep]], counts.astype(np.float64)


def _mixed(code: Ints) -> Ints:
    """A hash of 64 bits (splitmix64, Steele, Lea and Flood 2014)."""
    z = (code + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
