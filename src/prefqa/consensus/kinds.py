"""The judgments of a bucket by kind: what one annotator said alike is reckoned once for all items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefqa._types import Bools, Floats, Ints, distinct
from prefqa.consensus.open_rankings import OpenRankings, vote_codes
from prefqa.votes import Bucket, votes_on_pairs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Up to this many responses the votes of a judgment are one number of 64 bits.
_PACKED_UP_TO = 9


@dataclass(frozen=True)
class Kinds:
    """Kinds of judgments: the distinct pairs of an annotator and its votes.

    `counts` [items, kinds], sparse: how many judgments of the item are of the kind. Per kind: `annotator`; `votes`, as
    `votes_on_pairs` has them, 0 where the judgment leaves an order open; `open_`, the kinds that do so, with `row`, a
    judgment of each; `counts_open`, the columns of `counts` of these.
    """

    counts: csr_array
    annotator: Ints
    votes: Floats
    open_: Ints
    row: Ints
    counts_open: csr_array | None

    def support(self, part: slice, phi: Floats) -> Floats:
        """Return [items, P]: the sum of phi times vote over the judgments of a run of items."""
        return np.asarray(self.counts[part] @ (self.votes * phi[self.annotator][:, None]), np.float64)

    def wrong(self, expected: Floats) -> Floats:
        """Return, by annotator [largest + 1], how many votes are wrong.

        `expected` [kinds, P]: over the judgments of a kind, the sum of the probability that the first of the pair
        stands before the second, times two, less one.
        """
        n = np.asarray(self.counts.sum(axis=0), np.float64)
        each = (np.abs(self.votes).sum(axis=1) * n - (self.votes * expected).sum(axis=1)) / 2
        return np.bincount(self.annotator, weights=each).astype(np.float64)

    def open_sums(self, table: OpenRankings, belief: Floats, n_annotators: int) -> Floats:
        """Return [annotators, nodes]: the log likelihood of the open judgments, expected under `belief` [open, k!]."""
        from scipy.sparse import csr_array

        who = self.annotator[self.open_]
        by_annotator = csr_array((np.ones(who.size), (who, np.arange(who.size))), shape=(n_annotators, who.size))
        return np.asarray(by_annotator @ table.expected(self.row, belief), np.float64)


def kinds_of(bucket: Bucket, is_open: Bools | None) -> Kinds:
    """Sort the judgments of a bucket into kinds; `is_open` says which of them leave an order open."""
    from scipy.sparse import csr_array

    n, k = bucket.ranks.shape
    number = distinct(vote_codes(bucket.ranks)[1])[1] if k <= _PACKED_UP_TO else np.arange(n)
    n_annotators = int(bucket.annotator.max(initial=0)) + 1
    kinds, kind = distinct(number * n_annotators + bucket.annotator)
    row = np.zeros(kinds.size, np.int64)
    row[kind] = np.arange(n)
    votes = votes_on_pairs(bucket.ranks[row])
    ends = np.append(bucket.starts, n)
    counts = csr_array((np.ones(n), kind, ends), shape=(bucket.starts.size, kinds.size))
    open_ = np.flatnonzero(is_open[row]) if is_open is not None else np.zeros(0, np.int64)
    votes[open_] = 0.0
    counts_open = counts.tocsc()[:, open_].tocsr() if open_.size else None
    return Kinds(counts, bucket.annotator[row], votes, open_, row[open_], counts_open)
