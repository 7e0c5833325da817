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
from prefqa.votes import Bucket, buckets, pair_tallies

#: The moments of an item: sums over its pairs of responses with m >= 2 votes (g and l decided each way, e ties),
#: and over its complete rankings for Kendall's W. `unit` is 1 where the item has any pair with two votes.
NAMES = (
    "agree",  # C(g) + C(e) + C(l), pairs of annotators who say the same; C(x) = x (x - 1) / 2
    "compare",  # C(m), pairs of annotators
    "reversal",  # g l, pairs who decide the opposite way
    "tie_split",  # e (g + l), pairs of whom one decides and the other ties
    "agree_decided",  # C(g) + C(l)
    "votes",  # m
    "ties",  # e
    "firsts",  # votes for the response that comes first by id
    "reversal_w",  # g l / (m - 1), Krippendorff's weighting of a pair by 1 / (m - 1)
    "tie_split_first_w",  # e g / (m - 1)
    "tie_split_second_w",  # e l / (m - 1)
    "w",  # Kendall's W of the item
    "w_corrected",  # (m W - 1) / (m - 1)
    "w_items",  # 1 where W is defined
    "all_votes",  # votes on any pair, also where one annotator voted alone
    "all_ties",
    "unit",
)
AT = {name: index for index, name in enumerate(NAMES)}


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
    parts = [(b.cell, b.item, _unit_moments(b)) for b in buckets(coded)]
    if not parts:
        return Moments(np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros((0, len(NAMES))))
    cell, item, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if len(parts) > 1 or np.any(np.diff(cell.astype(np.int64)) < 0):
        order = np.lexsort((item, cell))
        cell, item, values = cell[order], item[order], values[order]
    return Moments(cell, item, values)


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


def interval(
    estimate: float, se: float, n_items: int, level: float, bounds: tuple[float, float]
) -> tuple[float, float]:
    """Two-sided t interval with n_items - 1 degrees of freedom, kept inside the coefficient's range."""
    half = float(stdtrit(max(n_items - 1, 1), (1 + level) / 2)) * se
    return max(estimate - half, bounds[0]), min(estimate + half, bounds[1])


def _unit_moments(bucket: Bucket) -> Floats:
    """Moments of each unit; units whose judgments say the same, whoever made them, are computed once."""
    out = np.zeros((len(bucket.item), len(NAMES)))
    lengths = bucket.lengths
    codes = _dense(_packed(bucket.ranks))
    width = int(codes.max(initial=0)).bit_length()
    for length in np.unique(lengths):
        units = np.flatnonzero(lengths == length)
        rows = bucket.starts[units][:, None] + np.arange(length)
        if width * length > 63:
            some, inverse = units, np.arange(units.size)
        else:
            said = np.sort(codes[rows], axis=1)
            shifts = np.arange(length, dtype=np.int64) * width
            _, first, inverse = np.unique((said << shifts).sum(axis=1), return_index=True, return_inverse=True)
            some = units[first]
        rows = bucket.starts[some][:, None] + np.arange(length)
        distinct = Bucket(
            k=bucket.k,
            cell=bucket.cell[some],
            item=bucket.item[some],
            starts=np.arange(some.size) * length,
            ranks=bucket.ranks[rows.reshape(-1)],
            annotator=bucket.annotator[rows.reshape(-1)],
        )
        out[units] = _bucket_moments(distinct)[inverse]
    return out


def _dense(values: Ints) -> Ints:
    """Number the distinct values from 0."""
    if values.max(initial=0) < max(1 << 16, values.size):
        return (np.cumsum(np.bincount(values) > 0) - 1)[values]
    return np.unique(values, return_inverse=True)[1]


def _packed(ranks: Ints) -> Ints:
    """Each judgment as one integer where 63 bits hold its ranks; else its place among the distinct rank vectors."""
    width = int(ranks.max(initial=0)).bit_length()
    if width * ranks.shape[1] > 63:
        _, inverse = np.unique(ranks, axis=0, return_inverse=True)
        return inverse.reshape(-1)
    packed = np.zeros(len(ranks), np.int64)
    for slot in range(ranks.shape[1]):
        packed <<= width
        packed |= ranks[:, slot]
    return packed


def _bucket_moments(bucket: Bucket) -> Floats:
    out = np.zeros((len(bucket.item), len(NAMES)))
    for tally in pair_tallies(bucket):
        g, e, s = (n.astype(np.int64) for n in (tally.n_first, tally.n_tie, tally.n_second))
        m = g + e + s
        _add(out, "all_votes", m)
        _add(out, "all_ties", e)
        paired = m >= 2
        if not paired.all():
            g, e, s, m = g * paired, e * paired, s * paired, m * paired
        per_other = np.where(paired, 1.0 / np.maximum(m - 1, 1), 0.0)
        decided = _pairs(g) + _pairs(s)
        _add(out, "agree", decided + _pairs(e))
        _add(out, "compare", _pairs(m))
        _add(out, "reversal", g * s)
        _add(out, "tie_split", e * (g + s))
        _add(out, "agree_decided", decided)
        _add(out, "votes", m)
        _add(out, "ties", e)
        _add(out, "firsts", g)
        _add(out, "reversal_w", g * s * per_other)
        _add(out, "tie_split_first_w", e * g * per_other)
        _add(out, "tie_split_second_w", e * s * per_other)
    out[:, AT["unit"]] = out[:, AT["votes"]] > 0
    _kendall(bucket, out)
    return out


def _kendall(bucket: Bucket, out: Floats) -> None:
    """Kendall's W with tie correction of each unit, over its judgments that rank all k responses (two or more)."""
    k = bucket.k
    complete = (bucket.ranks > 0).all(axis=1)
    m = np.add.reduceat(complete.astype(np.int64), bucket.starts)
    if k < 2 or not (m >= 2).any():
        return
    doubled = np.zeros((len(bucket.ranks), k), np.int32)  # twice the mid-rank, an integer
    tied = np.zeros(len(bucket.ranks), np.int64)  # sum of t^3 - t = sum over responses of t^2 - 1
    for slot in range(k):
        below = np.zeros(len(bucket.ranks), np.int32)
        equal = np.zeros(len(bucket.ranks), np.int32)
        for other in range(k):
            below += bucket.ranks[:, other] < bucket.ranks[:, slot]
            equal += bucket.ranks[:, other] == bucket.ranks[:, slot]
        doubled[:, slot] = 2 * below + equal + 1
        tied += equal.astype(np.int64) ** 2 - 1
    doubled[~complete] = 0
    totals = np.add.reduceat(doubled, bucket.starts, axis=0, dtype=np.int64)
    deviation = ((totals - (m * (k + 1))[:, None]) ** 2).sum(axis=1) / 4
    ties = np.add.reduceat(np.where(complete, tied, 0), bucket.starts)
    possible = m**2 * (k**3 - k) - m * ties
    defined = (m >= 2) & (possible > 0)
    w = np.divide(12 * deviation, possible, out=np.zeros(len(m)), where=defined)
    out[:, AT["w"]] = w
    out[:, AT["w_corrected"]] = np.where(defined, (m * w - 1) / np.maximum(m - 1, 1), 0.0)
    out[:, AT["w_items"]] = defined


def _pairs(count: Ints) -> Ints:
    return count * (count - 1) // 2


def _add(out: Floats, name: str, what: Ints | Floats) -> None:
    out[:, AT[name]] += what
