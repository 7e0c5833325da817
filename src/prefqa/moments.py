"""Item moments: the short vectors whose sums every coefficient is a smooth function of.

From the moments of items follow the estimate f(sum), its standard error (jackknife over items, one evaluation per
distinct pattern), slices (sums within a cell) and differences of slices with their covariance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from scipy.special import expit, stdtrit

from prefqa._types import Bools, Floats, Ints, distinct
from prefqa.coding import Coded
from prefqa.losses import Losses
from prefqa.replicates import Replicates, influences
from prefqa.unit_moments import AT, NAMES, Kinds, unit_moments
from prefqa.votes import buckets


class Sums(NamedTuple):
    """Moments as named arrays of one shape: totals, or totals with one item left out, or one per item."""

    agree: Floats
    compare: Floats
    reversal: Floats
    tie_split: Floats
    agree_decided: Floats
    votes: Floats
    ties: Floats
    firsts: Floats
    reversal_w: Floats
    tie_split_first_w: Floats
    tie_split_second_w: Floats
    w: Floats
    w_corrected: Floats
    w_items: Floats
    tau_b: Floats
    rho: Floats
    correlated: Floats
    same_best: Floats
    best_pairs: Floats
    rbo: Floats
    rho_weighted: Floats
    rho_weight: Floats
    ranked: Floats
    responses: Floats
    all_votes: Floats
    all_ties: Floats
    unit: Floats


#: A coefficient: sums of moments to value, elementwise; NaN where it is undefined.
Coefficient: TypeAlias = Callable[[Sums], Floats]


@dataclass(frozen=True)
class Moments:
    """Moments per unit, sorted by `cell` and `item`: `kind` is its row in `kinds`, (n_kinds, len(NAMES))."""

    cell: Ints
    item: Ints
    kinds: Floats
    kind: Ints

    @property
    def values(self) -> Floats:
        """Moments of each unit, (n_units, len(NAMES))."""
        return self.kinds[self.kind]

    @property
    def counts(self) -> Floats:
        """Number of units of each kind."""
        return np.bincount(self.kind, minlength=len(self.kinds)).astype(np.float64)

    def of_cell(self, cell: int) -> Moments:
        """Return the units of one cell."""
        low, high = np.searchsorted(self.cell, [cell, cell + 1])
        return self.select(slice(low, high))

    def carrying(self, name: str) -> Moments:
        """Return the units for which the moment `name` is above 0."""
        return self.select((self.kinds[:, AT[name]] > 0)[self.kind])

    def total(self, name: str) -> int:
        """Return the sum of a moment that counts."""
        return int(self.counts @ self.kinds[:, AT[name]])

    def of_own_kinds(self) -> Moments:
        """Return the same without the kinds that no unit is of: what is left of many units may be few."""
        used, kind = distinct(self.kind)
        return Moments(self.cell, self.item, self.kinds[used], kind)

    def in_order(self) -> Moments:
        """Return the same with the kinds sorted, so that sums over them do not depend on row order."""
        order = np.lexsort(self.kinds.T[::-1])
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        return Moments(self.cell, self.item, self.kinds[order], place[self.kind])

    def select(self, units: Bools | slice) -> Moments:
        """Return some of the units."""
        return Moments(self.cell[units], self.item[units], self.kinds, self.kind[units])


@dataclass(frozen=True)
class Patterns:
    """Distinct moment vectors with their multiplicity; items of one pattern are exchangeable."""

    values: Floats
    counts: Floats

    def total(self) -> Floats:
        """Sum of the moments of all items."""
        return self.counts @ self.values


def item_moments(coded: Coded, kinds_of_buckets: Iterable[Kinds] | None = None) -> Moments:
    """Return the moments of every unit (an item within a cell), in one pass over the tallies.

    `kinds_of_buckets` are those of `votes.buckets(coded)`, where they are known.
    """
    none: Ints = np.zeros(0, np.uint32)
    cells, items, kinds = [none], [none], [np.zeros((0, len(NAMES)))]
    of_units: list[Ints] = [none.astype(np.int64)]
    n_kinds = 0
    for of_bucket in kinds_of_buckets if kinds_of_buckets is not None else map(Kinds.of, buckets(coded)):
        bucket = of_bucket.bucket
        found, kind = unit_moments(of_bucket)
        cells.append(bucket.cell)
        items.append(bucket.item)
        of_units.append(kind + n_kinds)
        kinds.append(found)
        n_kinds += len(found)
    cell, item, of_unit = (np.concatenate(part) for part in (cells, items, of_units))
    whole = Moments(cell, item, np.concatenate(kinds), of_unit)
    if len(cells) > 2 or np.any(np.diff(whole.cell.astype(np.int64)) < 0):
        order = np.lexsort((whole.item, whole.cell))
        return Moments(whole.cell[order], whole.item[order], whole.kinds, whole.kind[order])
    return whole


def patterns(moments: Moments | Losses[Floats]) -> Patterns:
    """Group units with equal moments; the patterns come out sorted, so sums do not depend on row order."""
    counts = moments.counts
    there = counts > 0
    frame = pl.DataFrame(moments.kinds[there], schema=list(NAMES), orient="row").with_columns(_count=counts[there])
    grouped = frame.group_by(NAMES).agg(pl.col("_count").sum()).sort(NAMES)
    return Patterns(grouped.select(NAMES).to_numpy(), grouped["_count"].to_numpy())


def sums(values: Floats) -> Sums:
    """Name the last axis of an array of moments."""
    return Sums(*np.moveaxis(values, -1, 0))


def replicates(
    found: Patterns, coefficient: Coefficient, counted: str = "unit", lost: tuple[Floats, Patterns] | None = None
) -> Replicates:
    """Return a coefficient with its delete-one values, one evaluation per pattern and one per annotator.

    Items for which the moment `counted` is 0 carry nothing to the coefficient and do not count. `lost` is what goes
    without each annotator, and without a judgment of each pattern (see `losses.Losses`).
    """
    used = found.values[:, AT[counted]] > 0
    values, counts = found.values[used], found.counts[used]
    if not counts.size:
        return Replicates.undefined()
    total = counts @ values
    whole = Replicates(float(coefficient(sums(total))), coefficient(sums(total - values)), counts)
    if lost is None:
        return whole
    annotators, judgments = (coefficient(sums(found.total() - part)) for part in (lost[0], lost[1].values))
    return whole._replace(annotators=annotators, judgments=judgments, judgment_counts=lost[1].counts)


def influence(moments: Moments, coefficient: Coefficient) -> Floats:
    """Jackknife influence of each unit: the sum of squares is the variance, of products the covariance of two cells."""
    left_out = coefficient(sums(moments.counts @ moments.kinds - moments.kinds))[moments.kind]
    return influences(left_out)


#: Below this, a coefficient without a lower bound of its own has a plain t interval.
_NEAR_LEAST = -0.9


def interval(
    estimate: float, se: float, freedom: float, level: float, bounds: tuple[float, float], n_items: int = 0
) -> tuple[float, float]:
    r"""Two-sided t interval on a scale without bounds, so that it stays inside the coefficient's range.

    .. math:: g^{-1}\left(g(\theta) \pm t \, g'(\theta) \, se\right)

    with g = log((x - a) / (b - x)) between the bounds a and b; of correlations that is twice Fisher's z, and alpha,
    kappa and ICC, whose lower bound depends on the data, are taken likewise from -1 on. A share of 0 or 1 has no spread
    to see: its interval is that of Clopper and Pearson for `n_items` items.
    """
    t, (low, high) = float(stdtrit(max(freedom, 1), (1 + level) / 2)), bounds
    low = -1.0 if np.isinf(low) and estimate > _NEAR_LEAST else low
    if np.isnan(se):
        return np.nan, np.nan
    if not low < estimate < high or se == 0 or np.isinf(low):
        if bounds == (0.0, 1.0) and estimate in bounds and n_items:
            unseen = 1 - ((1 - level) / 2) ** (1 / n_items)
            return (0.0, unseen) if estimate == 0 else (1 - unseen, 1.0)
        return max(estimate - t * se, bounds[0]), min(estimate + t * se, high)
    half = t * se * (high - low) / ((estimate - low) * (high - estimate))
    middle = np.log((estimate - low) / (high - estimate))
    ends = low + (high - low) * expit(np.array([middle - half, middle + half]))
    return float(ends[0]), float(ends[1])
