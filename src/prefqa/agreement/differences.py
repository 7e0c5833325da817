"""Tests of whether a coefficient differs between slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy.special import stdtr, stdtrit

from prefqa._types import Floats, Ints
from prefqa.agreement.estimate import INFERENCE, Options, kind_of, slice_label, sources
from prefqa.agreement.registry import Entry, choose
from prefqa.agreement.sources import Source
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, as_preferences
from prefqa.replicates import FEWEST, Variance, influences

DIFFERENCES: dict[str, Any] = {
    "coefficient": pl.String,
    "target": pl.String,
    "slice_a": pl.String,
    "slice_b": pl.String,
    "difference": pl.Float64,
    "se": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "p_value": pl.Float64,
    "p_adjusted": pl.Float64,
    "n_items": pl.Int64,
    "inference": pl.String,
    "reason": pl.String,
}
#: With more slices than this, each is compared with the next only.
MANY = 8
#: Items, annotators and judgments.
_PARTS = 3


def differences(
    prefs: Preferences,
    *,
    by: str | Sequence[str],
    target: str | Sequence[str] | None = None,
    coefficients: str | Sequence[str] | None = None,
    inference: str = "items+annotators",
    weights: str | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    r"""Test the difference of each coefficient between slices, b - a; every two of them, or each and the next if many.

    .. math:: V = \sum_i \Delta_i^2 + \max\left(\sum_a \Delta_a^2 - \sum_{ia} \Delta_{ia}^2, 0\right), \quad
              \Delta = u^b - u^a

    with u the jackknife influence of an item, an annotator and a judgment in either slice (0 where it has no part), so
    that what stands in both slices counts as the same. t test with degrees of freedom as in `agreement`, by Welch's
    (1947) formula over slices that share no item (no annotator), else by the smaller number; p values are Holm's within
    a coefficient.
    `inference` says what the variance holds: "items" alone where a slice has two annotators or fewer, or where the
    coefficient is undefined without one of them, although annotators were asked for.

    Raises:
        UsageError: coefficients that know the annotators (kappas of annotator pairs, Conger's, ICC 2 and 3).
    """
    prefs = as_preferences(prefs)
    by = (by,) if isinstance(by, str) else tuple(by)
    options = Options(inference=inference, weights=weights, level=level)
    chosen = [(n, e) for n, e in choose(target, coefficients) if not (e.route and coefficients in (None, "all"))]
    if any(entry.route for _, entry in chosen):
        names = ", ".join(name for name, entry in chosen if entry.route)
        raise UsageError(f"no test of differences for {names}", hint="compare their intervals by slice.")
    found = sources(prefs, by, [entry for _, entry in chosen], options)
    rows = [row for name, entry in chosen for row in _of_coefficient(name, entry, found[kind_of(entry)], by, options)]
    frame = pl.DataFrame(rows, schema=DIFFERENCES, orient="row")
    ordered = pl.col("p_value").rank("ordinal").over("coefficient", "target")
    tests = pl.col("p_value").count().over("coefficient", "target")
    holm = (pl.col("p_value") * (tests - ordered + 1)).clip(upper_bound=1.0)
    adjusted = holm.cum_max().over("coefficient", "target", order_by="p_value")
    return frame.with_columns(p_adjusted=pl.when(pl.col("p_value").is_not_null()).then(adjusted))


def _of_coefficient(
    name: str, entry: Entry, source: Source, by: tuple[str, ...], options: Options
) -> Iterator[dict[str, Any]]:
    cells = list(source.coded.cells.iter_rows())
    labels = [slice_label(by, values) for _, *values in cells]
    impossible = source.reason(entry)
    parts = [] if impossible else [_part(source, cell, entry) for cell, *_ in cells]
    n = len(cells)
    pairs = [(i, i + 1) for i in range(n - 1)] if n > MANY else [(i, j) for i in range(n) for j in range(i + 1, n)]
    for i, j in pairs:
        row = {"coefficient": name, "target": entry.target, "slice_a": labels[i], "slice_b": labels[j]}
        yield row | ({"reason": impossible} if impossible else _difference(parts[i], parts[j], options))


@dataclass(frozen=True)
class _Spread:
    """Units of one kind (items, annotators or judgments) with their influence on a coefficient."""

    keys: Ints
    influence: Floats

    def variance(self, other: _Spread) -> float:
        """Jackknife variance of the difference of two coefficients; units with the same key are the same."""
        _, here, there = np.intersect1d(self.keys, other.keys, assume_unique=True, return_indices=True)
        shared = self.influence[here] - other.influence[there]
        alone = [np.delete(self.influence, here), np.delete(other.influence, there)]
        # Sums of squares of differences: the same units with the same influence give no variance at all, to the bit.
        return float(sum(part @ part for part in (shared, *alone)))

    def freedom(self, other: _Spread) -> float:
        """Degrees of freedom of that variance: Welch's where nothing is shared, else those of the smaller number."""
        sizes = self.keys.size - 1, other.keys.size - 1
        if min(sizes) < 1 or np.isin(self.keys, other.keys).any():
            return float(min(sizes))
        parts = [float(of.influence @ of.influence) for of in (self, other)]
        squares = sum(part**2 / size for part, size in zip(parts, sizes, strict=True))
        return sum(parts) ** 2 / squares if squares > 0 else float(min(sizes))


class _Part(NamedTuple):
    """A coefficient of one slice, and what moves it."""

    estimate: float
    items: _Spread
    annotators: _Spread
    judgments: _Spread


_NOBODY = _Spread(np.zeros(0, np.int64), np.zeros(0))


def _part(source: Source, cell: int, entry: Entry) -> _Part:
    found = source.left_out(cell, entry)
    spreads = [_Spread(keys, influences(without)) for keys, without in found.without]
    return _Part(found.estimate, *spreads, *[_NOBODY] * (_PARTS - len(spreads)))


def _difference(a: _Part, b: _Part, options: Options) -> dict[str, Any]:
    n_items, n_annotators = (int(min(x.keys.size, y.keys.size)) for x, y in zip(a[1:3], b[1:3], strict=True))
    if np.isnan(a.estimate) or np.isnan(b.estimate):
        return {"n_items": n_items, "reason": "undefined in one of the slices"}
    over = [x.variance(y) for x, y in zip(a[1:], b[1:], strict=True)]
    variance = Variance.of(over[0], over[1] if n_annotators >= FEWEST else np.nan, over[2])
    freedom = variance.freedom(a.items.freedom(b.items) + 1, a.annotators.freedom(b.annotators) + 1)
    if not variance.total > 0 or freedom < 1:
        return {"n_items": n_items, "reason": "one item, or no variance, in one of the slices"}
    difference, se = b.estimate - a.estimate, float(np.sqrt(variance.total))
    half = float(stdtrit(freedom, (1 + options.level) / 2)) * se
    return {
        "difference": difference,
        "se": se,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_value": 2 * float(stdtr(freedom, -abs(difference) / se)),
        "n_items": n_items,
        "inference": INFERENCE[int(np.isnan(variance.over_annotators))],
    }
