"""The votes on pairs of responses as numbers of their patterns: there are few, however many pairs there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prefqa._types import Bools, Ints, distinct
from prefqa.votes import Bucket, pair_tallies

#: Up to so many patterns that votes could have, all are listed, and numbers of them take two bytes.
_LISTED = 1 << 16


@dataclass(frozen=True)
class TalliedItems:
    """Items with `k` responses (codes), and `pattern` [pairs, items]: that of the votes on each of their pairs.

    Pairs stand in the order of `triu_indices`.
    """

    k: int
    item: Ints
    pattern: Ints

    def items_of(self, patterns: Bools) -> tuple[Ints, Ints]:
        """Return the item and the pattern of each pair whose pattern is one of some."""
        pair, at = np.nonzero(patterns[self.pattern])
        return self.item[at], self.pattern[pair, at]


@dataclass(frozen=True)
class Tallied:
    """The votes on all pairs: per pattern how many prefer the first, see a tie, prefer the second, and how often it is.

    A pattern may be that of no pair, or say that nobody voted.
    """

    items: Sequence[TalliedItems]
    n_first: Ints
    n_tie: Ints
    n_second: Ints
    times: Ints

    @classmethod
    def of(cls, buckets: Sequence[Bucket]) -> Tallied:
        """Tally the votes of all items with two responses or more."""
        buckets = [bucket for bucket in buckets if bucket.k > 1]
        width = max((int(bucket.lengths.max(initial=0)) for bucket in buckets), default=0) + 1
        listed = width**3 <= _LISTED
        codes = [_codes(bucket, width, np.uint16 if listed else np.int64) for bucket in buckets]
        if listed:
            patterns: Ints = np.arange(width**3)
        else:  # the array of all would grow with the third power of the votes on a pair
            patterns, _ = distinct(np.concatenate([code.ravel() for code in codes]))
            codes = [np.searchsorted(patterns, code) for code in codes]
        times: Ints = np.zeros(patterns.size, np.int64)
        for code in codes:
            times += np.bincount(code.ravel(), minlength=patterns.size)
        items = [TalliedItems(each.k, each.item, code) for each, code in zip(buckets, codes, strict=True)]
        return cls(items, patterns // width**2, patterns // width % width, patterns % width, times)

    @property
    def n(self) -> Ints:
        """Votes of each pattern."""
        return self.n_first + self.n_tie + self.n_second

    def count(self, patterns: Bools) -> int:
        """How many pairs have one of some patterns."""
        return int(self.times[patterns].sum())

    def items_of(self, patterns: Bools) -> tuple[Ints, Ints]:
        """Return the item (its code) and the pattern of each pair whose pattern is one of some."""
        parts = [items.items_of(patterns) for items in self.items]
        none = np.zeros(0, np.int64)
        item, pattern = (np.concatenate([none, *side]) for side in zip((none, none), *parts, strict=True))
        return item, pattern


def _codes(bucket: Bucket, width: int, kind: type[np.integer[Any]]) -> Ints:
    """One number [pairs, items] that holds the three counts: figures of a base above each of them."""
    parts = []
    for tally in pair_tallies(bucket):
        n_first, n_tie, n_second = (count.astype(kind) for count in tally[2:])
        parts.append((n_first * kind(width) + n_tie) * kind(width) + n_second)
    return np.concatenate(parts)
