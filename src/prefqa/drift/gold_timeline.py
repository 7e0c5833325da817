"""Right answers on gold items, by period and so far: what to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.special import betaln, xlog1py, xlogy

from prefqa.drift.cuts import NUMBER, numbered
from prefqa.drift.gold import GOLD, right_answers
from prefqa.drift.periods import Periods

SO_FAR = "gold so far"
_EDGE = 1e-12


def gold_by_period(periods: Periods, level: float) -> list[dict[str, Any]]:
    """Share of judgments of gold items that are right: "gold" of each period, and "gold so far" up to its end.

    The interval of a period is exact (Clopper & Pearson 1934), that of all so far a `confidence_sequence`. Both take
    judgments as independent. No rows where no gold item was judged; a period without one has none.
    """
    if not set(GOLD) <= set(periods.prefs.columns):
        return []
    rows, names = numbered(periods)
    answers = right_answers(rows, [NUMBER])
    if answers.is_empty():
        return []

    from scipy.stats import binomtest

    counts = (
        answers.group_by(NUMBER)
        .agg(n=pl.len(), right=pl.col("right").sum(), items=pl.col("item_id").n_unique())
        .sort(NUMBER)
        .with_columns(n_so_far=pl.col("n").cum_sum(), right_so_far=pl.col("right").cum_sum())
    )
    met = answers.group_by("item_id").agg(pl.col(NUMBER).min()).group_by(NUMBER).agg(new=pl.len())
    counts = counts.join(met, on=NUMBER, how="left", maintain_order="left").with_columns(
        items_so_far=pl.col("new").fill_null(0).cum_sum()
    )
    found = []
    for row in counts.iter_rows(named=True):
        right, n = int(row["right"]), int(row["n"])
        exact = binomtest(right, n).proportion_ci(level, method="exact")
        found.append((names[row[NUMBER]], "gold", row["items"], right, n, float(exact.low), float(exact.high)))
    for row in counts.iter_rows(named=True):
        right, n = int(row["right_so_far"]), int(row["n_so_far"])
        interval = confidence_sequence(right, n, level)
        found.append((names[row[NUMBER]], SO_FAR, row["items_so_far"], right, n, *interval))
    return [
        {
            "period": period,
            "coefficient": name,
            "estimate": right / n,
            "ci_low": low,
            "ci_high": high,
            "n_items": items,
            "n_votes": n,
        }
        for period, name, items, right, n, low, high in found
    ]


def confidence_sequence(right: int, n: int, level: float) -> tuple[float, float]:
    r"""An interval for a share that holds at all n at once with probability `level`, however often one looks.

    It holds all p whose mixture likelihood ratio is below 1 / (1 - level) (Robbins 1970; Ville 1939), with right
    answers r of n and a uniform mixture:

    .. math:: B(r + 1, n - r + 1) / (p^r (1 - p)^{n - r}) < 1 / (1 - level).

    Example:
        >>> [round(bound, 3) for bound in confidence_sequence(80, 100, 0.95)]
        [0.652, 0.907]
    """
    from scipy.optimize import brentq

    def above(p: float) -> float:
        return float(betaln(right + 1, n - right + 1) - xlogy(right, p) - xlog1py(n - right, -p) + np.log1p(-level))

    share = right / n
    low = brentq(above, _EDGE, share) if right else 0.0
    high = brentq(above, share, 1 - _EDGE) if right < n else 1.0
    return float(low), float(high)
