"""Family PQ1, rules on what stands twice: rows, responses compared with themselves, judgments made again."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun, held, nothing
from prefqa.checks.table import LONG
from prefqa.preferences import ROW

_REPEATS = {
    "vote": "repeat the vote of an annotator on a pair",
    "rank": "repeat a response within one judgment",
    "rating": "repeat the rating of an annotator of a response",
}
_NOBODY_KNOWN = NotRun("the annotators are not known: rows on one response may be the votes of several")


def duplicate_judgment(frame: Frame) -> Found | NotRun:
    """PQ103."""
    doubled = frame.sound.filter(pl.col("n") > pl.col("n_responses"))
    if doubled.is_empty():
        return nothing(frame)
    if frame.nobody_is_known:
        return _NOBODY_KNOWN
    same = [*frame.key, "response_id"]
    # Which of several rows stays must not hang on their order: the earliest, then the lowest by its other columns.
    content = sorted(set(frame.columns) - {*same, "rank", ROW}, key=lambda name: (name != "created_at", name))
    ranks = pl.col("rank").n_unique().over(same)
    rows = (
        frame.of_judgments(doubled)
        .filter(~pl.col(LONG).is_in(frame.against_itself[LONG].implode()))
        .filter(pl.len().over(same) > 1)
        .sort(*content, ROW, LONG, nulls_last=True)
        .with_columns(ranks.alias("_ranks"), pl.int_range(pl.len()).over(same).alias("_place"))
        .filter((pl.col("_ranks") > 1) | (pl.col("_place") > 0))
        .with_columns(
            pl.when(pl.col("_ranks") > 1)
            .then(formatted("rank {}, and another beside it", pl.col("rank").cast(pl.String).fill_null("none")))
            .otherwise(formatted("rank {} again", pl.col("rank").cast(pl.String).fill_null("none")))
            .alias("_value")
        )
    )
    kept, n = held(rows)
    message = (
        f"{n:,} of {frame.n_rows:,} rows {_REPEATS[frame.states]}; they are left out. Look for a column of annotators "
        "that was not recognised (map it to annotator_id) and for judgments exported twice; tell repeats that were "
        "meant apart by judgment_id."
    )
    return Found(kept, n, frame.n_rows, message)


def against_itself(frame: Frame) -> Found:
    """PQ123."""
    sides = frame.against_itself
    if sides.is_empty():
        return nothing(frame)
    there = frame.rows.join(sides.lazy().select(LONG), on=LONG, how="semi")
    n, of = sides.height // 2, frame.n_judgments
    message = (
        f"{n:,} of {of:,} votes compare a response with itself; they are left out. Look how pairs are drawn, and "
        "whether an id or a text was copied to the wrong side."
    )
    return Found(there.with_columns(pl.col("response_id").alias("_value")), n, of, message)


def repeated_judgment(frame: Frame) -> Found | NotRun:
    """PQ114."""
    if "judgment_id" not in frame.columns:
        return NotRun("there is no judgment_id column")
    unit = [name for name in frame.key if name != "judgment_id"]
    repeated = frame.sound.filter(pl.len().over(unit) > 1)
    rows = frame.of_judgments(repeated).with_columns(formatted("judgment {}", "judgment_id").alias("_value"))
    n = repeated.height - repeated.select(unit).unique().height
    of = frame.sound.height
    message = f"{n:,} of {of:,} judgments are of an item that the annotator judged again later; the latest counts."
    return Found(rows, n, of, message)
