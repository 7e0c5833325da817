"""Where a coefficient finds its moments: what it asks for, and votes and rankings, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.agreement.registry import Entry
from prefqa.bootstrap import multiplicities
from prefqa.coding import Coded
from prefqa.losses import Losses, vote_losses
from prefqa.moments import Moments, Patterns, item_moments, patterns, replicates, sums
from prefqa.replicates import Replicates
from prefqa.unit_moments import AT, Kinds
from prefqa.votes import buckets


class Counts(NamedTuple):
    """Annotators with a vote or rating on something that two judged, and the number of these votes."""

    n_annotators: int
    n_votes: int


class LeftOut(NamedTuple):
    """A coefficient, and what it is without each item, annotator and judgment, as (keys, values) of each kind.

    Items and annotators are keyed by their codes, a judgment by both; without the latter two where annotators are no
    sample.
    """

    estimate: float
    without: tuple[tuple[Ints, Floats], ...]


class Source(Protocol):
    """What a target offers to the estimates."""

    coded: Coded

    def counts(self, cell: int) -> Counts:
        """Return how much there is in a cell."""

    def replicates(self, cell: int, entry: Entry) -> Replicates:
        """Return a coefficient of a cell with its delete-one values."""

    def left_out(self, cell: int, entry: Entry) -> LeftOut:
        """Return a coefficient of a cell without each unit, where that is a function of moments."""

    def bootstrap(self, cell: int, entry: Entry, n: int, seed: int) -> Floats | None:
        """Return the coefficient in n samples of items; None where there is no way to."""

    def reason(self, entry: Entry) -> str | None:
        """Why a coefficient cannot be had from this scale at all."""


@dataclass
class VoteSource:
    """Votes and rankings by their moments, which one pass makes for all cells."""

    coded: Coded
    moments: Moments
    losses: Losses[Floats] | None
    _found: dict[int, Patterns] = field(default_factory=dict)
    _patterns_of_losses: dict[int, tuple[Floats, Patterns]] = field(default_factory=dict)

    @classmethod
    def of(cls, coded: Coded, *, annotators: bool, rankings: bool = True) -> VoteSource:
        """Compute the moments of all cells, and what each judgment's leaving takes from them.

        Without `rankings`, only those that coefficients on votes ask for.
        """
        kinds = [Kinds.of(bucket, rankings=rankings, judgments=annotators) for bucket in buckets(coded)]
        return cls(coded, item_moments(coded, kinds), vote_losses(coded, kinds) if annotators else None)

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
        lost = None if self.losses is None else self._patterns_lost(cell)
        return replicates(self.patterns(cell), entry.votes, entry.counted, lost)

    def _lost(self, cell: int) -> Losses[Floats]:
        """What the sums of a cell lose without each judgment that carries something."""
        assert self.losses is not None  # noqa: S101
        here = self.losses.of_cell(cell)
        return here.carrying((here.kinds[:, : AT["all_votes"]] != 0).any(axis=1))

    def _patterns_lost(self, cell: int) -> tuple[Floats, Patterns]:
        """What is lost without each annotator of a cell, and without a judgment of each pattern."""
        if cell not in self._patterns_of_losses:
            lost = self._lost(cell)
            self._patterns_of_losses[cell] = lost.of_annotators()[1], patterns(lost)
        return self._patterns_of_losses[cell]

    def left_out(self, cell: int, entry: Entry) -> LeftOut:
        """Return a coefficient of a cell without each unit."""
        assert entry.votes is not None  # noqa: S101
        here, coefficient = self.moments.of_cell(cell), entry.votes
        counted = here.carrying(entry.counted)
        total = counted.counts @ counted.kinds
        if not counted.item.size:
            return LeftOut(np.nan, ())
        items = counted.item.astype(np.int64), coefficient(sums(total - counted.kinds))[counted.kind]
        estimate = float(coefficient(sums(total)))
        if self.losses is None:
            return LeftOut(estimate, (items,))
        total, lost = here.counts @ here.kinds, self._lost(cell)
        who, of_annotators = lost.of_annotators()
        annotators = who.astype(np.int64), coefficient(sums(total - of_annotators))
        judgments = lost.keys(len(self.coded.annotator_ids)), coefficient(sums(total - lost.kinds))[lost.kind]
        return LeftOut(estimate, (items, annotators, judgments))

    def bootstrap(self, cell: int, entry: Entry, n: int, seed: int) -> Floats | None:
        """Return the coefficient in n samples of items."""
        assert entry.votes is not None  # noqa: S101
        found = self.patterns(cell)
        used = found.values[:, AT[entry.counted]] > 0
        return entry.votes(sums(multiplicities(found.counts[used], n, seed) @ found.values[used]))

    def reason(self, entry: Entry) -> str | None:  # noqa: ARG002 - as `Source` has it
        """Return None: votes have no scale that could be wrong."""
        return None


def _of_cell(coded: Coded, cell: int) -> tuple[Ints, Ints]:
    if not coded.cell.size:
        return coded.annotator, coded.item
    low, high = np.searchsorted(coded.cell, [cell, cell + 1])
    return coded.annotator[low:high], coded.item[low:high]
