"""Tests of whether a coefficient differs between slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtr, stdtrit

from prefqa._types import Floats, Ints
from prefqa.agreement.estimate import Options, kind_of, slice_label, sources
from prefqa.agreement.registry import Entry, choose
from prefqa.agreement.sources import RatingSource, Source, VoteSource
from prefqa.errors import UsageError
from prefqa.moments import sums
from prefqa.preferences import Preferences, as_preferences
from prefqa.rating_moments import left_out

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
_PAIR = 2


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

    .. math:: V = \sum_i (u_i^b - u_i^a)^2 + \frac{A-1}{A} \sum_a (d_{(a)} - \bar d)^2

    with u the jackknife influence of item i in either slice (0 where it has no part), so that items and annotators
    that stand in both slices count as the same; d the difference without annotator a. t test with the smaller number of
    items (and of annotators) less one as degrees of freedom; p values are Holm's within a coefficient.
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


class _Part:
    """A coefficient of one slice: estimate, items with their influence, annotators with the value without them."""

    def __init__(self, estimate: float, items: Ints, influence: Floats, who: Ints, without: Floats) -> None:
        self.estimate, self.items, self.influence = estimate, items, influence
        self.without = dict(zip(who.tolist(), without.tolist(), strict=True))


def _part(source: Source, cell: int, entry: Entry) -> _Part:
    who: Ints = np.zeros(0, np.int64)
    without = np.zeros(0)
    if isinstance(source, VoteSource):
        assert entry.votes is not None  # noqa: S101 - the registry gives one of three
        here = source.moments.of_cell(cell)
        counted = here.carrying(entry.counted)
        items, total = counted.item, counted.counts @ counted.kinds
        left = entry.votes(sums(total - counted.kinds))[counted.kind] if items.size else np.zeros(0)
        estimate = float(entry.votes(sums(total))) if items.size else np.nan
        if source.losses is not None and items.size:
            losses = source.losses.of_cell(cell)
            who, without = losses.item, entry.votes(sums(here.counts @ here.kinds - losses.values))
    else:
        assert isinstance(source, RatingSource)  # noqa: S101
        assert entry.ratings is not None  # noqa: S101
        ratings, found, kind = source.cell(cell)
        total = found.total()
        estimate = float(entry.ratings(found.sums(total))) if ratings.item.size else np.nan
        left = left_out(found, found.values, entry.ratings, total)[kind] if ratings.item.size else np.zeros(0)
        items = ratings.item
        if source.annotators and ratings.item.size:
            who, losses_ = source.losses(cell)
            without = left_out(found, losses_, entry.ratings, total)
    n = items.size
    influence = (left.mean() - left) * np.sqrt((n - 1) / n) if n > 1 else np.full(n, np.nan)
    return _Part(estimate, items, influence, who, without)


def _difference(a: _Part, b: _Part, options: Options) -> dict[str, Any]:
    n_items = int(min(a.items.size, b.items.size))
    if np.isnan(a.estimate) or np.isnan(b.estimate):
        return {"n_items": n_items, "reason": "undefined in one of the slices"}
    _, at_a, at_b = np.intersect1d(a.items, b.items, assume_unique=True, return_indices=True)
    shared = 2 * float(a.influence[at_a] @ b.influence[at_b])
    variance = float(a.influence @ a.influence + b.influence @ b.influence) - shared
    freedom, inference = n_items - 1.0, "items"
    who = sorted(set(a.without) | set(b.without))
    if len(who) > _PAIR:
        d = np.array([b.without.get(w, b.estimate) - a.without.get(w, a.estimate) for w in who])
        if not np.isnan(d).any():
            variance += (len(who) - 1) / len(who) * float(((d - d.mean()) ** 2).sum())
            freedom = min(freedom, len(who) - 1)
            inference = "items+annotators"
    if not variance > 0 or freedom < 1:
        return {"n_items": n_items, "reason": "one item, or no variance, in one of the slices"}
    difference, se = b.estimate - a.estimate, float(np.sqrt(variance))
    half = float(stdtrit(freedom, (1 + options.level) / 2)) * se
    return {
        "difference": difference,
        "se": se,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_value": 2 * float(stdtr(freedom, -abs(difference) / se)),
        "n_items": n_items,
        "inference": inference,
    }
