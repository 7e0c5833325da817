"""Ratings: who gave which value to which unit, as integers; votes, scores and labels all take this form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints, distinct
from prefqa.coding import Coded
from prefqa.rank_pairs import ranked_anew
from prefqa.votes import buckets

#: Numbers made at a time.
_AT_A_TIME = 1 << 16


class Judgments(NamedTuple):
    """What one annotator gave to one cluster: the number of each row's, and of each its `cluster` and `annotator`."""

    of_row: Ints
    cluster: Ints
    annotator: Ints


@dataclass(frozen=True)
class Ratings:
    """One row per rating, sorted by (cell, item, unit, annotator); a unit is what is rated: a response or a pair.

    Per cluster (an item within a cell): `cell`, `item`. Per unit: `cluster` and `starts`, its first row. Per row:
    `judgment` (one annotator's in one cluster), `annotator` and `value`, an index into `n_values` categories; `numbers`
    are their numeric values, if they have any.
    """

    cell: Ints
    item: Ints
    cluster: Ints
    starts: Ints
    judgment: Ints
    annotator: Ints
    value: Ints
    n_values: int
    numbers: Floats | None = None

    @property
    def lengths(self) -> Ints:
        """Number of ratings of each unit."""
        return np.diff(np.append(self.starts, self.value.size))

    @property
    def row_cluster(self) -> Ints:
        """Cluster of each row."""
        return np.repeat(self.cluster, self.lengths)

    @cached_property
    def judgments(self) -> Judgments:
        """The judgments that the rows are of, in the order of `judgment`."""
        found, of_row = distinct(self.judgment)
        some = np.empty(found.size, np.int64)
        some[of_row] = np.arange(of_row.size)
        return Judgments(of_row, self.row_cluster[some], self.annotator[some])

    def of_cell(self, cell: int) -> Ratings:
        """Return the clusters of one cell."""
        low, high = np.searchsorted(self.cell, [cell, cell + 1])
        return self._between(low, high)

    def _between(self, low: int, high: int) -> Ratings:
        first, last = np.searchsorted(self.cluster, [low, high])
        ends = np.append(self.starts, self.value.size)
        rows = slice(ends[first], ends[last])
        return Ratings(
            self.cell[low:high],
            self.item[low:high],
            self.cluster[first:last] - low,
            self.starts[first:last] - ends[first],
            self.judgment[rows],
            self.annotator[rows],
            self.value[rows],
            self.n_values,
            self.numbers,
        )


class Kinds(NamedTuple):
    """Distinct multisets: `kind` of each group, and the sorted `members` of each kind, kind by kind, with `starts`."""

    kind: Ints
    members: Ints
    starts: Ints

    @property
    def lengths(self) -> Ints:
        """Number of members of each kind."""
        return np.diff(np.append(self.starts, self.members.size))


def ratings_of_values(coded: Coded, numbers: Floats | None, n_values: int) -> Ratings:
    """Take judgments whose "rank" is the code of a value, from 1, as ratings of the responses of each item."""
    lengths = coded.lengths
    starts = coded.unit_starts
    per_cluster = np.diff(np.append(starts, coded.item.size))
    row_cluster = np.repeat(np.repeat(np.arange(starts.size), per_cluster), lengths)
    cell = coded.cell[starts] if coded.cell.size else np.zeros(starts.size, np.uint32)
    judgment = np.repeat(np.arange(lengths.size), lengths)
    rows = row_cluster, coded.slot, judgment, np.repeat(coded.annotator, lengths), coded.rank - 1
    return _ratings(cell, coded.item[starts], *rows, n_values, numbers)


def ratings_of_votes(coded: Coded) -> Ratings:
    """Return the votes on pairs of responses as ratings of the pairs: 0 first by id wins, 1 tie, 2 second wins."""
    return _of_pairs(coded, 1)


def ratings_of_grades(coded: Coded, reach: int) -> Ratings:
    """As `ratings_of_votes`, in 2 reach + 1: by how far ranks are apart, as `Strengths.signed` has them."""
    return _of_pairs(coded, reach, lambda ranks: ranks.astype(np.int64))


def ratings_of_gaps(coded: Coded) -> Ratings:
    """As `ratings_of_votes`, in five: 0 and 4 where some response stands between the two, 1 and 3 for neighbours."""
    return _of_pairs(coded, 2)


def _of_pairs(coded: Coded, reach: int, places: Callable[[Ints], Ints] = ranked_anew) -> Ratings:
    """Rate pairs by how far apart the two stand in the ranking, up to `reach` places, from 0 to twice that."""
    none = np.zeros(0, np.int64)
    cells: list[Ints] = [none]
    items: list[Ints] = [none]
    rows: list[tuple[Ints, ...]] = [(none,) * 5]
    n_units, n_judgments = 0, 0
    for bucket in buckets(coded):
        cells.append(bucket.cell)
        items.append(bucket.item)
        first, second = np.triu_indices(bucket.k, 1)
        # Of ranks without gaps, two apart means that some response stands between.
        columns = np.ascontiguousarray(places(bucket.ranks).T)
        for length, units, at in by_length(bucket.lengths, bucket.starts):
            shape = (units.size, first.size, length)
            values, voted = np.empty(shape, np.int16), np.empty(shape, bool)
            here = columns[:, at.reshape(-1)]
            step = max(_AT_A_TIME // max(at.size, 1), 1)
            for low in range(0, first.size, step):
                some = slice(low, low + step)
                one, other = here[first[some]], here[second[some]]
                both = ((one > 0) & (other > 0)).reshape(-1, units.size, length)
                apart = np.clip(one - other, -reach, reach).reshape(-1, units.size, length)
                voted[:, some], values[:, some] = both.transpose(1, 0, 2), apart.transpose(1, 0, 2) + reach
            judgment = np.broadcast_to(at[:, None, :], shape)[voted]
            unit = np.broadcast_to((units + n_units)[:, None, None], shape)[voted]
            slot = np.broadcast_to(np.arange(first.size)[None, :, None], shape)[voted]
            rows.append((unit, slot, judgment + n_judgments, bucket.annotator[judgment], values[voted]))
        n_units += len(bucket.item)
        n_judgments += len(bucket.annotator)
    cell, item = np.concatenate(cells), np.concatenate(items)
    unit, slot, judgment, annotator, value = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.lexsort((item, cell))
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    return _ratings(cell[order], item[order], place[unit], slot, judgment, annotator, value, 2 * reach + 1, None)


def _ratings(
    cell: Ints,
    item: Ints,
    row_cluster: Ints,
    slot: Ints,
    judgment: Ints,
    annotator: Ints,
    value: Ints,
    n_values: int,
    numbers: Floats | None,
) -> Ratings:
    used, row_cluster = distinct(row_cluster)  # an item may have no pair that anybody ranked both of
    cell, item = cell[used], item[used]
    width = int(slot.max(initial=0)) + 1
    key = row_cluster.astype(np.int64) * width + slot
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, judgment, annotator, value = key[order], judgment[order], annotator[order], value[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    annotator, value = annotator.astype(np.int64), value.astype(np.int64)
    return Ratings(cell, item, key[starts] // width, starts, judgment, annotator, value, n_values, numbers)


def multisets(keys: Ints, starts: Ints) -> Kinds:
    """Number the distinct multisets of the groups that begin at `starts`."""
    lengths = np.diff(np.append(starts, keys.size))
    kind = np.zeros(starts.size, np.int64)
    members, sizes, n_kinds = [], [], 0
    base = int(keys.max(initial=0)) + 1
    for length, groups, rows in by_length(lengths, starts):
        table = np.sort(keys[rows], axis=1)
        some, inverse = _distinct(table, base)
        kind[groups] = inverse + n_kinds
        n_kinds += some.size
        members.append(table[some].reshape(-1))
        sizes.append(np.full(some.size, length))
    none = [np.zeros(0, np.int64)]
    ends = np.cumsum(np.concatenate(sizes or none))
    firsts = np.concatenate([[0], ends[:-1]]) if ends.size else ends
    return Kinds(kind, np.concatenate(members or none).astype(np.int64), firsts.astype(np.int64))


def by_length(lengths: Ints, starts: Ints) -> Iterator[tuple[int, Ints, Ints]]:
    """Yield each length there is, the groups of that length and their rows [n_groups, length]."""
    for length in np.unique(lengths):
        groups = np.flatnonzero(lengths == length)
        yield int(length), groups, starts[groups][:, None] + np.arange(length)


def _distinct(table: Ints, base: int) -> tuple[Ints, Ints]:
    """One row of each kind, and the kind of each row; columns are packed into an integer, numbered anew when full."""
    code = np.zeros(len(table), np.int64)
    width = 1
    for column in table.T:
        if width * base >= 1 << 62:
            code = distinct(code)[1].astype(np.int64)
            width = int(code.max(initial=0)) + 1
        code = code * base + column
        width *= base
    found, kind = distinct(code)
    some = np.empty(found.size, np.int64)
    some[kind] = np.arange(kind.size)
    return some, kind
