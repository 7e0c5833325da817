"""Item moments: the short vectors whose sums every coefficient is a smooth function of.

From the moments of items follow the estimate f(sum), its standard error (jackknife over items, one evaluation per
distinct pattern), slices (sums within a cell) and differences of slices with their covariance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from scipy.special import stdtrit

from prefqa._types import Floats, Ints
from prefqa.coding import Coded
from prefqa.unit_moments import AT, NAMES, annotator_losses, unit_moments
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
    all_votes: Floats
    all_ties: Floats
    unit: Floats


#: A coefficient: sums of moments to value, elementwise; NaN where it is undefined.
Coefficient: TypeAlias = Callable[[Sums], Floats]


@dataclass(frozen=True)
class Moments:
    """Moments per unit: `values` is (n_units, len(NAMES)), `cell` and `item` are per unit, sorted by both."""

    cell: Ints
    item: Ints
    values: Floats

    def of_cell(self, cell: int) -> Moments:
        """Return the units of one cell."""
        low, high = np.searchsorted(self.cell, [cell, cell + 1])
        return Moments(self.cell[low:high], self.item[low:high], self.values[low:high])


@dataclass(frozen=True)
class Patterns:
    """Distinct moment vectors with their multiplicity; items of one pattern are exchangeable."""

    values: Floats
    counts: Floats

    def total(self) -> Floats:
        """Sum of the moments of all items."""
        return self.counts @ self.values


class Jackknife(NamedTuple):
    """Estimate, standard error and number of items of a coefficient; both NaN where undefined."""

    estimate: float
    se: float
    n_items: int


def item_moments(coded: Coded) -> Moments:
    """Return the moments of every unit (an item within a cell), in one pass over the tallies."""
    parts = [(b.cell, b.item, unit_moments(b)) for b in buckets(coded)]
    if not parts:
        return Moments(np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros((0, len(NAMES))))
    cell, item, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if len(parts) > 1 or np.any(np.diff(cell.astype(np.int64)) < 0):
        order = np.lexsort((item, cell))
        cell, item, values = cell[order], item[order], values[order]
    return Moments(cell, item, values)


def leave_out_annotators(coded: Coded) -> Moments:
    """Return what the sums of each cell lose when an annotator is left out, one row per cell and annotator.

    `item` holds the annotator's code. The units that the annotator judged are computed anew without the judgment.
    """
    parts = [annotator_losses(bucket) for bucket in buckets(coded)]
    if not parts:
        return Moments(np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros((0, len(NAMES))))
    cell, annotator, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    key = cell.astype(np.int64) * len(coded.annotator_ids) + annotator
    found, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    summed = np.zeros((found.size, len(NAMES)))
    np.add.at(summed, inverse, values)
    return Moments(cell[first], annotator[first], summed)


def patterns(moments: Moments) -> Patterns:
    """Group units with equal moments; the patterns come out sorted, so sums do not depend on row order."""
    frame = pl.DataFrame(moments.values, schema=list(NAMES), orient="row")
    grouped = frame.group_by(NAMES).agg(pl.len().alias("_count")).sort(NAMES)
    return Patterns(grouped.select(NAMES).to_numpy(), grouped["_count"].to_numpy().astype(np.float64))


def sums(values: Floats) -> Sums:
    """Name the last axis of an array of moments."""
    return Sums(*np.moveaxis(values, -1, 0))


def jackknife(found: Patterns, coefficient: Coefficient, counted: str = "unit") -> Jackknife:
    r"""Delete-one-item jackknife of a coefficient, one evaluation per pattern.

    .. math:: V = \frac{n-1}{n} \sum_p c_p (\theta_{(p)} - \bar\theta)^2

    with c_p the multiplicity of pattern p and n the items for which the moment `counted` is not 0 (the others carry
    nothing to the coefficient). Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, eq. 11.5.
    """
    used = found.values[:, AT[counted]] > 0
    values, counts = found.values[used], found.counts[used]
    n_items = int(counts.sum())
    if n_items == 0:
        return Jackknife(np.nan, np.nan, 0)
    estimate = float(coefficient(sums(counts @ values)))
    if n_items == 1 or np.isnan(estimate):
        return Jackknife(estimate, np.nan, n_items)
    left_out = coefficient(sums(counts @ values - values))
    spread = left_out - (counts @ left_out) / n_items
    return Jackknife(estimate, float(np.sqrt((n_items - 1) / n_items * (counts @ spread**2))), n_items)


def influence(moments: Moments, coefficient: Coefficient) -> Floats:
    """Jackknife influence of each unit: the sum of squares is the variance, of products the covariance of two cells."""
    n_items = len(moments.item)
    if n_items < 2:
        return np.full(n_items, np.nan)
    left_out = coefficient(sums(moments.values.sum(axis=0) - moments.values))
    return np.asarray((left_out.mean() - left_out) * np.sqrt((n_items - 1) / n_items), np.float64)


def annotator_variance(total: Floats, losses: Floats, coefficient: Coefficient) -> tuple[float, int]:
    r"""Delete-one-annotator jackknife variance of a coefficient, and the number of annotators.

    .. math:: V = \frac{A-1}{A} \sum_a (\theta_{(a)} - \bar\theta)^2

    `losses` has one row per annotator (see `leave_out_annotators`); annotators who lose nothing to the coefficient's
    moments do not count. NaN with fewer than three, or where the coefficient is undefined without one of them.
    """
    carrying = losses[(losses[:, : AT["all_votes"]] != 0).any(axis=1)]
    n = len(carrying)
    if n < 3:
        return np.nan, n
    left_out = coefficient(sums(total - carrying))
    return float((n - 1) / n * np.sum((left_out - left_out.mean()) ** 2)), n


def interval(
    estimate: float, se: float, freedom: float, level: float, bounds: tuple[float, float]
) -> tuple[float, float]:
    """Two-sided t interval, kept inside the coefficient's range."""
    half = float(stdtrit(max(freedom, 1), (1 + level) / 2)) * se
    return max(estimate - half, bounds[0]), min(estimate + half, bounds[1])
