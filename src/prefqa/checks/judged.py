"""Rows sorted by judgment, and the figures of each judgment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints
from prefqa.checks.table import BAD
from prefqa.coding import Rows, slots_of, sorted_codes
from prefqa.keyed import KEYS, KeyedRows

#: Number of a judgment.
NUMBER = "_judgment"
#: Ranks above this have no bit of their own in an integer.
_TALL = 62


@dataclass(frozen=True)
class Judged:
    """Rows sorted by judgment, response and rank.

    Per judgment its `keys`, codes of the columns `key`, and `starts`, its first row; per row `response` (code) and
    `rank`, 0 where there is none; `n_bad` per judgment counts the ranks that could not be read.
    """

    key: Sequence[str]
    keys: list[Ints]
    starts: Ints
    response: Ints
    rank: Ints
    n_bad: Ints

    @classmethod
    def of(cls, keyed: KeyedRows, key: Sequence[str]) -> Judged:
        """Sort rows."""
        frame = keyed.frame
        known = dict(zip(KEYS, map(len, keyed.ids), strict=True))
        columns = [frame[name].to_numpy() for name in (*key, "response_id")]
        sizes = [known.get(name, int(codes.max(initial=0)) + 1) for name, codes in zip(key, columns, strict=False)]
        sizes.append(known["response_id"])
        rank, bad = frame["rank"].fill_null(0).to_numpy().astype(np.uint64), frame[BAD]
        if bad.any():  # the sort takes along which ranks are bad as their lowest bit
            rank = rank * 2 + bad.to_numpy()
        keys, starts, response, rank = sorted_codes([*columns, rank], [*sizes, int(rank.max(initial=0)) + 1])
        n_bad = np.zeros(starts.size, np.int64)
        if bad.any():
            n_bad, rank = _sums(rank & 1, starts), rank >> 1
        return cls(key, keys, starts, response, rank, n_bad)

    @cached_property
    def lengths(self) -> Ints:
        """Number of rows of each judgment."""
        return np.diff(np.append(self.starts, self.rank.size))

    @cached_property
    def _first(self) -> Bools:
        """Whether a row is the first of its judgment and response."""
        first = np.ones(self.rank.size, bool)
        first[1:] = self.response[1:] != self.response[:-1]
        first[self.starts] = True
        return first

    def figures(self) -> pl.DataFrame:
        """Return key and figures of each judgment.

        `n_ranked` counts responses with one known rank: a response that stands twice counts once, and not at all
        where its ranks contradict each other. `dense` is whether the ranks are those from 1 up to the highest.
        """
        if self._first.all():
            n_responses, n_ranked = self.lengths, _sums(self.rank > 0, self.starts)
        else:
            runs = np.flatnonzero(self._first)
            last = np.append(runs[1:], self.rank.size) - 1
            known = (self.rank[runs] > 0) & (self.rank[runs] == self.rank[last])
            n_responses = _sums(self._first, self.starts)
            n_ranked = _sums(known, np.cumsum(n_responses) - n_responses)
        columns = dict(zip(self.key, self.keys, strict=True))
        figures = {
            NUMBER: np.arange(self.starts.size),
            "n": self.lengths,
            "n_responses": n_responses,
            "n_ranked": n_ranked,
            "n_bad": self.n_bad,
        }
        return pl.DataFrame({**columns, **figures, "dense": self._dense()})

    def _dense(self) -> Bools:
        if not self.starts.size:
            return np.zeros(0, bool)
        high = np.maximum.reduceat(self.rank, self.starts).astype(np.int64)
        bits = np.left_shift(np.uint64(1), np.minimum(self.rank, _TALL + 1).astype(np.uint64))
        seen = np.bitwise_or.reduceat(bits, self.starts) | np.uint64(1)
        up_to = np.left_shift(np.uint64(2), np.minimum(high, _TALL).astype(np.uint64)) - np.uint64(1)
        dense: Bools = seen == up_to
        tall = np.flatnonzero((high > _TALL) & (self.lengths >= high))
        if tall.size:
            ranks, n = self.orders(tall)
            starts = np.cumsum(n) - n
            new = np.append(True, ranks[1:] != ranks[:-1])
            new[starts] = True
            dense[tall] = _sums(new, starts) == high[tall]
        return dense

    def orders(self, judgments: Ints) -> tuple[Ints, Ints]:
        """Return the sorted ranks of some judgments, given by their numbers in order, and how many each has."""
        number = np.repeat(np.arange(judgments.size), self.lengths[judgments])
        begin = np.cumsum(self.lengths[judgments]) - self.lengths[judgments]
        rank = self.rank[np.repeat(self.starts[judgments] - begin, self.lengths[judgments]) + np.arange(number.size)]
        number, rank = number[rank > 0], rank[rank > 0].astype(np.int64)
        order = np.lexsort((rank, number))
        return rank[order], np.bincount(number, minlength=judgments.size)

    @cached_property
    def seen(self) -> pl.DataFrame:
        """Responses of each item, whoever judged them: item_id, response_id (codes)."""
        n = _sums(self._first, self.starts)
        item, annotator = self.keys[:2]
        none: Ints = np.zeros(0, np.uint32)
        rows = Rows(none, item, annotator, np.cumsum(n) - n, self.response[self._first], self.rank[self._first])
        slot, listed = slots_of(rows)
        begins = np.flatnonzero(np.append(True, item[1:] != item[:-1])) if item.size else rows.starts
        widths = np.maximum.reduceat(slot, rows.starts[begins]).astype(np.int64) + 1 if item.size else begins
        return pl.DataFrame({"item_id": np.repeat(item[begins], widths), "response_id": listed})


def _sums(values: Ints | Bools, starts: Ints) -> Ints:
    """Sum by judgment."""
    return np.add.reduceat(values, starts, dtype=np.int64) if starts.size else np.zeros(0, np.int64)
