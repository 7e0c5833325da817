"""Rules on what changed over the periods (family PQ6), told from the result of `prefqa.drift`."""

from __future__ import annotations

import polars as pl

from prefqa.checks.frame import Found, NotRun
from prefqa.measured.measures import Measures

#: Changes of one annotator have exactly one driver; those of the pool several, or none that is named.
_ALONE = pl.col("drivers").list.len() == 1


def changed_rule(measures: Measures) -> Found | NotRun:
    """PQ601: the rule that the pool follows changed."""
    return _changes(measures, ~_ALONE.fill_null(False), "The rule that annotators follow changed")


def changed_annotator(measures: Measures) -> Found | NotRun:
    """PQ602: the rule that single annotators follow changed."""
    return _changes(measures, _ALONE.fill_null(False), "Single annotators changed the rule that they follow")


def moved_figures(measures: Measures) -> Found | NotRun:
    """PQ603: what moved may be the answers', the prompts' or the people's change as well as a changed rule's."""
    result = measures.drift
    if result.by is None or result.detectors.is_empty():
        return NotRun(result.reason or "nothing could be compared")
    said = [f"{sentence[0].upper()}{sentence[1:]}." for sentence in result.warnings]
    rows = pl.LazyFrame({"_value": said}, schema={"_value": pl.String})
    return Found(rows, len(said), max(len(said), 1), " ".join(said))


def _changes(measures: Measures, which: pl.Expr, words: str) -> Found | NotRun:
    result = measures.drift
    if result.alarm is None:
        return NotRun(result.reason or "nothing could be compared")
    found = result.changes.filter(which & pl.col("alarm")).sort("since", "what", "driver")
    n, of = found.height, max(result.changes.height, 1)
    alone = found.select(pl.when(_ALONE).then("driver").alias("annotator_id"), pl.col("sentence").alias("_value"))
    listed = found["sentence"].to_list()
    message = (
        f"{words} (periods by {result.by}, reference {result.reference}, false alarms {result.alpha:.0%}): "
        f"{' '.join(listed[:3])}{' ...' if n > 3 else ''} See prefqa drift."
    )
    return Found(alone.lazy(), n, of, message)
