"""Family PQ2, rules on scores: scales that are not used, and an overall score against its aspects."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import IDS, Found, Frame, NotRun, nothing
from prefqa.preferences import ROW


def score_pile_up(frame: Frame) -> Found | NotRun:
    """PQ220."""
    if "score" not in frame.columns:
        return NotRun("there is no score column")
    options = frame.options["PQ220"]
    by = [name for name in ("criterion",) if name in frame.columns]
    scored = frame.rows.filter(pl.col("score").is_finite())
    counts = scored.group_by(*by, "score").len("n").collect(engine="streaming")
    scale = counts.group_by(by or pl.lit(0).alias("_")).agg(
        pl.col("n").sum().alias("of"),
        pl.len().alias("values"),
        pl.col("score").min().alias("low"),
        pl.col("score").max().alias("high"),
        pl.col("n").sort_by("score").first().alias("n_low"),
        pl.col("n").sort_by("score").last().alias("n_high"),
    )
    # Scores with as many values as there are rows are measurements, not a scale with ends.
    used = scale.filter((pl.col("of") >= options["min_scores"]) & pl.col("values").is_between(3, 101))
    if used.is_empty():
        return NotRun(f"no scale of 3 to 101 values has {options['min_scores']} scores")
    piled = used.with_columns(n=pl.max_horizontal("n_low", "n_high")).filter(
        pl.col("n") / pl.col("of") > options["max_share"]
    )
    n, of = int(piled["n"].sum()), int(piled["of"].sum())
    if not n:
        return nothing(frame)
    ends = piled.with_columns(score=pl.when(pl.col("n_high") >= pl.col("n_low")).then("high").otherwise("low")).select(
        *by, "score"
    )
    rows = scored.join(ends.lazy(), on=[*by, "score"], how="semi", nulls_equal=True).with_columns(
        formatted("score {}", "score").alias("_value")
    )
    named = ends.sort(pl.all()).select(pl.concat_str([*by, pl.col("score").round(2).cast(pl.String)], separator=" "))
    where = ", ".join(named.to_series())
    message = (
        f"{n:,} of {of:,} scores are at an end of their scale ({where}): it tells responses apart no more. Look at the "
        "guidelines, or take the ranks."
    )
    return Found(rows, n, of, message)


def overall_against_aspects(frame: Frame) -> Found | NotRun:
    """PQ221."""
    options = frame.options["PQ221"]
    overall, aspects = options["overall"], list(options["aspects"])
    if not aspects:
        return NotRun("the option aspects, which names the columns of the aspects, is not set")
    missing = [name for name in (overall, *aspects) if name not in frame.columns]
    if missing:
        return NotRun(f"there is no {missing[0]} column")
    values = [pl.col(name).cast(pl.Float64, strict=False) for name in (overall, *aspects)]
    each = frame.rows.select(ROW, *frame.key, *{"response_id"} - set(frame.key), *values).drop_nulls(
        (overall, *aspects)
    )
    pairs = each.join(each, on=frame.key, how="inner", suffix="_2", nulls_equal=True)
    worse = pl.all_horizontal(pl.col(name) <= pl.col(f"{name}_2") for name in aspects)
    strictly = pl.any_horizontal(pl.col(name) < pl.col(f"{name}_2") for name in aspects)
    odd = (
        pairs.filter((pl.col(overall) > pl.col(f"{overall}_2")) & worse & strictly)
        .with_columns(
            formatted(
                "overall {} against {} for {}, which no aspect puts lower", overall, f"{overall}_2", "response_id_2"
            ).alias("_value")
        )
        .collect(engine="streaming")
    )
    n, of = odd.select(frame.key).unique().height, frame.n_judgments
    message = (
        f"In {n:,} of {of:,} judgments a response has the better overall score although no aspect is better and some "
        "are worse. Look whether a scale runs the other way."
    )
    return Found(odd.lazy().select(ROW, *IDS, "_value"), n, of, message)
