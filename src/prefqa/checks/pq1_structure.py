"""Family PQ1, structure: whether this is a set of rankings at all; here the rules on whole judgments."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints
from prefqa._words import formatted
from prefqa.checks.frame import RAW_RANK, Found, Frame, NotRun, held, nothing
from prefqa.checks.judged import NUMBER
from prefqa.checks.table import LONG
from prefqa.preferences import ROW

_UNLIKELY = math.log(1e-6)


def duplicate_judgment(frame: Frame) -> Found:
    """PQ103."""
    doubled = frame.sound.filter(pl.col("n") > pl.col("n_responses"))
    if doubled.is_empty():
        return nothing(frame)
    same = [*frame.key, "response_id"]
    # Which of several rows stays must not hang on their order: the earliest, then the lowest by its other columns.
    content = sorted(set(frame.columns) - {*same, "rank", ROW}, key=lambda name: (name != "created_at", name))
    ranks = pl.col("rank").n_unique().over(same)
    rows = (
        frame.of_judgments(doubled)
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
        f"{n:,} of {frame.n_rows:,} rows repeat a response within one judgment; they are left out. Tell real repeats "
        "apart by judgment_id."
    )
    return Found(kept, n, frame.n_rows, message)


def bad_rank(frame: Frame) -> Found:
    """PQ104."""
    n = int(frame.judgments["n_bad"].sum())
    broken = frame.judgments.filter(pl.col("n_bad") > 0)
    rows = frame.of_judgments(broken).with_columns(pl.col(RAW_RANK).alias("_value"))
    return Found(
        rows,
        n,
        frame.n_rows,
        f"{n:,} of {frame.n_rows:,} ranks are not integers from 1 up; the {broken.height:,} judgments that hold them "
        "are left out whole. If the column is a rating, map it to score.",
    )


def rank_gaps(frame: Frame) -> Found:
    """PQ105."""
    of = frame.sound.height
    ranked = frame.sound.filter((pl.col("n_ranked") > 1) & (pl.col("n") == pl.col("n_responses")))
    not_dense = ranked.filter(~pl.col("dense"))
    if not_dense.is_empty():
        return nothing(frame)
    ranks, lengths = frame.judged.orders(not_dense[NUMBER].to_numpy())
    gaps = not_dense.filter(~_skips_as_ties_do(ranks, lengths))
    ranks, lengths = frame.judged.orders(gaps[NUMBER].to_numpy())
    listed = pl.DataFrame({"_at": np.repeat(np.arange(gaps.height), lengths), "_value": ranks.astype(str)})
    values = listed.group_by("_at", maintain_order=True).agg(pl.col("_value").str.join(", "))
    rows = frame.ids_of_judgments(gaps.with_columns(values["_value"])).filter(pl.col("rank").is_not_null())
    n = gaps.height
    message = (
        f"{n:,} of {of:,} judgments have ranks with gaps, such as (1, 3, 3); their order is used. Look whether a "
        "response was lost on the way."
    )
    return Found(rows, n, of, message)


def partial_ranking(frame: Frame) -> Found:
    """PQ106."""
    seen = frame.judged.seen
    if frame.listed is not None and frame.listed is not seen:
        seen = pl.concat([seen, frame.listed]).unique()
    n_known = pl.Series(np.bincount(seen["item_id"].to_numpy()))
    partial = frame.sound.with_columns(n_known.gather(frame.sound["item_id"]).alias("_k")).filter(
        (pl.col("n_ranked") < pl.col("_k")) & (pl.col("n_ranked") > 0)
    )
    rows = frame.ids_of_judgments(partial.with_columns(formatted("{} of {} ranked", "n_ranked", "_k").alias("_value")))
    n, of = partial.height, frame.sound.height
    message = (
        f"{n:,} of {of:,} judgments leave responses of their item unranked, which gives no votes on them. Look whether "
        "annotators pass over what is hard to place."
    )
    return Found(rows, n, of, message)


def one_response(frame: Frame) -> Found:
    """PQ107."""
    alone = frame.sound.filter(pl.col("n_ranked") < 2)
    if frame.prefs.source.from_tool:  # without ranks are scores, labels and texts, and what the reader noted as lost
        alone = alone.filter(pl.col("n_ranked") > 0)
    rows = frame.ids_of_judgments(alone.with_columns(pl.lit(None, pl.String).alias("_value")))
    n, of = alone.height, frame.sound.height
    message = (
        f"{n:,} of {of:,} judgments rank fewer than two responses; they are left out. Look for a filter or a join that "
        "lost the others."
    )
    return Found(rows, n, of, message)


def unknown_response(frame: Frame) -> Found | NotRun:
    """PQ108."""
    responses = frame.prefs.responses
    if responses is None:
        return NotRun("there is no table of responses")
    if _all_listed(frame):
        return nothing(frame)
    rows = (
        frame.rows.filter(pl.col("rank").is_not_null())
        .join(responses.lazy().select("item_id", "response_id"), on=["item_id", "response_id"], how="anti")
        .with_columns(pl.col("response_id").alias("_value"))
    )
    kept, n = held(rows)
    message = (
        f"{n:,} of {frame.n_rows:,} rows rank a response that the table of responses lacks; they are left out. Look "
        "whether the two tables are of one version."
    )
    return Found(kept, n, frame.n_rows, message)


def _all_listed(frame: Frame) -> bool:
    """Whether all rows have ids and a response that the table has: nearly always so, and seen from the codes alone."""
    if frame.listed is None or frame.table.keyed.frame.height < frame.n_rows:
        return False
    seen = frame.judged.seen
    return frame.listed is seen or seen.join(frame.listed, on=["item_id", "response_id"], how="anti").is_empty()


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
    value = formatted("rank {}, score {}", pl.col("rank"), pl.col("score"))
    there = frame.rows.join(contradicting.lazy(), on=frame.key, how="semi", nulls_equal=True)
    rows = there.with_columns(value.alias("_value"))
    n, of = contradicting.height, frame.n_judgments
    message = (
        f"In {n:,} of {of:,} judgments a better rank has a lower score; ranks are what counts. Look which of the two "
        "runs the wrong way."
    )
    return Found(rows, n, of, message)


def option_order(frame: Frame) -> Found | NotRun:
    """PQ113."""
    shape = frame.prefs.source.shape
    by = "position" if "position" in frame.columns else "response_id"
    if by == "response_id" and shape in ("chosen_rejected", "pairwise"):
        return NotRun("there is no position column, and the shape names no options")
    too_few = NotRun("too few judgments to tell it from chance")
    if _log_chance(frame.sound["n_ranked"]) > _UNLIKELY:
        return too_few
    known = pl.col("rank").is_not_null() & pl.col(by).is_not_null()
    ranked = frame.rows.filter(known).select(*frame.key, by, "rank")
    # Most data is acquitted by its first rows: only if these follow the order are all of them sorted.
    if not _in_order(ranked.head(10_000), frame.key, by):
        return nothing(frame)
    lengths = ranked.group_by(frame.key).agg(pl.len().alias("_k")).collect(engine="streaming")["_k"]
    if _log_chance(lengths) > _UNLIKELY:
        return too_few
    if not _in_order(ranked, frame.key, by):
        return nothing(frame)
    rows = frame.rows.with_columns(formatted(f"rank {{}}, {by} {{}}", pl.col("rank"), pl.col(by)).alias("_value"))
    n = lengths.len()
    message = (
        f"All {n:,} rankings equal the order of {by}: the ranks were most likely lost in the export. Export again "
        "with the ranks."
    )
    return Found(rows, n, n, message)


def _log_chance(lengths: pl.Series) -> float:
    """Log of the chance that rankings of these lengths all follow one given order."""
    counts = lengths.rename("k").value_counts(name="n")
    return -sum((math.lgamma(k + 1) * n for k, n in counts.iter_rows()), start=0.0)


def _in_order(rows: pl.LazyFrame, key: list[str], by: str) -> bool:
    """Whether ranks rise strictly with `by` in every judgment; of two at one place, none is the first."""
    each = rows.unique().sort(*key, by, "rank", descending=[False] * (len(key) + 1) + [True])
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in key)
    return not each.select((same & (pl.col("rank") <= pl.col("rank").shift(1))).any()).collect().item()


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


def _skips_as_ties_do(ranks: Ints, lengths: Ints) -> Bools:
    """Whether each sorted list of ranks is 1, 2, 2, 4: a rank is its place, or equals the one before."""
    starts = np.cumsum(lengths) - lengths
    fits = ranks == np.arange(1, ranks.size + 1) - np.repeat(starts, lengths)
    tied = np.zeros(ranks.size, bool)
    tied[1:] = ranks[1:] == ranks[:-1]
    tied[starts] = False
    skips: Bools = np.logical_and.reduceat(fits | tied, starts)
    return skips
