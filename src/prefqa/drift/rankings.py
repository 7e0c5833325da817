"""The rankings of a campaign by item, from which votes are made a block at a time: there are far more of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prefqa._types import Bools, Floats, Ints
from prefqa.coding import Coded
from prefqa.drift.clusters import clusters
from prefqa.drift.features import POSITION, response_features
from prefqa.drift.periods import PERIOD, Periods
from prefqa.drift.places import Placed, coded_with_places
from prefqa.drift.strata import slices, strata_of
from prefqa.drift.vote_table import SINCE, VoteTable, is_common
from prefqa.preferences import Preferences

#: Votes made at a time, and the largest difference of a feature in units of its scale.
_BLOCK, _FARTHEST = 1 << 16, 4.0


class Change(NamedTuple):
    """A confirmed change: a feature counts otherwise in some periods, for some annotators."""

    column: int
    after: Bools
    moved: Bools


@dataclass(frozen=True)
class Rankings:
    """Judgments that rank two responses or more, sorted by item.

    Per judgment: `item`, `annotator`, `period`, `stratum` (codes from 0) and its first row, `starts` (with the end of
    all rows). Per row: `rank`, `slot` (number of the response within its item, by id) and `place` on the screen (0 =
    not known; empty where none is). `values` [n_features, n_listed] are those of the responses, item by item from
    `listed[item]` on, slot by slot. `names` and `scale` are those of the features, with position first where it is
    known; `width` is the number of slots. `cluster` is the number
    of what each item belongs to, where items belong together.
    """

    item: Ints
    annotator: Ints
    period: Ints
    stratum: Ints
    starts: Ints
    rank: Ints
    slot: Ints
    place: Ints
    values: NDArray[np.float32]
    listed: Ints
    width: int
    names: list[str]
    scale: Floats
    periods: list[str]
    strata: list[str]
    annotators: pl.Series
    changes: tuple[Change, ...] = ()
    cluster: Ints | None = None

    @cached_property
    def n_votes(self) -> Ints:
        """Votes of each judgment: pairs of its responses."""
        lengths = np.diff(self.starts)
        return np.asarray(lengths * (lengths - 1) // 2)

    @cached_property
    def n(self) -> int:
        """Number of votes."""
        return int(self.n_votes.sum())

    @property
    def is_common(self) -> Bools:
        """Which features weigh the same for all annotators."""
        return is_common(self.names)

    @property
    def any_preferred(self) -> bool:
        """Whether any vote prefers one response to another."""
        first = np.repeat(self.rank[self.starts[:-1]], np.diff(self.starts))
        return bool((first != self.rank).any())

    @cached_property
    def item_starts(self) -> Ints:
        """First judgment of each item, and their number."""
        begins = np.flatnonzero(self.item[1:] != self.item[:-1]) + 1
        return np.concatenate([[0], begins, [self.item.size]]) if self.item.size else np.zeros(1, np.int64)

    def with_change(self, column: int, after: Bools, moved: Bools) -> Rankings:
        """Add a feature that is `column` in the periods after a change, for the annotators who moved."""
        names, scale = [*self.names, f"{SINCE}{self.names[column]}"], np.append(self.scale, 1.0)
        return replace(self, names=names, scale=scale, changes=(*self.changes, Change(column, after, moved)))

    def parts(self) -> Iterator[VoteTable]:
        """Return the votes in blocks of whole items."""
        starts = self.item_starts
        before = np.append(0, np.cumsum(self.n_votes))[starts]
        cuts = np.unique(before.searchsorted(np.arange(0, self.n, _BLOCK)))
        for low, high in pairwise(np.append(starts[cuts], self.item.size)):
            yield self._votes(int(low), int(high))

    def sampled(self, n_votes: int, seed: int) -> VoteTable:
        """Votes on whole items, drawn by a hash of their number, so that there are about `n_votes`."""
        if self.n <= n_votes:
            return self.votes()
        return self._take(np.flatnonzero(_hash(self.item, seed) < n_votes / self.n)).votes()

    def votes(self) -> VoteTable:
        """All votes at once."""
        return self._votes(0, self.item.size)

    def _take(self, judgments: Ints) -> Rankings:
        lengths = np.diff(self.starts)[judgments]
        starts = np.append(0, np.cumsum(lengths))
        rows = np.repeat(self.starts[judgments] - starts[:-1], lengths) + np.arange(starts[-1])
        keep = {name: getattr(self, name)[judgments] for name in ("item", "annotator", "period", "stratum")}
        place = self.place[rows] if self.place.size else self.place
        return replace(self, **keep, starts=starts, rank=self.rank[rows], slot=self.slot[rows], place=place)

    def _votes(self, low: int, high: int) -> VoteTable:
        """Votes of the judgments `low` to `high`, which are all those of their items."""
        first, second, judgment = _pairs(self.starts[low : high + 1])
        judgment += low
        a, b = self.slot[first].astype(np.int64), self.slot[second].astype(np.int64)
        item = self.item[judgment].astype(np.int64)
        unit = item * (self.width * (self.width - 1) // 2) + a * (2 * self.width - a - 1) // 2 + b - a - 1
        order = np.argsort(unit, kind="stable")
        first, second, judgment, item, a, b = (part[order] for part in (first, second, judgment, item, a, b))
        period, annotator = self.period[judgment], self.annotator[judgment]
        rank = self.rank[first], self.rank[second]
        said = (rank[0] < rank[1]).astype(np.int8) - (rank[0] > rank[1])
        x = np.empty((len(self.names), judgment.size))
        listed = self.listed[item]
        n_placed = int(self.place.size > 0)
        if n_placed:
            place = self.place[first].astype(np.int64), self.place[second].astype(np.int64)
            x[0] = np.where((place[0] > 0) & (place[1] > 0), np.sign(place[1] - place[0]), 0)
        a += listed
        b += listed
        for column, values in enumerate(self.values, n_placed):
            x[column] = np.nan_to_num((values[a] - values[b]) / self.scale[column], nan=0.0)
            np.clip(x[column], -_FARTHEST, _FARTHEST, out=x[column])
        for column, change in enumerate(self.changes, n_placed + len(self.values)):
            x[column] = x[change.column] * change.after[period] * change.moved[annotator]
        return VoteTable(
            unit[order], item, annotator, judgment, period, self.stratum[judgment], said, x.T,
            self.names, self.scale, self.periods, self.strata, self.annotators,
        )  # fmt: skip


def rankings(
    periods: Periods,
    *,
    features: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
    placed: Placed | None = None,
    cluster: str | None = None,
) -> Rankings:
    """Bring the judgments into the order of items; in each period the latest of an annotator and item counts.

    `placed` are the judgments coded by period and by those of the `strata` that are columns of judgments.
    """
    prefs = periods.prefs
    strata = slices(prefs) if strata is None else tuple(strata)
    coded, place = placed or coded_with_places(prefs, cells_by(prefs, strata))
    names = sorted(set(coded.cells[PERIOD].drop_nulls().to_list()))
    period_of_cell = np.array([names.index(name) for name in coded.cells[PERIOD]], np.int16)
    stratum, strata_names = strata_of(coded, prefs, strata)
    listing, slot = _listed(coded)
    known = response_features(prefs, coded, listing.item, listing.response, features)

    lengths = coded.lengths
    order = np.flatnonzero(lengths > 1)
    order = order[np.argsort(coded.item[order], kind="stable")]
    starts = np.append(0, np.cumsum(lengths[order]))
    rows = np.repeat((coded.starts[order] - starts[:-1]).astype(np.int32), lengths[order])
    rows += np.arange(rows.size, dtype=np.int32)
    rank = coded.rank[rows]
    table = Rankings(
        coded.item[order].astype(np.int32), coded.annotator[order].astype(np.int32), period_of_cell[coded.cell[order]],
        stratum[order], starts, rank.astype(np.min_scalar_type(rank.max(initial=0))), slot[rows],
        place[rows] if place.size else place, known.values, listing.starts, int(slot.max(initial=0)) + 1,
        [*([POSITION] if place.size else []), *known.names], np.ones(0), names, strata_names, coded.annotator_ids,
    )  # fmt: skip
    return replace(table, scale=_scale(table), cluster=clusters(prefs, coded.item_ids, cluster))


def cells_by(prefs: Preferences, strata: Sequence[str]) -> tuple[str, ...]:
    """Columns that judgments are coded by: the period, and the strata that are not told by the item."""
    prefs.require(*strata)
    return (PERIOD, *(name for name in strata if name in prefs.columns))


class _Listing(NamedTuple):
    """Responses by item and id: per response its item and its code; `starts` is where each item's begin."""

    item: Ints
    response: Ints
    starts: Ints


def _listed(coded: Coded) -> tuple[_Listing, Ints]:
    """Responses of each item, and per row the number of its response among them."""
    n_items = len(coded.item_ids)
    units = coded.unit_starts
    widths = np.zeros(0, np.int64)
    if units.size:
        widths = np.maximum.reduceat(coded.slot, coded.starts[units]).astype(np.int64) + 1
    unit_item = coded.item[units]
    item = np.repeat(unit_item.astype(np.int32), widths)
    slot = coded.slot.astype(np.min_scalar_type(int(coded.slot.max(initial=0))))
    if (np.bincount(unit_item, minlength=1) < 2).all():
        order = np.argsort(item, kind="stable")
        item, response = item[order], coded.slot_response[order]
        return _Listing(item, response, _first(item, n_items)), slot
    # An item with several cells has one list of them all.
    order = np.lexsort((coded.slot_response, item))
    item, response = item[order], coded.slot_response[order]
    new_item = np.append(True, item[1:] != item[:-1])
    new = new_item | np.append(True, response[1:] != response[:-1])
    running = np.cumsum(new) - 1
    number = np.empty(order.size, np.int64)
    number[order] = running - np.maximum.accumulate(np.where(new_item, running, 0))
    sizes = np.diff(np.append(units, coded.item.size))
    first = np.repeat(np.repeat(np.cumsum(widths) - widths, sizes), coded.lengths)
    slot = number.astype(np.min_scalar_type(int(number.max(initial=0))))[first + coded.slot]
    return _Listing(item[new], response[new], _first(item[new], n_items)), slot


def _first(item: Ints, n_items: int) -> Ints:
    """Where each item's entries begin in a sorted list."""
    counts = np.bincount(item, minlength=n_items)
    return np.asarray(np.cumsum(counts) - counts)


def _pairs(starts: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows of the first and second response of every vote, and its judgment."""
    lengths = np.diff(starts)
    parts = []
    for length in np.unique(lengths):
        judgments = np.flatnonzero(lengths == length)
        one, other = (side[:, None] for side in np.triu_indices(int(length), 1))
        begin = starts[judgments]
        parts.append(((begin + one).ravel(), (begin + other).ravel(), np.tile(judgments, one.size)))
    if not parts:
        parts.append((lengths, lengths, lengths))
    first, second, judgment = (np.concatenate(side) for side in zip(*parts, strict=True))
    return first, second, judgment


def _scale(table: Rankings) -> Floats:
    """Root mean squares of the differences of responses over all votes; models and position have 1.

    Over the pairs of one judgment the squares sum to k times the sum of squares less the square of the sum.
    """
    n_placed = int(table.place.size > 0)
    scale = np.ones(len(table.names))
    if not table.n:
        return scale
    lengths = np.diff(table.starts)
    at = np.repeat(table.listed[table.item], lengths)
    at += table.slot
    for column, values in enumerate(table.values, n_placed):
        if table.names[column].startswith("model:"):
            continue
        known = values[at].astype(np.float64)
        there = np.isfinite(known)
        known[~there] = 0.0
        count, total, square = (
            np.add.reduceat(part, table.starts[:-1]) for part in (there.astype(np.float64), known, known**2)
        )
        mean = float((count * square - total**2).sum()) / table.n
        scale[column] = np.sqrt(mean) if mean > 0 else 1.0
    return scale


def _hash(code: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each code."""
    return np.asarray(mixed(code, seed + 1) / np.float64(2**64))


def mixed(code: Ints, seed: int = 0) -> Ints:
    """64 bits for each code, by the finaliser of splitmix64."""
    with np.errstate(over="ignore"):
        z = code.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
