"""Family PQ1, rules on scores beside ranks: where the two say different things."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun, nothing

_NO_SCORE = NotRun("there is no score column")


def score_contradicts_rank(frame: Frame) -> Found | NotRun:
    """PQ109."""
    if "score" not in frame.columns:
        return _NO_SCORE
    scored = frame.rows.filter(pl.col("rank").is_not_null() & pl.col("score").is_finite())
    # Ranks of a judgment in order: the lowest score at one rank must reach the highest at the next worse one.
    steps = (
        scored.group_by(*frame.key, "rank")
        .agg(pl.col("score").min().alias("_lowest"), pl.col("score").max().alias("_highest"))
        .sort(*frame.key, "rank")
    )
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(-1)) for name in frame.key)
    worse = pl.when(same).then(pl.col("_highest").shift(-1))
    contradicting = steps.filter(worse > pl.col("_lowest")).select(frame.key).unique().collect(engine="streaming")
    value = formatted("rank {}, score {}", pl.col("rank"), pl.col("score"))
    there = frame.rows.join(contradicting.lazy(), on=frame.key, how="semi", nulls_equal=True)
    rows = there.with_columns(value.alias("_value"))
    n, of = contradicting.height, frame.n_judgments
    message = (
        f"In {n:,} of {of:,} judgments a better rank has a lower score; ranks are what counts. Look which of the two "
        "runs the wrong way."
    )
    return Found(rows, n, of, message)


def equal_scores(frame: Frame) -> Found | NotRun:
    """PQ122."""
    if "score" not in frame.columns:
        return _NO_SCORE
    scored = frame.rows.filter(pl.col("rank").is_not_null() & pl.col("score").is_finite())
    rank, score = pl.col("rank"), pl.col("score")
    pairs = (
        scored.group_by(frame.key)
        .agg(
            pl.len().alias("_n"),
            (rank.min() < rank.max()).alias("_preferred"),
            (score.min() == score.max()).alias("_equal"),
        )
        .filter(pl.col("_n") == 2)
        .collect(engine="streaming")
    )
    equal = pairs.filter("_preferred", "_equal").select(frame.key)
    if equal.is_empty():
        return nothing(frame)
    there = frame.rows.join(equal.lazy(), on=frame.key, how="semi", nulls_equal=True)
    rows = there.with_columns(formatted("rank {}, score {}", rank, score).alias("_value"))
    n, of = equal.height, pairs.height
    message = (
        f"{n:,} of {of:,} pairs prefer a response whose score is equal to the other's: their scores say a tie. Look "
        "which of the two was meant, and leave such pairs out or give both rank 1."
    )
    return Found(rows, n, of, message)
