"""The rule on overall votes that go against all criteria of the same annotator (family PQ5)."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, NotRun
from prefqa.criteria.votes import criteria_votes, differences
from prefqa.measured.measures import Measures


def overall_against_criteria(measures: Measures) -> Found | NotRun:
    """PQ507: every criterion that prefers one of two responses prefers the one that the overall vote does not."""
    options = measures.options["PQ507"]
    votes = criteria_votes(measures.prefs, overall=options["overall"] or None, item=options["item"] or None)
    if isinstance(votes, str):
        return NotRun(votes.replace("[criteria]", "[checks.options.PQ507]"))
    of = votes.frame.height
    if not of:
        return NotRun("no annotator decided a pair overall and voted on it by every criterion")
    steps = differences(len(votes.names))
    against = pl.all_horizontal(pl.col(step) <= 0 for step in steps) & pl.any_horizontal(
        pl.col(step) < 0 for step in steps
    )
    named = [pl.when(pl.col(step) < 0).then(pl.lit(name)) for step, name in zip(steps, votes.names, strict=True)]
    value = formatted(
        "{} over {}, against {}", "chosen_id", "rejected_id", pl.concat_list(named).list.drop_nulls().list.join(", ")
    )
    rows = votes.frame.filter(against).select("item_id", "annotator_id", value.alias("_value"))
    message = (
        f"{rows.height:,} of {of:,} votes on {votes.overall} go against every criterion that prefers one of the two. "
        "Look whether the sides were swapped, or what else they were given for (prefqa criteria lists them)."
    )
    return Found(rows.lazy(), rows.height, of, message)
