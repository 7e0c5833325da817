"""Rows sorted by judgment, and the figures of each judgment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins
from prefqa.checks.table import BAD
from prefqa.coding import KEYS, Coded, RowIds, bits_of, narrow_enough, sorted_codes
from prefqa.keyed import KeyedRows, places_of
from prefqa.slots import Rows, slots_of

#: Number of a judgment.
NUMBER = "_judgment"
#: Rows that are looked at together where their order is all that matters.
_BLOCK = 1 << 16
#: Ranks above this have no bit of their own in an integer.
_TALL = 30


@dataclass(frozen=True)
class Judged:
    """Rows sorted by judgment, response and rank.

    Per judgment its `keys`, codes of the columns `key`, and `starts`, its first row; per row `response` (code) and
    `rank`, 0 where there is none, and `place` on the screen where the rows have positions that the sort could take
    along; `n_bad` per judgment counts the ranks that could not be read.
    """

    key: Sequence[str]
    keys: list[Ints]
    starts: Ints
    response: Ints
    rank: Ints
    n_bad: Ints
    place: Ints | None

    @classmethod
    def of(cls, keyed: KeyedRows, key: Sequence[str]) -> Judged:
        """Sort rows."""
        frame = keyed.frame
        known = dict(zip(KEYS, map(len, keyed.ids), strict=True))
        columns = [frame[name].to_numpy() for name in (*key, "response_id")]
        sizes = [known.get(name, int(codes.max(initial=0)) + 1) for name, codes in zip(key, columns, strict=False)]
        sizes.append(known["response_id"])
        ranks: Ints = frame["rank"].fill_null(0).to_numpy()
        bad = frame[BAD].to_numpy() if frame[BAD].any() else None
        places = places_of(frame) if "position" in frame.columns else None
        # What the sort takes along below response and rank, each with its number of values.
        more = [(each, int(each.max(initial=0)) + 1) for each in (ranks, bad, places) if each is not None]
        starts = _starts_in_order(
            [*columns, *(each for each, _ in more)], [*sizes, *(size for _, size in more)], len(key)
        )
        if starts is None:
            return cls._sorted(key, columns, sizes, ranks, bad, places)
        keys, response, rank = [codes[starts] for codes in columns[:-1]], columns[-1], ranks.astype(np.uint32)
        n_bad = np.zeros(starts.size, np.int64) if bad is None else _sums(bad, starts)
        return cls(key, keys, starts, response, rank, n_bad, None if places is None else _small(places))

    @classmethod
    def _sorted(
        cls,
        key: Sequence[str],
        columns: list[Ints],
        sizes: list[int],
        ranks: Ints,
        bad: Bools | None,
        places: Ints | None,
    ) -> Judged:
        """Sort rows that do not stand in order."""
        if bad is not None:  # the sort takes along which ranks are bad as their lowest bit
            ranks = ranks * 2 + bad
        high, place, width = int(ranks.max(initial=0)), None, 0
        if places is not None:  # the sort takes along places, too, unless it would become slower for them
            width = int(places.max(initial=0)).bit_length()
            if (high + 1) << width > 2**32 or sum(bits_of([*sizes, (high + 1) << width])) > 64:
                width = 0
            else:
                ranks, high = (ranks << width) | places, ((high + 1) << width) - 1
        keys, starts, response, rank = sorted_codes([*columns, ranks], [*sizes, high + 1])
        if width:
            place, rank = _small(rank & ((1 << width) - 1)), rank >> width
        if bad is None:
            return cls(key, keys, starts, response, rank, np.zeros(starts.size, np.int64), place)
        return cls(key, keys, starts, response, rank >> 1, _sums(rank & 1, starts), place)

    @cached_property
    def lengths(self) -> Ints:
        """Number of rows of each judgment."""
        return np.diff(np.append(self.starts, self.rank.size))

    @cached_property
    def _first(self) -> Bools:
        """Whether a row is the first of its judgment and response."""
        first = begins(self.response)
        first[self.starts] = True
        return first

    def figures(self) -> pl.DataFrame:
        """Return key and figures of each judgment.

        `n_ranked` counts responses with one known rank: a response that stands twice counts once, and not at all
        where its ranks contradict each other. `dense` is whether the ranks are those from 1 up to the highest.
        """
        if self._first.all():
            n_responses = self.lengths
            n_ranked = n_responses if self.rank.all() else _sums(self.rank > 0, self.starts)
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
        few = int(self.rank.max(initial=0)) < 8
        small, most = (np.uint8, 7) if few else (np.uint32, _TALL + 1)
        bit = np.left_shift(small(1), np.arange(most + 1, dtype=small))[np.minimum(self.rank, most)]
        seen = np.bitwise_or.reduceat(bit, self.starts).astype(np.int64) | 1
        dense: Bools = seen & (seen + 1) == 0
        if few:
            return dense
        at = np.flatnonzero(seen >> most)
        high = np.maximum.reduceat(self.rank, self.starts)[at].astype(np.int64)
        dense[at] = False
        enough = self.lengths[at] >= high
        tall, high = at[enough], high[enough]
        if tall.size:
            ranks, n = self.orders(tall)
            starts = np.cumsum(n) - n
            new = begins(ranks)
            new[starts] = True
            dense[tall] = _sums(new, starts) == high
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
    def _once(self) -> Rows:
        """Each response of each judgment once, with some rank of it."""
        starts, response, rank = self.starts, self.response, self.rank
        if not self._first.all():
            n = _sums(self._first, starts)
            starts, response, rank = np.cumsum(n) - n, response[self._first], rank[self._first]
        item, annotator = self.keys[:2]
        return Rows(np.zeros(0, np.uint32), item, annotator, starts, response, rank.astype(np.int32))

    @cached_property
    def _slots(self) -> tuple[Ints, Ints]:
        return slots_of(self._once)

    @cached_property
    def seen(self) -> pl.DataFrame:
        """Responses of each item, whoever judged them: item_id, response_id (codes)."""
        item, (slot, listed) = self.keys[0], self._slots
        begins = np.flatnonzero(np.append(item.size > 0, item[1:] != item[:-1]))
        widths = np.maximum.reduceat(slot, self._once.starts[begins]).astype(np.int64) + 1 if item.size else begins
        return pl.DataFrame({"item_id": np.repeat(item[begins], widths), "response_id": listed})

    def coded(self, ids: RowIds) -> Coded | None:
        """Return the rows as `Preferences.coded` does, where all count and no second sort is needed; else None."""
        if len(self.key) > 2 or not (self.rank > 0).all() or not self._first.all():
            return None
        rows, (slot, listed) = self._once, self._slots
        cells = pl.DataFrame({"cell": [0]})
        coded = Coded(rows.cell, rows.item, rows.annotator, rows.starts, slot, rows.rank, listed, *ids, cells)
        return narrow_enough(coded)


def _starts_in_order(columns: list[Ints], sizes: list[int], n_keys: int) -> Ints | None:
    """Return where the rows of each judgment begin, if rows stand in the order of all columns; else None.

    The first `n_keys` columns tell judgments apart. Rows are packed as in `sorted_codes`, but a block at a time:
    nothing of their whole length is made.
    """
    bits = bits_of(sizes)
    if sum(bits) > 64:
        return None
    below = np.uint64(sum(bits[n_keys:]))
    before, parts = np.zeros(0, np.uint64), [np.zeros(0, np.int64)]
    for start in range(0, columns[0].size, _BLOCK):
        block = np.zeros(columns[0][start : start + _BLOCK].size, np.uint64)
        for column, width in zip(columns, bits, strict=True):
            block <<= np.uint64(width)
            block |= column[start : start + _BLOCK].astype(np.uint64)
        packed = np.concatenate([before, block])  # with the last row of the block before
        if not (packed[1:] >= packed[:-1]).all():
            return None
        new = begins(packed >> below)
        parts.append(np.flatnonzero(new[before.size :]) + start)
        before = block[-1:]
    return np.concatenate(parts)


def _small(places: Ints) -> Ints:
    """The same in a type that just holds them."""
    return places.astype(np.min_scalar_type(int(places.max(initial=0))), copy=False)


def _sums(values: Ints | Bools, starts: Ints) -> Ints:
    """Sum by judgment."""
    return np.add.reduceat(values, starts, dtype=np.int64) if starts.size else np.zeros(0, np.int64)
