"""What `drift` returns: one answer, a row per test, a row per change, and figures to draw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from prefqa.results import Result, records

#: Grades of evidence: what changed answers cannot move, and what they move as well as a changed rule.
IDENTIFIED, CONFOUNDED = "identified", "confounded"
_NUMBERS = ("estimate", "reference_estimate", "difference", "se", "ci_low", "ci_high", "p_value", "p_adjusted")
DETECTOR_SCHEMA: dict[str, Any] = (
    {
        "detector": pl.String,
        "kind": pl.String,
        "grade": pl.String,
        "annotator_id": pl.String,
        "period": pl.String,
        "reference": pl.String,
    }
    | dict.fromkeys(_NUMBERS, pl.Float64)
    | {
        "alarm": pl.Boolean,
        "explained_by": pl.Float64,
        "explained_low": pl.Float64,
        "min_detectable": pl.Float64,
        "unit": pl.String,
        "n_items": pl.Int64,
        "n_votes": pl.Int64,
        "reason": pl.String,
    }
)
CHANGE_SCHEMA: dict[str, Any] = {
    "what": pl.String,
    "grade": pl.String,
    "alarm": pl.Boolean,
    "since": pl.String,
    "since_low": pl.String,
    "since_high": pl.String,
    "driver": pl.String,
    "drivers": pl.List(pl.String),
    "before": pl.Float64,
    "after": pl.Float64,
    "effect": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "unit": pl.String,
    "p_adjusted": pl.Float64,
    "min_detectable": pl.Float64,
    "explained_by": pl.Float64,
    "explained_low": pl.Float64,
    "share_rule": pl.Float64,
    "share_annotators": pl.Float64,
    "share_items": pl.Float64,
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
LINE_SCHEMA: dict[str, Any] = {
    "annotator_id": pl.String,
    "coefficient": pl.String,
    "period": pl.String,
    "estimate": pl.Float64,
    "n_judgments": pl.Int64,
    "changed": pl.Boolean,
}
NOT_TESTED_SCHEMA: dict[str, Any] = {"name": pl.String, "reason": pl.String}


class Family(NamedTuple):
    """Rows, their smallest p adjusted within the family (null where nothing was tested), and the changes they make."""

    rows: list[dict[str, Any]]
    p_value: float | None
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class DriftResult(Result):
    """What changed over the periods.

    `alarm` is true, false, or null where no feature of responses could be tested (`reason` says why). `detectors` has
    one row per test: kind "rule" for the pool, "annotator" for one person, "known answers" for anchors, repeats and
    gold, and "context" for agreement and ties as they were observed, which never alarm. `grade` is "identified" for
    what changed answers cannot move, and "confounded" for what they move as well as a changed rule; of these
    `explained_by` is the least correlation of the feature with unrecorded quality (for ties, the share of pairs without
    any difference) that explains the shift without anybody changing, and `explained_low` the same at the nearer end of
    the interval: only where this is above the bound is there an alarm, else a warning. `changes` has one row per
    confirmed change, with its grade and whether it alarms; `timeline` the figures to draw, `lines` each annotator by
    period against their own other periods, `warnings` what changed without being a changed rule for certain,
    `not_tested` what could not be tested and why.
    """

    alarm: bool | None
    detectors: pl.DataFrame
    changes: pl.DataFrame
    timeline: pl.DataFrame
    by: str | None = None
    reference: str | None = None
    alpha: float = 0.05
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    lines: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINE_SCHEMA))
    not_tested: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NOT_TESTED_SCHEMA))
    method: str = field(
        default="scores of a logistic-normal model of votes, compared within annotator and stratum, clustered by item; "
        "maximum over scores and dates; Holm over families of detectors; changes of the whole pool held against "
        "changed answers by a sensitivity analysis"
    )

    def to_dict(self) -> dict[str, Any]:
        """Return {"overall": {...}, "detectors": [...]} and the changes and timeline beside them."""
        names = ("alarm", "by", "reference", "alpha", "reason", "method")
        return {
            "overall": {name: getattr(self, name) for name in names} | {"warnings": list(self.warnings)},
            "detectors": records(self.detectors),
            "changes": records(self.changes),
            "timeline": records(self.timeline),
            "lines": records(self.lines),
            "not_tested": records(self.not_tested),
        }


def undefined(reason: str, by: str | None, alpha: float, timeline: pl.DataFrame | None = None) -> DriftResult:
    """Return the answer where nothing can be compared."""
    empty = pl.DataFrame(schema=DETECTOR_SCHEMA), pl.DataFrame(schema=CHANGE_SCHEMA)
    timeline = pl.DataFrame(schema=TIMELINE_SCHEMA) if timeline is None else timeline
    return DriftResult(None, *empty, timeline, by=by, alpha=alpha, reason=reason)
