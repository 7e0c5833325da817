"""Family PQ2, rules on calls of tools in chat messages."""

from __future__ import annotations

import polars as pl

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.trajectories import misfitting, undefined


def undefined_tool(frame: Frame) -> Found | NotRun:
    """PQ231."""
    known = frame.trajectories
    called = known if isinstance(known, str) else known.called()
    if isinstance(called, str):
        return NotRun(called)
    return _found(
        undefined(called), called.height, "calls are of a tool that their item does not offer. Look for a lost tool."
    )


def bad_arguments(frame: Frame) -> Found | NotRun:
    """PQ232."""
    known = frame.trajectories
    if isinstance(known, str):
        return NotRun(known)
    called = known.called()
    calls = known.calls if isinstance(called, str) else called
    words = "calls have arguments that are not JSON, or do not fit the schema of their tool."
    if isinstance(called, str):
        words += " Schemas are not known: there is no column tools."
    return _found(misfitting(calls), calls.height, words)


def result_without_call(frame: Frame) -> Found | NotRun:
    """PQ233."""
    known = frame.trajectories
    if isinstance(known, str):
        return NotRun(known)
    odd = known.results.filter(~pl.col("match")).with_columns(pl.coalesce("id", "role").alias("_value"))
    return _found(
        odd, known.results.height, "results of tools answer no call before them. Look for messages that were cut off."
    )


def call_without_result(frame: Frame) -> Found | NotRun:
    """PQ234."""
    known = frame.trajectories
    if isinstance(known, str):
        return NotRun(known)
    odd = known.calls.filter(~pl.col("match")).with_columns(pl.coalesce("name", "call_id").alias("_value"))
    return _found(odd, known.calls.height, "calls of tools have no result, although their conversation goes on.")


def _found(rows: pl.DataFrame, of: int, words: str) -> Found:
    told = rows.select("item_id", "response_id", "_value")
    return Found(told.lazy(), rows.height, of, f"{rows.height:,} of {of:,} {words}")
