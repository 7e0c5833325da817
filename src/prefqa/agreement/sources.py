"""Where a coefficient finds its moments: votes and rankings, or ratings, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from scipy import sparse

from prefqa._types import Floats, Ints
from prefqa.agreement.annotator_pairs import AnnotatorPairs, annotator_pairs, cohen, mean_over_pairs, scott
from prefqa.agreement.conger import conger
from prefqa.agreement.icc_two_way import two_way
from prefqa.agreement.registry import Entry
from prefqa.agreement.weights import agreement_weights, squared_ratio
from prefqa.bootstrap import multiplicities
from prefqa.coding import Coded
from prefqa.moments import Moments, Patterns, item_moments, leave_out_annotators, patterns, replicates, sums
from prefqa.preferences import Preferences
from prefqa.rating_moments import (
    AT as RATING_AT,
)
from prefqa.rating_moments import (
    MAX_CATEGORIES,
    RatingPatterns,
    Scale,
    left_out,
    rating_losses,
    rating_patterns,
)
from prefqa.ratings import Ratings, ratings_of_values, ratings_of_votes
from prefqa.replicates import Replicates
from prefqa.unit_moments import AT


class Counts(NamedTuple):
    """Annotators with a vote or rating on something that two judged, and the number of these votes."""

    n_annotators: int
    n_votes: int


class Source(Protocol):
    """What a target offers to the estimates."""

    coded: Coded

    def counts(self, cell: int) -> Counts:
        """Return how much there is in a cell."""

    def replicates(self, cell: int, entry: Entry) -> Replicates:
        """Return a coefficient of a cell with its delete-one values."""

    def bootstrap(self, cell: int, entry: Entry, n: int, seed: int) -> Floats | None:
        """Return the coefficient in n samples of items; None where there is no way to."""

    def reason(self, entry: Entry) -> str | None:
        """Why a coefficient cannot be had from this scale at all."""


@dataclass
class VoteSource:
    """Votes and rankings by their moments, which one pass makes for all cells."""

    coded: Coded
    moments: Moments
    losses: Moments | None
    _found: dict[int, Patterns] = field(default_factory=dict)

    @classmethod
    def of(cls, coded: Coded, *, annotators: bool) -> VoteSource:
        """Compute the moments of all cells, and what each annotator's leaving takes from them."""
        return cls(coded, item_moments(coded), leave_out_annotators(coded) if annotators else None)

    def patterns(self, cell: int) -> Patterns:
        """Return the patterns of a cell."""
        if cell not in self._found:
            self._found[cell] = patterns(self.moments.of_cell(cell))
        return self._found[cell]

    def counts(self, cell: int) -> Counts:
        """Return how much there is in a cell."""
        here = self.moments.of_cell(cell)
        paired = np.zeros(len(self.coded.item_ids), bool)
        paired[here.carrying("unit").item] = True
        annotator, item = _of_cell(self.coded, cell)
        total = self.patterns(cell).total()
        return Counts(int(np.count_nonzero(np.bincount(annotator[paired[item]]))), int(total[AT["votes"]]))

    def replicates(self, cell: int, entry: Entry) -> Replicates:
        """Return a coefficient of a cell with its delete-one values."""
        assert entry.votes is not None  # noqa: S101 - the registry gives one of three
        losses = None if self.losses is None else self.losses.of_cell(cell).values
        return replicates(self.patterns(cell), entry.votes, entry.counted, losses)

    def bootstrap(self, cell: int, entry: Entry, n: int, seed: int) -> Floats | None:
        """Return the coefficient in n samples of items."""
        assert entry.votes is not None  # noqa: S101
        found = self.patterns(cell)
        used = found.values[:, AT[entry.counted]] > 0
        return entry.votes(sums(multiplicities(found.counts[used], n, seed) @ found.values[used]))

    def reason(self, entry: Entry) -> str | None:  # noqa: ARG002 - as `Source` has it
        """Return None: votes have no scale that could be wrong."""
        return None


class RatingCell(NamedTuple):
    """Ratings of a cell, the patterns of its items, and the pattern of each item."""

    ratings: Ratings
    found: RatingPatterns
    kind: Ints


@dataclass
class RatingSource:
    """Ratings by their moments, cell by cell; kept for the coefficients that follow."""

    coded: Coded
    ratings: Ratings
    scale: Scale
    values: pl.Series | None
    annotators: bool
    _cells: dict[int, RatingCell] = field(default_factory=dict)
    _losses: dict[int, tuple[Ints, sparse.csr_array]] = field(default_factory=dict)
    _pairs: dict[int, AnnotatorPairs | None] = field(default_factory=dict)
    _two_way: dict[int, dict[str, Replicates]] = field(default_factory=dict)

    @classmethod
    def of_votes(cls, coded: Coded, *, annotators: bool, symmetric: bool, weights: str) -> RatingSource:
        """Take votes as ratings first, tie, second of pairs of responses."""
        numbers = np.array([-1.0, 0.0, 1.0])
        scale = Scale(3, agreement_weights(weights, numbers), np.zeros((3, 3)), None, symmetric)
        return cls(coded, ratings_of_votes(coded), scale, None, annotators)

    @classmethod
    def of_column(
        cls,
        prefs: Preferences,
        column: str,
        by: tuple[str, ...],
        *,
        annotators: bool,
        weights: str,
        categories: Sequence[object] | None,
    ) -> RatingSource:
        """Take the values of a column as ratings of the responses of each item."""
        coded, values = prefs.coded_values(column, by, categories)
        n = len(values)
        raw = values.to_numpy().astype(np.float64) if column == "score" else None
        numbers = np.arange(1.0, n + 1) if raw is None else raw
        few = n <= MAX_CATEGORIES
        weighted = agreement_weights(weights, numbers) if few else np.zeros((0, 0))
        scale = Scale(n, weighted, squared_ratio(numbers) if few else weighted, None, symmetric=False)
        if raw is not None and n:  # sums of squares keep their digits around the middle of the scale
            middle, reach = (raw[0] + raw[-1]) / 2, (raw[-1] - raw[0]) or 1.0
            scale = Scale(n, scale.weights, scale.ratio, (raw - middle) / reach, symmetric=False)
        return cls(coded, ratings_of_values(coded, scale.numbers, n), scale, values, annotators)

    def counts(self, cell: int) -> Counts:
        """Return how much there is in a cell."""
        ratings = self.cell(cell).ratings
        paired = np.repeat(ratings.lengths >= 2, ratings.lengths)
        return Counts(np.unique(ratings.annotator[paired]).size, int(paired.sum()))

    def replicates(self, cell: int, entry: Entry) -> Replicates:
        """Return a coefficient of a cell with its delete-one values."""
        here = self.cell(cell)
        if entry.route:
            return self._routed(cell, here, entry)
        assert entry.ratings is not None  # noqa: S101
        found = here.found.counted(entry.counted)
        total = found.total()
        if not found.counts.size:
            return Replicates.undefined()
        estimate = float(entry.ratings(found.sums(total)))
        items = left_out(found, found.values, entry.ratings, total)
        without = np.zeros(0)
        if self.annotators:
            lost = self.losses(cell)[1]
            carrying = lost[np.flatnonzero(lost[:, [RATING_AT["paired"]]].toarray()[:, 0])]
            without = left_out(here.found, carrying, entry.ratings, here.found.total())
        return Replicates(estimate, items, found.counts, without)

    def bootstrap(self, cell: int, entry: Entry, n: int, seed: int) -> Floats | None:
        """Return the coefficient in n samples of items; None for those that know the annotators."""
        if entry.ratings is None:
            return None
        found = self.cell(cell).found.counted(entry.counted)
        if not found.counts.size:
            return None
        drawn = np.asarray(found.values.T @ multiplicities(found.counts, n, seed).T).T
        return entry.ratings(found.sums(drawn))

    def reason(self, entry: Entry) -> str | None:
        """Why a coefficient cannot be had from this scale at all."""
        if not self.scale.tabled and entry.needs != "numbers":
            return f"{self.scale.n_values} distinct values, more than {MAX_CATEGORIES} categories"
        if entry.needs == "ratio" and self.values is not None and len(self.values) and self.values[0] < 0:
            return "some scores are below 0, where ratios mean nothing"
        return None

    def losses(self, cell: int) -> tuple[Ints, sparse.csr_array]:
        """Return the annotators of a cell and what its sums lose without each."""
        if cell not in self._losses:
            self._losses[cell] = rating_losses(self.cell(cell).ratings, self.scale)
        return self._losses[cell]

    def pairs(self, cell: int) -> AnnotatorPairs | None:
        """Return the tables of pairs of annotators of a cell."""
        if cell not in self._pairs:
            self._pairs[cell] = annotator_pairs(self.cell(cell).ratings, self.scale)
        return self._pairs[cell]

    def _routed(self, cell: int, here: RatingCell, entry: Entry) -> Replicates:
        if entry.route == "conger":
            return conger(here.ratings, self.scale, here.found, here.kind, annotators=self.annotators)
        if entry.route in ("cohen", "scott"):
            pairs = self.pairs(cell)
            if pairs is None or not pairs.pair.size:
                return Replicates.undefined()
            found = mean_over_pairs(pairs, (cohen if entry.route == "cohen" else scott)(pairs))
            return found if self.annotators else found._replace(annotators=np.zeros(0))
        if cell not in self._two_way:
            self._two_way[cell] = two_way(here.ratings, annotators=self.annotators)
        return self._two_way[cell][entry.route]

    def cell(self, cell: int) -> RatingCell:
        """Return the ratings of a cell, the patterns of its items, and the pattern of each item."""
        if cell not in self._cells:
            ratings = self.ratings.of_cell(cell)
            self._cells[cell] = RatingCell(ratings, *rating_patterns(ratings, self.scale))
        return self._cells[cell]


def _of_cell(coded: Coded, cell: int) -> tuple[Ints, Ints]:
    if not coded.cell.size:
        return coded.annotator, coded.item
    low, high = np.searchsorted(coded.cell, [cell, cell + 1])
    return coded.annotator[low:high], coded.item[low:high]
