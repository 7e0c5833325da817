"""Rules on time and load: too fast to have read, sessions of inhuman length, too much or too little of one person."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints, begins, distinct
from prefqa.checks.frame import NotRun
from prefqa.screening.evidence import Evidence, share_above
from prefqa.screening.pool import Pool, per_annotator

_KEYS = ("item_id", "annotator_id")
#: Half an hour in microseconds.
_PAUSE = 30 * 60 * 10**6
#: Characters of a word, with the blank after it, as tests of typing count: not all scripts have blanks.
_WORD = 6


def too_fast(pool: Pool) -> Evidence | NotRun:
    """PQ301: the share of an annotator's judgments that took less time than their texts take to read.

    With texts the limit of a judgment is its words (of the responses that it ranks, and of the prompt) at `max_wpm`
    words a minute, six characters being a word in any script; without, a third of the pool's median time. Who is below
    it in more than half of the judgments is too fast: a median, so that single interruptions or double clicks do not
    count.
    """
    if "duration_s" not in pool.columns:
        return NotRun("there is no duration_s column")
    judgment = [*_KEYS, *({"judgment_id"} & set(pool.columns))]
    rows = pool.prefs.usable().filter(pl.col("duration_s").is_finite())
    chars = _chars(pool)
    if chars is None:
        times = rows.group_by(judgment).agg(pl.col("duration_s").max()).collect()
        limit = pl.lit(float(times["duration_s"].median() or 0.0) / 3)  # type: ignore[arg-type]
        unit = "of the judgments took less than a third of the pool's median time"
    else:
        max_wpm = float(pool.options["PQ301"]["max_wpm"])
        times = (
            rows.join(chars, on=["item_id", "response_id"], how="inner")
            .group_by(judgment)
            .agg(pl.col("duration_s").max(), words=(pl.col("n_chars").sum() + pl.col("n_prompt").max()) / _WORD)
            .collect(engine="streaming")
        )
        limit = pl.col("words") / max_wpm * 60
        unit = f"of the judgments were faster than {max_wpm:g} words a minute"
    counted = times.group_by("annotator_id").agg(n=pl.len(), k=(pl.col("duration_s") < limit).sum())
    k, n = per_annotator(pool, counted, "k", "n")
    if not n.any():
        return NotRun("no judgment has both a duration and texts")
    return share_above(k, n, 0.5, unit)


def long_sessions(pool: Pool) -> Evidence | NotRun:
    """PQ315: the longest stretch of work without a pause of half an hour is longer than `max_hours`."""
    if "created_at" not in pool.columns:
        return NotRun("there is no created_at column")
    rows = pool.read.rows.frame.select("annotator_id", pl.col("created_at").dt.epoch("us")).drop_nulls()
    hours = _longest(rows["annotator_id"].to_numpy(), rows["created_at"].to_numpy(), pool.n)
    return _flags(hours, hours > pool.options["PQ315"]["max_hours"], "hours without a pause")


def _longest(annotator: Ints, time: Ints, n: int) -> Floats:
    """Hours of the longest stretch of each annotator; times in microseconds."""
    hours = np.zeros(n)
    if not time.size:
        return hours
    # Rows of one judgment mostly stand together, so that most rows repeat the one before.
    new = begins(annotator, time)
    annotator, time = annotator[new], time[new]
    # Two times within one of these half hours have no pause between them: their first and last say all.
    half_hour = time // _PAUSE
    half_hour -= half_hour.min()
    width = int(half_hour.max()) + 1
    spans, span = distinct(annotator * np.int64(width) + half_hour)
    first, last = np.full(spans.size, time.max()), np.full(spans.size, time.min())
    np.minimum.at(first, span, time)
    np.maximum.at(last, span, time)
    annotator = spans // width
    starts = np.flatnonzero(np.append(True, (annotator[1:] != annotator[:-1]) | (first[1:] - last[:-1] > _PAUSE)))
    ends = np.append(starts[1:], spans.size) - 1
    np.maximum.at(hours, annotator[starts], (last[ends] - first[starts]) // 10**6 * (1 / 3600))
    return hours


def dominates(pool: Pool) -> Evidence | NotRun:
    """PQ313: more than `max_share` of all judgments, where there are three annotators or more."""
    if (pool.n_judgments > 0).sum() < 3:
        return NotRun("there are fewer than three annotators")
    share = pool.n_judgments / pool.n_judgments.sum()
    return _flags(share, share > pool.options["PQ313"]["max_share"], "of all judgments")


def too_few(pool: Pool) -> Evidence | NotRun:
    """PQ314: fewer than `min_judgments` judgments."""
    if not pool.n:
        return NotRun("no judgment ranks anything")
    n = pool.n_judgments.astype(np.float64)
    return _flags(n, n < pool.options["PQ314"]["min_judgments"], "judgments")


def _chars(pool: Pool) -> pl.LazyFrame | None:
    """Characters of each response, and of its prompt; None without texts."""
    known, items = pool.lengths, pool.prefs.items
    if known is None:
        return None
    chars = known.lazy().drop_nulls("n_chars")
    if items is None or items.schema.get("prompt") != pl.String():
        return chars.with_columns(n_prompt=pl.lit(0, pl.UInt32))
    prompts = items.lazy().select("item_id", n_prompt=pl.col("prompt").str.len_chars().fill_null(0))
    return chars.join(prompts, on="item_id", how="left").with_columns(pl.col("n_prompt").fill_null(0))


def _flags(value: Floats, flagged: np.ndarray[tuple[int], np.dtype[np.bool_]], unit: str) -> Evidence:
    """A rule without a test: a value beyond its limit."""
    nothing = np.full(value.size, np.nan)
    return Evidence(value, nothing, nothing, nothing, nothing, unit, np.flatnonzero(flagged))
