"""Rankings become votes and tallies: the only place where responses are compared in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prefqa._types import Bools, Floats, Ints
from prefqa.coding import Coded

#: Up to so many judgments of each unit are added one after the other.
_FEW = 16
#: So many votes are compared at a time: few enough for the processor's cache.
_AT_A_TIME = 1 << 16


@dataclass(frozen=True)
class Bucket:
    """All units (an item within a cell) that have the same number `k` of ranked responses.

    `ranks` is (n_judgments, k): the rank that the judgment gave to the response in each slot, 0 = not ranked.
    Judgments of one unit are adjacent; `starts` is the index of each unit's first. `cell` and `item` are per unit,
    `annotator` is per judgment, as is `grade` where votes have strength (see `prefqa.strengths`).
    """

    k: int
    cell: Ints
    item: Ints
    starts: Ints
    ranks: Ints
    annotator: Ints
    grade: Ints | None = None

    @property
    def lengths(self) -> Ints:
        """Number of judgments of each unit."""
        return np.diff(np.append(self.starts, len(self.ranks)))

    @property
    def unit(self) -> Ints:
        """Index of the unit of each judgment."""
        return np.repeat(np.arange(len(self.item)), self.lengths)

    def select(self, units: Bools, judgments: Bools) -> Bucket:
        """Keep some units and, of these, some judgments: at least one of each."""
        lengths = np.add.reduceat(judgments, self.starts, dtype=np.int64)[units]
        starts = np.cumsum(lengths) - lengths
        grade = None if self.grade is None else self.grade[judgments]
        ranks, annotator = self.ranks[judgments], self.annotator[judgments]
        return Bucket(self.k, self.cell[units], self.item[units], starts, ranks, annotator, grade)

    def every(self, stride: int) -> Bucket:
        """Keep every stride-th unit."""
        if stride == 1:
            return self
        units = np.zeros(len(self.item), np.bool_)
        units[::stride] = True
        return self.select(units, np.repeat(units, self.lengths))


class SlotVotes(NamedTuple):
    """Votes on some pairs of slots, `first` < `second` [B]: per pair and judgment, [B, J], what the judgment says."""

    first: Ints
    second: Ints
    better: Bools
    equal: Bools
    worse: Bools


class PairTallies(NamedTuple):
    """Votes on some pairs of slots, `first` < `second` [B], counted for each unit of a bucket, [B, U]."""

    first: Ints
    second: Ints
    n_first: Ints
    n_tie: Ints
    n_second: Ints


def buckets(coded: Coded) -> Iterator[Bucket]:
    """Yield the coded rows as one dense bucket per number of responses, smallest first."""
    unit_starts = coded.unit_starts
    if unit_starts.size == 0:
        return
    lengths = coded.lengths
    k_of_unit = coded.widths
    judgments_of_unit = np.diff(np.append(unit_starts, coded.item.size))
    for k in np.unique(k_of_unit):
        units = k_of_unit == k
        here = np.repeat(units, judgments_of_unit)
        rows = slice(None) if here.all() else np.repeat(here, lengths)
        n_rows, n_judgments = lengths[here], judgments_of_unit[units]
        if (n_rows == k).all():
            ranks = coded.rank[rows].reshape(-1, int(k))
        else:
            ranks = np.zeros((n_rows.size, int(k)), np.int32)
            ranks[np.repeat(np.arange(n_rows.size), n_rows), coded.slot[rows]] = coded.rank[rows]
        first = unit_starts[units]
        yield Bucket(
            k=int(k),
            cell=coded.cell[first] if coded.cell.size else np.zeros(first.size, np.uint32),
            item=coded.item[first],
            starts=np.cumsum(n_judgments) - n_judgments,
            ranks=ranks,
            annotator=coded.annotator[here],
        )


def pair_votes(ranks: Ints, width: int = 0) -> Iterator[SlotVotes]:
    """Yield the votes on every pair of slots, some pairs at a time; a judgment votes on a pair if it ranks both.

    Pairs come in the order of `triu_indices`: so many at a time that few judgments of many responses do not take a
    step of Python for each pair, and many judgments of few responses do not take more memory than one pair does.
    `width`: how many numbers the caller makes of a pair, if more than one of a judgment.
    """
    n, k = ranks.shape
    columns = np.ascontiguousarray(ranks.T)
    ranked = columns > 0
    complete = np.asarray(ranked.all(axis=1))
    all_first, all_second = np.triu_indices(k, 1)
    step = max(_AT_A_TIME // max(n, width, 1), 1)
    for low in range(0, all_first.size, step):
        first, second = all_first[low : low + step], all_second[low : low + step]
        one, other = _some(columns, first), _some(columns, second)
        better, equal = one < other, one == other
        worse = ~(better | equal)
        if not (complete[first].all() and complete[second].all()):
            both = _some(ranked, first) & _some(ranked, second)
            better, equal, worse = better & both, equal & both, worse & both
        yield SlotVotes(first, second, better, equal, worse)


def pair_tallies(bucket: Bucket) -> Iterator[PairTallies]:
    """Yield the tallies of every pair of slots of a bucket, some pairs at a time, in the order of `triu_indices`."""
    for votes in pair_votes(bucket.ranks):
        yield tallied(bucket, votes)


def tallied(bucket: Bucket, votes: SlotVotes) -> PairTallies:
    """Count the votes of each unit of a bucket."""
    n_first, n_tie, n_second = (_per_unit(bucket, vote) for vote in votes[2:])
    return PairTallies(votes.first, votes.second, n_first, n_tie, n_second)


def votes_on_pairs(ranks: Ints) -> Floats:
    """Return [n judgments, P]: +1 first preferred, -1 second, 0 a tie or not both ranked."""
    n, k = ranks.shape
    out = np.empty((n, k * (k - 1) // 2))
    low = 0
    for votes in pair_votes(ranks):
        high = low + votes.first.size
        np.subtract(votes.better.T, votes.worse.T, out=out[:, low:high], dtype=np.float64)
        low = high
    return out


def pair_counts(bucket: Bucket) -> tuple[Ints, Ints]:
    """Return wins and ties, both (n_units, k, k): judgments that rank slot a before slot b, and that tie them."""
    shape = (len(bucket.item), bucket.k, bucket.k)
    wins, ties = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for first, second, n_first, n_tie, n_second in pair_tallies(bucket):
        wins[:, first, second] = n_first.T
        wins[:, second, first] = n_second.T
        ties[:, first, second] = ties[:, second, first] = n_tie.T
    return wins, ties


def tallies(coded: Coded) -> pl.DataFrame:
    """Return the tallies as a frame, one row per unit and pair with at least one vote.

    Columns: cell, item (codes), first, second (slots), n_first, n_tie, n_second.
    """
    parts = [_tallies_of(bucket) for bucket in buckets(coded)]
    if not parts:
        names = ("cell", "item", "first", "second", "n_first", "n_tie", "n_second")
        return pl.DataFrame(schema=dict.fromkeys(names, pl.UInt32))
    whole = pl.concat(parts).filter(pl.sum_horizontal("n_first", "n_tie", "n_second") > 0)
    return whole if len(parts) == 1 else whole.sort("cell", "item", "first", "second")


def _tallies_of(bucket: Bucket) -> pl.DataFrame:
    """The tallies of a bucket, unit by unit, pair by pair."""
    first, second = np.triu_indices(bucket.k, 1)
    n = first.size
    columns: dict[str, Ints] = {
        "cell": np.repeat(bucket.cell, n),
        "item": np.repeat(bucket.item, n),
        "first": np.tile(first.astype(np.uint32), len(bucket.item)),
        "second": np.tile(second.astype(np.uint32), len(bucket.item)),
    }
    parts = list(pair_tallies(bucket))
    for name in ("n_first", "n_tie", "n_second"):
        of_pairs = [getattr(part, name) for part in parts]
        columns[name] = np.concatenate(of_pairs).T.reshape(-1) if of_pairs else np.zeros(0, np.int32)
    return pl.DataFrame(columns, schema_overrides={"cell": pl.UInt32, "item": pl.UInt32})


def row_pairs(starts: Ints, n_rows: int) -> tuple[Ints, Ints, Ints]:
    """Return the judgment and the two rows of every vote: every pair of rows of one judgment.

    For data in which an item has many responses of which each judgment ranks few, where a `Bucket` would be mostly
    empty. Pairs stand in the order of their judgments.

    Args:
        starts: the first row of each judgment.
        n_rows: how many rows there are.
    """
    lengths = np.diff(np.append(starts, n_rows))
    parts = []
    for length in np.unique(lengths[lengths > 1]):
        judgments = np.flatnonzero(lengths == length)
        one, other = np.triu_indices(int(length), 1)
        begin = starts[judgments][:, None]
        parts.append((np.repeat(judgments, one.size), (begin + one).ravel(), (begin + other).ravel()))
    if not parts:
        none = np.zeros(0, np.int64)
        return none, none, none
    if len(parts) == 1:
        return parts[0]
    judgment, first, second = (np.concatenate(side) for side in zip(*parts, strict=True))
    order = np.argsort(judgment, kind="stable")
    return judgment[order], first[order], second[order]


def _some(rows: NDArray[Any], which: Ints) -> NDArray[Any]:
    """Some rows; of a single one no copy is made."""
    return rows[which[0]][None] if which.size == 1 else rows[which]


def _per_unit(bucket: Bucket, votes: Bools) -> Ints:
    """Count the true votes of each unit, [pairs, judgments] to [pairs, units]."""
    (pairs, n), units = votes.shape, len(bucket.item)
    if units and n % units == 0 and np.array_equal(bucket.starts, np.arange(0, n, n // units)):
        table = votes.view(np.uint8).reshape(pairs, units, n // units)
        if n // units > _FEW:
            return np.asarray(table.sum(axis=2, dtype=np.int32))
        counts = table[:, :, 0].astype(np.int32)
        for judgment in range(1, n // units):  # one pass per judgment, where a sum of few along rows is slow
            counts += table[:, :, judgment]
        return counts
    return np.asarray(np.add.reduceat(votes.view(np.uint8), bucket.starts, axis=1, dtype=np.int32))
