r"""Agreement and ties by period as they would be with the reference's items: the same kinds, models and lengths.

The jackknife makes of a figure one number per item, its pseudo-value :math:`v_i = \theta + (n - 1)(\theta -
\theta_{(i)})`, whose mean is the figure. Regressed on what is recorded of the items,

.. math:: v_{pi} = \delta_p + x_i^\top\gamma + e_{pi},

:math:`\delta_p - \delta_r` is the difference of two periods between items of one kind; with a multiple of the period's
number in place of :math:`\delta_p`, that multiple is the trend. x holds the stratum, the line-up of models (of two
responses: their pair), and the spread of each numeric feature within the item, with its square.

Sources: regression of pseudo-values, Andersen, Klein & Rosthøj (2003); errors clustered by item, Liang & Zeger (1986).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import block_diag
from scipy.sparse import csr_array
from scipy.special import stdtrit

from prefqa._types import Floats, Ints, Reals, distinct, sum_by
from prefqa.drift.context import CONTEXT, FIGURES, SAME_MIX, TREND, Side, t_test, with_holm
from prefqa.drift.design import Design, indicators
from prefqa.drift.rankings import Rankings

#: Most line-ups of models that have a level of their own, and items that each level of the design needs.
_MAX_LINE_UPS, _ITEMS_PER_COLUMN = 36, 5
_NOTHING = 1e-6
_NONE, _FEW = "fewer than two items with two votes on a pair", "too few items for what is recorded of them"


class Recorded(NamedTuple):
    """What is recorded of items: the kind of each, `levels` [n_kinds, n_levels] of the kinds, numbers [.., n_items]."""

    kind: Ints
    levels: Floats
    numbers: Floats


class Units(NamedTuple):
    """One row per item and period: its pseudo-value, number of its cluster, and period and what is recorded of it.

    `gram` is the product of the design with itself.
    """

    value: Floats
    cluster: Ints
    design: Design
    gram: Floats


class Fit(NamedTuple):
    """Least squares: coefficients, their covariance clustered by item, and which combinations the data tell."""

    values: Floats
    covariance: Floats
    told: Floats

    def of(self, combination: Floats) -> tuple[float, float] | None:
        """Value and standard error of a combination of coefficients; None where the data do not tell it."""
        if np.abs(combination - self.told @ combination).max() > _NOTHING:
            return None
        variance = float(combination @ self.covariance @ combination)
        return float(combination @ self.values), max(variance, 0.0) ** 0.5


class Found(NamedTuple):
    """Rows for the table of detectors and for the timeline."""

    detectors: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


def same_mix(sides: dict[str, list[Side]], votes: Rankings, reference: str, *, level: float, alpha: float) -> Found:
    """Compare each period with the reference as if it had its items, and test for a trend.

    `sides` has each figure by period. Rows of "… same mix" are there where something is recorded by which the items
    differ, rows of "… trend" from three periods on. p-values by the t distribution, with the items of the smaller
    period less one, or all items less one, as degrees of freedom; Holm-adjusted over all of these rows. They are
    context and never an alarm, since what is not recorded of items may have changed.
    """
    recorded = _of_items(votes)
    base = votes.periods.index(reference)
    rows: list[dict[str, Any]] = []
    timeline: list[dict[str, Any]] = []
    for key in FIGURES:
        units = _units(sides[key], recorded, votes.cluster, len(votes.periods))
        if units.design.n_recorded:
            compared, drawn = _by_period(units, sides[key], base, votes.periods, level)
            rows += [{"detector": f"{key}, {SAME_MIX}"} | row for row in compared]
            timeline += [{"coefficient": f"{key}, {SAME_MIX}"} | row for row in drawn]
        if len(votes.periods) > 2:
            rows.append({"detector": f"{key}, {TREND}"} | _trend(units, sides[key], level))
    return Found(with_holm([{"kind": CONTEXT} | row for row in rows], alpha), timeline)


def _of_items(votes: Rankings) -> Recorded:
    """What is recorded of each item."""
    n_items = votes.listed.size
    stratum = np.zeros(n_items, np.int64)
    stratum[votes.item[::-1]] = votes.stratum[::-1]
    item = np.repeat(np.arange(n_items), votes.n_listed)
    line_up = _commonest(_line_ups(item, votes.model, n_items))
    kinds, kind = distinct(stratum * _MAX_LINE_UPS + line_up)
    levels = [_levels(kinds // _MAX_LINE_UPS), _levels(kinds % _MAX_LINE_UPS)]
    spreads = [_spread(item, values, n_items) for values in votes.values]
    numbers = np.array([power for spread in spreads for power in (spread, spread**2)]).reshape(-1, n_items)
    return Recorded(kind, np.concatenate(levels, axis=1), numbers)


def _line_ups(item: Ints, model: Ints | None, n_items: int) -> Ints:
    """Number of the models that answered each item, in whichever order; listed responses are sorted by item."""
    if model is None:
        return np.zeros(n_items, np.int64)
    ordered = model[np.lexsort((model, item))]
    starts = np.searchsorted(item, np.arange(n_items))
    lengths = np.diff(np.append(starts, item.size))
    found: Ints = np.zeros(n_items, np.int64)
    for place in range(int(lengths.max(initial=0))):
        there = lengths > place
        name = np.zeros(n_items, np.int64)
        name[there] = ordered[starts[there] + place] + 1
        found = distinct(found * (int(model.max(initial=0)) + 2) + name)[1]
    return found


def _spread(item: Ints, values: Reals, n_items: int) -> Floats:
    """Standard deviation of a feature within each item, in units of its mean over items; 0 where it is not known."""
    there = np.isfinite(values)
    values = np.where(there, values, 0.0)
    count = np.maximum(sum_by(item, there, n_items), 1)
    mean = sum_by(item, values, n_items) / count
    sd = np.sqrt(np.maximum(sum_by(item, values**2, n_items) / count - mean**2, 0.0))
    return np.asarray(sd / sd.mean() if sd.any() else sd)


def _commonest(group: Ints) -> Ints:
    """Number of each commonest group, by size and then number; the rest are one."""
    counts = np.bincount(group, minlength=1)
    rank = np.empty(counts.size, np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(counts.size)
    return np.minimum(rank, _MAX_LINE_UPS - 1)[group]


def _levels(group: Ints) -> Floats:
    """An indicator per level that occurs, [n, n_levels]."""
    return np.equal(group[:, None], distinct(group)[0]).astype(np.float64)


def _units(sides: list[Side], recorded: Recorded, cluster: Ints | None, n_periods: int) -> Units:
    """Put the periods that have a figure with items on it together; constant columns say nothing."""
    values = [side.pseudo_values() for side in sides]
    there = [at for at, value in enumerate(values) if value.size]
    period = np.repeat(np.array(there, np.int64), [values[at].size for at in there])
    value = np.concatenate([np.zeros(0), *(values[at] for at in there)])
    item = np.concatenate([np.zeros(0, np.int64), *(sides[at].item.astype(np.int64) for at in there)])
    numbers = np.take(recorded.numbers, item, axis=1)
    design = Design(period, recorded.kind[item], numbers, recorded.levels, n_periods).varying()
    number = distinct(item if cluster is None else cluster[item])[1]
    return Units(value, number, design, design.gram(np.ones(value.size)))


def _fit(units: Units, periods: Floats) -> Fit | None:
    """Ordinary least squares, by the normal equations; CR1 covariance. None with too few items.

    `periods` [n_periods, n] says what the first n columns are of each period; those of x follow.
    """
    n, design = units.value.size, units.design
    columns = block_diag(periods, np.eye(design.n_recorded))
    if n < _ITEMS_PER_COLUMN * columns.shape[1]:
        return None
    gram = columns.T @ units.gram @ columns
    size = np.sqrt(np.maximum(np.diagonal(gram), 1e-300))
    columns, gram = columns / size, gram / np.outer(size, size)
    inverse = np.linalg.pinv(gram, rcond=1e-9, hermitian=True)
    beta = inverse @ columns.T @ design.sums(units.value)
    error = units.value - design.product(columns @ beta)
    in_cluster = np.bincount(units.cluster)
    clusters, rank = in_cluster.size, np.linalg.matrix_rank(gram, tol=1e-9, hermitian=True)
    several = in_cluster[units.cluster] > 1
    meat = design.gram(np.where(several, 0.0, error**2))
    if several.any():
        rows = np.flatnonzero(several)
        of_row = indicators(units.cluster[rows], clusters) * error[rows, None]
        per_cluster = csr_array(of_row.T @ design.matrix(rows))
        meat += (per_cluster.T @ per_cluster).toarray()
    meat = columns.T @ meat @ columns
    factor = clusters / max(clusters - 1, 1) * (n - 1) / max(n - int(rank), 1)
    covariance = factor * inverse @ meat @ inverse / np.outer(size, size)
    told = (gram @ inverse) * size[:, None] / size[None, :]
    return Fit(beta / size, covariance, told)


def _by_period(
    units: Units, sides: list[Side], base: int, names: list[str], level: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Each period as it would be with the reference's items: rows against the reference, and all to draw."""
    each = np.eye(len(names))
    fit = _fit(units, each)
    n_rows = np.bincount(units.design.period, minlength=len(names))
    in_reference = units.design.period == base
    mix = units.design.sums(in_reference / n_rows[base])[len(names) :] if n_rows[base] else None
    rows, drawn = [], []
    for at, (name, side) in enumerate(zip(names, sides, strict=True)):
        row: dict[str, Any] = {"period": name, "n_items": side.item.size, "n_votes": side.n_votes}
        there = mix is not None and n_rows[at]
        reason, level_of, against = _FEW if there else f"{_NONE} in the period or the reference", None, None
        if mix is not None and fit is not None and there:
            reason = "the items of the period and of the reference have no kind in common"
            against = fit.of(np.append(each[at] - each[base], np.zeros(mix.size)))
            level_of = fit.of(np.append(each[at], mix)) if against else None
        if level_of:
            half = float(stdtrit(side.item.size - 1, (1 + level) / 2)) * level_of[1]
            drawn.append(row | {"estimate": level_of[0], "ci_low": level_of[0] - half, "ci_high": level_of[0] + half})
        if at == base:
            continue
        row |= {"reference": names[base]}
        if not against or not level_of:
            rows.append(row | {"reason": reason})
            continue
        row |= {"estimate": level_of[0], "reference_estimate": level_of[0] - against[0]}
        rows.append(row | _tested(*against, min(side.item.size, sides[base].item.size) - 1, level))
    return rows, drawn


def _trend(units: Units, sides: list[Side], level: float) -> dict[str, Any]:
    """The slope over the number of the period, between items of one kind."""
    n = units.value.size
    row = {"n_items": int(units.cluster.max(initial=-1)) + 1, "n_votes": sum(side.n_votes for side in sides)}
    periods = np.arange(len(sides), dtype=np.float64)
    time = np.column_stack([np.ones(periods.size), periods - units.design.period.mean()]) if n else None
    fit = None if time is None else _fit(units, time)
    slope = fit.of(np.append([0.0, 1.0], np.zeros(units.design.n_recorded))) if fit else None
    if fit is None or slope is None:
        return row | {"reason": "the kinds of items follow the periods" if fit else _FEW if n else _NONE}
    return row | {"unit": "per period"} | _tested(*slope, row["n_items"] - 1, level)


def _tested(difference: float, se: float, freedom: int, level: float) -> dict[str, Any]:
    if not se > 0:
        return {"difference": difference, "reason": "without variance"}
    return t_test(difference, se, freedom, level)
