"""Items with a known answer: are annotators right as often as before."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.special import gammaln, ndtri, stdtr, stdtrit

from prefqa._types import Bools, Floats, Ints, sum_by
from prefqa.drift.cuts import NUMBER, Cut, cuts, numbered, sides
from prefqa.drift.gold_difficulty import p_value_beyond_difficulty
from prefqa.drift.periods import Periods
from prefqa.drift.result import CONFOUNDED

POWER = 0.8
GOLD = ("is_gold", "gold_rank")
_NOTHING = 1e-9


def gold(periods: Periods, *, reference: str | None, alpha: float) -> list[dict[str, Any]]:
    r"""Compare the share of right answers on gold items before and after, annotator by annotator.

    A judgment is right if the responses that it ranks first are those with the lowest `gold_rank`. Of annotator a, with
    M judgments of gold items, K right, m of the M after the cut, the number right after it is hypergeometric(M, K, m)
    while nothing changes; p is twice the smaller tail of the sum over annotators (the exact conditional test of
    Mantel, Haenszel and Birch), or 1. Annotators seen on one side only weigh nothing, so new people are no change.

    Gold items that are only shown in one period can be harder than others, which moves all who judge them at once: the
    p-value is therefore never below that of the same sum over its standard error clustered by item (t law), nor below
    that of a change beyond what the annotators' agreement on these items says of how hard they are
    (`gold_difficulty`). Where gold items have single judgments and do not come back, harder gold items and another
    rule cannot be told apart: the row is then confounded.

    Returns:
        One row per cut: estimate and reference_estimate (share right after and before, of annotators seen on both
        sides), difference (weighted by M_before M_after / M of each annotator), se, 95 % interval, p_value,
        min_detectable at 80 % power, numbers of gold items and judgments, or a reason.
    """
    missing = [name for name in GOLD if name not in periods.prefs.columns]
    if missing:
        return [_undefined(f"no column {missing[0]!r}")]
    rows, names = numbered(periods)
    answers = right_answers(rows, [NUMBER])
    if answers.is_empty():
        return [_undefined("no gold item with a gold rank was judged")]
    item, annotator = (
        answers[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("item_id", "annotator_id")
    )
    period, right = answers[NUMBER].to_numpy().astype(np.int64), answers["right"].to_numpy()
    top, n_responses = (answers[name].to_numpy().astype(np.int64) for name in ("top", "n_responses"))
    return [
        {"detector": "gold", "period": cut.period, "reference": cut.reference}
        | _compared(item, annotator, period, right, top, n_responses, cut, alpha)
        for cut in cuts(names, reference)
    ]


def right_answers(rows: pl.LazyFrame, more: list[str]) -> pl.DataFrame:
    """One row per judgment of a gold item: item_id, annotator_id and `more` columns, whether it is `right`.

    `top` is the number of what it ranks first, of `n_responses`.
    """
    keys = ["item_id", "annotator_id", *more]
    if "judgment_id" in rows.collect_schema():
        keys.append("judgment_id")
    known = rows.filter(pl.col("is_gold").fill_null(value=False) & pl.col("gold_rank").is_not_null())
    first = pl.col("rank") == pl.col("rank").min()
    best = pl.col("gold_rank") == pl.col("gold_rank").min()
    chosen = pl.col("response_id").filter(first).sort().str.join("\0")
    answers = known.group_by(keys).agg(right=(first == best).all(), top=chosen, n_responses=pl.len())
    answers = answers.filter(pl.col("n_responses") > 1).with_columns(top=pl.col("top").rank("dense").cast(pl.Int64))
    return answers.sort(keys).collect()


def _undefined(reason: str) -> dict[str, Any]:
    return {"detector": "gold", "period": None, "reference": None, "reason": reason}


def _compared(
    item: Ints,
    annotator: Ints,
    period: Ints,
    right: Bools,
    top: Ints,
    n_responses: Ints,
    cut: Cut,
    alpha: float,
) -> dict[str, Any]:
    side = sides(cut, period)
    n_annotators = int(annotator.max()) + 1
    seen = [sum_by(annotator[side == value], np.ones((side == value).sum()), n_annotators) for value in (0, 1)]
    both = (seen[0] > 0) & (seen[1] > 0)
    used = (side >= 0) & both[annotator]
    item, annotator, after, right = item[used], annotator[used], side[used] == 1, right[used]
    top, n_responses = top[used], n_responses[used]
    row: dict[str, Any] = {"n_items": int(np.unique(item).size), "n_votes": int(used.sum())}
    if not used.any():
        return row | {"reason": "no annotator judged gold items on both sides"}
    m_before, m_after = seen[0][both], seen[1][both]
    n_right = sum_by(annotator, right.astype(float), n_annotators)
    accuracy = n_right / np.maximum(seen[0] + seen[1], 1)
    share = seen[1] / np.maximum(seen[0] + seen[1], 1)
    moved = (after - share[annotator]) * (right - accuracy[annotator])
    per_item = sum_by(item, moved)
    total, weight = float(moved.sum()), float((m_before * m_after / (m_before + m_after)).sum())
    clustered = float((per_item**2).sum()) * row["n_items"] / max(row["n_items"] - 1, 1)
    exact_p, exact_variance = _exact(m_before, m_after, n_right[both], int((right & after).sum()))
    if exact_variance < _NOTHING:
        return row | {"reason": "all answers of an annotator are right, or all wrong: nothing could have moved"}
    freedom = max(row["n_items"] - 1, 1)
    clustered_p = float(2 * stdtr(freedom, -abs(total) / np.sqrt(clustered))) if clustered > _NOTHING else 0.0
    se = float(np.sqrt(max(clustered, exact_variance))) / weight
    half = float(stdtrit(freedom, 0.975)) * se
    beyond = p_value_beyond_difficulty(item, top, n_responses, right, after)
    if beyond is None and not _come_back(item, after):
        row |= {"grade": CONFOUNDED, "plausible": True}
    return row | {
        "estimate": float(right[after].mean()),
        "reference_estimate": float(right[~after].mean()),
        "difference": total / weight,
        "se": se,
        "ci_low": total / weight - half,
        "ci_high": total / weight + half,
        "p_value": max(exact_p, clustered_p, beyond or 0.0),
        "min_detectable": float(ndtri(1 - alpha / 2) + ndtri(POWER)) * se,
    }


def _come_back(item: Ints, after: Bools) -> bool:
    """Whether most judgments are of gold items that were judged on both sides."""
    both = np.bincount(item[after], minlength=item.max() + 1)[item] > 0
    both &= np.bincount(item[~after], minlength=item.max() + 1)[item] > 0
    return bool(both.mean() > 0.5)


def _exact(m_before: Floats, m_after: Floats, n_right: Floats, right_after: int) -> tuple[float, float]:
    """Two-sided p of the number right after the cut, a sum of hypergeometric numbers, and the sum's variance."""
    law = np.ones(1)
    lowest, variance = 0, 0.0
    for before, after, right in zip(m_before.astype(int), m_after.astype(int), n_right.astype(int), strict=True):
        low, high = max(0, right - before), min(right, after)
        at = np.arange(low, high + 1)
        n = before + after
        law = np.convolve(law, np.exp(_log_comb(right, at) + _log_comb(n - right, after - at) - _log_comb(n, after)))
        lowest += low
        variance += after * right * (n - right) * before / (n * n * max(n - 1, 1))
    seen = right_after - lowest
    return float(min(1.0, 2 * min(law[: seen + 1].sum(), law[seen:].sum()))), variance


def _log_comb(n: Floats | int, k: Ints | int) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(np.asarray(k) + 1) - gammaln(n - np.asarray(k) + 1))
