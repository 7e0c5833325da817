"""Where coefficients on ratings find their moments, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from prefqa._types import Floats, Ints
from prefqa.agreement.annotator_pairs import TOO_LARGE, AnnotatorPairs, annotator_pairs, cohen, mean_over_pairs, scott
from prefqa.agreement.conger import conger
from prefqa.agreement.icc_two_way import two_way
from prefqa.agreement.registry import Entry
from prefqa.agreement.sources import Counts, LeftOut
from prefqa.agreement.weights import agreement_weights, squared_ratio
from prefqa.bootstrap import multiplicities
from prefqa.coding import Coded
from prefqa.losses import Losses
from prefqa.preferences import Preferences
from prefqa.rating_moments import (
    AT,
    MAX_CATEGORIES,
    RatingPatterns,
    Scale,
    in_groups,
    left_out,
    rating_losses,
    rating_patterns,
)
from prefqa.ratings import Ratings, ratings_of_grades, ratings_of_values, ratings_of_votes
from prefqa.replicates import Replicates
from prefqa.strengths import Strengths


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
    _losses: dict[int, Losses[sparse.csr_array]] = field(default_factory=dict)
    _pairs: dict[int, AnnotatorPairs | None] = field(default_factory=dict)
    _two_way: dict[int, dict[str, Replicates]] = field(default_factory=dict)

    @classmethod
    def of_votes(cls, coded: Coded, *, annotators: bool, symmetric: bool, weights: str) -> RatingSource:
        """Take votes as ratings first, tie, second of pairs of responses."""
        numbers = np.array([-1.0, 0.0, 1.0])
        scale = Scale(3, agreement_weights(weights, numbers), np.zeros((3, 3)), None, symmetric)
        return cls(coded, ratings_of_votes(coded), scale, None, annotators)

    @classmethod
    def of_grades(cls, graded: Strengths, *, annotators: bool, symmetric: bool, weights: str) -> RatingSource:
        """Take votes with their strength as ratings of pairs of responses, from -3 to 3 where there are three."""
        coded, numbers = graded.signed()
        n = numbers.size
        weighted = agreement_weights(weights, numbers) if n <= MAX_CATEGORIES else np.zeros((0, 0))
        scale = Scale(n, weighted, np.zeros(weighted.shape), None, symmetric)
        return cls(coded, ratings_of_grades(coded, n // 2), scale, None, annotators)

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
        if raw is not None:
            scale = replace(scale, numbers=raw)
        return cls(coded, ratings_of_values(coded, raw, n), scale, values, annotators)

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
        if not found.counts.size:
            return Replicates.undefined()
        grouped = RatingPatterns(*in_groups(found.values, found.counts), found.scale)
        estimate = float(entry.ratings(found.sums(found.total())))
        whole = Replicates(estimate, grouped.without_items(entry.ratings), grouped.counts)
        if not self.annotators:
            return whole
        lost, total = self._lost(cell, entry), here.found.total()
        judgments, counts = in_groups(lost.kinds, lost.counts)
        return whole._replace(
            annotators=left_out(found, lost.of_annotators()[1], entry.ratings, total),
            judgments=left_out(found, judgments, entry.ratings, total),
            judgment_counts=counts,
        )

    def left_out(self, cell: int, entry: Entry) -> LeftOut:
        """Return a coefficient of a cell without each unit."""
        assert entry.ratings is not None  # noqa: S101
        here = self.cell(cell)
        found = here.found.counted(entry.counted)
        if not found.counts.size:
            return LeftOut(np.nan, ())
        estimate = float(entry.ratings(found.sums(found.total())))
        number = np.cumsum(here.found.carrying(entry.counted)) - 1
        counted = here.found.carrying(entry.counted)[here.kind]
        without = found.without_items(entry.ratings)
        items = here.ratings.item[counted].astype(np.int64), without[number[here.kind[counted]]]
        if not self.annotators:
            return LeftOut(estimate, (items,))
        lost, total = self._lost(cell, entry), here.found.total()
        who, of_annotators = lost.of_annotators()
        annotators = who.astype(np.int64), left_out(found, of_annotators, entry.ratings, total)
        of_judgments = left_out(found, lost.kinds, entry.ratings, total)[lost.kind]
        judgments = lost.keys(len(self.coded.annotator_ids)), of_judgments
        return LeftOut(estimate, (items, annotators, judgments))

    def _lost(self, cell: int, entry: Entry) -> Losses[sparse.csr_array]:
        """What the sums of a cell lose without each judgment that carries something to a coefficient."""
        lost = self.losses(cell)
        return lost.carrying(lost.kinds[:, [AT[entry.carried]]].toarray()[:, 0] > 0)

    def bootstrap(self, cell: int, entry: Entry, n: int, seed: int) -> Floats | None:
        """Return the coefficient in n samples of items; None for those that know the annotators."""
        if entry.ratings is None:
            return None
        found = self.cell(cell).found.counted(entry.counted)
        if not found.counts.size:
            return None
        values, counts = in_groups(found.values, found.counts)
        drawn = np.asarray(values.T @ multiplicities(counts, n, seed).T).T
        return entry.ratings(found.sums(drawn))

    def reason(self, entry: Entry) -> str | None:
        """Why a coefficient cannot be had from this scale at all."""
        if not self.scale.tabled and entry.needs != "numbers":
            return f"{self.scale.n_values} distinct values, more than {MAX_CATEGORIES} categories"
        if entry.needs == "ratio" and self.values is not None and len(self.values) and self.values[0] < 0:
            return "some scores are below 0, where ratios mean nothing"
        return None

    def losses(self, cell: int) -> Losses[sparse.csr_array]:
        """Return what the sums of a cell lose without each judgment."""
        if cell not in self._losses:
            self._losses[cell] = rating_losses(self.cell(cell).ratings, self.cell(cell).found.scale)
        return self._losses[cell]

    def pairs(self, cell: int) -> AnnotatorPairs | None:
        """Return the tables of pairs of annotators of a cell."""
        if cell not in self._pairs:
            self._pairs[cell] = annotator_pairs(self.cell(cell).ratings, self.scale)
        return self._pairs[cell]

    def _routed(self, cell: int, here: RatingCell, entry: Entry) -> Replicates:
        if not here.ratings.value.size:
            return Replicates.undefined()
        if entry.route == "conger":
            return conger(
                here.ratings, self.scale, here.found, here.kind, self.losses(cell) if self.annotators else None
            )
        if entry.route in ("cohen", "scott"):
            pairs = self.pairs(cell)
            if pairs is None:
                return Replicates.undefined(reason=TOO_LARGE)
            if not pairs.pair.size:
                return Replicates.undefined()
            found = mean_over_pairs(pairs, cohen if entry.route == "cohen" else scott)
            return found if self.annotators else Replicates(*found[:3])
        if cell not in self._two_way:
            self._two_way[cell] = two_way(here.ratings, annotators=self.annotators)
        return self._two_way[cell][entry.route]

    def cell(self, cell: int) -> RatingCell:
        """Return the ratings of a cell, the patterns of its items, and the pattern of each item."""
        if cell not in self._cells:
            ratings, scale = self.ratings.of_cell(cell), self.scale
            if scale.numbers is not None:
                scale = replace(scale, numbers=_standard(scale.numbers, ratings.value))
                ratings = replace(ratings, numbers=scale.numbers)
            self._cells[cell] = RatingCell(ratings, *rating_patterns(ratings, scale))
        return self._cells[cell]


def _standard(numbers: Floats, given: Ints) -> Floats:
    """Numbers less the median of those given, over the median distance from it: sums of squares keep their digits.

    A far number, or the numbers of another slice, move neither.
    """
    if not given.size:
        return numbers
    middle = np.median(numbers[given])
    far = np.abs(numbers[given] - middle)
    return np.asarray((numbers - middle) / (np.median(far[far > 0]) if far.any() else 1.0), np.float64)
