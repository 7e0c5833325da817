"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from prefqa.checks.left_out import LeftOut
from prefqa.preferences import Preferences, stating_rows
from prefqa.results import Result, records

EXAMPLE: dict[str, Any] = {
    "row": pl.Int64,
    "item_id": pl.String,
    "annotator_id": pl.String,
    "response_id": pl.String,
    "value": pl.String,
}
FINDING_SCHEMA: dict[str, Any] = {
    "code": pl.String,
    "name": pl.String,
    "severity": pl.String,
    "count": pl.Int64,
    "share": pl.Float64,
    "message": pl.String,
    "examples": pl.List(pl.Struct(EXAMPLE)),
    "baseline": pl.Int64,
}
#: The heaviest first.
SEVERITIES = ("error", "warning", "info")


def by_severity(findings: pl.DataFrame) -> pl.DataFrame:
    """Sort findings, the heaviest first, then by code."""
    place = pl.col("severity").replace_strict({name: i for i, name in enumerate(SEVERITIES)}, return_dtype=pl.Int8)
    return findings.sort(place, "code")


@dataclass(frozen=True)
class CheckResult(Result):
    """Findings, the rows left out, and the preferences without them.

    `findings` has one row per rule that found something; `count` and `share` are of rows, judgments, responses, items
    or annotators, as the message says; `baseline` is the count that was known before, null without a baseline.
    `not_run` names the rules that lacked what they need: neither passed nor failed; `ran` the others that were chosen.
    `quarantine` holds every row left out with the `code` of the first rule that did so, and its reason.
    `n_judgments` counts judgments that were submitted and have all ids. `uncounted` counts, by the code of a rule that
    was not asked of them, the rows that no result can use and the quarantine does not hold; `n_ranked` counts the rows
    with a rank that are left in, where that is known.
    `marked` holds, by the code of a rule on what a response is, the keys of the responses that it found, and `effects`
    how often these win against others: see `prefqa.measured.effects`.
    """

    findings: pl.DataFrame
    quarantine: pl.DataFrame
    preferences: Preferences
    not_run: pl.DataFrame
    n_rows: int
    n_judgments: int
    ran: tuple[str, ...] = ()
    uncounted: Mapping[str, int] = field(default_factory=dict)
    n_ranked: int | None = None
    marked: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    effects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def states(self, *values: str) -> bool:
        """Return whether any row that is left in states a value: rank, score or label, or any of them."""
        values = values or ("rank", "score", "label")
        if "rank" in values and self.n_ranked:
            return True
        if values == ("rank",) and self.n_ranked is not None:
            return False
        prefs = self.preferences
        return not prefs.judgments.filter(stating_rows(prefs.columns, values)).head(1).collect().is_empty()

    @property
    def left_out(self) -> LeftOut:
        """The rows that no result counts, by rule."""
        return LeftOut.counted(self.quarantine, self.uncounted, self.n_rows)

    def to_dict(self) -> dict[str, Any]:
        """Return {"findings": [...], "not_run": [...]} and the counts."""
        return {
            "findings": records(self.findings),
            "ran": list(self.ran),
            "not_run": records(self.not_run),
            "n_rows": self.n_rows,
            "n_judgments": self.n_judgments,
            "n_quarantined": self.quarantine.height,
            "effects": {code: dict(effect) for code, effect in self.effects.items()},
            "left_out": self.left_out.to_dict(),
            "reading": self.preferences.source.facts.to_dict(),
        }

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()
