"""Agreement and tie rate by period, each against the reference period, with an item-clustered test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtri, stdtr, stdtrit

from prefqa._types import Floats
from prefqa.agreement.alpha import alpha_nominal
from prefqa.agreement.ratio import ratio
from prefqa.drift.periods import PERIOD, cut
from prefqa.errors import UsageError
from prefqa.moments import Coefficient, Moments, Sums, influence, interval, item_moments, patterns, replicates
from prefqa.preferences import Preferences, as_preferences
from prefqa.results import Result, records
from prefqa.unit_moments import AT

POWER = 0.8
_NUMBERS = ("estimate", "reference_estimate", "difference", "se", "ci_low", "ci_high", "p_value", "p_adjusted")
DETECTOR_SCHEMA: dict[str, Any] = (
    {"detector": pl.String, "period": pl.String, "reference": pl.String}
    | dict.fromkeys(_NUMBERS, pl.Float64)
    | {"alarm": pl.Boolean, "min_detectable": pl.Float64, "n_items": pl.Int64, "n_votes": pl.Int64, "reason": pl.String}
)
CHANGE_SCHEMA: dict[str, Any] = {
    "what": pl.String,
    "since": pl.String,
    "driver": pl.String,
    "effect": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "p_adjusted": pl.Float64,
    "sentence": pl.String,
}
TIMELINE_SCHEMA: dict[str, Any] = {
    "period": pl.String,
    "coefficient": pl.String,
    "estimate": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n_items": pl.Int64,
    "n_votes": pl.Int64,
}


class Detector(NamedTuple):
    """What is compared between periods, which moment says that an item counts, and how a change reads."""

    coefficient: Coefficient
    counted: str
    votes: str
    bounds: tuple[float, float]
    noun: str


def tie_rate(s: Sums) -> Floats:
    """Share of votes that are ties, over all votes."""
    return ratio(s.all_ties, s.all_votes)


DETECTORS: dict[str, Detector] = {
    "alpha_nominal": Detector(alpha_nominal, "unit", "votes", (-np.inf, 1.0), "agreement (alpha)"),
    "tie_rate": Detector(tie_rate, "all_votes", "all_votes", (0.0, 1.0), "the share of ties"),
}


@dataclass(frozen=True)
class DriftResult(Result):
    """What changed over the periods.

    `alarm` is true, false, or null where nothing could be compared (`reason` says why); `detectors` has one row per
    detector and period, `changes` one per confirmed change, `timeline` the figures to draw.
    """

    alarm: bool | None
    detectors: pl.DataFrame
    changes: pl.DataFrame
    timeline: pl.DataFrame
    by: str | None = None
    reference: str | None = None
    alpha: float = 0.05
    reason: str | None = None
    method: str = field(default="Wald test on jackknife influence, clustered by item; Holm over detectors and periods")

    def to_dict(self) -> dict[str, Any]:
        """Return {"overall": {...}, "detectors": [...]} and the changes and timeline beside them."""
        names = ("alarm", "by", "reference", "alpha", "reason", "method")
        return {
            "overall": {name: getattr(self, name) for name in names},
            "detectors": records(self.detectors),
            "changes": records(self.changes),
            "timeline": records(self.timeline),
        }


def drift(
    prefs: Preferences,
    *,
    time: str | None = None,
    every: str | None = None,
    version: str | None = None,
    batch: str | None = None,
    reference: str | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
) -> DriftResult:
    r"""Compare agreement and tie rate of each period with the reference period.

    .. math:: z = (\theta_p - \theta_r) / \sqrt{\textstyle\sum_i (u_{pi} - u_{ri})^2}

    with u the jackknife influence of item i in either period (0 where it has no votes there), so that items judged in
    both periods are counted with their covariance. p-values by the t distribution with min(n_p, n_r) - 1 degrees of
    freedom, Holm-adjusted over all detectors and periods. It compares what was observed: a changed mix of prompts or
    annotators can move these figures as well as a changed rule. `min_detectable` is the smallest difference that this
    much data would have found with a probability of 80 % at the first step of Holm.

    Args:
        prefs: the judgments; in each period the latest judgment of an annotator and item counts.
        time: time column (default created_at). every: length of a period as Polars writes it, default "1w".
        version: a column whose values are the periods, such as guideline_version. batch: likewise.
        reference: the period to compare with; default the first.
        alpha: family-wise error rate of the alarm. level: confidence level of the intervals.

    Raises:
        UsageError: two ways of cutting at once, an unknown reference, or a level outside (0, 1).
    """
    prefs = as_preferences(prefs)
    for name, share in (("alpha", alpha), ("level", level)):
        if not 0 < share < 1:
            raise UsageError(f"{name} must be between 0 and 1, not {share}")
    periods = cut(prefs, time=time, every=every, version=version, batch=batch)
    if periods is None:
        return _undefined(
            "no created_at or guideline_version column to tell periods by; name another with batch=", None, alpha
        )
    coded = periods.prefs.coded((PERIOD,))
    names = coded.cells[PERIOD].to_list()
    if reference is not None and reference not in names:
        raise UsageError(f"no period is called {reference!r}", hint=f"there are: {', '.join(map(str, names[:20]))}.")
    reference = reference or (names[0] if names else None)
    moments = item_moments(coded)
    cells = [moments.of_cell(cell) for cell in range(len(names))]
    timeline = pl.DataFrame(_timeline(names, cells, level), schema=TIMELINE_SCHEMA, orient="row")
    if len(names) < 2 or reference is None:
        return _undefined("only one period", periods.by, alpha, timeline)
    base = cells[names.index(reference)]
    rows = [
        {"detector": key, "period": name, "reference": reference} | _compare(cell, base, detector, level)
        for key, detector in DETECTORS.items()
        for name, cell in zip(names, cells, strict=True)
        if name != reference
    ]
    detectors = _adjusted(pl.DataFrame(rows, schema=DETECTOR_SCHEMA, orient="row"), alpha)
    tested = detectors["p_adjusted"].drop_nulls()
    alarm = bool((tested < alpha).any()) if tested.len() else None
    reason = None if tested.len() else "no period could be compared with the reference"
    return DriftResult(alarm, detectors, _changes(detectors), timeline, periods.by, reference, alpha, reason)


def _compare(cell: Moments, base: Moments, detector: Detector, level: float) -> dict[str, Any]:
    votes = AT[detector.votes]
    cell, base = (m.carrying(detector.counted) for m in (cell, base))
    row: dict[str, Any] = {"n_items": len(cell.item), "n_votes": int(cell.counts @ cell.kinds[:, votes])}
    for key, one in (("estimate", cell), ("reference_estimate", base)):
        found = replicates(patterns(one), detector.coefficient, detector.counted)
        row[key] = None if np.isnan(found.estimate) else found.estimate
    if len(cell.item) < 2 or len(base.item) < 2:
        return row | {"reason": "fewer than two items with two votes on a pair in the period or the reference"}
    here, there = influence(cell, detector.coefficient), influence(base, detector.coefficient)
    _, at_cell, at_base = np.intersect1d(cell.item, base.item, assume_unique=True, return_indices=True)
    variance = float(here @ here + there @ there - 2 * (here[at_cell] @ there[at_base]))
    if row["estimate"] is None or row["reference_estimate"] is None or not variance > 0:
        return row | {"reason": "undefined, or without variance, in the period or the reference"}
    difference, se = row["estimate"] - row["reference_estimate"], float(np.sqrt(variance))
    freedom = min(len(cell.item), len(base.item)) - 1
    half = float(stdtrit(freedom, (1 + level) / 2)) * se
    p_value = float(2 * stdtr(freedom, -abs(difference) / se))
    return row | {
        "difference": difference,
        "se": se,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_value": p_value,
    }


def _adjusted(detectors: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Add Holm's adjusted p-values, the alarm, and the smallest difference that could have been seen."""
    p_values = detectors["p_value"].drop_nulls().to_numpy()
    n_tests = max(p_values.size, 1)
    at = pl.col("p_value").rank("ordinal")
    stepped = (pl.col("p_value") * (n_tests - at + 1)).clip(upper_bound=1.0)
    order = detectors.with_row_index("_at").sort("p_value", "_at", nulls_last=True)
    holm = order.with_columns(p_adjusted=pl.when(pl.col("p_value").is_not_null()).then(stepped.cum_max())).sort("_at")
    seen = float(ndtri(1 - alpha / (2 * n_tests)) + ndtri(POWER))
    return holm.drop("_at").with_columns(alarm=pl.col("p_adjusted") < alpha, min_detectable=pl.col("se") * seen)


def _changes(detectors: pl.DataFrame) -> pl.DataFrame:
    """One row per detector that alarms: its first alarming period, with a plain sentence."""
    first = detectors.filter("alarm").group_by("detector", maintain_order=True).first()
    rows = [
        {
            "what": row["detector"],
            "since": row["period"],
            "driver": None,
            "effect": row["difference"],
            "ci_low": row["ci_low"],
            "ci_high": row["ci_high"],
            "p_adjusted": row["p_adjusted"],
            "sentence": f"From {row['period']}, {DETECTORS[row['detector']].noun} is {row['estimate']:.3f}; in the "
            f"reference period {row['reference']} it was {row['reference_estimate']:.3f} "
            f"(difference {row['difference']:+.3f}, interval {row['ci_low']:+.3f} to {row['ci_high']:+.3f}).",
        }
        for row in first.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=CHANGE_SCHEMA, orient="row")


def _timeline(names: list[str], cells: list[Moments], level: float) -> list[dict[str, Any]]:
    rows = []
    for key, detector in DETECTORS.items():
        for name, cell in zip(names, cells, strict=True):
            found = patterns(cell)
            of = replicates(found, detector.coefficient, detector.counted)
            estimate, n_items = of.estimate, of.n_items
            low, high = interval(estimate, float(np.sqrt(of.item_variance)), n_items - 1, level, detector.bounds)
            n_votes = int(cell.counts @ cell.kinds[:, AT[detector.votes]])
            figures = {"estimate": estimate, "ci_low": low, "ci_high": high}
            rows.append(
                {"period": name, "coefficient": key, "n_items": n_items, "n_votes": n_votes}
                | {name: None if np.isnan(value) else value for name, value in figures.items()}
            )
    return rows


def _undefined(reason: str, by: str | None, alpha: float, timeline: pl.DataFrame | None = None) -> DriftResult:
    empty = pl.DataFrame(schema=DETECTOR_SCHEMA), pl.DataFrame(schema=CHANGE_SCHEMA)
    timeline = pl.DataFrame(schema=TIMELINE_SCHEMA) if timeline is None else timeline
    return DriftResult(None, *empty, timeline, by=by, alpha=alpha, reason=reason)
