"""Family PQ2, rules on scores: scales not used, codes for missing values, an overall score against its aspects."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa._words import formatted
from prefqa.checks.frame import IDS, Found, Frame, NotRun, nothing
from prefqa.preferences import ROW

#: Numbers that stand for a missing value, by custom of surveys and programs, at the low and the high end of a scale,
#: and how many steps of the scale make them far off. Where that does not hold, its whole range and largest value do.
_LOW_CODES = dict.fromkeys((-99999.0, -9999.0, -999.0, -99.0, -98.0, -88.0, -9.0, -8.0, -1.0), 1.5) | {0.0: 3.0}
_HIGH_CODES = {9.0: 3.0} | dict.fromkeys((88.0, 98.0, 99.0, 888.0, 998.0, 999.0, 9999.0, 99999.0), np.inf)
#: A gap of so many ranges of all other scores is none of a scale, however few the codes and the values are.
_BEYOND = 5
#: Measurements such as a share may well be 0; the steps of a scale are not as small as theirs.
_LEAST_STEP = 0.5


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


def sentinel_score(frame: Frame) -> Found | NotRun:
    """PQ224."""
    if "score" not in frame.columns:
        return NotRun("there is no score column")
    least = frame.options["PQ224"]["min_scores"]
    by = [name for name in ("criterion",) if name in frame.columns]
    scored = frame.rows.filter(pl.col("score").is_finite())
    counts = scored.group_by(*by, "score").len("n").sort(*by, "score").collect(engine="streaming")
    scales = counts.partition_by(by, as_dict=True, maintain_order=True) if by else {(): counts}
    parts, words, codes = [], [], set[float]()
    for name, scale in scales.items():
        values = scale["score"].to_numpy()
        low, high = sentinels(values, scale["n"].to_numpy(), least)
        if high - low == values.size:
            continue
        odd = pl.concat([scale.head(low), scale.slice(high)])
        parts.append(odd)
        codes |= set(odd["score"])
        shown = ", ".join(f"{value:g} ({n:,})" for value, n in odd.select("score", "n").iter_rows())
        where = f"{name[0]}: " if name and len(scales) > 1 else ""
        words.append(f"{where}{shown}, all others {values[low]:g} to {values[high - 1]:g}")
    if not parts:
        return nothing(frame)
    found = pl.concat(parts)
    rows = scored.join(found.lazy().select(*by, "score"), on=[*by, "score"], how="semi", nulls_equal=True)
    n, of = int(found["n"].sum()), int(counts["n"].sum())
    listed = ", ".join(f"{code:g}" for code in sorted(codes))
    message = (
        f"{n:,} of {of:,} scores are far off the rest of their scale: {'; '.join(words)}. If they stand for a score "
        f"that is missing, say missing = [{listed}] under [read]; as scores they are the worst or the best there is."
    )
    return Found(rows.with_columns(formatted("score {}", "score").alias("_value")), n, of, message)


def sentinels(values: Floats, counts: Ints, least: int) -> tuple[int, int]:
    """Return where a scale begins and ends among its sorted values; those before and after are codes for missing.

    `counts` says how often each value occurs; a scale has `least` scores that are no codes.
    """
    low, high = 0, values.size
    while True:
        before = low, high
        low += _n_codes(values[low:high], counts[low:high], least, _LOW_CODES)
        turned = {-code: steps for code, steps in _HIGH_CODES.items()}
        high -= _n_codes(-values[low:high][::-1], counts[low:high][::-1], least, turned)
        if (low, high) == before:
            return low, high


def _n_codes(values: Floats, counts: Ints, least: int, codes: Mapping[float, float]) -> int:
    """How many values at the low end are codes for missing: as many as lie far off all others."""
    known = np.isin(values[: len(codes)], list(codes))
    n = int(known.size if known.all() else known.argmin())
    while n and not _are_far_off(values, counts, least, n, codes[float(values[n - 1])]):
        n -= 1
    return n


def _are_far_off(values: Floats, counts: Ints, least: int, n: int, steps: float) -> bool:
    """Whether the `n` lowest values, all of them codes, lie farther off the others than values of a scale do."""
    rest, code = values[n:], float(values[n - 1])
    if rest.size < 2 or counts[n:].sum() < least:
        return False
    span, gap, step = float(rest[-1] - rest[0]), float(rest[0] - code), float(np.diff(rest).max())
    largest = float(np.abs(rest[[0, -1]]).max())  # 99 beside 90 to 94 is as much a score of 0 to 100 as these are
    beyond = max(_BEYOND * span, largest)
    is_sure = (counts[:n] > 1) | (rest[0] - values[:n] > beyond)
    if not is_sure.all() or (code == 0 and step < _LEAST_STEP):
        return False
    if rest.size == 2:  # one step is no scale
        return gap > beyond
    has_no_sign = rest[0] >= 0 or rest[-1] <= 0  # turned round at the high end
    return gap > max(span, largest) or bool(has_no_sign and gap > steps * step)
