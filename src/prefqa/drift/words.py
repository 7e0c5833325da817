"""One paragraph on what was found, for a summary."""

from __future__ import annotations

import polars as pl

from prefqa.drift.result import IDENTIFIED, DriftResult

#: Most detectors of which a summary says what they could have seen.
MAX_SEEN = 5


def drift_words(drift: DriftResult) -> str:
    """What changed, or the smallest change that could have been seen."""
    if drift.alarm is None:
        return f"could not be looked for: {drift.reason}"
    if drift.alarm:
        return " ".join(drift.changes.filter("alarm")["sentence"])
    by = f"by {drift.by}"
    rule = drift.detectors.filter(
        (pl.col("kind") == "rule") & (pl.col("grade") == IDENTIFIED) & pl.col("min_detectable").is_not_null()
    )
    if rule.is_empty():
        return f"nobody found to follow another rule than the others, {by}; what the whole pool does is not identified"
    smallest = rule.group_by("detector", maintain_order=True).agg(pl.col("min_detectable").min())
    seen = "; ".join(f"{name} {least:.3f}" for name, least in smallest.head(MAX_SEEN).iter_rows())
    return f"no change of the rule found, {by}; smallest that could have been seen: {seen}"
