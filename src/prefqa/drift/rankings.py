"""The rankings of a campaign by item, from which votes are made a block at a time: there are far more of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prefqa._threads import each
from prefqa._types import Bools, Floats, Ints, begins
from prefqa.drift.clusters import clusters
from prefqa.drift.features import LENGTH, POSITION, response_features
from prefqa.drift.hashing import uniform
from prefqa.drift.listing import listed
from prefqa.drift.periods import PERIOD, Periods
from prefqa.drift.places import Placed, coded_with_places
from prefqa.drift.strata import slices, strata_of
from prefqa.drift.vote_table import SINCE, VoteTable, is_common, scaled
from prefqa.preferences import Preferences

T = TypeVar("T")

#: Votes made at a time.
_BLOCK = 1 << 18
#: Votes that each model in each period needs to have a quality of its own there.
VOTES_PER_MODEL = 50
#: Votes from which the scales of features are told.
_SCALE_VOTES = 2_000_000


class Change(NamedTuple):
    """A confirmed change: a feature counts otherwise in some periods, for some annotators."""

    column: int
    after: Bools
    moved: Bools


@dataclass(frozen=True)
class Rankings:
    """Judgments that rank two responses or more, sorted by item.

    Per judgment, sorted by item: `item`, `annotator`, `period`, `stratum` (codes from 0) and its first row, `starts`
    (with the end of all rows). Per row: `rank`, `slot` (number of the response within its item, by id) and `place` on
    the screen (0 = not known; empty where none is). `values` [n_features, n_listed] are those of the responses, item by
    item from `listed[item]` on, slot by slot; `first_unit` is the number of each item's first unit. `names` and `scale`
    are those of the features, with position first where it is known; `width` is the number of slots.
    `cluster` is the number of what each item belongs to, where items belong together. `model` is the number of the
    model that wrote each listed response, `n_models` where it is unknown; None where no model is known. `not_tested`
    says of what could be a feature, and is none, why.
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
    first_unit: Ints
    width: int
    names: list[str]
    scale: Floats
    periods: list[str]
    strata: list[str]
    annotators: pl.Series
    changes: tuple[Change, ...] = ()
    cluster: Ints | None = None
    model: Ints | None = None
    n_models: int = 0
    length_is_log: bool = True
    not_tested: dict[str, str] = field(default_factory=dict)

    @cached_property
    def first_period(self) -> Ints:
        """Period in which each item was first judged, to which its answers belong."""
        first = np.full(self.listed.size, max(len(self.periods) - 1, 0), np.int64)
        np.minimum.at(first, self.item, self.period)
        return first

    @cached_property
    def n_votes(self) -> Ints:
        """Votes of each judgment: pairs of its responses."""
        lengths = np.diff(self.starts)
        return np.asarray(lengths * (lengths - 1) // 2)

    @cached_property
    def n(self) -> int:
        """Number of votes."""
        return int(self.n_votes.sum())

    @cached_property
    def n_listed(self) -> Ints:
        """Responses of each item."""
        return np.diff(np.append(self.listed, self.values.shape[1]))

    @property
    def is_common(self) -> Bools:
        """Which features weigh the same for all annotators."""
        return is_common(self.names)

    @property
    def any_preferred(self) -> bool:
        """Whether any vote prefers one response to another."""
        first = np.repeat(self.rank[self.starts[:-1]], np.diff(self.starts))
        return bool((first != self.rank).any())

    def with_change(self, column: int, after: Bools, moved: Bools) -> Rankings:
        """Add a feature that is `column` in the periods after a change, for the annotators who moved."""
        names, scale = [*self.names, f"{SINCE}{self.names[column]}"], np.append(self.scale, 1.0)
        return replace(self, names=names, scale=scale, changes=(*self.changes, Change(column, after, moved)))

    def with_models_by_period(self) -> Rankings:
        """Let each model be another one in each period in which its responses were first judged: models improve.

        As they are where there would be too few votes for each.
        """
        n_periods = len(self.periods)
        if self.model is None or self.n < VOTES_PER_MODEL * self.n_models * n_periods:
            return self
        number = self.model * n_periods + np.repeat(self.first_period, self.n_listed)
        n_models = self.n_models * n_periods
        return replace(self, model=np.where(self.model < self.n_models, number, n_models), n_models=n_models)

    def each(self, work: Callable[[int, int], T]) -> Iterator[T]:
        """Do some work on each block of judgments, from one to the next, several at a time, which come in order.

        A block has whole items.
        """
        return each(lambda edges: work(*edges), pairwise(self._edges()))

    def n_units(self) -> Ints:
        """Units of each item: pairs of responses that anybody ranks both."""
        n_items = self.listed.size
        n_listed = self.n_listed
        partial = np.diff(self.starts) < n_listed[self.item]
        judged, counted = (np.bincount(items, minlength=n_items) > 0 for items in (self.item, self.item[partial]))
        n_units: Ints = np.zeros(n_items, np.int64)
        n_units[judged & ~counted] = (n_listed * (n_listed - 1) // 2)[judged & ~counted]
        rest = self.take(np.flatnonzero(counted[self.item]))
        for low, high in pairwise(rest._edges()):
            (_, _, _, item, _, _), new = rest._sorted(low, high)
            np.add.at(n_units, item[new], 1)
        return n_units

    def some(self, n_votes: int, seed: int) -> Rankings:
        """Whole items, drawn by a hash of their number, so that there are about `n_votes`."""
        if self.n <= n_votes:
            return self
        return self.take(np.flatnonzero(uniform(self.item, seed) < n_votes / self.n))

    def sampled(self, n_votes: int, seed: int) -> VoteTable:
        """About `n_votes` on whole items."""
        return self.some(n_votes, seed).votes()

    def _sorted(self, low: int, high: int) -> tuple[list[Ints], Bools]:
        """Of every vote the rows of both responses, judgment, item and slots, and whether it is its unit's first."""
        first, second, judgment = _pairs(self.starts[low : high + 1])
        judgment += low
        item = self.item[judgment].astype(np.int64)
        a, b = self.slot[first].astype(np.int64), self.slot[second].astype(np.int64)
        unit = (item * self.width + a) * self.width + b
        order = np.argsort(unit, kind="stable")
        return [part[order] for part in (first, second, judgment, item, a, b)], begins(unit[order])

    def _edges(self) -> list[int]:
        """Where to cut the judgments into blocks of whole items."""
        first = np.flatnonzero(begins(self.item))
        before = np.append(0, np.cumsum(self.n_votes))[first]
        cuts = before.searchsorted(np.arange(0, self.n, _BLOCK)).clip(max=max(first.size - 1, 0))
        return np.unique(np.append(first[cuts], self.item.size)).tolist() if self.n else []

    def take(self, judgments: Ints) -> Rankings:
        """Keep some judgments, of whole items, in their order."""
        lengths = np.diff(self.starts)[judgments]
        starts = np.append(0, np.cumsum(lengths))
        rows = np.repeat(self.starts[judgments] - starts[:-1], lengths) + np.arange(starts[-1])
        keep = {name: getattr(self, name)[judgments] for name in ("item", "annotator", "period", "stratum")}
        place = self.place[rows] if self.place.size else self.place
        return replace(self, **keep, starts=starts, rank=self.rank[rows], slot=self.slot[rows], place=place)

    def votes(self) -> VoteTable:
        """All votes at once."""
        (first, second, judgment, item, a, b), new = self._sorted(0, self.item.size)
        running = np.cumsum(new)
        unit = self.first_unit[item] + running - np.maximum.accumulate(np.where(begins(item), running, 0))
        period, annotator = self.period[judgment], self.annotator[judgment]
        rank = self.rank[first], self.rank[second]
        said = (rank[0] < rank[1]).astype(np.int8) - (rank[0] > rank[1])
        x = np.empty((len(self.names), judgment.size))
        n_placed = int(self.place.size > 0)
        if n_placed:
            place = self.place[first].astype(np.int64), self.place[second].astype(np.int64)
            x[0] = np.where((place[0] > 0) & (place[1] > 0), np.sign(place[1] - place[0]), 0)
        # All votes of a unit are on the same two responses.
        at, of_unit = np.flatnonzero(new), running - 1
        one, other = (self.listed[item[at]] + side[at] for side in (a, b))
        for column, values in enumerate(self.values, n_placed):
            np.take(scaled(values[one] - values[other], self.scale[column]), of_unit, out=x[column])
        for column, change in enumerate(self.changes, n_placed + len(self.values)):
            x[column] = x[change.column] * change.after[period] * change.moved[annotator]
        models = None
        if self.model is not None:
            models = np.stack([self.model[one], self.model[other]], axis=1)[of_unit]
        return VoteTable(
            unit, item, annotator, judgment, self.first_period[item], self.stratum[judgment], said, x.T,
            self.names, self.scale, self.periods, self.strata, self.annotators, models, self.n_models,
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
    names = coded.cells[PERIOD].drop_nulls().unique().sort().to_list()
    number = {name: at for at, name in enumerate(names)}
    period_of_cell = np.array([number[name] for name in coded.cells[PERIOD]], np.int32)
    stratum, strata_names = strata_of(coded, prefs, strata)
    listing, slot = listed(coded)
    known = response_features(prefs, coded, listing.item, listing.response, features)

    lengths = coded.lengths
    order = np.flatnonzero(lengths > 1)
    order = order[np.argsort(coded.item[order], kind="stable")]
    starts = np.append(0, np.cumsum(lengths[order]))
    rows = np.repeat((coded.starts[order] - starts[:-1]).astype(np.int32), lengths[order])
    rows += np.arange(rows.size, dtype=np.int32)
    rank = coded.rank[rows]
    table = Rankings(
        item=coded.item[order].astype(np.int32),
        annotator=coded.annotator[order].astype(np.int32),
        period=period_of_cell[coded.cell[order]],
        stratum=stratum[order],
        starts=starts,
        rank=rank.astype(np.min_scalar_type(rank.max(initial=0))),
        slot=slot[rows],
        place=place[rows] if place.size else place,
        values=known.values,
        listed=listing.starts,
        first_unit=listing.starts,
        width=int(slot.max(initial=0)) + 1,
        names=[*([POSITION] if place.size else []), *known.names],
        scale=np.ones(0),
        periods=names,
        strata=strata_names,
        annotators=coded.annotator_ids,
    )
    n_units = table.n_units()
    table = replace(table, first_unit=np.cumsum(n_units) - n_units)
    linear = length_by_number(table, known.length_mean) if known.length_is_log else None
    if linear is not None:
        table = replace(table, values=linear)
    return replace(
        table,
        scale=_scale(table),
        cluster=clusters(prefs, coded.item_ids, cluster),
        model=known.model,
        n_models=known.n_models,
        length_is_log=known.length_is_log and linear is None,
        not_tested=known.not_tested,
    )


def cells_by(prefs: Preferences, strata: Sequence[str]) -> tuple[str, ...]:
    """Columns that judgments are coded by: the period, and the strata that are not told by the item."""
    prefs.require(*strata)
    return (PERIOD, *(name for name in strata if name in prefs.columns))


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
    """Root mean squares of the differences of responses over votes; position has 1.

    They are units: whole items of some millions of votes tell them. Over the pairs of one judgment the squares sum to k
    times the sum of squares less the square of the sum.
    """
    n_placed = int(table.place.size > 0)
    scale = np.ones(len(table.names))
    table = table.some(_SCALE_VOTES, seed=0)
    if not table.n:
        return scale
    lengths = np.diff(table.starts)
    at = np.repeat(table.listed[table.item], lengths)
    at += table.slot
    for column, values in enumerate(table.values, n_placed):
        known = values[at].astype(np.float64)
        there = np.isfinite(known)
        known[~there] = 0.0
        count, total, square = (
            np.add.reduceat(part, table.starts[:-1]) for part in (there.astype(np.float64), known, known**2)
        )
        mean = float((count * square - total**2).sum()) / table.n
        scale[column] = np.sqrt(mean) if mean > 0 else 1.0
    return scale


#: Votes that tell whether length counts by its logarithm; the log likelihood that the plain number must gain.
_FORM_VOTES, _MUST_GAIN = 50_000, 5.0


def length_by_number(table: Rankings, mean: float) -> NDArray[np.float32] | None:
    """The features with length as a number in place of its logarithm, where that tells votes clearly better.

    Where annotators weigh each word alike and responses become longer, their weight of log length grows though no rule
    changes. Each form is alone in a logistic regression of the votes that prefer a response.
    """
    if LENGTH not in table.names:
        return None
    row = table.names.index(LENGTH) - int(table.place.size > 0)
    values = table.values.copy()
    number = np.exp(values[row].astype(np.float64) + mean)
    values[row] = number - np.nanmean(number)
    other = replace(table, values=values)
    gains = []
    for form in (table, other):
        some = form.some(_FORM_VOTES, seed=0)
        votes = replace(some, scale=_scale(some)).votes()
        decided = votes.said != 0
        gains.append(_logistic_gain(votes.x[decided, votes.names.index(LENGTH)], votes.said[decided] > 0))
    return values if gains[1] > gains[0] + _MUST_GAIN else None


def _logistic_gain(x: Floats, first: Bools) -> float:
    """Log likelihood that a logistic regression on one number gains over even odds."""
    beta, toward = 0.0, np.where(first, x, -x)
    for _ in range(20):
        chance = 1 / (1 + np.exp(-beta * toward))
        beta += float((toward * (1 - chance)).sum()) / max(float((x**2 * chance * (1 - chance)).sum()), 1e-9)
    return float((np.log(2) - np.logaddexp(0, -beta * toward)).sum())
