"""Rankings become votes and tallies: the only place where responses are compared in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.coding import Coded

#: Up to so many judgments of each unit are added one after the other.
_FEW = 16


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


class PairTally(NamedTuple):
    """Votes on one pair of slots, `first` < `second`, for each unit of a bucket."""

    first: int
    second: int
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


def pair_tallies(bucket: Bucket) -> Iterator[PairTally]:
    """Yield the tally of every pair of slots of a bucket; a judgment votes on a pair if it ranks both."""
    columns = [np.ascontiguousarray(bucket.ranks[:, slot]) for slot in range(bucket.k)]
    ranked = [column > 0 for column in columns]
    everyone_ranks = [bool(mask.all()) for mask in ranked]
    for first in range(bucket.k):
        for second in range(first + 1, bucket.k):
            better, equal = columns[first] < columns[second], columns[first] == columns[second]
            worse = ~(better | equal)
            if not (everyone_ranks[first] and everyone_ranks[second]):
                both = ranked[first] & ranked[second]
                better, equal, worse = better & both, equal & both, worse & both
            yield PairTally(
                first, second, _per_unit(bucket, better), _per_unit(bucket, equal), _per_unit(bucket, worse)
            )


def votes_on_pairs(ranks: Ints) -> Floats:
    """Return [n judgments, P]: +1 first preferred, -1 second, 0 a tie or not both ranked."""
    first, second = np.triu_indices(ranks.shape[1], 1)
    out = np.empty((ranks.shape[0], first.size))
    ranked = ranks > 0
    for pair, (a, b) in enumerate(zip(first, second, strict=True)):
        out[:, pair] = np.sign(ranks[:, b] - ranks[:, a]) * (ranked[:, a] & ranked[:, b])
    return out


def pair_counts(bucket: Bucket) -> tuple[Ints, Ints]:
    """Return wins and ties, both (n_units, k, k): judgments that rank slot a before slot b, and that tie them."""
    shape = (len(bucket.item), bucket.k, bucket.k)
    wins, ties = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for tally in pair_tallies(bucket):
        wins[:, tally.first, tally.second] = tally.n_first
        wins[:, tally.second, tally.first] = tally.n_second
        ties[:, tally.first, tally.second] = ties[:, tally.second, tally.first] = tally.n_tie
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
    pairs = list(pair_tallies(bucket))
    n = len(pairs)
    columns = {
        "cell": np.repeat(bucket.cell, n),
        "item": np.repeat(bucket.item, n),
        "first": np.tile(np.array([pair.first for pair in pairs], np.uint32), len(bucket.item)),
        "second": np.tile(np.array([pair.second for pair in pairs], np.uint32), len(bucket.item)),
    }
    for name in ("n_first", "n_tie", "n_second"):
        of_pairs = [getattr(pair, name) for pair in pairs]
        columns[name] = np.stack(of_pairs, axis=1).reshape(-1) if n else np.zeros(0, np.int32)
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


def _per_unit(bucket: Bucket, votes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
    """Count the true votes of each unit."""
    n, units = votes.size, len(bucket.item)
    if units and n % units == 0 and np.array_equal(bucket.starts, np.arange(0, n, n // units)):
        table = votes.view(np.uint8).reshape(units, n // units)
        if n // units > _FEW:
            return np.asarray(table.sum(axis=1, dtype=np.int32))
        counts = table[:, 0].astype(np.int32)
        for judgment in range(1, n // units):  # one pass per judgment, where a sum of few along rows is slow
            counts += table[:, judgment]
        return counts
    return np.asarray(np.add.reduceat(votes.view(np.uint8), bucket.starts, dtype=np.int32))
