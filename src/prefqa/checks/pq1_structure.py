"""Family PQ1, structure: whether this is a set of rankings at all, whole, typed, and of the present."""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl

from prefqa.checks.frame import IDS, LONG, RAW_RANK, Found, Frame, NotRun
from prefqa.checks.schemas import RANGES, schema_failures
from prefqa.preferences import JUDGMENT_TYPES, NAIVE, ROW, raw_name

_UNLIKELY = math.log(1e-6)


def mistyped_value(frame: Frame) -> Found | NotRun:
    """PQ101."""
    names = [name for name in JUDGMENT_TYPES if name != "rank" and raw_name(name) in frame.columns]
    if not names:
        return _nothing(frame)
    counts = (
        frame.all_rows.select(pl.col(raw_name(name)).count().alias(name) for name in names).collect().row(0, named=True)
    )
    bad = {name: count for name, count in counts.items() if count}
    if not bad:
        return _nothing(frame)
    value = pl.coalesce(pl.format(f"{name}={{}}", pl.col(raw_name(name))) for name in bad)
    rows = frame.all_rows.with_columns(value.alias("_value")).filter(pl.col("_value").is_not_null())
    listed = ", ".join(f"{count:,} in {name} ({_type(name)})" for name, count in bad.items())
    return Found(rows, sum(bad.values()), frame.n_rows, f"Values that cannot be read as their type: {listed}.")


def null_id(frame: Frame) -> Found:
    """PQ102."""
    return _of_rows(
        frame, frame.no_id, None, "{n} of {of} rows have no item, annotator or response id; they are left out."
    )


def duplicate_judgment(frame: Frame) -> Found:
    """PQ103."""
    doubled = frame.sound.filter(pl.col("n") > pl.col("n_responses"))
    if doubled.is_empty():
        return _nothing(frame)
    same = [*frame.key, "response_id"]
    several, ranks = pl.len().over(same) > 1, pl.col("rank").n_unique().over(same)
    rows = (
        frame.of_judgments(doubled)
        .with_columns(several.alias("_several"), ranks.alias("_ranks"), pl.col(LONG).min().over(same).alias("_first"))
        .filter(pl.col("_several") & ((pl.col("_ranks") > 1) | (pl.col(LONG) != pl.col("_first"))))
        .with_columns(
            pl.when(pl.col("_ranks") > 1)
            .then(pl.format("rank {}, and another beside it", pl.col("rank")))
            .otherwise(pl.format("rank {} again", pl.col("rank")))
            .alias("_value")
        )
        .drop("_several", "_ranks", "_first")
    )
    n = _height(rows)
    message = f"{n:,} of {frame.n_rows:,} rows repeat a response within one judgment; they are left out."
    return Found(rows, n, frame.n_rows, message)


def bad_rank(frame: Frame) -> Found:
    """PQ104."""
    n = int(frame.judgments["n_bad"].sum())
    broken = frame.judgments.filter(pl.col("n_bad") > 0)
    rows = frame.of_judgments(broken).with_columns(pl.col(RAW_RANK).alias("_value"))
    return Found(
        rows.sort(pl.col("_value").is_null(), ROW, "response_id"),
        n,
        frame.n_rows,
        f"{n:,} of {frame.n_rows:,} ranks are not integers from 1 up; the {broken.height:,} judgments that hold them "
        "are left out whole.",
    )


def rank_gaps(frame: Frame) -> Found:
    """PQ105."""
    ranked = frame.sound.filter((pl.col("n_ranked") > 1) & (pl.col("n") == pl.col("n_responses")))
    not_dense = ranked.filter((pl.col("low") != 1) | (pl.col("high") != pl.col("n_ranks")))
    competition = pl.col("rank").rank("min").over(frame.key) == pl.col("rank")
    rows = (
        frame.of_judgments(not_dense)
        .filter(pl.col("rank").is_not_null())
        .filter(~competition.all().over(frame.key))
        .with_columns(
            pl.col("rank").sort().cast(pl.String).str.join(", ").over(frame.key).alias("_value"),
        )
    )
    n = 0 if not_dense.is_empty() else _height(rows.select(frame.key).unique())
    message = f"{n:,} of {frame.sound.height:,} judgments have ranks with gaps, such as (1, 3, 3); their order is used."
    return Found(rows, n, frame.sound.height, message)


def partial_ranking(frame: Frame) -> Found:
    """PQ106."""
    seen = frame.rows.group_by("item_id").agg(pl.col("response_id").n_unique().alias("_k"))
    if frame.prefs.responses is not None:
        known = frame.prefs.responses.lazy().select("item_id", "response_id")
        both = pl.concat([frame.rows.select("item_id", "response_id"), known])
        items = frame.judgments.lazy().select("item_id").unique()
        seen = both.join(items, on="item_id", how="semi").group_by("item_id").agg(
            pl.col("response_id").n_unique().alias("_k")
        )  # fmt: skip
    partial = (
        frame.sound.lazy()
        .join(seen, on="item_id", how="left")
        .filter((pl.col("n_ranked") < pl.col("_k")) & (pl.col("n_ranked") > 0))
        .collect(engine="streaming")
    )
    counts = partial.lazy().select(*frame.key, pl.format("{} of {} ranked", "n_ranked", "_k").alias("_value"))
    rows = frame.rows.join(counts, on=frame.key, how="inner", nulls_equal=True)
    n, of = partial.height, frame.sound.height
    return Found(rows, n, of, f"{n:,} of {of:,} judgments leave responses of their item unranked.")


def one_response(frame: Frame) -> Found:
    """PQ107."""
    alone = frame.sound.filter((pl.col("n_ranked") < 2) | (pl.col("n_responses") < 2))
    rows = frame.of_judgments(alone).with_columns(pl.lit(None, pl.String).alias("_value"))
    n, of = alone.height, frame.sound.height
    return Found(rows, n, of, f"{n:,} of {of:,} judgments rank fewer than two responses; they are left out.")


def unknown_response(frame: Frame) -> Found | NotRun:
    """PQ108."""
    responses = frame.prefs.responses
    if responses is None:
        return NotRun("there is no table of responses")
    rows = (
        frame.rows.filter(pl.col("rank").is_not_null())
        .join(responses.lazy().select("item_id", "response_id"), on=["item_id", "response_id"], how="anti")
        .with_columns(pl.col("response_id").alias("_value"))
    )
    n = _height(rows)
    message = f"{n:,} of {frame.n_rows:,} rows rank a response that the table of responses lacks; they are left out."
    return Found(rows, n, frame.n_rows, message)


def score_contradicts_rank(frame: Frame) -> Found | NotRun:
    """PQ109."""
    if "score" not in frame.columns:
        return NotRun("there is no score column")
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
    value = pl.format("rank {}, score {}", pl.col("rank"), pl.col("score"))
    rows = frame.of_judgments(contradicting).with_columns(value.alias("_value"))
    n, of = contradicting.height, frame.n_judgments
    message = f"In {n:,} of {of:,} judgments a better rank has a lower score; ranks are what counts."
    return Found(rows, n, of, message)


def not_submitted(frame: Frame) -> Found | NotRun:
    """PQ110."""
    if "status" not in frame.columns:
        return NotRun("there is no status column")
    return _of_rows(
        frame,
        frame.not_submitted,
        pl.col("status"),
        "{n} of {of} rows are of judgments that were not submitted; they are left out.",
    )


def naive_time(frame: Frame) -> Found | NotRun:
    """PQ111."""
    if "created_at" not in frame.columns:
        return NotRun("there is no created_at column")
    naive = pl.col(NAIVE) if NAIVE in frame.columns else pl.lit(frame.prefs.source.naive_time)
    test = naive & pl.col("created_at").is_not_null()
    return _of_rows(frame, test, pl.col("created_at"), "{n} of {of} rows have a time without zone; it is read as UTC.")


def future_time(frame: Frame) -> Found | NotRun:
    """PQ112."""
    if "created_at" not in frame.columns:
        return NotRun("there is no created_at column")
    test = pl.col("created_at") > pl.lit(frame.now).cast(pl.Datetime("us", "UTC"))
    return _of_rows(frame, test, pl.col("created_at"), "{n} of {of} rows have a time in the future.")


def option_order(frame: Frame) -> Found | NotRun:
    """PQ113."""
    shape = frame.prefs.source.shape
    by = "position" if "position" in frame.columns else "response_id"
    if by == "response_id" and shape in ("chosen_rejected", "pairwise"):
        return NotRun("there is no position column, and the shape names no options")
    chance = -sum(math.lgamma(k + 1) * n for k, n in frame.sound.group_by("n_ranked").len().iter_rows())
    if chance > _UNLIKELY:
        return NotRun("too few judgments to tell it from chance")
    ranked = frame.rows.filter(pl.col("rank").is_not_null()).select(*frame.key, by, "rank", LONG)
    # Most data is acquitted by its first rows: only if these follow the order are all of them sorted.
    for rows in (ranked.head(10_000), ranked):
        in_order = rows.sort(*frame.key, by, LONG)
        same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in frame.key)
        broken = in_order.select((same & (pl.col("rank") <= pl.col("rank").shift(1))).any()).collect().item()
        if broken or broken is None:
            return _nothing(frame)
    rows = frame.rows.with_columns(pl.format(f"rank {{}}, {by} {{}}", pl.col("rank"), pl.col(by)).alias("_value"))
    n = frame.sound.height
    message = f"All {n:,} rankings equal the order of {by}: the ranks were most likely lost in the export."
    return Found(rows, n, n, message)


def repeated_judgment(frame: Frame) -> Found | NotRun:
    """PQ114."""
    if "judgment_id" not in frame.columns:
        return NotRun("there is no judgment_id column")
    unit = [name for name in frame.key if name != "judgment_id"]
    repeated = frame.sound.filter(pl.len().over(unit) > 1)
    rows = frame.of_judgments(repeated).with_columns(pl.format("judgment {}", "judgment_id").alias("_value"))
    n = repeated.height - repeated.select(unit).unique().height
    of = frame.sound.height
    message = f"{n:,} of {of:,} judgments are of an item that the annotator judged again later; the latest counts."
    return Found(rows, n, of, message)


def mixed_annotator_kinds(frame: Frame) -> Found | NotRun:
    """PQ115."""
    if "annotator_kind" not in frame.columns:
        return NotRun("there is no annotator_kind column")
    kinds = set(frame.rows.select(pl.col("annotator_kind").drop_nulls().unique()).collect().to_series())
    if not {"human", "model"} <= kinds:
        return _nothing(frame)
    return _of_rows(
        frame,
        pl.col("annotator_kind") == "model",
        pl.lit("model"),
        "{n} of {of} rows are judgments of models, among those of people.",
    )


def out_of_range(frame: Frame) -> Found:
    """PQ116."""
    names = [name for name in RANGES if name in frame.columns and name != "rank"]
    if not names or not schema_failures(frame.all_rows.select(*names, *IDS, "rank").filter(~frame.no_id), "judgments"):
        return _nothing(frame)
    wrong = {name: (~RANGES[name].test).fill_null(False) for name in names}
    counts = frame.all_rows.select(test.sum().alias(name) for name, test in wrong.items()).collect().row(0, named=True)
    listed = "; ".join(f"{n:,} in {name} ({RANGES[name].words})" for name, n in counts.items() if n)
    value = pl.coalesce(pl.when(test).then(pl.format(f"{name}={{}}", pl.col(name))) for name, test in wrong.items())
    rows = frame.all_rows.with_columns(value.alias("_value")).filter(pl.col("_value").is_not_null())
    return Found(rows, sum(counts.values()), frame.n_rows, f"Values that their column cannot have: {listed}.")


FINDERS: dict[str, Callable[[Frame], Found | NotRun]] = {
    "PQ101": mistyped_value,
    "PQ102": null_id,
    "PQ103": duplicate_judgment,
    "PQ104": bad_rank,
    "PQ105": rank_gaps,
    "PQ106": partial_ranking,
    "PQ107": one_response,
    "PQ108": unknown_response,
    "PQ109": score_contradicts_rank,
    "PQ110": not_submitted,
    "PQ111": naive_time,
    "PQ112": future_time,
    "PQ113": option_order,
    "PQ114": repeated_judgment,
    "PQ115": mixed_annotator_kinds,
    "PQ116": out_of_range,
}


def _of_rows(frame: Frame, test: pl.Expr, value: pl.Expr | None, message: str) -> Found:
    """A rule on single rows."""
    n = frame.count(test)
    shown = value.cast(pl.String) if value is not None else pl.lit(None, pl.String)
    rows = frame.all_rows.filter(test).with_columns(shown.alias("_value"))
    return Found(rows, n, frame.n_rows, message.format(n=f"{n:,}", of=f"{frame.n_rows:,}"))


def _nothing(frame: Frame) -> Found:
    return Found(frame.all_rows.head(0).with_columns(pl.lit(None, pl.String).alias("_value")), 0, frame.n_rows, "")


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _type(name: str) -> str:
    words = {
        "score": "number",
        "created_at": "time",
        "duration_s": "number",
        "position": "integer",
        "is_gold": "true or false",
    }
    return words.get(name, "text")
