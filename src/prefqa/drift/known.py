"""Detectors that need no model: items judged in several periods, repeats, gold items."""

from __future__ import annotations

from typing import Any

import numpy as np

from prefqa.drift.anchors import anchors
from prefqa.drift.context import holm
from prefqa.drift.gold import gold
from prefqa.drift.periods import Periods
from prefqa.drift.repeats import repeats
from prefqa.drift.result import CONFOUNDED, IDENTIFIED, Family

KNOWN = "known answers"
KNOWN_ANSWERS = ("anchors", "anchors_same_annotators", "repeats", "gold")
_SAID = {
    "anchors": "judgments of one item differ more between periods ({estimate:.3f}) than within one ({reference:.3f})",
    "anchors_same_annotators": "the same people judge the same items otherwise than before: they differ by "
    "{estimate:.3f} between the periods and by {reference:.3f} within one",
    "repeats": "annotators who judge an item again agree with the others in {estimate:.1%}, before in {reference:.1%}",
    "gold": "{estimate:.1%} of the judgments of gold items are right, before {reference:.1%}",
}


def known_answers(periods: Periods, *, reference: str | None, alpha: float, seed: int) -> dict[str, Family]:
    """One family of tests per kind of known answer; p-values by Holm over its rows."""
    found = {
        "anchors": anchors(periods, reference=reference, alpha=alpha, seed=seed),
        "repeats": repeats(periods, reference=reference, alpha=alpha, seed=seed),
        "gold": gold(periods, reference=reference, alpha=alpha),
    }
    return {name: _family(rows, alpha) for name, rows in found.items()}


def _family(rows: list[dict[str, Any]], alpha: float) -> Family:
    rows = [row | {"kind": KNOWN} for row in rows]
    tested = [row for row in rows if row.get("p_value") is not None]
    if not tested:
        return Family(rows, None, [])
    for row, p_adjusted in zip(tested, holm(np.array([row["p_value"] for row in tested])), strict=True):
        row["p_adjusted"] = float(p_adjusted)
    changes = []
    for name in dict.fromkeys(row["detector"] for row in tested):
        first = min((row for row in tested if row["detector"] == name), key=lambda row: row["p_value"])
        if first["p_adjusted"] < alpha:
            changes.append(_change(first))
    return Family(rows, min(row["p_adjusted"] for row in tested), changes)


def _instead(row: dict[str, Any]) -> str:
    if row.get("grade") != CONFOUNDED:
        return ""
    return "; the gold items may be harder or easier instead: let the same ones come back, or have each judged twice"


def _change(row: dict[str, Any]) -> dict[str, Any]:
    said = _SAID[row["detector"]].format(estimate=row["estimate"], reference=row["reference_estimate"])
    return {
        "what": row["detector"],
        "grade": row.get("grade", IDENTIFIED),
        "plausible": row.get("plausible", False),
        "since": row["period"],
        "driver": row.get("driver"),
        "drivers": [],
        "before": row["reference_estimate"],
        "after": row["estimate"],
        "effect": row["difference"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "p_adjusted": row["p_adjusted"],
        "min_detectable": row["min_detectable"],
        "sentence": row.get("sentence") or f"From {row['period']}, {said}{_instead(row)}.",
    }
