"""What sums of moments lose without one judgment, and without one annotator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy import sparse

from prefqa._types import Bools, Floats, Ints, distinct
from prefqa.coding import Coded
from prefqa.unit_moments import NAMES, Kinds, judgment_losses
from prefqa.votes import buckets

Table = TypeVar("Table", Floats, sparse.csr_array)


@dataclass(frozen=True)
class Losses(Generic[Table]):
    """One row per judgment (of one annotator on one item of a cell), sorted by `cell`.

    `kind` is the judgment's row in `kinds`, [n_kinds, columns]: what sums of moments lose without it.
    """

    cell: Ints
    item: Ints
    annotator: Ints
    kinds: Table
    kind: Ints

    @property
    def counts(self) -> Floats:
        """Number of judgments of each kind."""
        return np.bincount(self.kind, minlength=self.kinds.shape[0]).astype(np.float64)

    def of_cell(self, cell: int) -> Losses[Table]:
        """Return the judgments of one cell, with the kinds that are there."""
        low, high = np.searchsorted(self.cell, [cell, cell + 1])
        kinds, kind = distinct(self.kind[low:high])
        return Losses(self.cell[low:high], self.item[low:high], self.annotator[low:high], self.kinds[kinds], kind)

    def carrying(self, kinds: Bools) -> Losses[Table]:
        """Return the judgments of some kinds."""
        rows, number = kinds[self.kind], np.cumsum(kinds) - 1
        cell, item, annotator = (key[rows] for key in (self.cell, self.item, self.annotator))
        return Losses(cell, item, annotator, self.kinds[np.flatnonzero(kinds)], number[self.kind[rows]])

    def keys(self, n_annotators: int) -> Ints:
        """Number judgments by item and annotator."""
        return self.item.astype(np.int64) * n_annotators + self.annotator

    def of_annotators(self) -> tuple[Ints, Table]:
        """Return the annotators and what is lost without each: the sum over their judgments."""
        who, place = distinct(self.annotator)
        shape = (who.size, self.kinds.shape[0])
        given = sparse.coo_array((np.ones(place.size), (place, self.kind)), shape=shape).tocsr()
        return who, given @ self.kinds  # type: ignore[return-value]


def vote_losses(coded: Coded, kinds_of_buckets: Iterable[Kinds] | None = None) -> Losses[Floats]:
    """Return what the moments of votes and rankings lose.

    `kinds_of_buckets` are those of `votes.buckets(coded)`, made with `judgments`, where they are known.
    """
    none: Ints = np.zeros(0, np.uint32)
    keys: list[tuple[Ints, Ints, Ints, Ints]] = [(none, none, none, none.astype(np.int64))]
    kinds = [np.zeros((0, len(NAMES)))]
    n_kinds = 0
    for of_bucket in kinds_of_buckets if kinds_of_buckets is not None else _kinds(coded):
        bucket = of_bucket.bucket
        lost = judgment_losses(of_bucket)
        of = bucket.cell[lost.unit], bucket.item[lost.unit], bucket.annotator[lost.row], lost.kind + n_kinds
        keys.append(of)
        kinds.append(lost.kinds)
        n_kinds += len(lost.kinds)
    cell, item, annotator, kind = (np.concatenate(column) for column in zip(*keys, strict=True))
    if (cell[1:] < cell[:-1]).any():
        order = np.argsort(cell, kind="stable")
        cell, item, annotator, kind = cell[order], item[order], annotator[order], kind[order]
    return Losses(cell, item, annotator, np.concatenate(kinds), kind)


def _kinds(coded: Coded) -> Iterator[Kinds]:
    return (Kinds.of(bucket, judgments=True) for bucket in buckets(coded))
