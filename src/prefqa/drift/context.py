"""Agreement and tie rate by period, as they were observed: what a changed mix moves as well as a changed rule."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtri, stdtr, stdtrit

from prefqa._types import Floats, Ints
from prefqa.agreement.alpha import alpha_nominal
from prefqa.agreement.ratio import ratio
from prefqa.coding import Coded
from prefqa.drift.periods import PERIOD
from prefqa.moments import Coefficient, Moments, Patterns, Sums, influence, interval, item_moments, replicates

POWER = 0.8
CONTEXT = "context"
#: Rows of a figure between items of one kind, and of its slope over the periods (see `same_mix`).
SAME_MIX, TREND = "same mix", "trend"


class Figure(NamedTuple):
    """What is compared between periods, which moment says that an item counts, and how a change reads."""

    coefficient: Coefficient
    counted: str
    votes: str
    bounds: tuple[float, float]
    noun: str


def tie_rate(s: Sums) -> Floats:
    """Share of votes that are ties, over all votes."""
    return ratio(s.all_ties, s.all_votes)


FIGURES: dict[str, Figure] = {
    "alpha_nominal": Figure(alpha_nominal, "unit", "votes", (-np.inf, 1.0), "agreement (alpha)"),
    "tie_rate": Figure(tie_rate, "all_votes", "all_votes", (0.0, 1.0), "the share of ties"),
}


class Context(NamedTuple):
    """Rows for the table of detectors and for the timeline, and each figure by period."""

    detectors: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    sides: dict[str, list[Side]]


def context(coded: Coded, reference: str, *, alpha: float, level: float) -> Context:
    r"""Compare agreement and tie rate of each period with the reference period.

    .. math:: z = (\theta_p - \theta_r) / \sqrt{\textstyle\sum_i (u_{pi} - u_{ri})^2}

    with u the jackknife influence of item i in either period (0 where it has no votes there), so that items judged in
    both periods are counted with their covariance. p-values by the t distribution with min(n_p, n_r) - 1 degrees of
    freedom, Holm-adjusted over all figures and periods. A changed mix of prompts or annotators moves these figures as
    well as a changed rule: they are context and never an alarm. `min_detectable` is the smallest difference that this
    much data would have found with a probability of 80 % at the first step of Holm.
    """
    names = coded.cells[PERIOD].to_list()
    moments = item_moments(coded).in_order()
    cells = [moments.of_cell(cell).of_own_kinds() for cell in range(len(names))]
    sides = {key: [Side.of(cell, figure) for cell in cells] for key, figure in FIGURES.items()}
    rows = []
    for key in FIGURES:
        base = sides[key][names.index(reference)]
        for name, side in zip(names, sides[key], strict=True):
            if name != reference:
                row = {"detector": key, "kind": CONTEXT, "period": name, "reference": reference}
                rows.append(row | _compare(side, base, level))
    return Context(with_holm(rows, alpha), _timeline(names, sides, level), sides)


def warnings(rows: list[dict[str, Any]], alpha: float) -> tuple[str, ...]:
    """Say which observed figures moved, and that this alone is no changed rule."""
    said = []
    for key, figure in FIGURES.items():
        moved = [row for row in rows if row["detector"] == key and (row.get("p_adjusted") or 1.0) < alpha]
        trend = next((row for row in rows if row["detector"] == f"{key}, {TREND}"), {})
        if moved:
            most = max(moved, key=lambda row: abs(row["difference"] / row["se"]))
            said.append(
                f"{figure.noun} was {most['estimate']:.3f} in {most['period']} and {most['reference_estimate']:.3f} in "
                f"{most['reference']}{_with_same_mix(rows, key, most, alpha)}: items became harder or easier, "
                "annotators more or less careful, or the mix of items or people changed; gold items or repeats would "
                "tell"
            )
        elif (trend.get("p_adjusted") or 1.0) < alpha:
            said.append(
                f"{figure.noun} {'rises' if trend['difference'] > 0 else 'falls'} by {abs(trend['difference']):.3f} a "
                "period between items of one kind: items became harder or easier in what is not recorded, annotators "
                "more or less careful, or the people changed; gold items or repeats would tell"
            )
    return tuple(said)


def _with_same_mix(rows: list[dict[str, Any]], key: str, moved: dict[str, Any], alpha: float) -> str:
    """What would be left of a difference between items of the same kinds, models and lengths."""
    alike = [row for row in rows if row["detector"] == f"{key}, {SAME_MIX}" and row["period"] == moved["period"]]
    if not alike or alike[0].get("p_adjusted") is None:
        return ""
    sure = "a clear difference too" if alike[0]["p_adjusted"] < alpha else "no clear difference"
    return f" (with the items of {moved['reference']} it would be {alike[0]['estimate']:.3f}, {sure})"


def holm(p_values: Floats, weights: Floats | None = None) -> Floats:
    """Adjusted p-values of Holm (1979): step down, each times the weight that is left over its own (1 by default)."""
    weights = np.ones(p_values.size) if weights is None else weights
    order = np.argsort(p_values / weights, kind="stable")
    left = np.cumsum(weights[order][::-1])[::-1]
    adjusted = np.empty(p_values.size)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] / weights[order] * left))
    return adjusted


class Side(NamedTuple):
    """A figure in one period: its estimate, the items that count, and what each adds to it (None below two).

    `n_votes` are those of the items that count, `n_all_votes` those of all; `variance` is that over items.
    """

    estimate: float | None
    item: Ints
    n_votes: int
    influence: Floats | None
    variance: float
    n_all_votes: int

    @classmethod
    def of(cls, moments: Moments, figure: Figure) -> Side:
        """Work out a figure on the items that count for it."""
        carrying = moments.carrying(figure.counted).of_own_kinds()
        found = replicates(Patterns(carrying.kinds, carrying.counts), figure.coefficient, figure.counted)
        several = len(carrying.item) > 1
        return cls(
            None if np.isnan(found.estimate) else found.estimate,
            carrying.item,
            carrying.total(figure.votes),
            influence(carrying, figure.coefficient) if several else None,
            found.item_variance,
            moments.total(figure.votes),
        )

    def pseudo_values(self) -> Floats:
        """The figure as each item has it, theta + (n - 1) (theta - theta without it); none where it is undefined."""
        if self.estimate is None or self.influence is None:
            return np.zeros(0)
        return np.asarray(self.estimate + np.sqrt(self.item.size * (self.item.size - 1.0)) * self.influence)


def _compare(cell: Side, base: Side, level: float) -> dict[str, Any]:
    row: dict[str, Any] = {
        "n_items": len(cell.item), "n_votes": cell.n_votes,
        "estimate": cell.estimate, "reference_estimate": base.estimate,
    }  # fmt: skip
    here, there = cell.influence, base.influence
    if here is None or there is None:
        return row | {"reason": "fewer than two items with two votes on a pair in the period or the reference"}
    _, at_cell, at_base = np.intersect1d(cell.item, base.item, assume_unique=True, return_indices=True)
    variance = float(here @ here + there @ there - 2 * (here[at_cell] @ there[at_base]))
    if row["estimate"] is None or row["reference_estimate"] is None or not variance > 0:
        return row | {"reason": "undefined, or without variance, in the period or the reference"}
    difference, freedom = row["estimate"] - row["reference_estimate"], min(len(cell.item), len(base.item)) - 1
    return row | t_test(difference, float(np.sqrt(variance)), freedom, level)


def t_test(difference: float, se: float, freedom: int, level: float) -> dict[str, float]:
    """A difference with its interval and two-sided p-value by the t distribution."""
    half = float(stdtrit(freedom, (1 + level) / 2)) * se
    return {
        "difference": difference,
        "se": se,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_value": float(2 * stdtr(freedom, -abs(difference) / se)),
    }


def with_holm(rows: list[dict[str, Any]], alpha: float) -> list[dict[str, Any]]:
    """Add Holm's adjusted p-values and the smallest difference that could have been seen."""
    tested = [row for row in rows if row.get("p_value") is not None]
    seen = float(ndtri(1 - alpha / (2 * max(len(tested), 1))) + ndtri(POWER))
    for row, p_adjusted in zip(tested, holm(np.array([row["p_value"] for row in tested])), strict=True):
        row |= {"p_adjusted": float(p_adjusted), "min_detectable": row["se"] * seen}
    return [row | {"alarm": False} for row in rows]


def _timeline(names: list[str], sides: dict[str, list[Side]], level: float) -> list[dict[str, Any]]:
    rows = []
    for key, figure in FIGURES.items():
        for name, side in zip(names, sides[key], strict=True):
            estimate = np.nan if side.estimate is None else side.estimate
            se, freedom = float(np.sqrt(side.variance)), side.item.size - 1
            low, high = interval(estimate, se, freedom, level, figure.bounds)
            figures = {"estimate": estimate, "ci_low": low, "ci_high": high}
            rows.append(
                {"period": name, "coefficient": key, "n_items": side.item.size, "n_votes": side.n_all_votes}
                | {name: None if np.isnan(value) else value for name, value in figures.items()}
            )
    return rows


def frame(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    """Rows with the columns of a schema; what a row lacks is null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")
