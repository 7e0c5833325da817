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
#: How many of the values that cannot be read are listed, and how much of each is shown.
_MOST_VALUES, _LONGEST_VALUE = 5, 30


def bad_rank(frame: Frame) -> Found:
    """PQ104."""
    broken = frame.judgments.filter(pl.col("n_bad") > 0)
    if broken.is_empty():
        return nothing(frame)
    rows = frame.of_judgments(broken).with_columns(pl.col(RAW_RANK).alias("_value"))
    values = _unread(frame)
    listed = _listed(values)
    if frame.states == "vote":
        n, of = broken.height, frame.n_judgments
        advice = _advice_on_votes(frame, values)
        message = f"{n:,} of {of:,} votes could not be read: {listed}. They are left out.{advice}"
        return Found(rows, n, of, message)
    n = int(frame.judgments["n_bad"].sum())
    message = (
        f"{n:,} of {frame.n_rows:,} ranks are not integers from 1 up: {listed}. The {broken.height:,} judgments that "
        f"hold them are left out whole. {_advice_on_ranks(values)}"
    )
    return Found(rows, n, frame.n_rows, message)


def _unread(frame: Frame) -> pl.DataFrame:
    """What stands in place of ranks that cannot be read, the most frequent first: value, n (of votes: counted once)."""
    unread = frame.rows.filter(pl.col(RAW_RANK).is_not_null()).select(value=RAW_RANK, key=pl.struct(*frame.key, ROW))
    n = pl.col("key").n_unique() if frame.states == "vote" else pl.len()
    counted = unread.group_by("value").agg(n.alias("n")).collect(engine="streaming")
    return counted.sort(pl.col("n"), "value", descending=[True, False])


def _listed(values: pl.DataFrame) -> str:
    shown = ", ".join(f"{_quoted(value)} ({n:,})" for value, n in values.head(_MOST_VALUES).iter_rows())
    more = values.height - _MOST_VALUES
    return f"{shown} and {more:,} other value{'s' * (more > 1)}" if more > 0 else shown


def _quoted(value: str) -> str:
    """A value from the data in quotes; what a reader says in place of one, such as "(no vote)", stands without."""
    short = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    return short if short.startswith("(") and short.endswith(")") else repr(short)


def _advice_on_votes(frame: Frame, values: pl.DataFrame) -> str:
    if frame.prefs.source.from_tool:
        return " Look whether the export was edited, or comes from another version."
    named = values.filter(~pl.col("value").str.starts_with("("))
    return " Map them under [read.votes]." if named.height else ""


def _advice_on_ranks(values: pl.DataFrame) -> str:
    """Say what helps, by what stands in place of the ranks: a rank from 0, a number, or words."""
    number = values.select(pl.col("value").cast(pl.Float64, strict=False)).to_series()
    if number.null_count() == number.len():
        return "Mend the export, or map another column to rank."
    if (number == 0).all():
        return "If 0 is the best rank, say ranks_from = 0 under [read]."
    return "If the column holds ratings, map it to score."


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
    partial = frame.sound.with_columns(frame.widths.gather(frame.sound["item_id"]).alias("_k")).filter(
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
    if frame.nobody_is_known:  # contradicting rows on one response are no ranking of fewer
        alone = alone.filter(pl.col("n") == pl.col("n_responses"))
    if frame.against_itself.height:  # PQ123 has these
        alone = alone.join(frame.against_itself, on=frame.key, how="anti", maintain_order="left")
    alone = _without_ratings(frame, alone)
    rows = frame.ids_of_judgments(alone.with_columns(pl.lit(None, pl.String).alias("_value")))
    n, of = alone.height, frame.sound.height
    message = (
        f"{n:,} of {of:,} judgments rank fewer than two responses; they are left out. Look for a filter or a join that "
        "lost the others."
    )
    if frame.states == "rating":
        message = f"{n:,} of {of:,} judgments hold no rating; they are left out. Look whether the export lost scores."
    return Found(rows, n, of, message)


def _without_ratings(frame: Frame, alone: pl.DataFrame) -> pl.DataFrame:
    """Leave out the judgments that are no rankings: a label, or a score of what nothing is compared with, is whole.

    A score beside the rank of one response of several is part of a ranking, unless the ranks come from the scores.
    """
    if alone.is_empty() or not {"label", "score"} & set(frame.columns):
        return alone
    stated = {
        "labelled": pl.col("label").is_not_null() if "label" in frame.columns else pl.lit(False),
        "scored": pl.col("score").is_finite().fill_null(False) if "score" in frame.columns else pl.lit(False),
    }
    codes = frame.table.keyed.frame.lazy().select(LONG, "rank", *frame.key)
    known = alone.select(NUMBER, "n_ranked", *frame.key, _width=frame.widths.gather(alone["item_id"])).lazy()
    rows = codes.join(known, on=frame.key, how="inner").join(frame.rows.select(LONG, **stated), on=LONG, how="inner")
    source, unranked = frame.prefs.source, pl.col("rank").is_null()
    if source.shape == "ratings":
        is_rating = pl.lit(True)
    else:
        is_alone = pl.lit(True) if source.from_tool else pl.col("_width").first() == 1
        rank_is_score = (pl.col("scored") | unranked).all() & (pl.col("n_ranked").first() == 1)
        is_rating = unranked.all() | (rank_is_score & is_alone)
    is_whole = pl.col("labelled").any() | (pl.col("scored").any() & is_rating)
    whole = rows.group_by(NUMBER).agg(is_whole.alias("_whole")).filter("_whole").collect()
    return alone.join(whole, on=NUMBER, how="anti", maintain_order="left")


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


def _skips_as_ties_do(ranks: Ints, lengths: Ints) -> Bools:
    """Whether each sorted list of ranks is 1, 2, 2, 4: a rank is its place, or equals the one before."""
    starts = np.cumsum(lengths) - lengths
    fits = ranks == np.arange(1, ranks.size + 1) - np.repeat(starts, lengths)
    tied = np.zeros(ranks.size, bool)
    tied[1:] = ranks[1:] == ranks[:-1]
    tied[starts] = False
    skips: Bools = np.logical_and.reduceat(fits | tied, starts)
    return skips
